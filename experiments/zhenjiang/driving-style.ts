// What a way of driving takes, second by second: eco-driving feedback on the same drawn trips, and a stop at a light.
import {
  BATTERY_EXTRA_KG,
  REFERENCE_MASS_KG,
  batteryCycleKwh,
  dieselCycleL,
  driveCycle,
  hybridCycleL,
  wheelWork,
} from '../../simulator/physics/bus-energy-micro.ts';
import type { WheelWork } from '../../simulator/physics/bus-energy-micro.ts';
import type { Propulsion } from '../../simulator/physics/bus-energy.ts';
import type { Random } from '../../simulator/random.ts';
import { drivenDay } from '../driven-day.ts';
import type { DrivingStyle } from '../driven-day.ts';

const PLAN = { speedKmh: 18, km: 96, tripKm: 16, passengers: 10 } as const;

export interface StyleEffect {
  /** Moving time over the usual one. */
  readonly movingFactor: number;
  /** Energy over the usual one, for the same hours: what the hours cost is counted with them. */
  readonly energyFactor: number;
}

export function styleEffect(
  random: Random,
  usual: DrivingStyle,
  coached: DrivingStyle,
  propulsion: Propulsion,
  tempC: number,
): StyleEffect {
  const massKg = REFERENCE_MASS_KG + (propulsion === 'battery' ? BATTERY_EXTRA_KG : 0);
  const before = worked(random, usual, massKg);
  const after = worked(random, coached, massKg);
  const movingHours = (work: WheelWork) => work.hours - work.standingHours;
  const sameHours = { ...after, hours: before.hours, standingHours: before.standingHours };
  return {
    movingFactor: movingHours(after) / movingHours(before),
    energyFactor: taken(propulsion, sameHours, tempC) / taken(propulsion, before, tempC),
  };
}

function worked(random: Random, style: DrivingStyle, massKg: number): WheelWork {
  const days = drivenDay(random, PLAN, style).map(({ speedsMps }) => wheelWork(speedsMps, massKg));
  const sum = (part: keyof WheelWork) => days.reduce((total, work) => total + work[part], 0);
  return {
    km: sum('km'),
    hours: sum('hours'),
    standingHours: sum('standingHours'),
    driveMj: sum('driveMj'),
    brakeMj: sum('brakeMj'),
  };
}

/** Between two stops of a city line, and from one to the next on the Beijing bus cycle. */
const LEG = { metres: 650, cruiseMps: 35 / 3.6, accelMps2: 0.9, brakeMps2: 1, standS: 0 } as const;
const BEIJING_LEG = { ...LEG, metres: 400, standS: 38 } as const;

/** What a stop at a red light takes besides time, in mean kilometres: a leg in two halves against the whole one. */
export function redStopKm(propulsion: Propulsion, tempC: number): number {
  const massKg = REFERENCE_MASS_KG + (propulsion === 'battery' ? BATTERY_EXTRA_KG : 0);
  const half = { ...LEG, metres: LEG.metres / 2 };
  const passing = wheelWork(driveCycle([LEG]), massKg);
  const { hours, standingHours } = passing;
  const stopping = { ...wheelWork(driveCycle([half, half]), massKg), hours, standingHours };
  const mean = wheelWork(driveCycle([BEIJING_LEG]), massKg);
  const perKm = taken(propulsion, mean, tempC) / mean.km;
  return (taken(propulsion, stopping, tempC) - taken(propulsion, passing, tempC)) / perKm;
}

/** Gas engines like the diesel: only the ratio counts. */
function taken(propulsion: Propulsion, work: WheelWork, tempC: number): number {
  if (propulsion === 'battery') return batteryCycleKwh(work, tempC);
  return propulsion === 'hybrid' ? hybridCycleL(work, tempC) : dieselCycleL(work, tempC);
}
