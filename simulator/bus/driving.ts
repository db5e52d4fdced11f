// How a bus moves between two stops: speeds up, keeps to the street's pace, stops at lights, turns and stops; and the diesel it takes.
import { drivingFuelL, idleFuelL } from '../physics/bus-energy.ts';
import type { Signals } from '../traffic/signals.ts';
import type { Streets } from '../world.ts';
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
/** Engine off after this much standing at a terminal, ms (idling rule of most operators). */
const IDLE_MAX_MS = 180_000;
/** Air conditioning runs above this, °C (EE). */
const AIR_CONDITIONING_C = 26;

export interface Motion {
  side: Side;
  atM: number;
  linkIndex: number;
  /** The stop the bus stands at or drives to. */
  stop: number;
  speedMps: number;
  /** This segment relative to the street's pace. */
  pace: number;
  odometerM: number;
  fuelL: number;
  load: number;
}

/** Drives for dtS ≤ 0.5 s. halted: the bus rolls to a standstill and stays. @returns true when it has reached its stop */
export function drive(
  bus: Motion,
  nowMs: number,
  dtS: number,
  streets: Streets,
  signals: Signals,
  halted: boolean,
): boolean {
  const { side } = bus;
  const stopM = side.stopAtM[bus.stop]! - bus.atM;
  const endM = side.linkStartM[bus.linkIndex + 1]! - bus.atM;
  const targetMps = halted ? 0 : Math.min(BUS_TOP_MPS, side.busMps(bus.linkIndex, streets) * bus.pace);
  let limitMps = Math.min(targetMps, bus.speedMps + ACCEL_MPS2 * dtS, safeMps(stopM, bus.speedMps, dtS, BRAKE_MPS2));
  let brakeMps2 = BRAKE_MPS2;
  let roomM = stopM;
  if (endM < stopM) {
    if (side.turnAfter[bus.linkIndex]) {
      limitMps = Math.min(limitMps, Math.sqrt(BUS_TURN_MPS * BUS_TURN_MPS + 2 * BRAKE_MPS2 * endM));
    }
    const lineM = Math.max(0, endM - STOP_LINE_M);
    if (mustStop(signals.light(side.links[bus.linkIndex]!, nowMs), bus.speedMps, lineM)) {
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
  bus.odometerM += Math.max(0, side.stopAtM[bus.stop]! - bus.atM);
  bus.atM = side.stopAtM[bus.stop]!;
  bus.linkIndex = side.linkAt(bus.atM, bus.linkIndex);
  bus.speedMps = 0;
  return true;
}

/** Diesel of movedM and dtS on the road, L. */
export function fuelOnRoadL(bus: Motion, movedM: number, dtS: number, tempC: number): number {
  return drivingFuelL(movedM / 1000, dtS / 3600, bus.load, tempC > AIR_CONDITIONING_C);
}

/** Diesel of dtS at a terminal, L; nothing once the driver has turned the engine off. */
export function fuelAtTerminalL(sinceMs: number, nowMs: number, dtS: number, tempC: number): number {
  return nowMs - sinceMs < IDLE_MAX_MS ? idleFuelL(dtS / 3600, tempC > AIR_CONDITIONING_C) : 0;
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
