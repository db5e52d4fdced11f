import { describe, expect, it } from 'vitest';
import { Audit } from '../../loadtest/audit.ts';

function heard(sequences: readonly number[]): { received: number; duplicated: number; reordered: number } {
  const audit = new Audit(1);
  for (const sequence of sequences) audit.arrived(0, sequence);
  return { received: audit.received, duplicated: audit.duplicated, reordered: audit.reordered };
}

describe('the audit', () => {
  it('takes a gap that is filled later for reordered, not for lost', () => {
    expect(heard([0, 1, 4, 3, 2, 5])).toEqual({ received: 6, duplicated: 0, reordered: 2 });
  });

  it('takes a message that comes again for a duplicate, however late', () => {
    expect(heard([0, 1, 2, 0, 2, 3])).toEqual({ received: 4, duplicated: 2, reordered: 0 });
    expect(heard([0, 9, 4, 4, 9])).toEqual({ received: 3, duplicated: 2, reordered: 1 });
  });

  it('counts the first messages as missing when it starts later', () => {
    expect(heard([5, 6])).toEqual({ received: 2, duplicated: 0, reordered: 0 });
    expect(heard([5, 0, 4])).toEqual({ received: 3, duplicated: 0, reordered: 2 });
  });

  it('agrees with a set for any order of arrival', () => {
    let state = 1;
    const random = (below: number) => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % below;
    for (let round = 0; round < 200; round++) {
      const sequences = Array.from({ length: 100 }, () => random(60));
      const seen = new Set<number>();
      let highest = -1;
      let late = 0;
      for (const sequence of sequences) {
        if (!seen.has(sequence) && sequence < highest) late++;
        seen.add(sequence);
        highest = Math.max(highest, sequence);
      }
      const expected = { received: seen.size, duplicated: 100 - seen.size, reordered: late };
      expect(heard(sequences)).toEqual(expected);
    }
  });

  it('is exact beyond any number of gaps: 20,000 messages, the odd ones first', () => {
    const odd = Array.from({ length: 10_000 }, (_, at) => 2 * at + 1);
    const even = odd.map((sequence) => sequence - 1);
    expect(heard([...odd, ...even])).toEqual({ received: 20_000, duplicated: 0, reordered: 10_000 });
    expect(heard([...odd, ...even, ...even, 3])).toEqual({ received: 20_000, duplicated: 10_001, reordered: 10_000 });
  });

  it('agrees with a set where gaps are wide, many and filled at random', () => {
    const audit = new Audit(1);
    const seen = new Set<number>();
    let [next, received] = [0, 0];
    for (let at = 0; at < 30_000; at++) {
      // Ahead by 1 to 25, or back to anywhere.
      const sequence = at < 12_000 || at % 2 === 0 ? (next += 1 + ((at * 7) % 25)) : (at * 7919) % next;
      const isNew = !seen.has(sequence);
      seen.add(sequence);
      if (isNew) received++;
      if (audit.arrived(0, sequence) !== isNew) expect.fail(`message ${at}, sequence ${sequence}`);
    }
    expect(audit).toMatchObject({ received, duplicated: 30_000 - received, untold: 0 });
  });

  it('counts what it has no memory for as untold, never as a duplicate', () => {
    const audit = new Audit(2, 10_000);
    for (let sequence = 1; sequence < 200_000; sequence += 2) audit.arrived(0, sequence);
    for (let sequence = 0; sequence < 200_000; sequence += 2) audit.arrived(0, sequence);
    const { received, reordered, untold, duplicated } = audit;
    expect({ duplicated, all: received + untold }).toEqual({ duplicated: 0, all: 200_000 });
    expect(untold).toBeGreaterThan(0);
    expect(reordered).toBe(received - 100_000);
    expect(audit.arrived(0, 200_001)).toBe(true);
    expect(audit.arrived(1, 0)).toBe(true);
  });

  it('keeps pairs apart', () => {
    const audit = new Audit(2);
    expect([audit.arrived(0, 0), audit.arrived(1, 0), audit.arrived(1, 0)]).toEqual([true, true, false]);
  });
});
