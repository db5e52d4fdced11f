// The three reasons for a bus more.
import { describe, expect, it } from 'vitest';
import { frequency } from '../../simulator/physics/frequency.ts';
import type { FrequencyNeeds } from '../../simulator/physics/frequency.ts';

const quiet: FrequencyNeeds = {
  policyPerHour: 2,
  maxLoadPerHour: 60,
  capacity: 80,
  boardingsPerHour: 300,
  cycleHours: 2,
  costPerBusHour: 150,
  waitingCostPerHour: 30,
};

describe('the frequency of a line', () => {
  it('doubles with four times the people where waiting decides', () => {
    const once = frequency(quiet);
    const four = frequency({ ...quiet, maxLoadPerHour: 240, boardingsPerHour: 1200 });
    expect([once.by, four.by]).toEqual(['waiting', 'waiting']);
    expect(four.perHour / once.perHour).toBeCloseTo(2, 1.7);
  });

  it('is where buses and waiting together cost least', () => {
    const { perHour } = frequency(quiet);
    const cost = (f: number) =>
      quiet.costPerBusHour * quiet.cycleHours * f + (quiet.waitingCostPerHour * quiet.boardingsPerHour) / (2 * f);
    expect(cost(perHour)).toBeLessThan(cost(perHour * 1.02));
    expect(cost(perHour)).toBeLessThan(cost(perHour * 0.98));
  });

  it('lets everybody at the fullest point on board', () => {
    const full = frequency({ ...quiet, maxLoadPerHour: 1360 });
    expect(full.by).toBe('capacity');
    expect(full.perHour * 80 * 0.85).toBeCloseTo(1360, 9);
    expect(frequency({ ...quiet, maxLoadPerHour: 1360, designLoadFactor: 0.5 }).perHour * 80 * 0.5).toBeCloseTo(
      1360,
      9,
    );
  });

  it('is never below what the city promises', () => {
    expect(frequency({ ...quiet, policyPerHour: 6 })).toEqual({ perHour: 6, by: 'policy' });
  });
});
