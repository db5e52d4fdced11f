// Reads a GTFS feed: what of it a bus network needs, checked. Which days it stands for, which routes are buses. It builds no city.
import { readCalendar } from './calendar.ts';
import type { ServiceDays } from './calendar.ts';
import { Problems } from './problems.ts';
import { chooseDays } from './representative-days.ts';
import type { ChosenDays } from './representative-days.ts';
import { isBusLike, modeOf } from './route-types.ts';
import { readShapes } from './shapes.ts';
import type { Shape } from './shapes.ts';
import { openFeed } from './source.ts';
import type { FeedFiles } from './source.ts';
import { readStopTimes } from './stop-times.ts';
import type { StopTimes } from './stop-times.ts';
import { Ids, needed, numberIn, place, readTable, wholeNumber } from './table.ts';
import type { Row } from './table.ts';
import { readFrequencies, readTrips } from './trips.ts';
import type { Run, Trip } from './trips.ts';

export interface Agency {
  readonly name: string;
  readonly timezone: string;
}

export interface FeedStop {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
}

export interface Route {
  readonly id: string;
  readonly shortName: string;
  readonly longName: string;
  /** `#rrggbb`, absent: the feed has none. */
  readonly color?: string;
  readonly agency: string;
}

export interface Feed {
  /** As the user named it. */
  readonly path: string;
  readonly agencies: readonly Agency[];
  /** Who publishes it and which version; '' where the feed does not say. */
  readonly publisher: string;
  readonly version: string;
  readonly stops: readonly FeedStop[];
  /** Bus-like ones. */
  readonly routes: readonly Route[];
  /** Trips of bus-like routes that run on a chosen day. */
  readonly trips: readonly Trip[];
  /** By trip; trips that run by frequency have several. Absent: the trip runs once, as it stands in the stop times. */
  readonly runs: ReadonlyMap<Trip, readonly Run[]>;
  readonly stopTimes: StopTimes;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly days: ChosenDays;
  /** What was repaired, one line each. */
  readonly repairs: readonly string[];
  /** What was left out, one line each. */
  readonly leftOut: readonly string[];
}

const REQUIRED = ['agency.txt', 'stops.txt', 'routes.txt', 'trips.txt', 'stop_times.txt'];

/** path: a zip archive or a folder. @throws GtfsError with all that is wrong with the feed */
export async function readFeed(path: string): Promise<Feed> {
  const problems = new Problems(path);
  const files = await openFeed(path);
  try {
    return await read(files, problems);
  } finally {
    await files.close();
  }
}

async function read(files: FeedFiles, problems: Problems): Promise<Feed> {
  checkFiles(files, problems);
  const agencies = await readAgencies(files, problems);
  const routes = await readRoutes(files, agencies, problems);
  const stops = await readStops(files, problems);
  const services = await readCalendar(files, problems);
  const trips = await readTrips(files, routes.byId, services, problems);
  problems.check();
  const days = chooseDays(services, trips.ofBuses);
  if (days.all.length === 0) problems.fail({ file: 'trips.txt', expected: noTrips(trips.ofBuses, services) });
  const times = await readStopTimes(files, trips, stops.byId, problems);
  problems.check();
  const chosen = trips.ofBuses.filter((trip) => days.of(trip.service).length > 0);
  const runs = await readFrequencies(files, trips.byId, times, problems);
  const shapes = await readShapes(files, chosen, problems);
  const info = await readInfo(files, problems);
  problems.check();
  return {
    path: files.path,
    agencies: agencies.all,
    ...info,
    stops: stops.all,
    routes: routes.ofBuses,
    trips: chosen,
    runs,
    stopTimes: times,
    shapes,
    days,
    repairs: problems.repairs(),
    leftOut: routes.leftOut,
  };
}

function checkFiles(files: FeedFiles, problems: Problems): void {
  for (const file of REQUIRED)
    if (!files.has(file)) problems.add({ file, expected: 'a file of this name in the feed' });
  if (!files.has('calendar.txt') && !files.has('calendar_dates.txt'))
    problems.add({ file: 'calendar.txt', expected: 'this file or calendar_dates.txt in the feed' });
  problems.check();
}

function noTrips(trips: readonly Trip[], services: ServiceDays): string {
  if (trips.length === 0) return 'trips of bus routes, but there are none';
  return services.size === 0 ? 'days of service, but there are none' : 'trips of buses on some day, but none runs';
}

async function readAgencies(files: FeedFiles, problems: Problems) {
  const all: Agency[] = [];
  const ids = new Ids<Agency>();
  await readTable(files, 'agency.txt', ['agency_name', 'agency_timezone'], problems, (row) => {
    const name = needed(row, 'agency_name', problems);
    const timezone = row.get('agency_timezone');
    if (!isTimezone(timezone))
      problems.add({ ...place(row, 'agency_timezone'), expected: 'a time zone such as Europe/Vilnius' });
    const agency = { name: name ?? '', timezone };
    if (ids.add(row, 'agency_id', agency, problems)) all.push(agency);
  });
  if (all.length === 0) problems.add({ file: 'agency.txt', expected: 'at least one agency' });
  return { all, ids };
}

function isTimezone(name: string): boolean {
  try {
    return name !== '' && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

async function readRoutes(files: FeedFiles, agencies: Awaited<ReturnType<typeof readAgencies>>, problems: Problems) {
  const ofBuses: Route[] = [];
  /** Undefined for a route that is left out. */
  const byId = new Ids<{ readonly route: Route | undefined }>();
  const others = new Map<string, number>();
  await readTable(files, 'routes.txt', ['route_id', 'route_type'], problems, (row) => {
    const id = needed(row, 'route_id', problems);
    const type = wholeNumber(row, 'route_type', problems);
    const agencyId = row.get('agency_id');
    const agency = agencyId === '' ? agencies.all[0] : agencies.ids.find(row, 'agency_id', 'agency.txt', problems);
    if (id === undefined || type === undefined || agency === undefined) return;
    if (!isBusLike(type)) others.set(modeOf(type), (others.get(modeOf(type)) ?? 0) + 1);
    const route = isBusLike(type) ? routeOf(row, id, agency.name, problems) : undefined;
    if (byId.add(row, 'route_id', { route }, problems) && route !== undefined) ofBuses.push(route);
  });
  const leftOut = [...others].map(([mode, count]) => `${count} ${count === 1 ? 'route' : 'routes'} of ${mode}`);
  return { ofBuses, byId, leftOut };
}

const COLOR = /^#?([0-9a-f]{6})$/i;

function routeOf(row: Row, id: string, agency: string, problems: Problems): Route {
  const color = COLOR.exec(row.get('route_color'))?.[1];
  if (color === undefined && row.get('route_color') !== '')
    problems.add({ ...place(row, 'route_color'), expected: 'six hexadecimal digits such as 00FF66' });
  return {
    id,
    shortName: row.get('route_short_name'),
    longName: row.get('route_long_name'),
    ...(color === undefined ? {} : { color: `#${color.toLowerCase()}` }),
    agency,
  };
}

/** Entrances and the nodes of walkways: no bus stops there, and some have no position. */
const NO_STOPS = ['2', '3'];
const STATION = '1';

async function readStops(files: FeedFiles, problems: Problems) {
  const all: FeedStop[] = [];
  /** -1 for what no bus stops at. */
  const byId = new Ids<number>();
  await readTable(files, 'stops.txt', ['stop_id', 'stop_lat', 'stop_lon'], problems, (row) => {
    const id = needed(row, 'stop_id', problems);
    if (id === undefined) return;
    if (NO_STOPS.includes(row.get('location_type'))) {
      byId.add(row, 'stop_id', -1, problems);
      return;
    }
    // A station without a position is used by nobody, we hope; if it is, the stop times say so.
    if (row.get('location_type') === STATION && row.get('stop_lat') === '') {
      byId.add(row, 'stop_id', -1, problems);
      return;
    }
    const lat = numberIn(row, 'stop_lat', -90, 90, problems);
    const lon = numberIn(row, 'stop_lon', -180, 180, problems);
    if (lat === 0 && lon === 0) problems.add({ ...place(row, 'stop_lat'), expected: 'a position, got 0, 0' });
    if (!byId.add(row, 'stop_id', all.length, problems)) return;
    all.push({ id, name: row.get('stop_name') || id, lat: lat ?? 0, lon: lon ?? 0 });
  });
  return { all, byId };
}

async function readInfo(files: FeedFiles, problems: Problems): Promise<{ publisher: string; version: string }> {
  let info = { publisher: '', version: '' };
  if (!files.has('feed_info.txt')) return info;
  await readTable(files, 'feed_info.txt', [], problems, (row) => {
    info = { publisher: row.get('feed_publisher_name'), version: row.get('feed_version') };
  });
  return info;
}
