// How a bus fares on the way to its next stop, relative to the street: days and segments differ, and now and then a lane is blocked.
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { Bus } from './state.ts';

/** Running time differs by day and line, and by segment (lognormal; engineering estimate). */
const DAY_SIGMA = 0.06;
const SEGMENT_SIGMA = 0.2;
/** Mean of what days and segments multiply a running time by. */
export const MEAN_SLOWNESS = Math.exp((DAY_SIGMA * DAY_SIGMA + SEGMENT_SIGMA * SEGMENT_SIGMA) / 2);
/** A blocked lane: probability on a segment and extra time, s; the segment's usual speed to turn the time into a pace, m/s. */
const INCIDENT = 0.003;
const INCIDENT_S = [120, 300] as const;
const SEGMENT_MPS = 8;

/** Draws the pace of the segment before `bus.stop`. civilDay: days since 1970. */
export function drawPace(bus: Bus, random: Random, civilDay: number): void {
  const { index, side, stop } = bus;
  const segment = bus.segments++;
  const logTime =
    DAY_SIGMA * random.normal(side.lineIndex, DRAW.day, civilDay) +
    SEGMENT_SIGMA * random.normal(index, DRAW.segment, segment);
  let slowness = Math.exp(logTime);
  if (random.uniform(index, DRAW.incident, segment) < INCIDENT) {
    const [min, max] = INCIDENT_S;
    const extraS = min + (max - min) * random.uniform(index, DRAW.incidentS, segment);
    slowness += (extraS * SEGMENT_MPS) / (side.stopAtM[stop]! - side.stopAtM[stop - 1]!);
  }
  bus.pace = 1 / slowness;
}
