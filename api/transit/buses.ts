// Each bus as it reported itself last. Late records are passed over, silent buses are forgotten; what its trip is, is decided elsewhere.
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { numberOf, textOf } from './values.ts';

/** A vehicle that has not been heard for longer is nowhere: the age to which consumers of GTFS-Realtime hold positions, ms. */
const SILENT_MS = 90_000;
/** Records may come on another connection than the clock and be ahead of it, ms. */
const AHEAD_MS = 120_000;
const MAX_BUSES = 50_000;
/** Statuses of a bus that serves no stop now, whatever trip it names. */
const OFF_DUTY = new Set(['layover', 'deadhead', 'depot', 'charging']);
/** Statuses of a bus that its line cannot count on. */
const PUT_AWAY = new Set(['depot', 'charging']);
/** Statuses of a bus that is at its `nextStop`. */
const AT_STOP = new Set(['stoppedAt', 'holding']);

export interface BusNow {
  readonly bus: string;
  readonly ts: number;
  readonly seq: number;
  readonly line: string;
  readonly status: string;
  /** False in a depot, at a charger, on its way without riders and between two trips. */
  readonly onDuty: boolean;
  /** In a depot or at a charger. */
  readonly isPutAway: boolean;
  /** As reported. */
  readonly trip: string | undefined;
  readonly stop: string | undefined;
  /** Position of `stop` in its pattern, from 0. */
  readonly sequence: number | undefined;
  /** It stands at `stop`; else it is on its way to it, or, when `hasLeft`, away from it. */
  readonly atStop: boolean;
  readonly hasLeft: boolean;
  /** When it came to the stop at which it stands. */
  readonly arrivedMs: number | undefined;
  readonly delayS: number | undefined;
  /** Along the way of its trip. */
  readonly alongM: number | undefined;
  readonly occupancyRatio: number | undefined;
  readonly place: Place | undefined;
}

/** Where it was when it last knew. */
export interface Place {
  readonly ts: number;
  readonly lat: number;
  readonly lon: number;
  readonly speedMps: number | undefined;
  readonly headingDeg: number | undefined;
  readonly odometerM: number | undefined;
}

export class Buses {
  /** The one heard last is last. */
  readonly #buses = new Map<string, BusNow>();

  /** @returns the bus as it is now; undefined for a record that is older than the last one, or names no line */
  observe(record: TelemetryRecord): BusNow | undefined {
    const before = this.#buses.get(record.device);
    if (before && (record.ts < before.ts || (record.ts === before.ts && record.seq < before.seq))) return undefined;
    const now = busOf(record, before);
    if (now === undefined) return undefined;
    this.#buses.delete(record.device);
    this.#buses.set(record.device, now);
    if (this.#buses.size > MAX_BUSES) this.#buses.delete(this.#buses.keys().next().value!);
    return now;
  }

  /** Whenever it was heard last. */
  of(bus: string): BusNow | undefined {
    return this.#buses.get(bus);
  }

  /** Those heard of late, by id. nowMs: city time. */
  heard(nowMs: number): BusNow[] {
    const heard = [...this.#buses.values()].filter(({ ts }) => ts >= nowMs - SILENT_MS && ts <= nowMs + AHEAD_MS);
    return heard.toSorted((a, b) => (a.bus < b.bus ? -1 : 1));
  }

  /** The city's clock went back. */
  forgetAfter(ms: number): void {
    for (const [bus, { ts }] of this.#buses) if (ts > ms) this.#buses.delete(bus);
  }
}

/** A record carries these at a departure only, and then it names the stop that the bus leaves. */
export function isDeparture({ fields }: TelemetryRecord): boolean {
  return fields.boarded !== undefined || fields.targetHeadwayS !== undefined;
}

function busOf(record: TelemetryRecord, before: BusNow | undefined): BusNow | undefined {
  const { fields, device, ts, seq } = record;
  const line = textOf(fields.line);
  if (line === undefined) return undefined;
  const status = textOf(fields.status) ?? 'inTransitTo';
  const trip = textOf(fields.trip);
  const stop = textOf(fields.nextStop);
  const sequence = numberOf(fields.stopSequence);
  const hasLeft = isDeparture(record);
  const atStop = !hasLeft && AT_STOP.has(status);
  const sameCall = before?.atStop === true && before.trip === trip && before.sequence === sequence;
  return {
    bus: device,
    ts,
    seq,
    line,
    status,
    onDuty: !OFF_DUTY.has(status),
    isPutAway: PUT_AWAY.has(status),
    trip,
    stop,
    sequence,
    atStop,
    hasLeft,
    arrivedMs: atStop ? (sameCall ? before.arrivedMs : ts) : undefined,
    delayS: numberOf(fields.delayS),
    alongM: numberOf(fields.alongM),
    occupancyRatio: numberOf(fields.occupancyRatio),
    place: placeOf(record) ?? before?.place,
  };
}

function placeOf({ ts, fields }: TelemetryRecord): Place | undefined {
  const lat = numberOf(fields.lat);
  const lon = numberOf(fields.lon);
  if (lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined;
  const speedMps = numberOf(fields.speedMps);
  const headingDeg = numberOf(fields.headingDeg);
  return { ts, lat, lon, speedMps, headingDeg, odometerM: numberOf(fields.odometerM) };
}
