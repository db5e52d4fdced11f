// A day of a bus second by second, drawn: how far apart its stops are, how fast it gets between them, how long it stands and how full it is.
// No street and no timetable; what it takes to drive so is the business of simulator/physics/bus-energy-micro.ts.
import { driveCycle } from '../simulator/physics/bus-energy-micro.ts';
import type { Leg } from '../simulator/physics/bus-energy-micro.ts';
import type { Random } from '../simulator/random.ts';

/** From one stop or red light to the next: 2.5 a km at 16 km/h, as in the Beijing bus cycle. */
const STOP_EVERY_S = 90;
/** Between stops at a mean of 16 km/h; it changes with the fourth root of the mean, and standing does the rest. */
const CRUISE_KMH = 35;
const REFERENCE_KMH = 16;
const SPACING_SIGMA = 0.4;
const CRUISE_SIGMA = 0.1;
/** Days differ by weather and traffic. */
const DAY_SIGMA = 0.06;
const LOAD_SIGMA = 0.5;
const CAPACITY = 80;
const ACCEL_MPS2 = 0.9;
const BRAKE_MPS2 = 1;
/** A harsh leg: the pedals of the reports of telematics, and the speed that comes with them. Engineering estimate. */
const HARSH = { accelMps2: 1.3, brakeMps2: 1.6, cruiseFactor: 1.12 } as const;

const PURPOSE = { day: 0, spacing: 1, cruise: 2, stand: 3, load: 4, harsh: 5 } as const;

export interface DayPlan {
  /** Stops and lights included. */
  readonly speedKmh: number;
  readonly km: number;
  /** One trip has one load. */
  readonly tripKm: number;
  /** Mean on board. */
  readonly passengers: number;
}

/** How the driver differs from one who is calm and keeps up with the traffic. */
export interface DrivingStyle {
  /** Share of legs driven harshly, 0…1. */
  readonly harshShare: number;
  /** Of the cruise speed, about 1. */
  readonly cruiseFactor: number;
}

export const CALM: DrivingStyle = { harshShare: 0, cruiseFactor: 1 };

export interface DrivenTrip {
  /** 1 Hz */
  readonly speedsMps: Float64Array;
  readonly passengers: number;
}

/**
 * The day of device 0 of `random`. The street, the stops and the lights are the same in every style: who drives more slowly arrives later.
 */
export function drivenDay(random: Random, plan: DayPlan, style = CALM): DrivenTrip[] {
  const meanKmh = plan.speedKmh * Math.exp(DAY_SIGMA * random.normal(0, PURPOSE.day, 0));
  const trips = Math.max(1, Math.round(plan.km / plan.tripKm));
  return Array.from({ length: trips }, (_, trip) => {
    const legs = calmLegs(random, meanKmh, plan.tripKm, trip);
    const styled = legs.map((leg, index) => inStyle(leg, style, random.uniform(trip, PURPOSE.harsh, index)));
    const drawn = random.lognormal(
      plan.passengers * Math.exp(-(LOAD_SIGMA * LOAD_SIGMA) / 2),
      LOAD_SIGMA,
      trip,
      PURPOSE.load,
      0,
    );
    return { speedsMps: driveCycle(styled), passengers: Math.min(CAPACITY, drawn) };
  });
}

/** Legs of a trip that take the time the mean speed leaves: standing has an exponential distribution and fills up what driving does not take. */
function calmLegs(random: Random, meanKmh: number, tripKm: number, trip: number): Leg[] {
  const count = Math.max(1, Math.round((tripKm / meanKmh) * (3600 / STOP_EVERY_S)));
  const spacing = weights(count, (i) => random.lognormal(1, SPACING_SIGMA, trip, PURPOSE.spacing, i));
  const stands = weights(count, (i) => random.exponential(1, trip, PURPOSE.stand, i));
  const usualMps = (CRUISE_KMH / 3.6) * Math.sqrt(Math.sqrt(meanKmh / REFERENCE_KMH));
  const legs = spacing.map((share, i): Leg => ({
    metres: share * tripKm * 1000,
    cruiseMps: usualMps * (1 + CRUISE_SIGMA * random.normal(trip, PURPOSE.cruise, i)),
    accelMps2: ACCEL_MPS2,
    brakeMps2: BRAKE_MPS2,
    standS: 0,
  }));
  const standingS = Math.max(0, (tripKm / meanKmh) * 3600 - (driveCycle(legs).length - 1));
  return legs.map((leg, i) => ({ ...leg, standS: stands[i]! * standingS }));
}

/** Drawn numbers as shares of their sum. */
function weights(count: number, draw: (index: number) => number): number[] {
  const drawn = Array.from({ length: count }, (_, index) => draw(index));
  const sum = drawn.reduce((total, value) => total + value, 0);
  return drawn.map((value) => value / sum);
}

function inStyle(leg: Leg, style: DrivingStyle, luck: number): Leg {
  const harsh = luck < style.harshShare;
  const factor = style.cruiseFactor * (harsh ? HARSH.cruiseFactor : 1);
  return {
    ...leg,
    ...(harsh ? { accelMps2: HARSH.accelMps2, brakeMps2: HARSH.brakeMps2 } : {}),
    cruiseMps: leg.cruiseMps * factor,
  };
}
