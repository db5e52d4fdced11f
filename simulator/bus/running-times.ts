// How long a trip takes as planned: the streets of a usual dry day at the hour, lights, turns, and the stops with the people who are expected
// there. No weather, no incidents, no day that differs from others: what comes of those is delay. No recovery time either.
import { expectedDwellS } from '../physics/dwell.ts';
import { MEAN_SIGNAL_WAIT_S, STOPPING_SHARE } from '../traffic/signals.ts';
import type { DayType, Streets } from '../world.ts';
import { TRAFFIC, atHour } from '../world/rhythms.ts';
import type { SideDemand } from './demand.ts';
import { ACCEL_MPS2, BRAKE_MPS2 } from './driving.ts';
import { MEAN_SLOWNESS } from './pace.ts';
import { BUS_TURN_MPS } from './side.ts';
import type { Side } from './side.ts';

/** Time lost by speeding up to 1 m/s and by braking from it, s. Who brakes for a red light loses nothing by that: the wait is shorter. */
const START_S = 1 / (2 * ACCEL_MPS2);
const BRAKE_S = 1 / (2 * BRAKE_MPS2);
export interface TripToPlan {
  readonly side: Side;
  readonly dayType: DayType;
  /** Seconds from civil midnight; may pass 86,400. */
  readonly startS: number;
  /** Passengers of one bus over the whole way, were it to run at this moment; absent: it runs empty and does not stop. */
  readonly riders?: { at(civilS: number): number; readonly demand: SideDemand };
}

/** @returns whole seconds from the start to the arrival at each stop */
export function plannedTimes(streets: Streets, trip: TripToPlan): Float64Array {
  const { side, startS, riders } = trip;
  const traffic = TRAFFIC[trip.dayType];
  const planned = new Float64Array(side.stopAtM.length);
  let seconds = 0;
  let atM = 0;
  let stop = 1;
  for (let i = 0; i < side.links.length; i++) {
    const mps = side.usualMps(i, streets, atHour(traffic, ((startS + seconds) / 3600) % 24)) / MEAN_SLOWNESS;
    const endM = side.linkStartM[i + 1]!;
    const beforeM = i + 1 === side.links.length ? Infinity : endM;
    if (i === 0) seconds += START_S * mps;
    for (; stop <= side.lastStop && side.stopAtM[stop]! < beforeM; stop++) {
      const last = stop === side.lastStop;
      seconds += (side.stopAtM[stop]! - atM) / mps;
      atM = side.stopAtM[stop]!;
      if (last || riders !== undefined) seconds += BRAKE_S * mps;
      planned[stop] = Math.round(seconds);
      if (last || riders === undefined) continue;
      const people = riders.at(startS + seconds);
      seconds +=
        START_S * mps + expectedDwellS(people * riders.demand.boards[stop]!, people * riders.demand.alights[stop]!);
    }
    seconds += Math.max(0, endM - atM) / mps;
    atM = endM;
    if (side.lit[i]) seconds += MEAN_SIGNAL_WAIT_S + STOPPING_SHARE * START_S * mps;
    if (side.turnAfter[i]) seconds += turnLossS(mps);
  }
  return planned;
}

/** Braking to the speed of a turn and speeding up again, s. */
function turnLossS(mps: number): number {
  const lostMps = Math.max(0, mps - BUS_TURN_MPS);
  return ((START_S + BRAKE_S) * lostMps * lostMps) / mps;
}
