// Windows of time in which devices were active, for instance drove: their civil days, the sessions they make, and how much a counter rose
// from window to window. Pure; where windows come from is fleet.ts's business.
import type { Value } from '../../telemetry/description.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;

/** Of one device: starts ascending, null where a window has no value. */
export interface Windows {
  readonly device: string;
  readonly ts: readonly number[];
  readonly value: readonly (Value | null)[];
}

/** [fromMs, toMs) */
export interface Session {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Starts of the windows whose value is above; true counts as 1. */
export function activeStarts({ ts, value }: Windows, above: number): number[] {
  return ts.filter((_, at) => value[at] !== null && Number(value[at]) > above);
}

/** Windows without a break between them, together. starts: ascending, each window windowMs long */
export function sessionsOf(starts: readonly number[], windowMs: number): Session[] {
  const sessions: { fromMs: number; toMs: number }[] = [];
  for (const start of starts) {
    const last = sessions.at(-1);
    if (last?.toMs === start) last.toMs += windowMs;
    else sessions.push({ fromMs: start, toMs: start + windowMs });
  }
  return sessions;
}

/** The civil day a time is in, 2026-05-18. */
export function dayOf(ms: number, utcOffsetMin: number): string {
  return new Date(ms + utcOffsetMin * MINUTE_MS).toISOString().slice(0, 10);
}

/** When the civil day began that a time is in, ms since 1970. */
export function midnightBefore(ms: number, utcOffsetMin: number): number {
  const offsetMs = utcOffsetMin * MINUTE_MS;
  return Math.floor((ms + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
}

/** From `first` over what a counter said at the end of each window. Where it fell it had begun anew, and all that it says is new. */
export function riseOf(first: number, ends: readonly (Value | null)[]): number {
  let rise = 0;
  let before = first;
  for (const end of ends) {
    if (end === null) continue;
    const value = Number(end);
    rise += value >= before ? value - before : value;
    before = value;
  }
  return rise;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
