// Which times of records are believed: a device's clock may be wrong by minutes, and its outbox days old.
import { Rejection } from '../telemetry/json-codec.ts';
import type { CityClock } from './city-clock.ts';

const PAST_MS = 7 * 86_400_000;
const FUTURE_MS = 5 * 60_000;

/** ts and wallMs: ms since 1970. @throws Rejection (clock) for a time that is neither near the wall's nor near the city's */
export function checkTime(ts: number, wallMs: number, cityClock: Pick<CityClock, 'message' | 'latestMs'>): void {
  if (ts >= wallMs - PAST_MS && ts <= wallMs + FUTURE_MS) return;
  const city = cityClock.message;
  const latestMs = cityClock.latestMs(wallMs);
  if (city && latestMs !== undefined) {
    const { simTimeMs, backfillFromMs = Infinity } = city;
    // A backfill runs ahead of its own clock where that comes on another connection; what it brings lies in the past either way.
    const newestMs = backfillFromMs === Infinity ? latestMs : Math.max(latestMs, wallMs);
    if (ts >= Math.min(simTimeMs - PAST_MS, backfillFromMs) && ts <= newestMs + FUTURE_MS) return;
  }
  const shown = ts <= 8.64e15 ? new Date(ts).toISOString() : String(ts);
  throw new Rejection(
    'clock',
    `ts must lie within -7 days … +5 minutes of the city's clock or wall time, got ${shown}`,
  );
}
