// What the engine is made of below a run: packets cut from reads, packet identifiers, waiting messages, cells.
import { build, decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { Cells, COARSE_BITS, FINE_BITS } from '../../loadtest/cells.ts';
import { Inflight } from '../../loadtest/inflight.ts';
import { cut } from '../../loadtest/packets-in.ts';
import { Waiting } from '../../loadtest/waiting.ts';
import { PacketWriter } from '../../mqtt/packets.ts';

function packetsOf(stream: Buffer, sizes: readonly number[]): string[] {
  const device = { rest: undefined, filled: 0 };
  const packets: string[] = [];
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const length = Math.min(sizes[turn % sizes.length]!, stream.length - at);
    cut(device, Buffer.from(stream.subarray(at, at + length)), length, (_, header, bytes, start, end) => {
      packets.push(`${header} ${bytes.toString('latin1', start, end)}`);
      return true;
    });
    at += length;
  }
  return packets;
}

describe('reads', () => {
  it('are cut into the same packets wherever they break off', () => {
    const writer = new PacketWriter();
    writer.connack(false, 0);
    writer.pingresp();
    for (const size of [0, 1, 120, 130, 20_000]) writer.publish('a/b', Buffer.alloc(size, 0x61), 1, false, false, 7);
    writer.puback(9);
    const stream = Buffer.from(writer.take());
    const whole = packetsOf(stream, [stream.length]);
    expect(whole.length).toBe(8);
    for (const sizes of [[1], [2], [3, 1], [5], [7, 300], [4096]]) expect(packetsOf(stream, sizes)).toEqual(whole);
  });

  it('with a length of five bytes end the connection', () => {
    expect(() => packetsOf(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]), [6])).toThrow('more than four bytes');
  });
});

describe('un-acknowledged publishes', () => {
  it('have distinct identifiers up to the window, in any order of acknowledgement', () => {
    const inflight = new Inflight(10);
    const ids = Array.from({ length: 10 }, (_, at) => inflight.take(at + 1));
    expect(new Set(ids).size).toBe(10);
    expect(inflight.take(99)).toBe(0);
    expect(inflight.release(ids[4]!)).toBe(5);
    expect(inflight.release(ids[4]!)).toBe(0);
    expect(inflight.take(99)).toBe(ids[4]);
    expect(ids.every((id) => id >= 1 && id <= 10)).toBe(true);
  });
});

describe('waiting messages', () => {
  it('leave in the order in which they were due', () => {
    const waiting = new Waiting();
    const left: number[] = [];
    for (let at = 0; at < 100; at++) {
      waiting.push(at, Buffer.of(at));
      if (at % 3 === 0) {
        left.push(waiting.dueNs);
        expect(waiting.packet).toEqual(Buffer.of(waiting.dueNs));
        waiting.shift();
      }
    }
    for (; waiting.count > 0; waiting.shift()) left.push(waiting.dueNs);
    expect(left).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });
});

describe('cells', () => {
  it('agree with HdrHistogram, and their text is read by it', () => {
    for (const [bits, error] of [
      [FINE_BITS, 0.001],
      [COARSE_BITS, 0.017],
    ] as const) {
      const cells = new Cells(bits);
      const hdr = build({ lowestDiscernibleValue: 1, highestTrackableValue: 4e9, numberOfSignificantValueDigits: 3 });
      for (let us = 1; us < 3e9; us = Math.ceil(us * 1.003)) {
        cells.record(us);
        hdr.recordValue(us);
      }
      for (const share of [0.01, 0.5, 0.9, 0.999]) {
        const exact = hdr.getValueAtPercentile(share * 100);
        expect(Math.abs(cells.quantileUs(share) / exact - 1)).toBeLessThan(error + 0.004);
      }
      const { hdr: text, count, p50 } = cells.distribution();
      const read = decodeFromCompressedBase64(text);
      expect(read.totalCount).toBe(count);
      expect(read.getValueAtPercentile(50) / 1000 / p50).toBeCloseTo(1, 2);
    }
  });

  it('merge to what one of them would have counted', () => {
    const [one, two, both] = [new Cells(FINE_BITS), new Cells(FINE_BITS), new Cells(FINE_BITS)];
    for (const us of [0, 5, 70_000, -3]) one.record(us);
    for (const us of [9, 1e12]) two.record(us, 2);
    for (const us of [0, 5, 70_000, -3, 9, 9, 1e12, 1e12]) both.record(us);
    one.merge(two);
    expect(one).toEqual(both);
  });
});
