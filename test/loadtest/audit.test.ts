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

  it('keeps pairs apart', () => {
    const audit = new Audit(2);
    expect([audit.arrived(0, 0), audit.arrived(1, 0), audit.arrived(1, 0)]).toEqual([true, true, false]);
  });
});
