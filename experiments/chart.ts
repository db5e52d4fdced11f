// Rows of dots with whiskers over a common scale, as inline SVG that stretches with its page: its strokes keep their widths, its words are
// HTML beside it. Knows numbers and places, not what they mean.

/** Width and height of a track in its own units; the page stretches it. */
const WIDTH = 1000;
const HEIGHT = 30;
const MIDDLE = HEIGHT / 2;
/** Share of the range that stays free at both ends. */
const MARGIN = 0.04;
const TICKS = 6;
/** Fractional part of the golden ratio: neighbours in a row land far apart, without chance. */
const GOLDEN = 0.618_033_988_749_895;

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

export interface Track {
  /** One faint dot each. */
  readonly dots: Iterable<number>;
  readonly mean: number;
  readonly ci95: readonly [low: number, high: number];
  /** Class of what is drawn. */
  readonly tone: string;
  /** Draws a line at zero. */
  readonly zero: boolean;
  /** For those who cannot see it. */
  readonly description: string;
}

/** description: already escaped. */
export function trackOf(scale: Scale, { dots, mean, ci95: [low, high], tone, zero, description }: Track): string {
  const at = (value: number) => Math.round(placeOf(scale, value) * WIDTH * 10) / 10;
  const lines = scale.ticks.map((tick) => `M${at(tick)} 0V${HEIGHT}`).join('');
  const seeds = [...dots]
    .map((value, seed) => (Number.isFinite(value) ? `M${at(value)} ${heightOf(seed)}h.01` : ''))
    .join('');
  const whisker = `M${at(low)} ${MIDDLE}H${at(high)}M${at(low)} ${MIDDLE - 6}v12M${at(high)} ${MIDDLE - 6}v12`;
  return [
    `<svg class="track ${tone}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${description}">`,
    `<path class="grid" d="${lines}"/>`,
    zero ? `<path class="zero" d="M${at(0)} 0V${HEIGHT}"/>` : '',
    seeds === '' ? '' : `<path class="seeds" d="${seeds}"/>`,
    Number.isFinite(mean)
      ? `<path class="whisker" d="${whisker}"/><path class="mean" d="M${at(mean)} ${MIDDLE}h.01"/>`
      : '',
    '</svg>',
  ].join('');
}

/** Spreads dots over the height, so that equal ones can be told apart. */
function heightOf(seed: number): number {
  return Math.round((4 + (HEIGHT - 8) * ((seed * GOLDEN) % 1)) * 10) / 10;
}
