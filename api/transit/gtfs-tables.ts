// The static GTFS feed as tables: what each timetable says, in the words of the GTFS schedule reference (gtfs.org). Rows are made when
// they are read.
import type { LineTimetable } from '../../telemetry/timetable.ts';
import { feedDate, feedTime, feedZone, shiftInto } from './civil-time.ts';
import type { FeedZone } from './civil-time.ts';
import type { Cell } from './csv.ts';
import { alongM } from './geometry.ts';
import { directionId } from './running.ts';
import { servicesOf } from './services.ts';

export interface Table {
  /** `stops.txt` */
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: () => Iterable<readonly Cell[]>;
}

/** A city has one operator. RFC 2606 keeps `example` free. */
export const AGENCY_URL = 'https://citytwin.example/';
const LANGUAGE = 'en';
/** Bus service. */
const ROUTE_TYPE = 3;
const SERVICE_ADDED = 1;
/** Measured and announced metres along a way may differ by this much: then it is the same way. */
const SAME_WAY = 0.02;

export interface Feed {
  readonly city: string;
  readonly version: string;
  readonly zone: FeedZone;
  readonly timetables: readonly LineTimetable[];
}

/** utcOffsetMin: where lines disagree about the clock, that of the newest. */
export function feedOf(
  city: string,
  version: string,
  utcOffsetMin: number,
  timetables: readonly LineTimetable[],
): Feed {
  return { city, version, zone: feedZone(utcOffsetMin), timetables };
}

/** Those that have rows. */
export function tablesOf(feed: Feed): Table[] {
  return allTables(feed).filter(({ rows }) => !rows()[Symbol.iterator]().next().done);
}

function allTables(feed: Feed): Table[] {
  const { city, zone, timetables } = feed;
  return [
    {
      file: 'agency.txt',
      columns: ['agency_id', 'agency_name', 'agency_url', 'agency_timezone', 'agency_lang'],
      rows: () => [[city, `${city} buses`, AGENCY_URL, zone.name, LANGUAGE]],
    },
    {
      file: 'stops.txt',
      columns: ['stop_id', 'stop_name', 'stop_lat', 'stop_lon', 'location_type'],
      rows: () => [...stopsOf(timetables).values()].map(({ id, label, lat, lon }) => [id, label, lat, lon, 0]),
    },
    {
      file: 'routes.txt',
      columns: [
        'route_id',
        'agency_id',
        'route_short_name',
        'route_long_name',
        'route_type',
        'route_color',
        'route_text_color',
      ],
      rows: () =>
        timetables.map(({ line, label, color }) => {
          const rgb = color.slice(1).toUpperCase();
          return [line, city, line, label === line ? undefined : label, ROUTE_TYPE, rgb, textColor(color)];
        }),
    },
    {
      file: 'trips.txt',
      columns: ['route_id', 'service_id', 'trip_id', 'trip_headsign', 'direction_id', 'shape_id'],
      rows: () => timetables.flatMap(tripRows),
    },
    {
      file: 'stop_times.txt',
      columns: [
        'trip_id',
        'arrival_time',
        'departure_time',
        'stop_id',
        'stop_sequence',
        'shape_dist_traveled',
        'timepoint',
      ],
      rows: () => stopTimeRows(feed),
    },
    {
      file: 'shapes.txt',
      columns: ['shape_id', 'shape_pt_lat', 'shape_pt_lon', 'shape_pt_sequence', 'shape_dist_traveled'],
      rows: () => shapeRows(timetables),
    },
    {
      file: 'calendar_dates.txt',
      columns: ['service_id', 'date', 'exception_type'],
      rows: () => timetables.flatMap((timetable) => dateRows(timetable, zone)),
    },
    {
      file: 'feed_info.txt',
      columns: [
        'feed_publisher_name',
        'feed_publisher_url',
        'feed_lang',
        'default_lang',
        'feed_start_date',
        'feed_end_date',
        'feed_version',
      ],
      rows: () => [['citytwin', AGENCY_URL, LANGUAGE, LANGUAGE, ...period(feed), feed.version]],
    },
    {
      file: 'translations.txt',
      columns: ['table_name', 'field_name', 'language', 'translation', 'record_id', 'field_value'],
      rows: () => translationRows(timetables),
    },
  ];
}

/** Black or white, whichever has the higher contrast by WCAG 2.1. color: `#rrggbb` */
export function textColor(color: string): '000000' | 'FFFFFF' {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; // WCAG 2.1, relative luminance
  });
  const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? '000000' : 'FFFFFF';
}

/** Lines share stops; the first line that names one describes it. */
function stopsOf(timetables: readonly LineTimetable[]) {
  const stops = new Map<string, LineTimetable['stops'][number]>();
  for (const stop of timetables.flatMap((timetable) => timetable.stops))
    if (!stops.has(stop.id)) stops.set(stop.id, stop);
  return stops;
}

function tripRows(timetable: LineTimetable): Cell[][] {
  const { line, patterns } = timetable;
  return servicesOf(timetable).flatMap(({ id, trips }) =>
    trips.map(({ id: trip, pattern }) => {
      const { headsign } = patterns[pattern]!;
      return [line, serviceId(line, id), trip, headsign, directionId(patterns[pattern]!), shapeId(line, pattern)];
    }),
  );
}

function* stopTimeRows({ timetables, zone }: Feed): Generator<Cell[]> {
  for (const timetable of timetables) {
    const { patterns, plans, stops, utcOffsetMin } = timetable;
    const shift = shiftInto(zone, utcOffsetMin);
    for (const { id, pattern, plan, startS } of servicesOf(timetable).flatMap(({ trips }) => trips)) {
      for (const [at, call] of patterns[pattern]!.stops.entries()) {
        const time = feedTime(startS + plans[plan]![at]!, shift);
        yield [id, time, time, stops[call.stop]!.id, at, metres(call.alongM), 1];
      }
    }
  }
}

function* shapeRows(timetables: readonly LineTimetable[]): Generator<Cell[]> {
  for (const { line, patterns } of timetables) {
    for (const [index, { shape, stops }] of patterns.entries()) {
      const measured = alongM(shape);
      const scale = scaleOf(measured.at(-1)!, stops.at(-1)!.alongM);
      for (const [at, [lat, lon]] of shape.entries())
        yield [shapeId(line, index), lat, lon, at, metres(measured[at]! * scale)];
    }
  }
}

/** A way as long as its stops say, so that no stop lies beyond its end. */
function scaleOf(measuredM: number, lastStopM: number): number {
  if (measuredM === 0) return 1;
  const ratio = lastStopM / measuredM;
  return ratio > 1 || ratio > 1 - SAME_WAY ? ratio : 1;
}

function dateRows(timetable: LineTimetable, zone: FeedZone): Cell[][] {
  const { line, utcOffsetMin } = timetable;
  const shift = shiftInto(zone, utcOffsetMin);
  return servicesOf(timetable).flatMap(({ id, dates }) =>
    [...dates].map((date) => [serviceId(line, id), feedDate(date, shift), SERVICE_ADDED]),
  );
}

function period({ timetables, zone }: Feed): [Cell, Cell] {
  const dates = timetables
    .flatMap((timetable) => dateRows(timetable, zone).map(([, date]) => date as string))
    .toSorted();
  return [dates[0], dates.at(-1)];
}

function* translationRows(timetables: readonly LineTimetable[]): Generator<Cell[]> {
  for (const { id, labels } of stopsOf(timetables).values())
    for (const [language, text] of Object.entries(labels ?? {}))
      yield ['stops', 'stop_name', language, text, id, undefined];
  for (const { line, label, labels } of timetables)
    for (const [language, text] of Object.entries(label === line ? {} : (labels ?? {})))
      yield ['routes', 'route_long_name', language, text, line, undefined];
  yield* headsignRows(timetables);
}

/** A headsign is the label of the last stop, and is translated as that is. */
function* headsignRows(timetables: readonly LineTimetable[]): Generator<Cell[]> {
  const done = new Set<string>();
  for (const { patterns, stops } of timetables) {
    for (const { headsign, stops: calls } of patterns) {
      const { label, labels = {} } = stops[calls.at(-1)!.stop]!;
      if (done.has(headsign) || label !== headsign) continue;
      done.add(headsign);
      for (const [language, text] of Object.entries(labels))
        yield ['trips', 'trip_headsign', language, text, undefined, headsign];
    }
  }
}

function serviceId(line: string, service: string): string {
  return `${line}:${service}`;
}

function shapeId(line: string, pattern: number): string {
  return `${line}:${pattern}`;
}

/** Tenths of a metre. */
function metres(m: number): number {
  return Math.round(m * 10) / 10;
}
