// The bus service as the api knows it: takes in timetables, predictions, bus records and the clock, and answers for feeds, boards and
// pages. Everything is in memory and bounded; time is the city's, and where that goes back, what lay after it is forgotten.
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type { CityClock } from '../city-clock.ts';
import { ArrivalBoard } from './arrival-board.ts';
import { Buses, isDeparture } from './buses.ts';
import type { BusNow } from './buses.ts';
import { Departures } from './departures.ts';
import { GtfsArchive } from './gtfs-archive.ts';
import { Passages } from './passages.ts';
import { callsAhead } from './predictions.ts';
import type { Call } from './predictions.ts';
import { runningTrip, runningTrips } from './running.ts';
import type { RunningTrip } from './running.ts';
import { Timetables } from './timetables.ts';
import { TripLog } from './trip-log.ts';

export const BUS_KIND = 'bus';
/** A clock that goes back by more is a city that began anew; less is the way of messages, ms. */
const BACK_MS = 60_000;

export interface TransitOptions {
  readonly city: string;
  readonly clock: Pick<CityClock, 'message' | 'latestMs'>;
  /** Wall time, ms. */
  readonly now: () => number;
  /** Told of every new record of a bus on a trip. */
  readonly onRunning?: (record: TelemetryRecord, running: RunningTrip) => void;
}

export class Transit {
  readonly city: string;
  readonly timetables = new Timetables();
  readonly arrivals = new ArrivalBoard();
  readonly buses = new Buses();
  readonly departures = new Departures();
  readonly passages = new Passages();
  readonly trips = new TripLog();
  readonly archive: GtfsArchive;
  readonly #clock: TransitOptions['clock'];
  readonly #now: () => number;
  readonly #onRunning: TransitOptions['onRunning'];
  #clockMs = -Infinity;
  #recordMs = -Infinity;

  constructor({ city, clock, now, onRunning }: TransitOptions) {
    this.city = city;
    this.archive = new GtfsArchive(city, this.timetables);
    this.#clock = clock;
    this.#now = now;
    this.#onRunning = onRunning;
  }

  /** City time, ms: the clock's, or that of the newest record where this is ahead as it may be. Without a clock: wall time. */
  get nowMs(): number {
    const { message } = this.#clock;
    return message === undefined ? this.#now() : Math.max(message.simTimeMs, this.#recordMs);
  }

  /** @throws Rejection */
  takeTimetable(line: string, payload: Uint8Array): void {
    this.timetables.take(line, payload);
    if (payload.length > 0) return;
    this.departures.forgetLine(line);
    this.passages.forgetLine(line);
  }

  /** @throws Rejection */
  takeArrivals(line: string, payload: Uint8Array): void {
    this.arrivals.take(line, payload);
  }

  /** The clock was taken. */
  tick(): void {
    const { simTimeMs } = this.#clock.message!;
    if (simTimeMs < this.#clockMs - BACK_MS) this.#forgetAfter(simTimeMs);
    this.#clockMs = simTimeMs;
  }

  /** Records that were stored, of all kinds. */
  observe(records: readonly TelemetryRecord[]): void {
    // A city without timetables pays nothing.
    if (this.timetables.newest === undefined) return;
    const latestMs = this.#clock.latestMs(this.#now()) ?? this.#now();
    for (const record of records) if (record.kind === BUS_KIND) this.#observeBus(record, latestMs);
  }

  /** Events that were stored, of all kinds. */
  observeEvents(events: readonly DeviceEvent[]): void {
    for (const event of events) if (event.kind === BUS_KIND) this.trips.observeEvent(event);
  }

  /** Buses that were heard of late, and what they serve. */
  service(): { readonly buses: readonly BusNow[]; readonly running: readonly RunningTrip[]; readonly nowMs: number } {
    const { nowMs } = this;
    const buses = this.buses.heard(nowMs);
    return { buses, running: runningTrips(buses, this.timetables), nowMs };
  }

  /** nowMs: city time. */
  callsAhead(running: RunningTrip, nowMs: number): Call[] {
    const { dated, bus } = running;
    return callsAhead(running, this.arrivals.of(dated.timetable.line, bus.bus, nowMs), nowMs);
  }

  #observeBus(record: TelemetryRecord, latestMs: number): void {
    if (record.ts <= latestMs) this.#recordMs = Math.max(this.#recordMs, record.ts);
    const bus = this.buses.observe(record);
    const line = bus?.line ?? record.fields.line;
    // Names of lines are bounded by the timetables, not by what records may say.
    if (typeof line !== 'string' || this.timetables.of(line) === undefined) return;
    if (isDeparture(record)) this.departures.observe(line, record, this.nowMs);
    if (bus === undefined) return;
    const running = runningTrip(bus, this.timetables);
    if (running) this.#onRunning?.(record, running);
    const { dated, next, atStop } = running ?? {};
    if (dated) this.trips.observe(dated, bus.ts, atStop === true && next === dated.pattern.stops.length - 1);
    // A bus that leaves its last stop runs no more, and still its way led there.
    const direction = dated?.pattern.direction ?? record.fields.direction;
    if (bus.onDuty) this.passages.observe(bus, line, direction === 'back' ? 'back' : 'out');
  }

  #forgetAfter(ms: number): void {
    this.#recordMs = -Infinity;
    this.arrivals.forgetAfter(ms);
    this.buses.forgetAfter(ms);
    this.departures.forgetAfter(ms);
    this.passages.forgetAfter(ms);
    this.trips.forgetAfter(ms);
  }
}
