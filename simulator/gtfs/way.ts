// The way of a pattern over the ground: its shape cut to the first and the last stop, and how far along it each stop is. Without a usable
// shape it goes straight from stop to stop.
import type { Point } from '../city.ts';
import { between, distance, nearestShare } from '../city/geometry.ts';

export interface Way {
  /** Neighbours are apart. */
  readonly points: readonly Point[];
  /** Metres along `points` of each stop; ascending, the first is 0, the last the way's end. */
  readonly stopAtM: readonly number[];
  /** Without a shape: points are the stops. */
  readonly straight: boolean;
}

/** A stop stands beside the street; farther off than this it is told, and farther than the second the shape is not believed. */
export const FAR_M = 100;
const UNUSABLE_M = 500;
/** Places on the shape where a stop may be: no farther off than the nearest one and this. */
const CHOICE_M = 60;
/** What it costs to be far along the shape from where the stop is expected by its number, in metres off the shape for the whole way. */
const DISORDER_M = 40;
/** Stops of a way are no nearer than this, as far as there is room. */
const STOPS_APART_M = 5;
/** A shape that goes aside no farther than this and comes back, by a turn of more than 135°, has not left its street. */
const SPUR_M = 25;
const BACK_COSINE = -Math.SQRT1_2;
/** Points of a shape nearer than this are one. */
const POINTS_APART_M = 0.5;

export interface Matched {
  readonly way: Way;
  /** The stop farthest from the shape, by its place in the pattern; none without a shape. */
  readonly farthest?: { readonly stop: number; readonly offM: number };
}

/** stops: at least two; shape: undefined or any number of points */
export function wayOf(stops: readonly Point[], shape: readonly Point[] | undefined): Matched {
  const line = shape === undefined ? [] : cleaned(shape);
  if (line.length < 2) return { way: straightWay(stops) };
  const alongM = cumulative(line);
  const places = placeStops(stops, line, alongM);
  if (places === undefined) return { way: straightWay(stops) };
  let farthest = { stop: 0, offM: 0 };
  places.forEach(({ offM }, stop) => {
    if (offM > farthest.offM) farthest = { stop, offM };
  });
  const [fromM, toM] = [places[0]!.atM, places.at(-1)!.atM];
  if (farthest.offM > UNUSABLE_M || toM - fromM < STOPS_APART_M) return { way: straightWay(stops), farthest };
  const points = cut(line, alongM, fromM, toM);
  const lengthM = cumulative(points).at(-1)!;
  const stopAtM = spread(places.map(({ atM }) => ((atM - fromM) / (toM - fromM)) * lengthM));
  return { way: { points, stopAtM, straight: false }, farthest };
}

/** From stop to stop; two stops at one place are told apart by a step to the side. */
function straightWay(stops: readonly Point[]): Way {
  const points: Point[] = [];
  for (const stop of stops) {
    const last = points.at(-1);
    const same = last !== undefined && distance(last, stop) < STOPS_APART_M;
    points.push(same ? { x: last.x + STOPS_APART_M, y: last.y } : stop);
  }
  return { points, stopAtM: [...cumulative(points)], straight: true };
}

/** Without points that repeat, and without spurs: some publishers lead the shape from the street to each stop's pole and back. */
function cleaned(shape: readonly Point[]): Point[] {
  const line: Point[] = [];
  for (const point of shape) {
    while (line.length >= 2 && isSpur(line.at(-2)!, line.at(-1)!, point)) line.pop();
    if (line.length === 0 || distance(line.at(-1)!, point) >= POINTS_APART_M) line.push(point);
  }
  return line;
}

/** A short way there and back. */
function isSpur(a: Point, b: Point, c: Point): boolean {
  const [inM, outM] = [distance(a, b), distance(b, c)];
  if (Math.min(inM, outM) > SPUR_M) return false;
  const product = (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y);
  return product < BACK_COSINE * inM * outM;
}

export function cumulative(line: readonly Point[]): Float64Array {
  const alongM = new Float64Array(line.length);
  for (let i = 1; i < line.length; i++) alongM[i] = alongM[i - 1]! + distance(line[i - 1]!, line[i]!);
  return alongM;
}

interface Candidate {
  readonly atM: number;
  readonly offM: number;
}

/**
 * The places along the shape that are nearest to the stops in all, in the order of the stops: a street that is driven twice has two places
 * for a stop, and the order decides. Undefined when there is no such order.
 */
function placeStops(stops: readonly Point[], line: readonly Point[], alongM: Float64Array): Candidate[] | undefined {
  const lengthM = alongM.at(-1)!;
  const chosen: { readonly candidates: Candidate[]; readonly before: Int32Array }[] = [];
  let costs: Float64Array | undefined;
  for (const [i, stop] of stops.entries()) {
    const candidates = candidatesOf(stop, line, alongM);
    const expectedM = (i / (stops.length - 1)) * lengthM;
    const before = new Int32Array(candidates.length).fill(-1);
    const next = new Float64Array(candidates.length);
    for (const [k, { atM, offM }] of candidates.entries()) {
      const disorderM = (DISORDER_M * Math.abs(atM - expectedM)) / lengthM;
      let best = 0;
      if (costs !== undefined) {
        best = Infinity;
        const last = chosen.at(-1)!.candidates;
        for (const [j, cost] of costs.entries()) {
          if (cost >= best || last[j]!.atM >= atM) continue;
          best = cost;
          before[k] = j;
        }
      }
      next[k] = best + offM * offM + disorderM * disorderM;
    }
    chosen.push({ candidates, before });
    costs = next;
  }
  let at = costs!.indexOf(costs!.reduce((least, cost) => Math.min(least, cost), Infinity));
  if (at < 0 || costs![at] === Infinity) return undefined;
  const places: Candidate[] = [];
  for (let i = stops.length - 1; i >= 0; i--) {
    places.unshift(chosen[i]!.candidates[at]!);
    at = chosen[i]!.before[at]!;
  }
  return places;
}

/** Where the shape comes near a stop: the nearest place of each approach. */
function candidatesOf(stop: Point, line: readonly Point[], alongM: Float64Array): Candidate[] {
  const candidates: Candidate[] = [];
  let nearestM = Infinity;
  for (let i = 0; i + 1 < line.length; i++) {
    const share = nearestShare(stop, line[i]!, line[i + 1]!);
    const offM = distance(stop, between(line[i]!, line[i + 1]!, share));
    const atM = alongM[i]! + share * (alongM[i + 1]! - alongM[i]!);
    nearestM = Math.min(nearestM, offM);
    const last = candidates.at(-1);
    // Neighbouring pieces of one approach: the nearer one stands for both.
    if (last !== undefined && atM - last.atM < CHOICE_M) {
      if (offM < last.offM) candidates[candidates.length - 1] = { atM, offM };
    } else candidates.push({ atM, offM });
  }
  return candidates.filter(({ offM }) => offM <= nearestM + CHOICE_M);
}

function cut(line: readonly Point[], alongM: Float64Array, fromM: number, toM: number): Point[] {
  const inside = line.filter((_, i) => alongM[i]! > fromM + POINTS_APART_M && alongM[i]! < toM - POINTS_APART_M);
  return [pointAt(line, alongM, fromM), ...inside, pointAt(line, alongM, toM)];
}

function pointAt(line: readonly Point[], alongM: Float64Array, atM: number): Point {
  let i = 0;
  while (i + 2 < line.length && alongM[i + 1]! < atM) i++;
  return between(line[i]!, line[i + 1]!, (atM - alongM[i]!) / (alongM[i + 1]! - alongM[i]!));
}

/** Ascending positions with a little room between them; the ends stay. */
function spread(atM: readonly number[]): number[] {
  const apartM = Math.min(STOPS_APART_M, atM.at(-1)! / (2 * (atM.length - 1)));
  const moved = [...atM];
  for (let i = 1; i < moved.length - 1; i++) moved[i] = Math.max(moved[i]!, moved[i - 1]! + apartM);
  for (let i = moved.length - 2; i > 0; i--) moved[i] = Math.min(moved[i]!, moved[i + 1]! - apartM);
  return moved;
}
