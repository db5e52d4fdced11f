// The stop times of a feed's bus trips as columns of numbers: millions of rows in little memory. Orders them, checks that time runs
// forward, and fills in the times that the feed leaves blank between two time points.
import { GrowingInt32 } from './growing.ts';
import type { Problems } from './problems.ts';
import type { FeedFiles } from './source.ts';
import { BLANK, Ids, place, readTable, timeS, wholeNumber } from './table.ts';
import type { Trip, Trips } from './trips.ts';

const FILE = 'stop_times.txt';

export interface StopTimes {
  count(trip: Trip): number;
  /** Index into the feed's stops. i: 0…count - 1 */
  stop(trip: Trip, i: number): number;
  /** Seconds from the start of the service day. */
  arrivalS(trip: Trip, i: number): number;
  departureS(trip: Trip, i: number): number;
}

interface Columns {
  readonly trip: Int32Array;
  readonly sequence: Int32Array;
  readonly stop: Int32Array;
  readonly arrivalS: Int32Array;
  readonly departureS: Int32Array;
  readonly line: Int32Array;
}

export async function readStopTimes(
  files: FeedFiles,
  trips: Trips,
  stops: Ids<number>,
  problems: Problems,
): Promise<StopTimes> {
  const columns = await readColumns(files, trips, stops, problems);
  // What refers to nothing leaves gaps; more would be said of them than is true.
  problems.check();
  const { order, first } = ordered(columns, trips.ofBuses.length);
  for (const trip of trips.ofBuses) {
    const rows = order.subarray(first[trip.index], first[trip.index + 1]);
    if (checkTrip(trip, rows, columns, problems)) fillBlanks(trip, rows, columns, problems);
  }
  const row = (trip: Trip, i: number) => order[first[trip.index]! + i]!;
  return {
    count: (trip) => first[trip.index + 1]! - first[trip.index]!,
    stop: (trip, i) => columns.stop[row(trip, i)]!,
    arrivalS: (trip, i) => columns.arrivalS[row(trip, i)]!,
    departureS: (trip, i) => columns.departureS[row(trip, i)]!,
  };
}

async function readColumns(files: FeedFiles, trips: Trips, stops: Ids<number>, problems: Problems): Promise<Columns> {
  const [trip, sequence, stop, arrivalS, departureS, line] = Array.from({ length: 6 }, () => new GrowingInt32()) as [
    GrowingInt32,
    GrowingInt32,
    GrowingInt32,
    GrowingInt32,
    GrowingInt32,
    GrowingInt32,
  ];
  const required = ['trip_id', 'arrival_time', 'departure_time', 'stop_id', 'stop_sequence'];
  await readTable(files, FILE, required, problems, (row) => {
    const known = trips.byId.find(row, 'trip_id', 'trips.txt', problems);
    if (known?.trip === undefined) return;
    const at = stops.find(row, 'stop_id', 'stops.txt', problems);
    const sequenceIs = wholeNumber(row, 'stop_sequence', problems);
    const arrives = timeS(row, 'arrival_time', problems);
    const departs = timeS(row, 'departure_time', problems);
    if (at === -1) problems.add({ ...place(row, 'stop_id'), expected: 'a stop or platform with a position' });
    if (at === undefined || at === -1 || sequenceIs === undefined || arrives === undefined || departs === undefined)
      return;
    trip.push(known.trip.index);
    sequence.push(sequenceIs);
    stop.push(at);
    arrivalS.push(arrives === BLANK ? departs : arrives);
    departureS.push(departs === BLANK ? arrives : departs);
    line.push(row.line);
  });
  return {
    trip: trip.values,
    sequence: sequence.values,
    stop: stop.values,
    arrivalS: arrivalS.values,
    departureS: departureS.values,
    line: line.values,
  };
}

/** Rows by trip and sequence; those of trip t are order[first[t]] … order[first[t + 1] - 1]. */
function ordered({ trip, sequence }: Columns, trips: number): { order: Int32Array; first: Int32Array } {
  const first = new Int32Array(trips + 1);
  for (const index of trip) first[index + 1]!++;
  for (let index = 0; index < trips; index++) first[index + 1]! += first[index]!;
  const next = first.slice();
  const order = new Int32Array(trip.length);
  for (let row = 0; row < trip.length; row++) order[next[trip[row]!]!++] = row;
  for (let index = 0; index < trips; index++) {
    const rows = order.subarray(first[index], first[index + 1]);
    if (!isAscending(rows, sequence)) rows.sort((a, b) => sequence[a]! - sequence[b]!);
  }
  return { order, first };
}

function isAscending(rows: Int32Array, sequence: Int32Array): boolean {
  for (let i = 1; i < rows.length; i++) if (sequence[rows[i]!]! < sequence[rows[i - 1]!]!) return false;
  return true;
}

/** @returns whether all is well */
function checkTrip(trip: Trip, rows: Int32Array, columns: Columns, problems: Problems): boolean {
  const { sequence, arrivalS, departureS, line } = columns;
  if (rows.length < 2) {
    problems.add({
      file: 'trips.txt',
      line: trip.line,
      field: 'trip_id',
      value: trip.id,
      expected: `at least two stops in ${FILE}, got ${rows.length}`,
    });
    return false;
  }
  for (const [end, row] of [['first', rows[0]!] as const, ['last', rows.at(-1)!] as const]) {
    if (arrivalS[row] !== BLANK) continue;
    problems.add({
      file: FILE,
      line: line[row]!,
      field: 'arrival_time',
      value: '',
      expected: `a time at the ${end} stop`,
    });
    return false;
  }
  let lastS = -Infinity;
  for (const [i, row] of rows.entries()) {
    const at = { file: FILE, line: line[row]! };
    if (i > 0 && sequence[row] === sequence[rows[i - 1]!]) {
      const value = String(sequence[row]);
      problems.add({ ...at, field: 'stop_sequence', value, expected: 'a number that no other stop of the trip has' });
      return false;
    }
    const arrives = arrivalS[row]!;
    const departs = departureS[row]!;
    if (arrives === BLANK) continue;
    if (arrives < lastS || departs < arrives) {
      const early = arrives < lastS;
      const expected = `a time not before ${timeText(early ? lastS : arrives)}: time runs forward along a trip`;
      const field = early ? 'arrival_time' : 'departure_time';
      problems.add({ ...at, field, value: timeText(early ? arrives : departs), expected });
      return false;
    }
    lastS = departs;
  }
  return true;
}

/** Evenly from stop to stop between the time points: the feed says no more. */
function fillBlanks(trip: Trip, rows: Int32Array, { arrivalS, departureS, line }: Columns, problems: Problems): void {
  let before = 0;
  for (let after = 1; after < rows.length; after++) {
    if (arrivalS[rows[after]!] === BLANK) continue;
    const fromS = departureS[rows[before]!]!;
    const stepS = (arrivalS[rows[after]!]! - fromS) / (after - before);
    for (let i = before + 1; i < after; i++) {
      const row = rows[i]!;
      arrivalS[row] = departureS[row] = Math.round(fromS + (i - before) * stepS);
      problems.tell('blank times filled in between time points', `${FILE} line ${line[row]!} of trip ${trip.id}`);
    }
    before = after;
  }
}

export function timeText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
