// A rolling window of (time, value): history first, then live values at its end; gaps stay gaps. Pure.
import type { HistoryAnswer } from '../answers.ts';

export interface Point {
  readonly x: number;
  /** NaN: nothing was reported; the line breaks here. */
  readonly y: number;
}

export interface Range {
  readonly key: '1h' | '6h' | '24h' | '7d';
  readonly lengthMs: number;
  /** Bucket asked from the server; undefined: raw records. */
  readonly every: string | undefined;
  readonly everyMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const RANGES: readonly Range[] = [
  { key: '1h', lengthMs: HOUR_MS, every: undefined, everyMs: 0 },
  { key: '6h', lengthMs: 6 * HOUR_MS, every: '1m', everyMs: MINUTE_MS },
  { key: '24h', lengthMs: 24 * HOUR_MS, every: '5m', everyMs: 5 * MINUTE_MS },
  { key: '7d', lengthMs: 168 * HOUR_MS, every: '1h', everyMs: HOUR_MS },
];
/** A pause longer than this many usual intervals is a gap. */
const GAP_FACTOR = 3.5;
/** Two points say nothing about a usual interval. */
const LEAST_FOR_GAPS = 4;
/** A window never holds more; the oldest go first. */
export const WINDOW_POINTS = 5_000;

/** Known points of an answer; booleans become 0 and 1. */
export function pointsOf(answer: HistoryAnswer, field: string): Point[] {
  const values = answer[field] ?? [];
  return answer.ts.flatMap((x, index) => {
    const value = values[index];
    return typeof value === 'number' || typeof value === 'boolean' ? [{ x, y: Number(value) }] : [];
  });
}

/** Appends a live value; ignores what is not newer; drops what left the range. */
export function appended(points: readonly Point[], x: number, y: number, lengthMs: number): Point[] {
  const last = points.at(-1);
  if (last !== undefined && x <= last.x) return [...points];
  return [...points, { x, y }].filter((point) => point.x > x - lengthMs).slice(-WINDOW_POINTS);
}

/** Puts a NaN point where the usual rhythm is interrupted, so that the line breaks. */
export function withGaps(points: readonly Point[]): Point[] {
  if (points.length < LEAST_FOR_GAPS) return [...points];
  const steps = points.slice(1).map((point, index) => point.x - points[index]!.x);
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)]!;
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    const gap = before !== undefined && point.x - before.x > GAP_FACTOR * usual;
    return gap ? [{ x: (before.x + point.x) / 2, y: NaN }, point] : [point];
  });
}

/** At most `most` points for a table, newest first, evenly chosen. */
export function tableRows(points: readonly Point[], most: number): Point[] {
  const known = points.filter((point) => !Number.isNaN(point.y)).toReversed();
  const step = Math.max(1, Math.ceil(known.length / most));
  return known.filter((_, index) => index % step === 0);
}

/** Round times between from and to in civil time, about `count` of them. */
export function timeTicks(fromMs: number, toMs: number, utcOffsetMin: number, count: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880].map((minutes) => minutes * MINUTE_MS);
  const step = steps.find((size) => (toMs - fromMs) / size <= count) ?? steps.at(-1)!;
  const offset = utcOffsetMin * MINUTE_MS;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs + offset) / step) * step - offset; at <= toMs; at += step) ticks.push(at);
  return ticks;
}
