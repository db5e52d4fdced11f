// What has become of trips: seen under way, ended, or cancelled because no bus was there for them. Buses and their line say so; nothing is
// concluded from silence, which may be the network's.
import type { DeviceEvent } from '../../telemetry/messages.ts';
import { tripKey } from './running.ts';
import type { DatedTrip, Timetables } from './timetables.ts';
import { textOf } from './values.ts';

/** Event of a bus: `trip` of its fields will not run. */
const CANCELLED = 'tripCancelled';
/** No trip takes longer, ms. */
const KEPT_MS = 12 * 3_600_000;
const MAX_TRIPS = 200_000;

export class TripLog {
  /** By trip and date, in order of first sight. */
  readonly #seen = new Map<string, { readonly startMs: number; ended: boolean }>();
  /** When it was said, by trip; the newest is last. */
  readonly #cancelledMs = new Map<string, number>();

  /** A bus is under way on this trip. ended: it stands at the last stop. */
  observe(dated: DatedTrip, nowMs: number, ended: boolean): void {
    const key = tripKey(dated);
    const seen = this.#seen.get(key) ?? { startMs: dated.startMs, ended: false };
    if (!this.#seen.has(key)) {
      forget(this.#seen, ({ startMs }) => startMs < nowMs - KEPT_MS);
      this.#seen.set(key, seen);
    }
    if (ended) seen.ended = true;
  }

  observeEvent({ name, ts, fields }: DeviceEvent): void {
    const trip = textOf(fields.trip);
    if (name !== CANCELLED || trip === undefined || ts < (this.#cancelledMs.get(trip) ?? 0)) return;
    forget(this.#cancelledMs, (saidMs) => saidMs < ts - KEPT_MS);
    this.#cancelledMs.delete(trip);
    this.#cancelledMs.set(trip, ts);
  }

  hasSeen(dated: DatedTrip): boolean {
    return this.#seen.has(tripKey(dated));
  }

  hasEnded(dated: DatedTrip): boolean {
    return this.#seen.get(tripKey(dated))?.ended === true;
  }

  /** Trips that will not run and would not have ended by `nowMs`. */
  cancelled(timetables: Timetables, nowMs: number): DatedTrip[] {
    return [...this.#cancelledMs].flatMap(([trip, saidMs]) => {
      const dated = saidMs > nowMs - KEPT_MS ? timetables.datedAt(trip, saidMs) : undefined;
      const isOver = dated === undefined || dated.startMs + dated.plan.at(-1)! * 1000 < nowMs;
      return isOver || this.hasSeen(dated) ? [] : [dated];
    });
  }

  /** The city's clock went back: what happened after `ms` is of another life. */
  forgetAfter(ms: number): void {
    for (const [key, { startMs }] of this.#seen) if (startMs > ms) this.#seen.delete(key);
    for (const [trip, saidMs] of this.#cancelledMs) if (saidMs > ms) this.#cancelledMs.delete(trip);
  }
}

/** Makes room: the oldest go while they are old, or there are too many. */
function forget<T>(log: Map<string, T>, isOld: (entry: T) => boolean): void {
  for (const [key, entry] of log) {
    if (!isOld(entry) && log.size < MAX_TRIPS) return;
    log.delete(key);
  }
}
