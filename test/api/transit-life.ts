// A short life of a small bus service, for the tests of feeds and boards: two lines with a timetable, buses that keep it more or less, and a
// dispatch centre that predicts. Everything follows from the time; nothing is drawn.
import type { Description } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type { LineArrivals, LineTimetable, TimetablePattern, TimetableStop } from '../../telemetry/timetable.ts';

/** 2026-05-01T00:00:00Z, 08:00 in Wuxi */
export const EIGHT = 1_777_593_600_000;
export const DATE = '2026-05-01';
const HOUR_S = 3600;
const STOP_APART_M = 600;
/** At 31.57 N. */
const M_PER_DEG_LON = 94_870;
const RUN_S = 90;
const DWELL_S = 10;
const RECORD_S = 5;
const CAPACITY = 80;

const text = { unit: '', type: 'string' } as const;
export const busKind: Description = {
  kind: 'bus',
  label: 'Bus',
  fields: {
    lat: { label: 'Latitude', unit: 'deg' },
    lon: { label: 'Longitude', unit: 'deg' },
    speedMps: { label: 'Speed', unit: 'm/s' },
    headingDeg: { label: 'Heading', unit: 'deg' },
    line: { label: 'Line', ...text },
    direction: { label: 'Direction', ...text },
    trip: { label: 'Trip', ...text },
    nextStop: { label: 'Stop', ...text },
    stopSequence: { label: 'Stop number', unit: '' },
    status: { label: 'Status', ...text },
    load: { label: 'On board', unit: '', max: CAPACITY },
    occupancyRatio: { label: 'Occupancy', unit: '' },
    delayS: { label: 'Delay', unit: 's' },
    odometerM: { label: 'Odometer', unit: 'm' },
    alongM: { label: 'Along its way', unit: 'm' },
    boarded: { label: 'Boarded', unit: '' },
    alighted: { label: 'Alighted', unit: '' },
    denied: { label: 'Left behind', unit: '' },
    headwayS: { label: 'Headway', unit: 's' },
    targetHeadwayS: { label: 'Planned headway', unit: 's' },
  },
  events: {
    breakdown: { label: 'Breakdown', labels: { zh: '车辆故障' }, severity: 'critical' },
    crowded: { label: 'Crowded', severity: 'warning' },
    tripCancelled: { label: 'Trip cancelled', severity: 'warning' },
  },
};

export interface LineOptions {
  readonly line: string;
  readonly stops?: number;
  readonly headwayS?: number;
  readonly utcOffsetMin?: number;
  readonly dates?: readonly string[];
  readonly firstS?: number;
  readonly lastS?: number;
  /** Degrees; lines are parallel. */
  readonly lat?: number;
}

/** Straight east and back. Stops of its two ways are the same; trips of both start every `headwayS`. */
export function timetableOf({
  line,
  stops: count = 6,
  headwayS = 300,
  utcOffsetMin = 480,
  dates = [DATE],
  firstS = 7 * HOUR_S,
  lastS = 10 * HOUR_S,
  lat = 31.57,
}: LineOptions): LineTimetable {
  const stops = Array.from({ length: count }, (_, at): TimetableStop => ({
    id: `${line}-s${at}`,
    label: at === 0 ? 'Station, north' : `Stop ${line}.${at}`,
    labels: { zh: at === 0 ? '火车站' : `${line}路${at}站` },
    lat,
    lon: 120.28 + (at * STOP_APART_M) / M_PER_DEG_LON,
  }));
  const way = (order: readonly number[], direction: 'out' | 'back'): TimetablePattern => ({
    direction,
    headsign: stops[order.at(-1)!]!.label,
    shape: order.map((stop) => [stops[stop]!.lat, stops[stop]!.lon]),
    stops: order.map((stop, at) => ({ stop, alongM: at * STOP_APART_M })),
  });
  const order = stops.map((_, at) => at);
  const starts = Array.from({ length: Math.floor((lastS - firstS) / headwayS) + 1 }, (_, at) => firstS + at * headwayS);
  const trips = (['out', 'back'] as const).flatMap((direction, pattern) =>
    starts.map((startS) => ({ id: `${line}-${direction}-${startS}`, pattern, plan: 0, startS })),
  );
  return {
    line,
    label: `Line ${line}`,
    labels: { zh: `${line}路` },
    color: line === '608' ? '#1b6ac9' : '#FFD400',
    utcOffsetMin,
    stops,
    patterns: [way(order, 'out'), way(order.toReversed(), 'back')],
    plans: [order.map((at) => at * (RUN_S + DWELL_S))],
    services: [{ id: 'workday', dates, trips }],
  };
}

/** What one bus does on one trip. */
interface Drive {
  readonly bus: string;
  readonly startMs: number;
  readonly lateS: number;
  readonly timetable: LineTimetable;
  readonly trip: LineTimetable['services'][number]['trips'][number];
}

export interface Life {
  readonly timetables: readonly LineTimetable[];
  /** In order of time, within [fromMs, untilMs). */
  records(fromMs: number, untilMs: number): TelemetryRecord[];
  arrivals(atMs: number): LineArrivals[];
}

export interface LifeOptions {
  /** Trips that nobody drives. */
  readonly skip?: ReadonlySet<string>;
  /** A trip whose bus breaks down, and when. */
  readonly broken?: { readonly trip: string; readonly atMs: number };
}

export function lifeOf(timetables: readonly LineTimetable[], { skip = new Set(), broken }: LifeOptions = {}): Life {
  const drives = timetables.flatMap((timetable) => drivesOf(timetable, skip));
  const all = drives
    .flatMap((drive) => {
      const records = driveRecords(drive);
      return drive.trip.id === broken?.trip ? standing(records, broken.atMs) : records;
    })
    .toSorted((a, b) => a.ts - b.ts || a.seq - b.seq);
  return {
    timetables,
    records: (fromMs, untilMs) => all.filter(({ ts }) => ts >= fromMs && ts < untilMs),
    arrivals: (atMs) => timetables.map((timetable) => arrivalsOf(timetable, drives, atMs)),
  };
}

export function breakdown(bus: string, ts: number, seq: number, state: 'raised' | 'cleared'): DeviceEvent {
  return { kind: 'bus', device: bus, ts, seq, name: 'breakdown', state, fields: {} };
}

/** Seconds from the start of a trip until its bus comes to a stop, and leaves it, late as it is. */
export function arrivalS(sequence: number): number {
  return sequence * (RUN_S + DWELL_S);
}

function drivesOf(timetable: LineTimetable, skip: ReadonlySet<string>): Drive[] {
  const midnightMs = Date.parse(`${timetable.services[0]!.dates[0]!}T00:00:00Z`) - timetable.utcOffsetMin * 60_000;
  return timetable.services[0]!.trips.filter(({ id }) => !skip.has(id)).map((trip, at) => ({
    bus: `${timetable.line}-bus-${at}`,
    startMs: midnightMs + trip.startS * 1000,
    lateS: (at * 37) % 120,
    timetable,
    trip,
  }));
}

function driveRecords({ bus, startMs, lateS, timetable, trip }: Drive): TelemetryRecord[] {
  const { direction, stops } = timetable.patterns[trip.pattern]!;
  const fromMs = startMs + lateS * 1000;
  const records: TelemetryRecord[] = [];
  const report = (
    ts: number,
    sequence: number,
    alongM: number,
    status: string,
    more: TelemetryRecord['fields'] = {},
  ) => {
    const out = direction === 'out';
    const lon = 120.28 + (out ? alongM : stops.at(-1)!.alongM - alongM) / M_PER_DEG_LON;
    const load = Math.round(10 + sequence * 5);
    const fields = {
      lat: timetable.stops[0]!.lat,
      lon,
      speedMps: status === 'inTransitTo' ? 6.7 : 0,
      headingDeg: out ? 90 : 270,
      line: timetable.line,
      direction,
      trip: trip.id,
      nextStop: timetable.stops[stops[sequence]!.stop]!.id,
      stopSequence: sequence,
      status,
      load,
      occupancyRatio: load / CAPACITY,
      delayS: lateS,
      odometerM: 10_000 + alongM,
      alongM,
      ...more,
    };
    records.push({ kind: 'bus', device: bus, ts, seq: records.length + 1, fields });
  };
  for (const [sequence, { alongM }] of stops.entries()) {
    const arrivedMs = fromMs + arrivalS(sequence) * 1000;
    const last = sequence === stops.length - 1;
    if (sequence > 0) {
      const leftMs = arrivedMs - RUN_S * 1000;
      const lastM = stops[sequence - 1]!.alongM;
      for (let s = RECORD_S; s < RUN_S; s += RECORD_S)
        report(leftMs + s * 1000, sequence, lastM + ((alongM - lastM) * s) / RUN_S, 'inTransitTo');
    }
    report(arrivedMs, sequence, alongM, 'stoppedAt');
    report(arrivedMs + RECORD_S * 1000, sequence, alongM, 'stoppedAt');
    const passengers = { boarded: last ? 0 : 5, alighted: last ? 30 : 2, denied: sequence === 2 ? 3 : 0 };
    const headway = { headwayS: 300 + (sequence % 2 === 0 ? 60 : -60), targetHeadwayS: 300 };
    report(arrivedMs + DWELL_S * 1000, sequence, alongM, 'stoppedAt', { ...passengers, ...headway });
  }
  const { fields, ts } = records.at(-1)!;
  const { trip: _trip, alongM: _alongM, delayS: _delayS, ...rest } = fields;
  for (const key of ['boarded', 'alighted', 'denied', 'headwayS', 'targetHeadwayS'])
    delete (rest as { [key: string]: unknown })[key];
  for (let s = RECORD_S; s <= 60; s += RECORD_S)
    records.push({
      kind: 'bus',
      device: bus,
      ts: ts + s * 1000,
      seq: records.length + 1,
      fields: { ...rest, status: 'layover' },
    });
  return records;
}

/** From then on it stays where it is. */
function standing(records: readonly TelemetryRecord[], atMs: number): TelemetryRecord[] {
  const before = records.filter(({ ts }) => ts < atMs);
  const { fields } = before.findLast((record) => record.fields.targetHeadwayS === undefined)!;
  const there = { ...fields, status: 'broken', speedMps: 0 };
  return records.map((record) => (record.ts < atMs ? record : { ...record, fields: there }));
}

/** Exactly what will happen, a little uncertain. */
function arrivalsOf(timetable: LineTimetable, drives: readonly Drive[], atMs: number): LineArrivals {
  const buses = drives
    .filter((drive) => drive.timetable === timetable)
    .map(({ bus, startMs, lateS, trip }) => {
      const { direction, stops } = timetable.patterns[trip.pattern]!;
      const ahead = stops.map(({ stop }, sequence) => ({
        stop: timetable.stops[stop]!.id,
        sequence,
        arrivalMs: startMs + (lateS + arrivalS(sequence)) * 1000,
        uncertaintyS: 12.4,
      }));
      return { bus, trip: trip.id, direction, stops: ahead.filter(({ arrivalMs }) => arrivalMs > atMs) };
    })
    .filter(({ stops }) => stops.length > 0 && stops.length < timetable.stops.length);
  return { line: timetable.line, ts: atMs, buses };
}
