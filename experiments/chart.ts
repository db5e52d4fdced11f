// Rows of dots with whiskers over a common scale, as inline SVG that stretches with its page: its strokes keep their widths, its words are
// HTML beside it. Knows numbers and places, not what they mean.
import { placeOf } from '../report/scale.ts';
import type { Scale } from '../report/scale.ts';

/** Width and height of a track in its own units; the page stretches it. */
const WIDTH = 1000;
const HEIGHT = 30;
const MIDDLE = HEIGHT / 2;
/** Fractional part of the golden ratio: neighbours in a row land far apart, without chance. */
const GOLDEN = 0.618_033_988_749_895;

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
