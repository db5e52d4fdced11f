// The bus operator of a seed: lines with their length, places and demand, depots, and what the planners believe of the demand. A sample of
// lines stands for the fleet; no street network. Sources: national means of line length; hours of demand of Chinese cities; A. Wilson's gravity.
import type { Random } from '../../simulator/random.ts';

export const FIRST_HOUR = 6;
export const LAST_HOUR = 21;
export const DIRECTIONS = [0, 1] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Share of a weekday's boardings, % by hour from 0. Two peaks; engineering estimate. */
const HOURLY_PCT = [0, 0, 0, 0, 0, 0, 4, 11, 10.5, 6, 5, 5, 4.5, 4.5, 5, 5.5, 7.5, 11, 8.5, 5, 4, 3, 0, 0];
/** In the morning this share of the people goes in direction 0, in the evening back. */
const MORNING_SHARE = 0.62;
/** Between stops, without lights and stops, km/h by hour from 0: with them 17…18 km/h in the peaks (Kunming, 2019), 20 at noon. */
const MOVING_KMH = [
  27, 27, 27, 27, 27, 27, 27, 21, 21, 23.5, 25, 25, 25, 25, 25, 25, 23, 20.5, 21.5, 25, 27, 27, 27, 27,
];

const LENGTH_KM = { median: 15, sigma: 0.25, min: 8, max: 25 } as const;
const SPACING_M = 650;
/** Of a line in a day; the lines of a city differ much. */
const BOARDINGS = { mean: 3850, sigma: 0.5 } as const;
/** How far people ride: gamma of shape 2. */
const RIDE_KM = 5;
const STOP_SIGMA = 0.4;
const CITY_RADIUS_KM = 8;
const LINES_PER_DEPOT = 4;
/** Line length over the straight line between its ends. */
const WINDING = 1.3;

/** The day's parts for which planners who do not count by the hour have one headway each. */
export const PERIODS = [
  [7, 8, 17, 18],
  [6, 9, 10, 11, 12, 13, 14, 15, 16],
  [19, 20, 21],
] as const;

export interface Point {
  readonly xKm: number;
  readonly yKm: number;
}

export interface OperatorLine {
  readonly index: number;
  readonly lengthKm: number;
  /** Of one direction. */
  readonly stops: number;
  readonly segmentM: number;
  readonly boardingsPerDay: number;
  /** Where direction 0 and direction 1 begin. */
  readonly terminals: readonly [Point, Point];
  /** Busy enough for signal priority. */
  readonly trunk: boolean;
  /** Of those who board: by direction and stop; sums to 1 for each direction. */
  readonly origins: readonly [Float64Array, Float64Array];
  /** Of those on board when the bus arrives: by direction and stop. */
  readonly alighting: readonly [Float64Array, Float64Array];
  /** Fullest mean load, in boardings of the direction: by direction. */
  readonly peakLoad: readonly [number, number];
  /** What the plan believes over what is so: by period. */
  readonly belief: readonly number[];
}

export interface Operator {
  readonly lines: readonly OperatorLine[];
  readonly depots: readonly Point[];
}

const PURPOSE = { length: 0, boardings: 1, place: 2, angle: 3, stop: 4, belief: 5, depot: 6 } as const;

/** lines ≥ 1; trunkShare of them, the busiest, 0…1; planErrorShare: how far off the plan's demand is, sigma of the logarithm. */
export function operatorOf(random: Random, lines: number, trunkShare: number, planErrorShare: number): Operator {
  const demand = Array.from({ length: lines }, (_, line) =>
    random.lognormal(
      BOARDINGS.mean * Math.exp((-BOARDINGS.sigma * BOARDINGS.sigma) / 2),
      BOARDINGS.sigma,
      line,
      PURPOSE.boardings,
      0,
    ),
  );
  const busiest = [...demand].sort((a, b) => b - a);
  const trunkFrom = busiest[Math.round(trunkShare * lines) - 1] ?? Infinity;
  const depots = Array.from({ length: Math.ceil(lines / LINES_PER_DEPOT) }, (_, depot) =>
    placeOf(random, depot, PURPOSE.depot),
  );
  return {
    depots,
    lines: demand.map((boardingsPerDay, index) =>
      lineOf(random, index, boardingsPerDay, boardingsPerDay >= trunkFrom, planErrorShare),
    ),
  };
}

function lineOf(
  random: Random,
  index: number,
  boardingsPerDay: number,
  trunk: boolean,
  planErrorShare: number,
): OperatorLine {
  const drawnKm = random.lognormal(LENGTH_KM.median, LENGTH_KM.sigma, index, PURPOSE.length, 0);
  const lengthKm = Math.min(LENGTH_KM.max, Math.max(LENGTH_KM.min, drawnKm));
  const stops = Math.round((lengthKm * 1000) / SPACING_M) + 1;
  const sides = DIRECTIONS.map((direction) => sideOf(random, index, direction, stops, lengthKm));
  return {
    index,
    lengthKm,
    stops,
    segmentM: (lengthKm * 1000) / (stops - 1),
    boardingsPerDay,
    trunk,
    terminals: terminalsOf(random, index, lengthKm),
    origins: [sides[0]!.origins, sides[1]!.origins],
    alighting: [sides[0]!.alighting, sides[1]!.alighting],
    peakLoad: [sides[0]!.peakLoad, sides[1]!.peakLoad],
    belief: beliefOf(random, index, planErrorShare),
  };
}

/** Where people get on and off: origins by chance, fewer towards the end, and rides of gamma-distributed length. */
function sideOf(random: Random, line: number, direction: Direction, stops: number, lengthKm: number) {
  const draw = (stop: number) => random.lognormal(1, STOP_SIGMA, line, PURPOSE.stop, direction * 64 + stop);
  const weights = Float64Array.from({ length: stops }, (_, stop) => draw(stop) * Math.sqrt(1 - stop / (stops - 1)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const origins = weights.map((weight) => weight / sum);
  const alights = new Float64Array(stops);
  for (let from = 0; from < stops - 1; from++) {
    const pulls = Array.from({ length: stops }, (_, to) =>
      to > from ? draw(to) * rideDensity(((to - from) * lengthKm) / (stops - 1)) : 0,
    );
    const all = pulls.reduce((total, pull) => total + pull, 0);
    pulls.forEach((pull, to) => (alights[to]! += (origins[from]! * pull) / all));
  }
  const alighting = new Float64Array(stops);
  let load = 0;
  let peakLoad = 0;
  for (let stop = 0; stop < stops; stop++) {
    alighting[stop] = load > 0 ? Math.min(1, alights[stop]! / load) : 0;
    load += origins[stop]! - alights[stop]!;
    peakLoad = Math.max(peakLoad, load);
  }
  alighting[stops - 1] = 1;
  return { origins, alighting, peakLoad };
}

/** Gamma of shape 2, without its constant. */
const rideDensity = (km: number) => km * Math.exp((-2 * km) / RIDE_KM);

/** One end anywhere, the other across the centre of the city. */
function terminalsOf(random: Random, line: number, lengthKm: number): [Point, Point] {
  const from = placeOf(random, line, PURPOSE.place);
  const angle = Math.atan2(-from.yKm, -from.xKm) + (random.uniform(line, PURPOSE.angle, 0) - 0.5) * 1.4;
  const acrossKm = lengthKm / WINDING;
  return [from, { xKm: from.xKm + acrossKm * Math.cos(angle), yKm: from.yKm + acrossKm * Math.sin(angle) }];
}

/** Evenly in the city's disc. */
function placeOf(random: Random, index: number, purpose: number): Point {
  const radiusKm = CITY_RADIUS_KM * Math.sqrt(random.uniform(index, purpose, 0));
  const angle = 2 * Math.PI * random.uniform(index, purpose, 1);
  return { xKm: radiusKm * Math.cos(angle), yKm: radiusKm * Math.sin(angle) };
}

/** Two thirds of the variance is the line's, one third the period's. */
function beliefOf(random: Random, line: number, errorShare: number): number[] {
  const own = Math.sqrt(2 / 3) * random.normal(line, PURPOSE.belief, 0);
  return PERIODS.map((_, period) =>
    Math.exp(errorShare * (own + Math.sqrt(1 / 3) * random.normal(line, PURPOSE.belief, 1 + period))),
  );
}

/** Boardings an hour of a line in a direction, on a mean weekday. */
export function boardingsPerHour(line: OperatorLine, direction: Direction, hour: number): number {
  return (line.boardingsPerDay * (HOURLY_PCT[hour] ?? 0) * directionShare(direction, hour)) / 100;
}

function directionShare(direction: Direction, hour: number): number {
  const out = hour < 10 ? MORNING_SHARE : hour < 16 || hour > 19 ? 0.5 : 1 - MORNING_SHARE;
  return direction === 0 ? out : 1 - out;
}

/** Between stops, m/s. hour: 0…; after midnight as before it. */
export function movingMps(hour: number): number {
  return (MOVING_KMH[hour] ?? 27) / 3.6;
}
