// Numbers as people read them: as many digits as the largest of a row deserves, the same for all of the row.
import type { Counted } from './statistics.ts';
import { halfWidth } from './statistics.ts';

const MOST_DECIMALS = 6;
/** Half widths below this share of the largest mean are noise of the arithmetic. */
const NO_WIDTH = 1e-6;

/** Decimals for a row: three digits of the largest mean, but of the narrowest interval no less than one and no more than two. */
export function decimalsFor(estimates: readonly Counted[]): number {
  const largest = Math.max(0, ...estimates.map(({ mean }) => Math.abs(mean)).filter(Number.isFinite));
  if (largest === 0) return 0;
  const narrowest = Math.min(...estimates.map(halfWidth).filter((half) => half > NO_WIDTH * largest));
  const forMean = 2 - Math.floor(Math.log10(largest));
  const forWidth = Number.isFinite(narrowest) ? -Math.floor(Math.log10(narrowest)) : forMean;
  const decimals = Math.min(Math.max(forMean, forWidth), forWidth + 1, forMean + 1);
  return Math.min(MOST_DECIMALS, Math.max(0, decimals));
}

/** With thin spaces between thousands and a true minus; a dash where there is no number. */
export function figure(value: number | null, decimals: number): string {
  if (value === null || !Number.isFinite(value)) return '–';
  const [whole = '', fraction] = Math.abs(value).toFixed(decimals).split('.');
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202F') : whole;
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return value < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text;
}

/** With its sign, also when it is positive. */
export function signed(value: number, decimals: number): string {
  const text = figure(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** "34.1 ± 0.6"; without an interval the mean alone. */
export function plusMinus(estimate: Counted, decimals: number): string {
  const mean = figure(estimate.mean, decimals);
  return estimate.n < 2 ? mean : `${mean} ± ${figure(halfWidth(estimate), decimals)}`;
}

/** "[−17.8 … −16.6]"; empty without an interval. */
export function interval({ ci95: [low, high], n }: Counted, decimals: number): string {
  return n < 2 ? '' : `[${signed(low, decimals)} … ${signed(high, decimals)}]`;
}

/** "−50.1 %" of a share of 1. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${signed(100 * share, 1)} %` : '–';
}

/** A lone value, such as what a check measured: four digits. */
export function loneFigure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  if (value === 0 || Number.isInteger(value)) return figure(value, 0);
  return figure(value, Math.min(MOST_DECIMALS, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))))));
}
