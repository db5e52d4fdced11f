import { describe, expect, it } from 'vitest';
import type { Kpi } from '../../experiments/experiment.ts';
import { estimateOf, halfWidth, outcomeOf, tQuantile } from '../../experiments/statistics.ts';
import { Random } from '../../simulator/random.ts';

const KPI: Kpi = { name: 'waitS', label: 'wait', unit: 's', better: 'less' };
const outcome = (samples: { [arm: string]: number[] }) => {
  const rows = Object.entries(samples).map(([arm, values]) => [arm, { waitS: Float64Array.from(values) }] as const);
  return outcomeOf({ settings: {}, seeds: rows[0]![1].waitS.length }, [KPI], Object.fromEntries(rows));
};

describe("Student's t", () => {
  // Two-sided 95 %. 1 and 2 in closed form: tan(0.475π), 0.95·√2 / √(1 − 0.95²). Others: NIST/SEMATECH e-Handbook 1.3.6.7.2, with more
  // digits from R's qt(0.975, df).
  it.each([
    [1, Math.tan(0.475 * Math.PI)],
    [2, (0.95 * Math.SQRT2) / Math.sqrt(1 - 0.95 ** 2)],
    [3, 3.182446305284],
    [4, 2.776445105198],
    [5, 2.570581835636],
    [9, 2.262157162798],
    [10, 2.228138851965],
    [19, 2.093024054408],
    [20, 2.085963447266],
    [30, 2.042272456301],
    [39, 2.022690911735],
    [100, 1.983971518523],
    [1000, 1.962339080792],
  ])('with %i degrees of freedom is that of the tables', (degrees, published) => {
    expect(Math.abs(tQuantile(degrees) - published)).toBeLessThan(1e-6);
  });

  it('comes down to the normal distribution', () => {
    expect(tQuantile(10_000)).toBeCloseTo(1.95996398454, 3);
    expect(tQuantile(10_000)).toBeGreaterThan(1.95996398454);
  });
});

describe('an estimate', () => {
  it('is mean and t interval', () => {
    // s = √2.5, standard error √(2.5/5), t with 4 degrees of freedom.
    const { mean, ci95, n } = estimateOf(Float64Array.of(1, 2, 3, 4, 5));
    expect([mean, n]).toEqual([3, 5]);
    expect(ci95[0]).toBeCloseTo(3 - 2.776445105198 * Math.sqrt(0.5), 9);
    expect(ci95[1]).toBeCloseTo(3 + 2.776445105198 * Math.sqrt(0.5), 9);
  });

  it('of one seed has no width', () => {
    expect(estimateOf(Float64Array.of(7))).toEqual({ mean: 7, ci95: [7, 7], n: 1 });
  });

  it('leaves out what is no number, and counts the rest', () => {
    expect(estimateOf(Float64Array.of(1, NaN, 3, Infinity))).toMatchObject({ mean: 2, n: 2 });
    expect(estimateOf(Float64Array.of(NaN))).toEqual({ mean: NaN, ci95: [NaN, NaN], n: 0 });
  });

  it('holds the truth in 95 of 100 samples', () => {
    const random = new Random(1);
    let held = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const { ci95 } = estimateOf(Float64Array.from({ length: 8 }, (_, index) => random.normal(trial, 1, index)));
      if (ci95[0] <= 0 && ci95[1] >= 0) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.935);
    expect(held / 2000).toBeLessThan(0.965);
  });
});

describe('differences', () => {
  it('are paired by seed: what all seeds share does not widen them', () => {
    const { arms, differences, shares } = outcome({ base: [100, 200, 300], better: [90, 181, 269] });
    expect(differences.better!.waitS!.mean).toBeCloseTo(-20, 12);
    expect(shares.better!.waitS!.mean).toBeCloseTo(-0.1, 12);
    expect(halfWidth(differences.better!.waitS!)).toBeLessThan(halfWidth(arms.base!.waitS!) / 5);
    expect(differences.base).toBeUndefined();
  });

  it('have the same sign as their share, also where seeds differ much', () => {
    // The mean of the ratios would be +22 %.
    const { differences, shares } = outcome({ base: [10, 100, 60], other: [20, 80, 52] });
    expect(differences.other!.waitS!.mean).toBeCloseTo(-6, 12);
    expect(shares.other!.waitS!.mean).toBeCloseTo(-18 / 170, 12);
  });

  it('have a share whose interval is that of the difference where the baseline does not vary', () => {
    const { differences, shares } = outcome({ base: [50, 50, 50, 50], other: [40, 44, 39, 41] });
    expect(halfWidth(shares.other!.waitS!)).toBeCloseTo(halfWidth(differences.other!.waitS!) / 50, 12);
    expect(shares.other!.waitS!.n).toBe(4);
  });

  it('of what grows by the same share with every seed have a share without width', () => {
    const { mean, ci95 } = outcome({ base: [10, 20, 40], other: [11, 22, 44] }).shares.other!.waitS!;
    for (const value of [mean, ...ci95]) expect(value).toBeCloseTo(0.1, 12);
  });

  it('leave out a pair that lacks one, and have no share of nothing', () => {
    const { arms, differences, shares } = outcome({ base: [10, NaN, 30, 0], other: [11, 22, NaN, 4] });
    expect(arms.base!.waitS).toMatchObject({ n: 3 });
    expect(differences.other!.waitS).toMatchObject({ n: 2, mean: 2.5 });
    expect(shares.other!.waitS).toMatchObject({ n: 2, mean: 0.5 });
    expect(outcome({ base: [0, 0], other: [1, 2] }).shares.other!.waitS).toMatchObject({ n: 0, mean: NaN });
    expect(outcome({ base: [4], other: [5] }).shares.other!.waitS).toEqual({ mean: 0.25, ci95: [0.25, 0.25], n: 1 });
  });

  it('are to the first arm', () => {
    expect(outcome({ z: [1, 1], a: [3, 3] }).differences.a!.waitS).toEqual({ mean: 2, ci95: [2, 2], n: 2 });
  });
});
