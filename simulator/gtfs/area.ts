// Where people live in an imported city: within a walk of its stops. The land around them, and the place of the i-th home.
import type { Point } from '../city.ts';
import { Area } from '../city/geometry.ts';
import type { Random } from '../random.ts';

/** Land around the outermost stops. */
const MARGIN_M = 1500;
const MARGIN_CORNERS = 8;
/** Homes stand this far from a stop: a walk of at most six minutes. */
const NEAREST_M = 25;
const FARTHEST_M = 450;

const HOME_STOP = 1;
const HOME_ASIDE = 2;
const HOME_ANGLE = 3;

/** The convex hull of the stops and a margin round it, counter-clockwise. stops: at least one */
export function landAround(stops: readonly Point[]): Point[] {
  const corners = stops.flatMap(({ x, y }) =>
    Array.from({ length: MARGIN_CORNERS }, (_, i) => {
      const angle = (2 * Math.PI * i) / MARGIN_CORNERS;
      return { x: x + MARGIN_M * Math.cos(angle), y: y + MARGIN_M * Math.sin(angle) };
    }),
  );
  return hullOf(corners);
}

/** Monotone chain. Source: A. M. Andrew, Another efficient algorithm for convex hulls in two dimensions, Inf. Proc. Letters 9, 1979. */
function hullOf(points: readonly Point[]): Point[] {
  const sorted = points.toSorted((a, b) => a.x - b.x || a.y - b.y);
  const half = (ordered: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of ordered) {
      while (chain.length >= 2 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.toReversed())];
}

function turn(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

export function isInside(land: readonly Point[]): (point: Point) => boolean {
  const area = new Area([land]);
  return ({ x, y }) => area.contains(x, y);
}

/** home(i) is near some stop; a stop counts as often as lines serve it, because more people live where more buses run. */
export function homesNear(
  stops: readonly Point[],
  weights: readonly number[],
  random: Random,
): (index: number) => Point {
  const upTo = new Float64Array(weights.length);
  weights.forEach((weight, i) => (upTo[i] = (upTo[i - 1] ?? 0) + weight));
  return (index) => {
    const drawn = random.uniform(index, HOME_STOP, 0) * upTo.at(-1)!;
    const stop = stops[firstAbove(upTo, drawn)]!;
    const share = random.uniform(index, HOME_ASIDE, 0);
    // As many homes on every square metre of the ring.
    const asideM = Math.sqrt(NEAREST_M * NEAREST_M + share * (FARTHEST_M * FARTHEST_M - NEAREST_M * NEAREST_M));
    const angle = 2 * Math.PI * random.uniform(index, HOME_ANGLE, 0);
    return { x: stop.x + asideM * Math.cos(angle), y: stop.y + asideM * Math.sin(angle) };
  };
}

/** Index of the first entry above the value; entries ascend. */
function firstAbove(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
