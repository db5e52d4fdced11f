// How regular the service is over time, from headways seen by the page: one number a minute for the sparklines, and two numbers around a
// change of policy. What is good is in the levels of the Transit Capacity and Quality of Service Manual (TCRP Report 165, exhibit 5-27).
import { Headways } from '../../telemetry/headways.ts';
import type { Run } from './crossings.ts';

const MINUTE_MS = 60_000;
/** Minutes of a sparkline. */
export const HOUR_MIN = 60;
/** A number of regularity looks back this far, as `GET /api/lines` does. */
const WINDOW_MS = 30 * MINUTE_MS;
/** Before and after a change, at most. */
export const AROUND_MS = 20 * MINUTE_MS;
/** Fewer headways are no statistic. */
const LEAST = 12;

/** Upper ends of the levels A … E; above is F. */
export const LEVELS = [0.21, 0.3, 0.39, 0.52, 0.74] as const;
export type Level = 'A' | 'B' | 'C' | 'D' | 'E' | 'F';

/** cv: of headways, ≥ 0. */
export function levelOf(cv: number): Level {
  const index = LEVELS.findIndex((end) => Math.round(cv * 100) / 100 <= end);
  return 'ABCDEF'.charAt(index === -1 ? LEVELS.length : index) as Level;
}

export function stateOf(level: Level): 'good' | 'watch' | 'bad' {
  return level <= 'C' ? 'good' : level === 'F' ? 'bad' : 'watch';
}

/** A bus left a stop this long after the one ahead. */
export interface Departure {
  readonly ts: number;
  readonly headwayS: number;
  readonly targetS: number;
}

/** targetS > 0: planned headway of the line. @returns ascending in time */
export function departuresOf(runs: readonly Run[], targetS: number): Departure[] {
  const found: Departure[] = [];
  for (const { leftMs, headwayS } of runs)
    headwayS.forEach((headway, place) => {
      if (!Number.isNaN(headway)) found.push({ ts: leftMs[place]!, headwayS: headway, targetS });
    });
  return found.sort((a, b) => a.ts - b.ts);
}

export interface Regularity {
  readonly headwayCv: number;
  readonly excessWaitS: number;
  readonly bunchedShare: number;
}

/** Of the departures in (fromMs, toMs]; undefined when they are too few. */
export function regularity(departures: readonly Departure[], fromMs: number, toMs: number): Regularity | undefined {
  const headways = new Headways();
  for (const { ts, headwayS, targetS } of departures) if (ts > fromMs && ts <= toMs) headways.add(headwayS, targetS);
  if (headways.count < LEAST) return undefined;
  const { cv, excessWaitS, bunchedShare } = headways;
  return { headwayCv: cv, excessWaitS, bunchedShare };
}

/** One value a minute of the hour before `nowMs`, the newest last. */
export function hourOf(departures: readonly Departure[], nowMs: number): (Regularity | undefined)[] {
  return Array.from({ length: HOUR_MIN + 1 }, (_, minute) => {
    const toMs = nowMs - (HOUR_MIN - minute) * MINUTE_MS;
    return regularity(departures, toMs - WINDOW_MS, toMs);
  });
}

/** Values at times → one a minute of the hour before `nowMs`, the newest last; null where there is none. */
export function byMinute(
  times: readonly number[],
  values: readonly (number | null)[],
  nowMs: number,
): (number | null)[] {
  const minutes: (number | null)[] = Array.from({ length: HOUR_MIN + 1 }, () => null);
  times.forEach((ts, index) => {
    const minute = Math.round(HOUR_MIN - (nowMs - ts) / MINUTE_MS);
    const value = values[index] ?? null;
    if (minute >= 0 && minute <= HOUR_MIN && value !== null) minutes[minute] = value;
  });
  return minutes;
}

export interface BeforeAfter {
  readonly before: Regularity | undefined;
  readonly since: Regularity | undefined;
  readonly sinceMs: number;
}

/** The 20 min before a change and what came since, the newest 20 min of it at most. */
export function around(departures: readonly Departure[], changeMs: number, nowMs: number): BeforeAfter {
  return {
    before: regularity(departures, changeMs - AROUND_MS, changeMs),
    since: regularity(departures, Math.max(changeMs, nowMs - AROUND_MS), nowMs),
    sinceMs: nowMs - changeMs,
  };
}
