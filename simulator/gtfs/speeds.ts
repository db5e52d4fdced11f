// How fast the streets must be for the timetable to be kept: nobody publishes limits, but every timetable says how fast its buses drive,
// and how much slower at the busiest hours.
import { TRAFFIC } from '../world/rhythms.ts';
import { BUS_TOP_MPS } from '../bus/side.ts';
import type { Pattern, PatternTrip } from './patterns.ts';
import type { DrivenWay, Streets } from './streets.ts';

/**
 * What a stop takes of a planned time beside the way itself: standing [s] in quiet and in busy hours, and braking and speeding up
 * [s per m/s] (engineering estimates).
 */
const STANDING_S = 11;
const STANDING_BUSY_S = 14;
/** 1/(2·0.9 m/s²) + 1/(2·1.0 m/s²): what a bus of these accelerations loses against one that drives through. */
const RAMP_S_PER_MPS = 1.06;
/** Timetables are in whole minutes: the speed of a street is read off a stretch of at least this long. */
const STRETCH_S = 300;
/** Hours of a working day, by their start. */
const QUIET_HOURS = [10, 11, 12, 13, 14];
const BUSY_HOURS = [7, 8, 16, 17];
/** A bus drives this share of a street's speed, and streets flow below their limit. */
const BUS_SHARE = 0.85;
const HEADROOM = 1.25;
/** Where only empty buses drive. */
const EMPTY_MPS = 30 / 3.6;
const LIMIT_MIN_MPS = 15 / 3.6;
const LIMIT_MAX_MPS = 80 / 3.6;
/** By how much the peak's traffic lengthens driving, where the timetable does not tell, and at most. */
const DELAY = 0.15;
const DELAY_MAX = 0.6;

export interface StreetSpeeds {
  /** By link. */
  readonly limitMps: Float64Array;
  /** Mean speed of all streets on an empty road and at the busiest hour. */
  readonly freeMps: number;
  readonly peakMps: number;
}

/** patterns: of the first ways, in their order; the other ways are driven empty. */
export function speedsOf(streets: Streets, patterns: readonly Pattern[]): StreetSpeeds {
  const { links } = streets;
  const quietMps = quietSpeeds(streets, patterns);
  const limitMps = quietMps.map((mps) =>
    Math.min(LIMIT_MAX_MPS, Math.max(LIMIT_MIN_MPS, (mps * HEADROOM) / BUS_SHARE)),
  );
  const lengthM = links.reduce((all, link) => all + link.lengthM, 0);
  const limitS = links.reduce((all, link, i) => all + link.lengthM / limitMps[i]!, 0);
  const delay = delayOf(patterns);
  const freeMps = (lengthM / limitS / HEADROOM) * (1 + delay * squareOf(QUIET_HOURS));
  return { limitMps, freeMps, peakMps: freeMps / (1 + delay) };
}

/** What buses drive on each link in quiet hours, m/s: the mean over all trips that use it, by time. */
function quietSpeeds({ links, ways }: Streets, patterns: readonly Pattern[]): Float64Array {
  const drivenM = new Float64Array(links.length);
  const drivenS = new Float64Array(links.length);
  for (const [i, { trips }] of patterns.entries()) {
    const { links: own, stopAtM } = ways[i]!;
    const mps = drivingMps(stopAtM, middlePlan(trips));
    let startM = 0;
    let segment = 0;
    for (const link of own) {
      const endM = startM + links[link]!.lengthM;
      while (segment + 1 < mps.length && stopAtM[segment + 1]! <= startM) segment++;
      for (let k = segment; k < mps.length && stopAtM[k]! < endM; k++) {
        const overlapM = Math.max(0, Math.min(endM, stopAtM[k + 1]!) - Math.max(startM, stopAtM[k]!));
        drivenM[link]! += trips.length * overlapM;
        drivenS[link]! += (trips.length * overlapM) / mps[k]!;
      }
      startM = endM;
    }
  }
  return drivenM.map((metres, link) => (metres > 0 ? metres / drivenS[link]! : EMPTY_MPS));
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
  const movingS = plannedS - stops * STANDING_S;
  const ramp = RAMP_S_PER_MPS * stops;
  const root = movingS * movingS - 4 * ramp * lengthM;
  if (movingS <= 0) return LIMIT_MAX_MPS;
  const mps = (movingS - Math.sqrt(Math.max(0, root))) / (2 * ramp);
  return Math.min(LIMIT_MAX_MPS, mps);
}

/** Whether a bus that stops everywhere cannot keep the quiet hours' times, however empty the road. */
export function isTooFast({ stopAtM }: DrivenWay, { trips }: Pattern): boolean {
  const plannedS = middlePlan(trips).at(-1)!;
  let leastS = 0;
  for (let i = 1; i < stopAtM.length; i++) {
    const lengthM = stopAtM[i]! - stopAtM[i - 1]!;
    const mps = Math.min(BUS_TOP_MPS, Math.sqrt(lengthM / RAMP_S_PER_MPS));
    leastS += lengthM / mps + RAMP_S_PER_MPS * mps + STANDING_S;
  }
  return leastS > plannedS;
}

/** The times of the middle trip of the quiet hours, or of all hours where none is quiet. */
function middlePlan(trips: readonly PatternTrip[]): readonly number[] {
  const quiet = trips.filter((trip) => isIn(trip, QUIET_HOURS));
  const sorted = (quiet.length > 0 ? quiet : trips).toSorted((a, b) => a.planS.at(-1)! - b.planS.at(-1)!);
  return sorted[(sorted.length - 1) >> 1]!.planS;
}

/**
 * By how much the peak's traffic lengthens driving: driving takes 1 + delay · traffic² of its time on an empty road, and the timetable says
 * how long it is in quiet and in busy hours, by the patterns that have trips in both.
 */
function delayOf(patterns: readonly Pattern[]): number {
  let quietS = 0;
  let busyS = 0;
  for (const { stops, trips } of patterns) {
    const meanS = (hours: readonly number[], standingS: number) => {
      const own = trips.filter((trip) => isIn(trip, hours));
      return own.reduce((sum, { planS }) => sum + planS.at(-1)! - (stops.length - 1) * standingS, 0) / own.length;
    };
    const [quiet, busy] = [meanS(QUIET_HOURS, STANDING_S), meanS(BUSY_HOURS, STANDING_BUSY_S)];
    if (!(quiet > 0 && busy > 0)) continue;
    quietS += trips.length * quiet;
    busyS += trips.length * busy;
  }
  if (quietS === 0) return DELAY;
  // (1 + delay · q) / (1 + delay · b) = ratio
  const ratio = Math.min(1, quietS / busyS);
  const room = ratio * squareOf(BUSY_HOURS) - squareOf(QUIET_HOURS);
  return room <= 0 ? DELAY_MAX : Math.min(DELAY_MAX, (1 - ratio) / room);
}

/** Mean square of the traffic of these hours. */
function squareOf(hours: readonly number[]): number {
  return hours.reduce((sum, hour) => sum + TRAFFIC.workday[hour]! * TRAFFIC.workday[hour]!, 0) / hours.length;
}

function isIn({ days, startS }: PatternTrip, hours: readonly number[]): boolean {
  return days.includes('workday') && hours.includes(Math.floor(startS / 3600));
}
