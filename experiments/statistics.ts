// What the numbers of an experiment come to: means and paired differences with 95 % confidence by Student's t. Sums run in the order of the
// seeds, so a result is the same to the last bit however many threads it took. No test of significance: effect and interval say it all.
import type { Estimate, Kpi, Outcome } from './experiment.ts';

const CONFIDENCE = 0.95;

export interface Counted extends Estimate {
  /** Seeds that gave a value; of a difference: both of them. */
  readonly n: number;
}

export type Samples = { readonly [arm: string]: { readonly [kpi: string]: Float64Array } };
type Estimates = { readonly [arm: string]: { readonly [kpi: string]: Counted } };

export interface CountedOutcome extends Outcome {
  readonly arms: Estimates;
  readonly differences: Estimates;
  readonly shares: Estimates;
}

/**
 * Share of Student's t distribution between −t and t, where angle = atan(t / √degrees). degrees: a whole number from 1.
 * Source: Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.3 (odd) and 26.7.4 (even); exact.
 */
function shareWithin(angle: number, degrees: number): number {
  const square = Math.cos(angle) ** 2;
  const odd = degrees % 2 === 1;
  let term = odd ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let power = odd ? 3 : 2; power <= degrees - 2; power += 2) {
    term *= (square * (power - 1)) / power;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** How many standard errors a mean ± has with 95 % confidence. degrees: of freedom, a whole number from 1; error below 1e-9. */
export function tQuantile(degrees: number): number {
  let low = 0;
  let high = Math.PI / 2;
  // Halves the bracket until the two are neighbours.
  for (let middle = high / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (shareWithin(middle, degrees) < CONFIDENCE) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan(high);
}

const quantiles = new Map<number, number>();
function quantileFor(degrees: number): number {
  const known = quantiles.get(degrees);
  if (known !== undefined) return known;
  const quantile = tQuantile(degrees);
  quantiles.set(degrees, quantile);
  return quantile;
}

/** Mean with its 95 % interval. Values that are not finite are left out; of none: NaN; of one: an interval without width. */
export function estimateOf(values: Float64Array): Counted {
  const valid = values.filter(Number.isFinite);
  const n = valid.length;
  const mean = valid.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, ci95: [mean, mean], n };
  const squares = valid.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const half = quantileFor(n - 1) * Math.sqrt(squares / (n - 1) / n);
  return { mean, ci95: [mean - half, mean + half], n };
}

/**
 * Mean of `own` over mean of `base`, less 1, with its paired 95 % interval by linearisation. A ratio of means, not a mean of ratios: it has the
 * sign of the difference, and a seed whose baseline is nearly nothing does not outweigh all others. Pairs that lack one are left out; no
 * number where the baseline is 0. Source: W. Cochran, Sampling Techniques, 3rd ed. 1977, 6.3.
 */
export function shareOf(own: Float64Array, base: Float64Array): Counted {
  const pairs = [...own.keys()].filter((seed) => Number.isFinite(own[seed]! - base[seed]!));
  const meanOf = (values: Float64Array) => pairs.reduce((sum, seed) => sum + values[seed]!, 0) / pairs.length;
  const baseMean = meanOf(base);
  const ratio = baseMean === 0 ? NaN : meanOf(own) / baseMean;
  const { ci95, n } = estimateOf(Float64Array.from(pairs, (seed) => (own[seed]! - ratio * base[seed]!) / baseMean));
  const half = n < 2 ? 0 : halfWidth({ mean: 0, ci95 });
  return { mean: ratio - 1, ci95: [ratio - 1 - half, ratio - 1 + half], n: Number.isNaN(ratio) ? 0 : pairs.length };
}

/** Half the width of the interval. */
export function halfWidth({ ci95: [low, high] }: Estimate): number {
  return (high - low) / 2;
}

type Comparison = (own: Float64Array, base: Float64Array) => Counted;

/** kpis, samples: all arms have all KPIs; the first arm of `samples` is the baseline. */
export function outcomeOf(
  { settings, seeds }: Pick<Outcome, 'settings' | 'seeds'>,
  kpis: readonly Kpi[],
  samples: Samples,
): CountedOutcome {
  const [baseline = '', ...others] = Object.keys(samples);
  const overKpis = (arm: string, estimate: Comparison) =>
    Object.fromEntries(kpis.map(({ name }) => [name, estimate(samples[arm]![name]!, samples[baseline]![name]!)]));
  const overArms = (arms: readonly string[], estimate: Comparison) =>
    Object.fromEntries(arms.map((arm) => [arm, overKpis(arm, estimate)]));
  return {
    settings,
    seeds,
    samples,
    arms: overArms([baseline, ...others], estimateOf),
    differences: overArms(others, (own, base) => estimateOf(own.map((value, seed) => value - base[seed]!))),
    shares: overArms(others, shareOf),
  };
}
