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

/** Half the width of the interval. */
export function halfWidth({ ci95: [low, high] }: Estimate): number {
  return (high - low) / 2;
}

/** kpis, samples: all arms have all KPIs; the first arm of `samples` is the baseline. */
export function outcomeOf(
  { settings, seeds }: Pick<Outcome, 'settings' | 'seeds'>,
  kpis: readonly Kpi[],
  samples: Samples,
): CountedOutcome {
  const [baseline = '', ...others] = Object.keys(samples);
  const overKpis = (arm: string, valueOf: (own: Float64Array, base: Float64Array) => Float64Array) =>
    Object.fromEntries(
      kpis.map(({ name }) => [name, estimateOf(valueOf(samples[arm]![name]!, samples[baseline]![name]!))]),
    );
  const overArms = (arms: readonly string[], valueOf: (own: Float64Array, base: Float64Array) => Float64Array) =>
    Object.fromEntries(arms.map((arm) => [arm, overKpis(arm, valueOf)]));
  return {
    settings,
    seeds,
    samples,
    arms: overArms([baseline, ...others], (own) => own),
    differences: overArms(others, (own, base) => own.map((value, seed) => value - base[seed]!)),
    shares: overArms(others, (own, base) => own.map((value, seed) => value / base[seed]! - 1)),
  };
}
