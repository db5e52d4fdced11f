import { describe, expect, it } from 'vitest';
import { HashSum, RecordHash } from '../../simulator/record-hash.ts';
import type { Readings } from '../../simulator/sink.ts';

type Message = [
  kind: string,
  device: string,
  ts: number,
  seq: number,
  readings: Readings,
  name?: string,
  state?: string,
];

const MESSAGES: Message[] = [
  ['bus', 'bus-0001', 1_779_000_000_000, 1, { speedMps: 8.3, line: '608', doorOpen: false }],
  ['bus', 'bus-0002', 1_779_000_000_000, 1, { speedMps: 8.3, line: '608', doorOpen: false }],
  ['bus', 'bus-0001', 1_779_000_005_000, 2, { speedMps: 0, line: '608', doorOpen: true }],
  ['bus', 'bus-0001', 1_779_000_005_000, 3, { load: 80 }, 'crowded', 'raised'],
];

function hashOf(messages: readonly Message[]): string {
  const hash = new RecordHash();
  for (const message of messages) hash.add(...message);
  return hash.sum.toString();
}

describe('the record hash', () => {
  it('does not depend on the order of messages, nor on that of fields', () => {
    expect(hashOf(MESSAGES.toReversed())).toBe(hashOf(MESSAGES));
    const [kind, device, ts, seq] = MESSAGES[0]!;
    expect(hashOf([[kind, device, ts, seq, { doorOpen: false, line: '608', speedMps: 8.3 }]])).toBe(
      hashOf([MESSAGES[0]!]),
    );
  });

  it('differs for every part of a message', () => {
    const [kind, device, ts, seq, readings] = MESSAGES[0]!;
    const variants: Message[] = [
      MESSAGES[0]!,
      ['tram', device, ts, seq, readings],
      [kind, 'bus-0003', ts, seq, readings],
      [kind, device, ts + 1, seq, readings],
      [kind, device, ts, seq + 1, readings],
      [kind, device, ts, seq, { ...readings, speedMps: 8.4 }],
      [kind, device, ts, seq, { ...readings, line: '609' }],
      [kind, device, ts, seq, { ...readings, doorOpen: true }],
      [kind, device, ts, seq, { speedMps: 8.3, line: '608' }],
      [kind, device, ts, seq, { ...readings, load: 0 }],
      [kind, device, ts, seq, readings, 'crowded'],
      [kind, device, ts, seq, readings, 'crowded', 'raised'],
      [kind, device, ts, seq, readings, 'crowded', 'cleared'],
    ];
    expect(new Set(variants.map((variant) => hashOf([variant]))).size).toBe(variants.length);
  });

  it('counts a message that comes twice twice', () => {
    expect(hashOf([MESSAGES[0]!, MESSAGES[0]!])).not.toBe(hashOf([MESSAGES[0]!]));
  });

  it('adds up from parts, with a carry from the low half to the high one', () => {
    const [left, right] = [new RecordHash(), new RecordHash()];
    MESSAGES.forEach((message, index) => (index % 2 === 0 ? left : right).add(...message));
    const whole = new HashSum();
    whole.merge(right.sum.state);
    whole.merge(left.sum.state);
    expect(whole.toString()).toBe(hashOf(MESSAGES));
    expect(whole.count).toBe(MESSAGES.length);
    const carried = new HashSum();
    carried.add(0xffffffff, 0);
    carried.add(1, 0);
    expect(carried.toString()).toBe('0000000100000000');
  });

  it('has no two alike among a hundred thousand neighbours', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++)
      seen.add(hashOf([['m', `m-${i % 100}`, 1e12 + 1000 * (i % 1000), i, { v: (i % 7) / 10 }]]));
    expect(seen.size).toBe(100_000);
  });
});
