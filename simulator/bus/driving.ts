// How a bus moves between two stops: speeds up, keeps to the street's pace, stops at lights, turns and stops.
import type { Signals } from '../traffic/signals.ts';
import type { Streets } from '../world.ts';
import type { PriorityRequest } from './order.ts';
import { lightFor } from './priority.ts';
import { BUS_TOP_MPS, BUS_TURN_MPS } from './side.ts';
import type { Side } from './side.ts';

export const ACCEL_MPS2 = 0.9;
export const BRAKE_MPS2 = 1.0;
/** For a light that changes; standees hold on. */
const LIGHT_BRAKE_MPS2 = 1.8;
/** Front of the bus to the end of the link at a red light, m. */
const STOP_LINE_M = 2;
/** Near enough to be at the stop, m and m/s. */
const AT_STOP_M = 1;
const AT_STOP_MPS = 1.2;

export interface Motion {
  side: Side;
  atM: number;
  linkIndex: number;
  /** The stop the bus stands at or drives to. */
  stop: number;
  /** The one at which it stops next: this one, or one beyond those that it passes. */
  halt: number;
  speedMps: number;
  /** It drives no faster. */
  capMps: number;
  /** To a light that is ahead. */
  priority: PriorityRequest | undefined;
  /** This segment relative to the street's pace. */
  pace: number;
  odometerM: number;
}

/** Drives for dtS ≤ 0.5 s. halted: the bus rolls to a standstill and stays. @returns true when it has reached the stop at which it halts */
export function drive(
  bus: Motion,
  nowMs: number,
  dtS: number,
  streets: Streets,
  signals: Signals,
  halted: boolean,
): boolean {
  const { side } = bus;
  const stopM = side.stopAtM[bus.halt]! - bus.atM;
  const endM = side.linkStartM[bus.linkIndex + 1]! - bus.atM;
  const targetMps = halted ? 0 : Math.min(BUS_TOP_MPS, bus.capMps, side.busMps(bus.linkIndex, streets) * bus.pace);
  let limitMps = Math.min(targetMps, bus.speedMps + ACCEL_MPS2 * dtS, safeMps(stopM, bus.speedMps, dtS, BRAKE_MPS2));
  let brakeMps2 = BRAKE_MPS2;
  let roomM = stopM;
  if (endM < stopM) {
    if (side.turnAfter[bus.linkIndex]) {
      limitMps = Math.min(limitMps, Math.sqrt(BUS_TURN_MPS * BUS_TURN_MPS + 2 * BRAKE_MPS2 * endM));
    }
    const lineM = Math.max(0, endM - STOP_LINE_M);
    if (mustStop(lightFor(bus, signals, nowMs, lineM), bus.speedMps, lineM)) {
      limitMps = Math.min(limitMps, safeMps(lineM, bus.speedMps, dtS, LIGHT_BRAKE_MPS2));
      brakeMps2 = LIGHT_BRAKE_MPS2;
      roomM = lineM;
    }
  }
  const before = bus.speedMps;
  bus.speedMps = Math.max(0, limitMps, before - brakeMps2 * dtS);
  const movedM = Math.min(roomM, ((before + bus.speedMps) / 2) * dtS);
  bus.atM += movedM;
  bus.odometerM += movedM;
  bus.linkIndex = side.linkAt(bus.atM, bus.linkIndex);
  if (stopM - movedM > AT_STOP_M || bus.speedMps > AT_STOP_MPS) return false;
  bus.odometerM += Math.max(0, side.stopAtM[bus.halt]! - bus.atM);
  bus.atM = side.stopAtM[bus.halt]!;
  bus.linkIndex = side.linkAt(bus.atM, bus.linkIndex);
  bus.speedMps = 0;
  return true;
}

/** Fastest speed after a step of dtS at a mean of both speeds from which braking still ends within what is left of distanceM. */
function safeMps(distanceM: number, speedMps: number, dtS: number, brakeMps2: number): number {
  const stepMps = (brakeMps2 * dtS) / 2;
  const leftM = Math.max(0, distanceM - (speedMps * dtS) / 2);
  return Math.sqrt(stepMps * stepMps + 2 * brakeMps2 * leftM) - stepMps;
}

/** Who brakes for a light goes on to do so: a step on the braking curve is allowed to be rounded. */
function mustStop(light: 'green' | 'amber' | 'red', speedMps: number, lineM: number): boolean {
  if (light === 'green') return false;
  return (speedMps * speedMps) / (2 * Math.max(0.1, lineM)) < LIGHT_BRAKE_MPS2 * 1.01;
}
