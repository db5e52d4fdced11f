// The trips of a feed's bus routes, and the runs of those that are given by their frequency.
import type { Route } from './feed.ts';
import type { Problems } from './problems.ts';
import type { ServiceDays } from './calendar.ts';
import type { FeedFiles } from './source.ts';
import type { StopTimes } from './stop-times.ts';
import { BLANK, Ids, needed, place, readTable, timeS, wholeNumber } from './table.ts';
import type { Row } from './table.ts';

export interface Trip {
  readonly id: string;
  /** Among the trips of bus routes. */
  readonly index: number;
  readonly route: Route;
  readonly service: string;
  /** As the feed says. */
  readonly direction: 0 | 1 | undefined;
  /** '' where it has none. */
  readonly shape: string;
  /** Its line in trips.txt. */
  readonly line: number;
}

/** One departure of a trip that runs by frequency. */
export interface Run {
  readonly startS: number;
}

export interface Trips {
  readonly ofBuses: readonly Trip[];
  /** Undefined trip: of a route that is left out. */
  readonly byId: Ids<{ readonly trip: Trip | undefined }>;
}

export async function readTrips(
  files: FeedFiles,
  routes: Ids<{ readonly route: Route | undefined }>,
  services: ServiceDays,
  problems: Problems,
): Promise<Trips> {
  const ofBuses: Trip[] = [];
  const byId = new Ids<{ readonly trip: Trip | undefined }>();
  await readTable(files, 'trips.txt', ['route_id', 'service_id', 'trip_id'], problems, (row) => {
    const id = needed(row, 'trip_id', problems);
    const known = routes.find(row, 'route_id', 'routes.txt', problems);
    const service = row.get('service_id');
    if (!services.has(service))
      problems.add({
        ...place(row, 'service_id'),
        expected: 'an id that stands in calendar.txt or calendar_dates.txt',
      });
    if (id === undefined || known === undefined) return;
    const trip = known.route && tripOf(row, id, ofBuses.length, known.route, problems);
    if (byId.add(row, 'trip_id', { trip }, problems) && trip !== undefined) ofBuses.push(trip);
  });
  return { ofBuses, byId };
}

function tripOf(row: Row, id: string, index: number, route: Route, problems: Problems): Trip {
  const direction = row.get('direction_id');
  if (direction !== '' && direction !== '0' && direction !== '1')
    problems.add({ ...place(row, 'direction_id'), expected: '0 or 1' });
  return {
    id,
    index,
    route,
    service: row.get('service_id'),
    direction: direction === '' ? undefined : direction === '1' ? 1 : 0,
    shape: row.get('shape_id'),
    line: row.line,
  };
}

/** More runs than this are a mistake in a headway. */
const RUNS_MAX = 200_000;

/** The runs of trips that have a frequency: a departure every headway from the start to before the end. */
export async function readFrequencies(
  files: FeedFiles,
  trips: Trips['byId'],
  times: StopTimes,
  problems: Problems,
): Promise<Map<Trip, Run[]>> {
  const runs = new Map<Trip, Run[]>();
  if (!files.has('frequencies.txt')) return runs;
  let count = 0;
  const required = ['trip_id', 'start_time', 'end_time', 'headway_secs'];
  await readTable(files, 'frequencies.txt', required, problems, (row) => {
    const known = trips.find(row, 'trip_id', 'trips.txt', problems);
    const startS = timeS(row, 'start_time', problems);
    const endS = timeS(row, 'end_time', problems);
    const headwayS = wholeNumber(row, 'headway_secs', problems);
    if (known?.trip === undefined || startS === undefined || endS === undefined || headwayS === undefined) return;
    if (headwayS === 0) problems.add({ ...place(row, 'headway_secs'), expected: 'a headway above 0' });
    if (startS === BLANK) problems.add({ ...place(row, 'start_time'), expected: 'a time, but it is blank' });
    if (endS <= startS) problems.add({ ...place(row, 'end_time'), expected: `a time after ${row.get('start_time')}` });
    if (headwayS === 0 || startS === BLANK || endS <= startS || times.count(known.trip) === 0) return;
    count += Math.ceil((endS - startS) / headwayS);
    if (count > RUNS_MAX)
      problems.fail({ ...place(row, 'headway_secs'), expected: `at most ${RUNS_MAX} departures in all` });
    const ofTrip = runs.get(known.trip) ?? [];
    for (let at = startS; at < endS; at += headwayS) ofTrip.push({ startS: at });
    runs.set(known.trip, ofTrip);
  });
  return runs;
}
