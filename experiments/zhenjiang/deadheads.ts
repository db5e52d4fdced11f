// Empty kilometres of an operator: buses come from a depot and go back to it. As it was: a line belongs to one depot, often the one that
// history chose, and every line sends its own buses. With a centre that sees all lines: each end of a line has a depot near it with room, and a
// bus that one line sends home goes to another that asks for one, where that is shorter. Distances are straight lines times a detour.
import type { Random } from '../../simulator/random.ts';
import type { DepotMove } from './line-day.ts';
import { DIRECTIONS } from './operator.ts';
import type { Direction, Operator, Point } from './operator.ts';

const DETOUR = 1.3;
export const DEADHEAD_KMH = 25;
/** A bus waits no longer than this for another line. */
const INTERLINE_S = 3600;
/** Less is not worth the orders, km. */
const WORTH_KM = 1;
/** A depot takes this much more than it had. */
const ROOM = 1.2;

/** Depot for each line and end. */
export type Homes = readonly (readonly [number, number])[];

interface LineMoves {
  readonly pullOuts: readonly DepotMove[];
  readonly pullIns: readonly DepotMove[];
}

/** misplacedShare of the lines has a depot by lot, the others the one nearest to both ends. */
export function historicHomes(operator: Operator, random: Random, misplacedShare: number): Homes {
  return operator.lines.map(({ index, terminals }) => {
    const lot = Math.floor(random.uniform(index, 0, 1) * operator.depots.length);
    const near = byDistance(operator, (depot) => sumOf(terminals.map((end) => roadKm(end, depot))))[0]!;
    const home = random.uniform(index, 0, 0) < misplacedShare ? lot : near;
    return [home, home];
  });
}

/** Ends of lines with the most to gain choose first. buses: of each line, half of them at each end. */
export function bestHomes(operator: Operator, old: Homes, buses: readonly number[]): Homes {
  const homes = old.map(([out, back]): [number, number] => [out, back]);
  const ends = operator.lines.flatMap(({ index }) =>
    DIRECTIONS.map((end) => ({ line: index, end, half: buses[index]! / 2 })),
  );
  const room = operator.depots.map((_, depot) =>
    sumOf(ends.map(({ line, half }) => (old[line]![0] === depot ? (ROOM - 1) * half : 0))),
  );
  const nearest = (line: number, end: Direction) =>
    byDistance(operator, (depot) => roadKm(operator.lines[line]!.terminals[end], depot));
  const ranked = ends.map((one) => {
    const choices = nearest(one.line, one.end);
    const gainKm =
      endKm(operator, one.line, one.end, old[one.line]![one.end]) - endKm(operator, one.line, one.end, choices[0]!);
    return { ...one, choices, gain: one.half * gainKm };
  });
  // Every end keeps its place until it has found a better one; a second round finds the room that others left.
  for (let round = 0; round < 2; round++) {
    for (const { line, end, half, choices } of ranked.sort(
      (a, b) => b.gain - a.gain || a.line - b.line || a.end - b.end,
    )) {
      const here = homes[line]![end];
      const better = choices.find((depot) => depot === here || room[depot]! >= half)!;
      room[here]! += half;
      room[better]! -= half;
      homes[line]![end] = better;
    }
  }
  return homes;
}

/** Kilometres between depots and lines in a day, each line for itself. */
export function deadheadKm(operator: Operator, homes: Homes, moves: readonly LineMoves[]): number {
  return sumOf(
    moves.flatMap(({ pullOuts, pullIns }, line) =>
      [...pullOuts, ...pullIns].map(({ terminal }) => endKm(operator, line, terminal, homes[line]![terminal])),
    ),
  );
}

/** The same when buses change lines, where that is shorter than home and out again; the greatest gain first. */
export function interlinedKm(operator: Operator, homes: Homes, moves: readonly LineMoves[]): number {
  const ins = moves.flatMap(({ pullIns }, line) => pullIns.map((move) => ({ line, ...move })));
  const outs = moves.flatMap(({ pullOuts }, line) => pullOuts.map((move) => ({ line, ...move })));
  const homeKm = ({ line, terminal }: { line: number; terminal: Direction }) =>
    endKm(operator, line, terminal, homes[line]![terminal]);
  const pairs = ins.flatMap((from, i) =>
    outs.flatMap((to, o) => {
      const ends = [from, to].map(({ line, terminal }) => operator.lines[line]!.terminals[terminal]);
      const directKm = roadKm(ends[0]!, ends[1]!);
      const spareS = to.atS - from.atS - (directKm / DEADHEAD_KMH) * 3600;
      const gainKm = homeKm(from) + homeKm(to) - directKm;
      return spareS >= 0 && spareS <= INTERLINE_S && gainKm > WORTH_KM ? [{ i, o, gainKm }] : [];
    }),
  );
  const gone = new Set<number>();
  const served = new Set<number>();
  let savedKm = 0;
  for (const { i, o, gainKm } of pairs.sort((a, b) => b.gainKm - a.gainKm || a.i - b.i || a.o - b.o)) {
    if (gone.has(i) || served.has(o)) continue;
    gone.add(i);
    served.add(o);
    savedKm += gainKm;
  }
  return deadheadKm(operator, homes, moves) - savedKm;
}

function byDistance(operator: Operator, kmTo: (depot: Point) => number): number[] {
  const km = operator.depots.map(kmTo);
  return km.map((_, depot) => depot).sort((a, b) => km[a]! - km[b]! || a - b);
}

function endKm(operator: Operator, line: number, end: Direction, depot: number): number {
  return roadKm(operator.lines[line]!.terminals[end], operator.depots[depot]!);
}

function roadKm(a: Point, b: Point): number {
  return DETOUR * Math.hypot(a.xKm - b.xKm, a.yKm - b.yKm);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
