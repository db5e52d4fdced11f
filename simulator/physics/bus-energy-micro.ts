// The power of a 12 m city bus second by second, and what it takes from tank or battery: checks the mean values of bus-energy.ts and shows what
// a way of driving changes. Speeds at 1 Hz; a level road, no wind, no gears.
import { cabinKw, coolingShare } from './bus-energy.ts';

const GRAVITY_MPS2 = 9.81;
const AIR_KG_PER_M3 = 1.2;
const DRAG_AREA_M2 = 5.6;
const ROLLING_RESISTANCE = 0.008;
/** Wheels, shafts and engine gain speed too; 1.05…1.1 for heavy vehicles in city driving. */
const ROTATING_MASS = 1.06;
const DIESEL_G_PER_L = 835;
/** Curb mass and people of the reference, kg. */
export const REFERENCE_MASS_KG = 14_000;
/** A battery bus carries this much more, kg (engineering estimate). */
export const BATTERY_EXTRA_KG = 1500;

/** An engine that turns, g/s, and its air conditioning at 35 °C. */
const TURNING_G_PER_S = 0.4;
const COOLING_G_PER_S = 0.2;
/** For work at the wheels: 38 % of 42.7 MJ/kg beyond what keeps the engine turning. */
const G_PER_KJ = 0.0616;
/** Of the braking energy at the wheel, what a hybrid has at the wheel again. */
const HYBRID_RECOVERED = 0.35;
/** Battery to wheel, wheel to battery (engineering estimates). */
const TRACTION_EFFICIENCY = 0.8;
const RECUPERATION = 0.5;
const AUXILIARY_KW = 2;

/**
 * Power at the wheels, W: v (1.06 m a + m g Crr + rho CdA v²/2); below 0 the brakes, or a motor, take it.
 * speedMps ≥ 0, accelMps2, massKg of bus and people.
 */
export function wheelPowerW(speedMps: number, accelMps2: number, massKg: number): number {
  const dragN = 0.5 * AIR_KG_PER_M3 * DRAG_AREA_M2 * speedMps * speedMps;
  return speedMps * (ROTATING_MASS * massKg * accelMps2 + massKg * GRAVITY_MPS2 * ROLLING_RESISTANCE + dragN);
}

/** What a driven cycle takes at the wheels. */
export interface WheelWork {
  readonly km: number;
  readonly hours: number;
  /** Hours at less than 0.1 m/s. */
  readonly standingHours: number;
  /** Into the wheels, and out of them while braking, MJ. */
  readonly driveMj: number;
  readonly brakeMj: number;
}

/** Sums power over a cycle: speeds [m/s] one second apart; each second at its mean speed. massKg: bus and people. */
export function wheelWork(speedsMps: ArrayLike<number>, massKg: number): WheelWork {
  let metres = 0;
  let standingS = 0;
  let driveJ = 0;
  let brakeJ = 0;
  for (let i = 1; i < speedsMps.length; i++) {
    const before = speedsMps[i - 1]!;
    const after = speedsMps[i]!;
    const meanMps = (before + after) / 2;
    const powerW = wheelPowerW(meanMps, after - before, massKg);
    metres += meanMps;
    if (meanMps < 0.1) standingS++;
    if (powerW > 0) driveJ += powerW;
    else brakeJ -= powerW;
  }
  const hours = (speedsMps.length - 1) / 3600;
  return { km: metres / 1000, hours, standingHours: standingS / 3600, driveMj: driveJ / 1e6, brakeMj: brakeJ / 1e6 };
}

/** Diesel [L]: (0.40 + 0.20 cooling) g/s and 0.0616 g/kJ at the wheels. tempC outside [°C] */
export function dieselCycleL(work: WheelWork, tempC: number): number {
  return litres(work.hours * 3600, tempC, work.driveMj);
}

/** Diesel [L] of a hybrid: 35 % of the braking energy comes back, and the engine rests at a stop unless it has to cool. */
export function hybridCycleL(work: WheelWork, tempC: number): number {
  const cooled = coolingShare(tempC) > 0;
  const turningS = (work.hours - (cooled ? 0 : work.standingHours)) * 3600;
  return litres(turningS, tempC, Math.max(0, work.driveMj - HYBRID_RECOVERED * work.brakeMj));
}

/** Out of the battery, kWh. `work` with the mass of a battery bus. tempC outside [°C] */
export function batteryCycleKwh(work: WheelWork, tempC: number): number {
  const propulsionMj = work.driveMj / TRACTION_EFFICIENCY - work.brakeMj * RECUPERATION;
  return propulsionMj / 3.6 + (AUXILIARY_KW + cabinKw(tempC)) * work.hours;
}

function litres(turningS: number, tempC: number, workMj: number): number {
  const grams = turningS * (TURNING_G_PER_S + COOLING_G_PER_S * coolingShare(tempC)) + G_PER_KJ * 1000 * workMj;
  return grams / DIESEL_G_PER_L;
}

/** From stop to stop: what a driver and a street make of one leg. */
export interface Leg {
  readonly metres: number;
  /** Reached if the leg is long enough for it. */
  readonly cruiseMps: number;
  readonly accelMps2: number;
  readonly brakeMps2: number;
  /** At its end. */
  readonly standS: number;
}

/** Speeds [m/s] one second apart of legs driven one after the other, from rest to rest; a leg too short for its cruise speed peaks below it. */
export function driveCycle(legs: Iterable<Leg>): Float64Array {
  const speeds = [0];
  for (const leg of legs) driveLeg(leg, speeds);
  return Float64Array.from(speeds);
}

function driveLeg(leg: Leg, speeds: number[]): void {
  const { metres, accelMps2, brakeMps2 } = leg;
  const perMps2 = 1 / accelMps2 + 1 / brakeMps2;
  const peakMps = Math.min(leg.cruiseMps, Math.sqrt((2 * metres) / perMps2));
  const speedUpS = peakMps / accelMps2;
  const cruiseS = metres / peakMps - (peakMps / 2) * perMps2;
  const brakingS = peakMps / brakeMps2;
  const movingS = speedUpS + cruiseS + brakingS;
  for (let t = 1; t <= Math.ceil(movingS); t++) {
    const left = Math.max(0, movingS - t);
    speeds.push(Math.min(peakMps, t * accelMps2, left * brakeMps2));
  }
  for (let t = 0; t < Math.round(leg.standS); t++) speeds.push(0);
}
