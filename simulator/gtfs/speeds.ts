// How fast the streets must be for the timetable to be kept: nobody publishes limits, but every timetable says how fast its buses drive.
import type { DrivenWay, Streets } from './streets.ts';
import type { Pattern } from './patterns.ts';

/**
 * What a stop takes of a planned time beside the way itself: standing [s] of a trip with few people and of one with many, and braking and
 * speeding up [s per m/s] (engineering estimates).
 */
const STANDING_S = 7;
const STANDING_PEAK_S = 11;
/** 1/(2·0.9 m/s²) + 1/(2·1.0 m/s²): what a bus of these accelerations loses against one that drives through. */
const RAMP_S_PER_MPS = 1.06;
/** Timetables are in whole minutes: the speed of a street is read off a stretch of at least this long. */
const STRETCH_S = 300;
/** The trip whose times are taken: fast, but not the fastest. */
const FAST_RANK = 0.2;
const SLOW_RANK = 0.9;
/** Fewer trips than this say nothing about the hours of the day. */
const TRIPS_MIN = 8;
/** Drivers keep a little in hand. */
const IN_HAND = 0.95;
/** A bus drives this share of a street's speed, and streets flow below their limit. */
const BUS_SHARE = 0.85;
const HEADROOM = 1.15;
const LIMIT_MIN_MPS = 25 / 3.6;
const LIMIT_MAX_MPS = 80 / 3.6;
/** Speed at the busiest hours over free speed, where the timetable does not tell. */
const PEAK_RATIO = 0.85;
const PEAK_RATIO_MIN = 0.6;

export interface StreetSpeeds {
  /** By link. */
  readonly limitMps: Float64Array;
  /** Mean speed of all streets on an empty road and at the busiest hour. */
  readonly freeMps: number;
  readonly peakMps: number;
}

export function speedsOf({ links, ways }: Streets, patterns: readonly Pattern[]): StreetSpeeds {
  const weight = new Float64Array(links.length);
  const sum = new Float64Array(links.length);
  for (const [i, way] of ways.entries()) {
    const { trips } = patterns[i]!;
    const mps = drivingMps(
      way.stopAtM,
      ranked(
        trips.map(({ planS }) => planS),
        FAST_RANK,
      ),
    );
    let startM = 0;
    let segment = 0;
    for (const link of way.links) {
      const endM = startM + links[link]!.lengthM;
      while (segment + 1 < mps.length && way.stopAtM[segment + 1]! <= startM) segment++;
      for (let k = segment; k < mps.length && way.stopAtM[k]! < endM; k++) {
        const overlapM = Math.min(endM, way.stopAtM[k + 1]!) - Math.max(startM, way.stopAtM[k]!);
        weight[link]! += trips.length * Math.max(0, overlapM);
        sum[link]! += trips.length * Math.max(0, overlapM) * mps[k]!;
      }
      startM = endM;
    }
  }
  const limitMps = weight.map((of, link) => {
    const mps = of > 0 ? sum[link]! / of : LIMIT_MIN_MPS;
    return Math.min(LIMIT_MAX_MPS, Math.max(LIMIT_MIN_MPS, (mps * HEADROOM) / BUS_SHARE));
  });
  const lengthM = links.reduce((all, link) => all + link.lengthM, 0);
  const freeS = links.reduce((all, link, i) => all + link.lengthM / limitMps[i]!, 0);
  const freeMps = lengthM / freeS / HEADROOM;
  return { limitMps, freeMps, peakMps: freeMps * peakRatio(ways, patterns) };
}

/**
 * Speed between the stops of each segment [m/s] such that a bus that stops everywhere needs the planned time: length / v + stops ·
 * (standing + ramp · v) = time, over a stretch around the segment.
 */
export function drivingMps(stopAtM: readonly number[], planS: readonly number[]): number[] {
  const last = planS.length - 1;
  return Array.from({ length: last }, (_, segment) => {
    let [from, to] = [segment, segment + 1];
    while (planS[to]! - planS[from]! < STRETCH_S && (from > 0 || to < last)) {
      if (from > 0) from--;
      if (to < last) to++;
    }
    return solveMps(stopAtM[to]! - stopAtM[from]!, planS[to]! - planS[from]!, to - from);
  });
}

/** The slower root of ramp·n·v² − (T − n·standing)·v + L = 0; where none is, the speed at which that comes nearest. */
function solveMps(lengthM: number, plannedS: number, stops: number): number {
  const movingS = IN_HAND * plannedS - stops * STANDING_S;
  const ramp = RAMP_S_PER_MPS * stops;
  const root = movingS * movingS - 4 * ramp * lengthM;
  if (movingS <= 0) return LIMIT_MAX_MPS;
  const mps = (movingS - Math.sqrt(Math.max(0, root))) / (2 * ramp);
  return Math.min(LIMIT_MAX_MPS, mps);
}

/** How much slower buses are planned to move at the busiest hours than at the quietest: by the trips of each pattern. */
function peakRatio(ways: readonly DrivenWay[], patterns: readonly Pattern[]): number {
  let fastS = 0;
  let slowS = 0;
  for (const [i, { trips }] of patterns.entries()) {
    if (trips.length < TRIPS_MIN) continue;
    const plans = trips.map(({ planS }) => planS);
    const stops = plans[0]!.length - 1;
    const fast = ranked(plans, FAST_RANK).at(-1)! - stops * STANDING_S;
    const slow = ranked(plans, SLOW_RANK).at(-1)! - stops * STANDING_PEAK_S;
    // Too little time for its way: such a plan says nothing.
    if (fast < ways[i]!.lengthM / LIMIT_MAX_MPS) continue;
    fastS += trips.length * fast;
    slowS += trips.length * Math.max(fast, slow);
  }
  return slowS === 0 ? PEAK_RATIO : Math.max(PEAK_RATIO_MIN, fastS / slowS);
}

/** The plan at a rank of all by their length; rank 0…1. */
function ranked(plans: readonly (readonly number[])[], rank: number): readonly number[] {
  const sorted = plans.toSorted((a, b) => a.at(-1)! - b.at(-1)!);
  return sorted[Math.floor(rank * (sorted.length - 1))]!;
}
