// The arithmetic of windows, days, sessions and counters that the fleet questions are made of.
import { describe, expect, it } from 'vitest';
import { activeStarts, dayOf, midnightBefore, riseOf, sessionsOf } from '../../api/fleet/windows.ts';

const HOUR_MS = 3_600_000;

describe('windows of a fleet', () => {
  it('are active above the limit, not at it, and never without a value', () => {
    const windows = { device: 'b-1', ts: [0, 10, 20, 30, 40], value: [1, 1.01, null, true, -5] };
    expect(activeStarts(windows, 1)).toEqual([10]);
    expect(activeStarts(windows, 0.5)).toEqual([0, 10, 30]);
  });

  it('make one session as long as they follow each other', () => {
    expect(sessionsOf([], 10)).toEqual([]);
    expect(sessionsOf([0, 10, 30, 50, 60, 70], 10)).toEqual([
      { fromMs: 0, toMs: 20 },
      { fromMs: 30, toMs: 40 },
      { fromMs: 50, toMs: 80 },
    ]);
  });

  it('are of the civil day in which they begin, east and west', () => {
    const midnight = Date.UTC(2026, 4, 17, 16);
    expect([midnight - 1, midnight].map((ms) => dayOf(ms, 480))).toEqual(['2026-05-17', '2026-05-18']);
    expect(midnightBefore(midnight, 480)).toBe(midnight);
    expect(midnightBefore(midnight - 1, 480)).toBe(midnight - 24 * HOUR_MS);
    expect(midnightBefore(midnight, -210)).toBe(Date.UTC(2026, 4, 17, 3, 30));
  });
});

describe('a counter', () => {
  it('rises from its first value to its last', () => {
    expect(riseOf(5, [7, null, 7, 12])).toBe(7);
    expect(riseOf(5, [])).toBe(0);
  });

  it('counts all that it says after it began anew', () => {
    expect(riseOf(100, [110, 3, 8])).toBe(10 + 3 + 5);
    expect(riseOf(100, [0, 4])).toBe(4);
  });
});
