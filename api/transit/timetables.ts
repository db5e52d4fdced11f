// The timetables of the city as they were announced last, and where a trip, a stop or a line is found in them. Kept until an empty payload
// takes a line away; what a bus makes of its timetable is not its business.
import { show } from '../../telemetry/description.ts';
import { Rejection, parsePayload } from '../../telemetry/json-codec.ts';
import type { LineTimetable, TimetablePattern, TimetableStop, TimetableTrip } from '../../telemetry/timetable.ts';
import { civilDate, civilDay, civilDayStartMs } from './civil-time.ts';
import { servicesOf } from './services.ts';
import type { Service } from './services.ts';
import { timetableProblem } from './timetable-check.ts';

const MAX_LINES = 1000;
const MAX_PAYLOAD_BYTES = 1_048_576;
/** Of all lines together: payloads, and rows that they make in `stop_times.txt`. */
const MAX_TOTAL_BYTES = 64 * 1_048_576;
const MAX_TOTAL_STOP_TIMES = 5_000_000;
/** A bus reports its trip from well before its start to well after its end; farther off it is not that date's trip, ms. */
const MAX_OFF_MS = 6 * 3_600_000;

/** A trip with all that belongs to it. */
export interface KnownTrip {
  readonly timetable: LineTimetable;
  readonly service: Service;
  readonly trip: TimetableTrip;
  readonly pattern: TimetablePattern;
  readonly plan: readonly number[];
}

/** A trip on one date. */
export interface DatedTrip extends KnownTrip {
  /** Civil, `2026-11-21`. */
  readonly date: string;
  readonly startMs: number;
}

interface Entry {
  readonly timetable: LineTimetable;
  readonly trips: readonly KnownTrip[];
  readonly bytes: number;
  readonly stopTimes: number;
}

export class Timetables {
  /** By line; in the order of `compareLines`. */
  #entries = new Map<string, Entry>();
  readonly #trips = new Map<string, KnownTrip>();
  #version = 0;
  #newest: LineTimetable | undefined;

  /** Grows with every change; 0 before the first. */
  get version(): number {
    return this.#version;
  }
  /** The one that came last: where lines disagree about the clock, it is right. */
  get newest(): LineTimetable | undefined {
    return this.#newest;
  }
  all(): LineTimetable[] {
    return [...this.#entries.values()].map(({ timetable }) => timetable);
  }
  lines(): string[] {
    return [...this.#entries.keys()];
  }
  of(line: string): LineTimetable | undefined {
    return this.#entries.get(line)?.timetable;
  }
  trip(id: string): KnownTrip | undefined {
    return this.#trips.get(id);
  }

  /** An empty payload takes the line away. @throws Rejection */
  take(line: string, payload: Uint8Array): void {
    if (payload.length === 0) {
      if (this.#entries.has(line)) this.#put(line, undefined);
      return;
    }
    const value = parsePayload(payload, MAX_PAYLOAD_BYTES);
    const problem = timetableProblem(value, line);
    if (problem !== undefined) throw new Rejection('wrong-type', `timetable of line ${line}: ${problem}`);
    const entry = entryOf(value as unknown as LineTimetable, payload.length);
    this.#checkRoom(line, entry);
    this.#put(line, entry);
  }

  /** Trips of a line that run within [fromMs, untilMs], of all services, in no order. */
  between(line: string, fromMs: number, untilMs: number): DatedTrip[] {
    const entry = this.#entries.get(line);
    if (entry === undefined) return [];
    const { utcOffsetMin } = entry.timetable;
    const found: DatedTrip[] = [];
    // A trip may begin up to three civil days after its date, and the last of its stops be two days later.
    const lastDay = civilDay(untilMs, utcOffsetMin);
    for (let day = civilDay(fromMs, utcOffsetMin) - 5; day <= lastDay; day++) {
      const date = civilDate(day);
      const dayStartMs = civilDayStartMs(day, utcOffsetMin);
      for (const known of entry.trips) {
        const startMs = dayStartMs + known.trip.startS * 1000;
        if (startMs > untilMs || startMs + known.plan.at(-1)! * 1000 < fromMs || !known.service.dates.has(date))
          continue;
        found.push({ ...known, date, startMs });
      }
    }
    return found;
  }

  /** The trip on the date that fits a bus which reports it at `atMs`; undefined when it runs on no such date. */
  datedAt(tripId: string, atMs: number): DatedTrip | undefined {
    const known = this.#trips.get(tripId);
    if (known === undefined) return undefined;
    const { utcOffsetMin } = known.timetable;
    const startMs = known.trip.startS * 1000;
    const day = civilDay(atMs - startMs, utcOffsetMin);
    let best: DatedTrip | undefined;
    let leastMs = MAX_OFF_MS;
    for (const candidate of [day - 1, day, day + 1]) {
      const date = civilDate(candidate);
      if (!known.service.dates.has(date)) continue;
      const dated = { ...known, date, startMs: civilDayStartMs(candidate, utcOffsetMin) + startMs };
      const offMs = Math.max(dated.startMs - atMs, atMs - (dated.startMs + known.plan.at(-1)! * 1000), 0);
      if (offMs < leastMs) [best, leastMs] = [dated, offMs];
    }
    return best;
  }

  /** Every stop with the lines that serve it, in the order of the lines. */
  stops(): Map<string, { readonly stop: TimetableStop; readonly lines: string[] }> {
    const stops = new Map<string, { readonly stop: TimetableStop; readonly lines: string[] }>();
    for (const { timetable } of this.#entries.values()) {
      for (const stop of timetable.stops) {
        const known = stops.get(stop.id);
        if (known) known.lines.push(timetable.line);
        else stops.set(stop.id, { stop, lines: [timetable.line] });
      }
    }
    return stops;
  }

  #checkRoom(line: string, entry: Entry): void {
    const others = [...this.#entries].filter(([name]) => name !== line).map(([, other]) => other);
    if (others.length >= MAX_LINES)
      throw new Rejection('out-of-range', `at most ${MAX_LINES} lines may have timetables, got ${show(line)}`);
    const sum = (size: 'bytes' | 'stopTimes') => others.reduce((total, other) => total + other[size], entry[size]);
    if (sum('bytes') > MAX_TOTAL_BYTES)
      throw new Rejection('too-large', `all timetables may have ${MAX_TOTAL_BYTES} bytes, got ${sum('bytes')}`);
    if (sum('stopTimes') > MAX_TOTAL_STOP_TIMES) {
      const detail = `all timetables may have ${MAX_TOTAL_STOP_TIMES} stop times, got ${sum('stopTimes')}`;
      throw new Rejection('out-of-range', detail);
    }
    for (const { trip } of entry.trips) {
      const owner = this.#trips.get(trip.id)?.timetable.line ?? line;
      if (owner !== line)
        throw new Rejection(
          'out-of-range',
          `trip ids must be unique in the city, ${show(trip.id)} is of line ${owner}`,
        );
    }
  }

  #put(line: string, entry: Entry | undefined): void {
    for (const { trip } of this.#entries.get(line)?.trips ?? []) this.#trips.delete(trip.id);
    if (entry === undefined) this.#entries.delete(line);
    else {
      this.#entries.set(line, entry);
      this.#entries = new Map([...this.#entries].toSorted(([a], [b]) => compareLines(a, b)));
      for (const known of entry.trips) this.#trips.set(known.trip.id, known);
    }
    this.#newest = entry?.timetable ?? this.all().at(-1);
    this.#version++;
  }
}

/** `2` before `10`, `10` before `K1`. */
const compareLines = new Intl.Collator('en', { numeric: true }).compare;

function entryOf(timetable: LineTimetable, bytes: number): Entry {
  const trips = servicesOf(timetable).flatMap((service) =>
    service.trips.map((trip) => {
      const pattern = timetable.patterns[trip.pattern]!;
      return { timetable, service, trip, pattern, plan: timetable.plans[trip.plan]! };
    }),
  );
  const stopTimes = trips.reduce((total, { plan }) => total + plan.length, 0);
  return { timetable, trips, bytes, stopTimes };
}
