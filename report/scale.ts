// The scale of a chart: which ticks it has and where a value lies on it. Knows numbers and places, not what they mean and not how they are drawn.

/** Share of the range that stays free at both ends. */
const MARGIN = 0.04;
const TICKS = 6;

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** Decimals of the ticks. */
  readonly decimals: number;
}

/** A scale that holds all finite values, with three to seven ticks at 1, 2 or 5 times a power of ten. */
export function scaleOf(values: Iterable<number>): Scale {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  const margin = low === high ? Math.abs(high) / 2 || 0.5 : MARGIN * (high - low);
  low -= margin;
  high += margin;
  const step = roundStep((high - low) / TICKS);
  const first = Math.ceil(low / step);
  const ticks = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
  return { low, high, ticks, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5].find((factor) => factor * power >= step) ?? 10);
}

/** Where a value is, 0…1 from left to right. */
export function placeOf({ low, high }: Scale, value: number): number {
  return (value - low) / (high - low);
}
