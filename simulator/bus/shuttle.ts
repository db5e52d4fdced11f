// How an empty bus gets from one place to another off the ways of its line: around the block to the other side of the street, or through
// the streets to another line. It goes at a city's pace from door to door, without lights and queues of its own.
import type { City, Point } from '../city.ts';
import { RouteSearch } from '../traffic/routes.ts';

/** An empty bus from door to door, m/s: 23 km/h (engineering estimate). */
export const EMPTY_MPS = 6.5;
/** A bus turns around the block in no less, s (engineering estimate). */
const TURN_S = 60;
/** Way along streets relative to the straight line. */
const DETOUR = 1.3;

export interface Shuttle {
  readonly points: readonly Point[];
  /** Straight from point to point so far; the last value is the whole. */
  readonly untilM: Float64Array;
  /** Driven metres a metre of that. */
  readonly detour: number;
  atM: number;
}

/** To a stop across the street. */
export function turnBetween(from: Point, to: Point): Shuttle {
  const straightM = distanceM(from, to);
  const drivenM = Math.max(TURN_S * EMPTY_MPS, DETOUR * straightM);
  return shuttleAlong([from, to], drivenM / Math.max(1, straightM));
}

/** Through the streets where they lead there; else straight, with a detour. */
export class StreetWays {
  readonly #city: City;
  #search: RouteSearch | undefined;

  constructor(city: City) {
    this.#city = city;
  }

  /** fromLink: on which the bus stands; toLink: at whose beginning it will. */
  between(from: Point, fromLink: number, to: Point, toLink: number): Shuttle {
    const { links, nodes } = this.#city;
    this.#search ??= new RouteSearch(this.#city);
    const route = this.#search.find(fromLink, links[toLink]!.from);
    if (route === undefined) return shuttleAlong([from, to], DETOUR);
    const passed = [fromLink, ...route].map((link) => nodes[links[link]!.to]!);
    return shuttleAlong([from, ...passed, to], 1);
  }
}

/** Goes on for dtS. @returns metres driven, and whether it is there */
export function advance(shuttle: Shuttle, dtS: number): { readonly movedM: number; readonly isThere: boolean } {
  const restM = shuttleM(shuttle) - shuttle.atM;
  const stepM = Math.min(restM, (EMPTY_MPS * dtS) / shuttle.detour);
  shuttle.atM += stepM;
  return { movedM: stepM * shuttle.detour, isThere: stepM >= restM };
}

export function secondsOf(shuttle: Shuttle): number {
  return (shuttleM(shuttle) * shuttle.detour) / EMPTY_MPS;
}

export function placeOn({ points, untilM, atM }: Shuttle): Point {
  const leg = legAt(untilM, atM);
  const [a, b] = [points[leg]!, points[leg + 1]!];
  const fromM = leg === 0 ? 0 : untilM[leg - 1]!;
  const share = Math.min(1, (atM - fromM) / Math.max(1e-6, untilM[leg]! - fromM));
  return { x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) };
}

/** 0…360 */
export function headingOn({ points, untilM, atM }: Shuttle): number {
  const leg = legAt(untilM, atM);
  const [a, b] = [points[leg]!, points[leg + 1]!];
  return ((Math.atan2(b.x - a.x, b.y - a.y) * 180) / Math.PI + 360) % 360;
}

function shuttleAlong(points: readonly Point[], detour: number): Shuttle {
  let sum = 0;
  const untilM = Float64Array.from(points.slice(1), (point, i) => (sum += distanceM(points[i]!, point)));
  // Who is there already still has to turn.
  if (sum < 1) untilM[untilM.length - 1] = 1;
  return { points, untilM, detour, atM: 0 };
}

function shuttleM({ untilM }: Shuttle): number {
  return untilM[untilM.length - 1]!;
}

function legAt(untilM: Float64Array, atM: number): number {
  const leg = untilM.findIndex((endM) => atM < endM);
  return leg === -1 ? untilM.length - 1 : leg;
}

function distanceM(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y);
}
