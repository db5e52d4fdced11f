// Colour scales: viridis for magnitudes, blue–neutral–red for early and late. Pure; colours are 0–255 triples.

export type Rgb = readonly [red: number, green: number, blue: number];
export type Theme = 'dark' | 'light';

/** Viridis at 0, 0.125 … 1 (van der Walt and Smith, 2015). */
const VIRIDIS: readonly Rgb[] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];
/** The ends that would vanish against the ground are left out. */
const VIRIDIS_PART: { readonly [theme in Theme]: readonly [number, number] } = { dark: [0.3, 1], light: [0, 0.86] };

const EARLY: Rgb = [44, 123, 182];
const LATE: Rgb = [215, 48, 31];
const NEUTRAL: { readonly [theme in Theme]: Rgb } = { dark: [226, 232, 242], light: [138, 148, 168] };
export const UNKNOWN: Rgb = [138, 148, 168];
/** Lateness at which the scale ends, s. */
export const DELAY_END_S = 300;
/** Street speed at which the scale ends, m/s (72 km/h). */
export const SPEED_END_MPS = 20;

/** share: 0…1, clamped. */
export function viridis(share: number, theme: Theme): Rgb {
  const [low, high] = VIRIDIS_PART[theme];
  const at = (low + clamp01(share) * (high - low)) * (VIRIDIS.length - 1);
  const below = Math.min(VIRIDIS.length - 2, Math.floor(at));
  return mix(VIRIDIS[below]!, VIRIDIS[below + 1]!, at - below);
}

/** delayS: positive is late. */
export function delayColour(delayS: number, theme: Theme): Rgb {
  const share = Math.max(-1, Math.min(1, delayS / DELAY_END_S));
  return mix(NEUTRAL[theme], share < 0 ? EARLY : LATE, Math.abs(share) ** 0.7);
}

export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const blend = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share);
  return [blend(0), blend(1), blend(2)];
}

export function clamp01(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(1, Math.max(0, value));
}

export function css(colour: Rgb, alpha = 1): string {
  return `rgb(${colour.join(' ')} / ${alpha})`;
}

export function parseHex(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Range of the middle 96 % of the values, widened when all are equal. Undefined for no values. */
export function robustRange(values: readonly number[]): readonly [low: number, high: number] | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const low = sorted[Math.floor(0.02 * (sorted.length - 1))]!;
  const high = sorted[Math.ceil(0.98 * (sorted.length - 1))]!;
  return high > low ? [low, high] : [low, low + Math.max(1e-9, Math.abs(low) * 0.1)];
}

/**
 * A veil over the map that follows the sun: cool at night, warm near the horizon, nothing by day. Never more than a fifth opaque, so
 * that everything stays readable. sunElevationDeg [°] −90…90.
 */
export function daylightVeil(sunElevationDeg: number, theme: Theme): { colour: Rgb; alpha: number } {
  const night = clamp01((-sunElevationDeg - 2) / 10);
  const low = clamp01(1 - Math.abs(sunElevationDeg - 1) / 9);
  const colour = mix([255, 150, 70], theme === 'dark' ? [6, 12, 40] : [40, 60, 130], night);
  const alpha = theme === 'dark' ? 0.06 * low + 0.2 * night : 0.05 * low + 0.12 * night;
  return { colour, alpha: Math.round(alpha * 1000) / 1000 };
}
