// A line as its buses see it: the ways they drive, the terminals between them, and how an empty bus gets from one terminal to another.
// Fixed for a run; no timetable, no buses.
import type { City, Point } from '../city.ts';
import type { LinkTable } from '../traffic/link-table.ts';
import type { Signals } from '../traffic/signals.ts';
import { NO_SIDE, Side } from './side.ts';

/** Ends of ways no farther apart than this are one terminal; a bus is turned there in its layover, unseen. */
const TERMINAL_M = 300;

export interface LineNetwork {
  readonly lineIndex: number;
  /** In the order of the line's `directions`. */
  readonly sides: readonly Side[];
  readonly terminals: readonly Point[];
  /** Index into `terminals` where each side begins, and where it ends. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** What an empty bus drives: [from][to], undefined where the line has no way between the two. */
  readonly empty: readonly (readonly (Side | undefined)[])[];
}

/** firstSide: how many sides the lines before this one have. */
export function networkOf(
  city: City,
  table: LinkTable,
  signals: Signals,
  lineIndex: number,
  firstSide: number,
): LineNetwork {
  const line = city.lines[lineIndex]!;
  const sides = line.directions.map(
    (_, way) => new Side(city, table, signals, { index: firstSide + way, lineIndex, way }),
  );
  const terminals: Point[] = [];
  const terminalAt = (place: Point) => {
    const near = terminals.findIndex(({ x, y }) => Math.hypot(x - place.x, y - place.y) <= TERMINAL_M);
    return near === -1 ? terminals.push(place) - 1 : near;
  };
  const from = sides.map(({ stopPlaces }) => terminalAt(stopPlaces[0]!));
  const to = sides.map(({ stopPlaces }) => terminalAt(stopPlaces.at(-1)!));
  const between = (a: number, b: number) => {
    const along = sides.find((_, way) => from[way] === a && to[way] === b);
    if (along !== undefined) return along;
    const against = sides.find((_, way) => from[way] === b && to[way] === a);
    if (against === undefined) return undefined;
    return new Side(city, table, signals, { index: NO_SIDE, lineIndex, way: against.way, flipped: true });
  };
  const empty = terminals.map((_, a) => terminals.map((_, b) => (a === b ? undefined : between(a, b))));
  return { lineIndex, sides, terminals, from, to, empty };
}

/** All lines of a city; sides are numbered through. */
export function networksOf(city: City, table: LinkTable, signals: Signals): LineNetwork[] {
  let firstSide = 0;
  return city.lines.map((line, lineIndex) => {
    const network = networkOf(city, table, signals, lineIndex, firstSide);
    firstSide += line.directions.length;
    return network;
  });
}
