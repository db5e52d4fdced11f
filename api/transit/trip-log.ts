// Which trips have been seen under way, and so which will not come any more: terminals release trips in the order of the timetable, so a
// trip that is not seen when a later one of its way has set out is cancelled. Only trips are judged that began while we were listening.
import type { LineTimetable } from '../../telemetry/timetable.ts';
import { tripKey } from './running.ts';
import type { DatedTrip, Timetables } from './timetables.ts';

/** Nothing heard of a line for longer is a hole in which a trip could have passed unseen, ms. */
const HOLE_MS = 180_000;
/** The later trip must have set out this long ago: records of the earlier one may be late, ms. */
const GRACE_MS = 120_000;
const KEPT_MS = 12 * 3_600_000;
const MAX_SEEN = 200_000;

interface LineLog {
  /** Nothing was missed since. */
  sinceMs: number;
  heardMs: number;
  /** By pattern: the latest trip that was seen. */
  readonly latest: Map<number, { startMs: number; seenMs: number }>;
}

export class TripLog {
  readonly #lines = new Map<string, LineLog>();
  /** By trip and date, in order of first sight. */
  readonly #seen = new Map<string, { readonly startMs: number; ended: boolean }>();

  /** A bus of the line reported at `ts`, under way on `dated` if that is known. ended: it stands at the last stop. */
  observe(line: string, ts: number, dated: DatedTrip | undefined, ended: boolean): void {
    const log = this.#lines.get(line) ?? { sinceMs: ts, heardMs: ts, latest: new Map() };
    this.#lines.set(line, log);
    if (ts - log.heardMs > HOLE_MS) log.sinceMs = ts;
    log.heardMs = Math.max(log.heardMs, ts);
    if (dated === undefined) return;
    const key = tripKey(dated);
    if (!this.#seen.has(key)) this.#note(key, dated.startMs, ts);
    if (ended) this.#seen.get(key)!.ended = true;
    const latest = log.latest.get(dated.trip.pattern);
    if (latest === undefined || dated.startMs > latest.startMs)
      log.latest.set(dated.trip.pattern, { startMs: dated.startMs, seenMs: ts });
  }

  hasSeen(dated: DatedTrip): boolean {
    return this.#seen.has(tripKey(dated));
  }

  hasEnded(dated: DatedTrip): boolean {
    return this.#seen.get(tripKey(dated))?.ended === true;
  }

  /** Trips of a line that should be under way at `nowMs` and never set out. */
  cancelled({ line }: LineTimetable, timetables: Timetables, nowMs: number): DatedTrip[] {
    const log = this.#lines.get(line);
    if (log === undefined || nowMs - log.heardMs > HOLE_MS) return [];
    return timetables.between(line, nowMs, nowMs).filter((dated) => {
      const latest = log.latest.get(dated.trip.pattern);
      const wasPassed = latest !== undefined && latest.startMs > dated.startMs && nowMs - latest.seenMs > GRACE_MS;
      return wasPassed && dated.startMs >= log.sinceMs && !this.hasSeen(dated);
    });
  }

  forgetLine(line: string): void {
    this.#lines.delete(line);
  }

  /** The city's clock went back: all that was seen is of another life. */
  forget(): void {
    this.#lines.clear();
    this.#seen.clear();
  }

  #note(key: string, startMs: number, nowMs: number): void {
    for (const [oldest, { startMs: oldMs }] of this.#seen) {
      if (oldMs >= nowMs - KEPT_MS && this.#seen.size < MAX_SEEN) break;
      this.#seen.delete(oldest);
    }
    this.#seen.set(key, { startMs, ended: false });
  }
}
