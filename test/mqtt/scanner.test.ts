import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as mqtt from '../../mqtt/packets.ts';
import { MalformedPacket, Scanner, readConnack, readPublish } from '../../mqtt/scanner.ts';

interface Seen {
  readonly header: number;
  readonly body: string;
}

function scan(chunks: readonly Buffer[], maxBytes?: number): Seen[] {
  const seen: Seen[] = [];
  const scanner = new Scanner((header, bytes, start, end) => {
    seen.push({ header, body: bytes.toString('hex', start, end) });
  }, maxBytes);
  for (const chunk of chunks) scanner.feed(chunk);
  return seen;
}

const packet = fc.oneof(
  fc.record({
    topic: fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    payload: fc.uint8Array({ maxLength: 400 }),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retain: fc.boolean(),
    packetId: fc.integer({ min: 1, max: 65_535 }),
  }),
  fc.constantFrom('pingreq' as const, 'disconnect' as const),
);

describe('scanner', () => {
  it('finds the same packets however the bytes are split', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 40 }), (list, cuts) => {
        const writer = new mqtt.PacketWriter();
        for (const one of list) {
          if (typeof one === 'string') writer[one]();
          else writer.publish(one.topic, one.payload, one.qos, one.retain, false, one.packetId);
        }
        const bytes = writer.take();
        const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
        const chunks = [0, ...at].map((from, index) => bytes.subarray(from, at[index]));
        const whole = scan([bytes]);
        expect(whole).toHaveLength(list.length);
        expect(scan(chunks)).toEqual(whole);
      }),
    );
  });

  it('reads back what was written', () => {
    fc.assert(
      fc.property(packet, (one) => {
        if (typeof one === 'string') return;
        const writer = new mqtt.PacketWriter();
        writer.publish(one.topic, one.payload, one.qos, one.retain, one.qos > 0, one.packetId);
        const scanner = new Scanner((header, bytes, start, end) => {
          const read = readPublish(header, bytes, start, end);
          const { topic, qos, retain, packetId } = one;
          expect({ ...read, payload: undefined }).toEqual({
            topic,
            qos,
            retain,
            payload: undefined,
            dup: qos > 0,
            packetId: qos > 0 ? packetId : 0,
          });
          expect(Buffer.compare(read.payload, one.payload)).toBe(0);
        });
        scanner.feed(writer.take());
      }),
    );
  });

  it('never does anything but call back or throw MalformedPacket, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const scanner = new Scanner((header, chunk, start, end) => {
          expect(end).toBeLessThanOrEqual(chunk.length);
          if (header >> 4 === mqtt.PUBLISH) readPublish(header, chunk, start, end);
          if (header >> 4 === mqtt.CONNACK) readConnack(chunk, start, end);
        }, 1000);
        try {
          scanner.feed(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedPacket);
        }
      }),
    );
  });

  it('hands out views into the chunk, not copies', () => {
    const writer = new mqtt.PacketWriter();
    writer.publish('a', Buffer.from('x'), 0, false, false, 0);
    const chunk = Buffer.from(writer.take());
    let seen: Buffer | undefined;
    new Scanner((header, bytes, start, end) => {
      seen = readPublish(header, bytes, start, end).payload;
    }).feed(chunk);
    expect(seen!.buffer).toBe(chunk.buffer);
  });

  it('refuses a packet above the limit before buffering it', () => {
    expect(() => scan([Buffer.from([0x30, 0x80, 0x80, 0x04])], 65_535)).toThrow(
      'a packet of 65536 bytes is larger than 65535',
    );
    expect(scan([Buffer.from([0x30, 0xff, 0xff, 0x03])], 65_535)).toEqual([]);
  });

  it('refuses a length of more than four bytes', () => {
    expect(() => scan([Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80])])).toThrow(MalformedPacket);
  });

  it.each([
    ['bad UTF-8', [0x00, 0x02, 0xc3, 0x28]],
    ['a surrogate in UTF-8', [0x00, 0x03, 0xed, 0xa0, 0x80]],
    ['U+0000', [0x00, 0x01, 0x00]],
    ['a topic longer than the packet', [0x00, 0x09, 0x61]],
    ['no topic length', [0x00]],
  ])('refuses a PUBLISH with %s', (_, body) => {
    const bytes = Buffer.from(body);
    expect(() => readPublish(0x30, bytes, 0, bytes.length)).toThrow(MalformedPacket);
  });

  it('accepts a genuine replacement character', () => {
    const body = Buffer.from([0x00, 0x03, 0xef, 0xbf, 0xbd]);
    expect(readPublish(0x30, body, 0, body.length).topic).toBe('\uFFFD');
  });

  it('refuses QoS 3 and packet identifier 0', () => {
    const body = Buffer.from([0x00, 0x01, 0x61, 0x00, 0x00]);
    expect(() => readPublish(0x36, body, 0, body.length)).toThrow('QoS 3');
    expect(() => readPublish(0x32, body, 0, body.length)).toThrow('packet identifier 0');
  });
});

describe('packet writer', () => {
  it('writes the CONNECT of the standard byte by byte', () => {
    const writer = new mqtt.PacketWriter();
    writer.connect({ clientId: 'id', cleanSession: true, keepAliveS: 10, username: 'u', password: 'p' });
    expect(writer.take().toString('hex')).toBe('101400044d51545404c2000a00026964000175000170');
  });

  it('encodes remaining lengths at every boundary of section 2.2.3', () => {
    for (const [length, hex] of [
      [127, '7f'],
      [128, '8001'],
      [16_383, 'ff7f'],
      [16_384, '808001'],
      [2_097_151, 'ffff7f'],
      [2_097_152, '80808001'],
    ] as const) {
      const writer = new mqtt.PacketWriter();
      writer.publish('t', new Uint8Array(length - 3), 0, false, false, 0);
      expect(writer.take().toString('hex', 1, 1 + hex.length / 2)).toBe(hex);
    }
  });

  it('never touches bytes again that were taken', () => {
    const writer = new mqtt.PacketWriter();
    const payload = Buffer.alloc(1500, 'a');
    const taken: Buffer[] = [];
    const copies: string[] = [];
    for (let at = 0; at < 200; at++) {
      writer.publish(`t/${at}`, payload, 1, false, false, at + 1);
      if (at % 3 !== 0) continue;
      taken.push(writer.take());
      copies.push(taken.at(-1)!.toString('hex'));
    }
    expect(taken.map((bytes) => bytes.toString('hex'))).toEqual(copies);
    expect(scan([...taken, writer.take()])).toHaveLength(200);
  });

  it('refuses what cannot be sent', () => {
    const writer = new mqtt.PacketWriter();
    const connect = { clientId: 'c', cleanSession: true, keepAliveS: 0 };
    expect(() => writer.connect({ ...connect, password: 'p' })).toThrow('a password needs a username');
    expect(() => writer.subscribe(1, [])).toThrow('at least one filter');
    expect(() => writer.publish('x'.repeat(65_536), new Uint8Array(), 0, false, false, 0)).toThrow('65535 bytes');
    expect(writer.length).toBe(0);
  });
});
