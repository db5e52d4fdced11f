// What people do at this hour: ride, drive, park, use water. Daily rhythms of working days and weekends; no holidays, no feedback.
import type { LandUse } from '../city.ts';
import { laterMorning } from '../physics/water-demand.ts';
import type { Random } from '../random.ts';
import type { People } from '../world.ts';

const HOUR_MS = 3_600_000;

/** One value an hour, 0…23, for working days and for weekends. */
interface Rhythm {
  readonly workday: readonly number[];
  readonly weekend: readonly number[];
}

// All rhythms are engineering estimates unless said otherwise.

/** Percent of a working day's boardings; a weekend day has 85. */
// prettier-ignore
const BOARDING: Rhythm = {
  workday: [0, 0, 0, 0, 0, 0, 4, 11, 10.5, 6, 5, 5, 4.5, 4.5, 5, 5.5, 7.5, 11, 8.5, 5, 4, 3, 0, 0],
  weekend: [0, 0, 0, 0, 0, 0, 2, 3.5, 5, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 6, 4.5, 3.5, 2, 0, 0],
};
/** Days differ in boardings more than chance explains. */
const BOARDING_DAY_SIGMA = 0.08;
const BOARDING_DAY = 1;

/** Water use of 1,000 homes with pulses of five end uses (see the water meter); on weekends the morning comes an hour later. */
// prettier-ignore
const WATER_WORKDAY = [
  0.23, 0.14, 0.12, 0.13, 0.19, 0.47, 1.31, 1.68, 1.26, 0.93, 1.07, 1.43,
  1.2, 0.79, 0.68, 0.64, 0.85, 1.45, 2.05, 2.0, 1.78, 1.59, 1.24, 0.77,
];
const WATER: Rhythm = { workday: WATER_WORKDAY, weekend: laterMorning(WATER_WORKDAY) };

/** Cars under way, of the peak. */
// prettier-ignore
const TRAFFIC: Rhythm = {
  workday: [0.12, 0.08, 0.06, 0.05, 0.07, 0.15, 0.4, 0.85, 1, 0.8, 0.66, 0.64, 0.62, 0.6, 0.63, 0.68, 0.8, 1, 0.92, 0.68, 0.52, 0.42, 0.3, 0.19],
  weekend: [0.15, 0.1, 0.07, 0.05, 0.06, 0.1, 0.22, 0.38, 0.55, 0.68, 0.75, 0.76, 0.72, 0.7, 0.73, 0.76, 0.78, 0.8, 0.74, 0.64, 0.55, 0.46, 0.34, 0.22],
};

/** Cars that look for a spot, relative to the mean of a working day. Offices fill before nine, homes after work. */
// prettier-ignore
const PARKING: { readonly [use in LandUse]: Rhythm } = {
  retail: {
    workday: [0.15, 0.1, 0.05, 0.05, 0.05, 0.1, 0.3, 0.6, 0.9, 1.1, 1.3, 1.6, 1.6, 1.3, 1.3, 1.3, 1.4, 1.8, 2.2, 2.2, 1.8, 1.2, 0.6, 0.3],
    weekend: [0.2, 0.1, 0.05, 0.05, 0.05, 0.1, 0.2, 0.4, 0.8, 1.4, 1.8, 2, 1.9, 1.7, 1.7, 1.8, 1.9, 2.1, 2.4, 2.3, 1.9, 1.3, 0.7, 0.3],
  },
  office: {
    workday: [0.02, 0.02, 0.02, 0.02, 0.05, 0.1, 0.8, 4.6, 7.2, 3.6, 1.5, 0.9, 0.9, 1.5, 1.2, 0.7, 0.4, 0.2, 0.1, 0.08, 0.05, 0.03, 0.02, 0.02],
    weekend: [0.02, 0.02, 0.02, 0.02, 0.03, 0.05, 0.15, 0.5, 0.9, 0.8, 0.6, 0.5, 0.5, 0.6, 0.5, 0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.03, 0.02, 0.02],
  },
  industry: {
    workday: [0.05, 0.05, 0.05, 0.05, 0.1, 0.3, 2.2, 7.4, 4.4, 1.4, 0.8, 0.6, 0.7, 1, 0.7, 0.5, 0.4, 0.4, 0.6, 1.5, 0.6, 0.1, 0.05, 0.05],
    weekend: [0.05, 0.05, 0.05, 0.05, 0.1, 0.2, 1, 3, 1.8, 0.6, 0.4, 0.3, 0.3, 0.4, 0.3, 0.3, 0.2, 0.2, 0.4, 0.8, 0.3, 0.1, 0.05, 0.05],
  },
  housing: {
    workday: [0.25, 0.12, 0.06, 0.05, 0.06, 0.1, 0.25, 0.4, 0.55, 0.6, 0.65, 0.8, 0.9, 0.8, 0.7, 0.8, 1.2, 2.4, 3.6, 3.4, 2.5, 1.8, 1.2, 0.6],
    weekend: [0.35, 0.2, 0.1, 0.06, 0.06, 0.08, 0.15, 0.3, 0.5, 0.8, 1, 1.3, 1.4, 1.3, 1.2, 1.3, 1.6, 2.2, 2.6, 2.5, 2.1, 1.7, 1.2, 0.7],
  },
};

const BOARDING_NODES = meanPreserving(BOARDING);
const WATER_NODES = meanPreserving(WATER);
const PARKING_NODES = {
  retail: perMean(PARKING.retail),
  office: perMean(PARKING.office),
  industry: perMean(PARKING.industry),
  housing: perMean(PARKING.housing),
};

/** civilMs: civil time, ms since 1970. */
export function peopleAt(random: Random, civilMs: number): People {
  const boardingFactor = (day: number) =>
    (0.01 * random.lognormal(1, BOARDING_DAY_SIGMA, 0, BOARDING_DAY, day)) /
    Math.exp((BOARDING_DAY_SIGMA * BOARDING_DAY_SIGMA) / 2);
  return {
    boardingShare: between(BOARDING_NODES, civilMs, boardingFactor),
    waterFactor: between(WATER_NODES, civilMs),
    parkingFactor: {
      retail: parkingFactor('retail', civilMs),
      office: parkingFactor('office', civilMs),
      industry: parkingFactor('industry', civilMs),
      housing: parkingFactor('housing', civilMs),
    },
    traffic: between(TRAFFIC, civilMs),
  };
}

/** Parking arrivals at a moment relative to the mean of a working day. */
export function parkingFactor(use: LandUse, civilMs: number): number {
  return between(PARKING_NODES[use], civilMs);
}

/** Highest value `parkingFactor` takes, for thinning. */
export function parkingPeak(use: LandUse): number {
  return Math.max(...PARKING_NODES[use].workday, ...PARKING_NODES[use].weekend);
}

/** True on Saturday and Sunday. day: civil days since 1970-01-01, a Thursday. */
export function isWeekend(day: number): boolean {
  const weekday = (((day + 4) % 7) + 7) % 7;
  return weekday === 0 || weekday === 6;
}

/** Linear between the middles of the hours, over midnight too; every hour takes the rhythm and the factor of its own day. */
function between(rhythm: Rhythm, civilMs: number, dayFactor?: (day: number) => number): number {
  const position = civilMs / HOUR_MS - 0.5;
  const index = Math.floor(position);
  const a = nodeAt(rhythm, index, dayFactor);
  return a + (position - index) * (nodeAt(rhythm, index + 1, dayFactor) - a);
}

function nodeAt(rhythm: Rhythm, index: number, dayFactor?: (day: number) => number): number {
  const day = Math.floor(index / 24);
  const value = (isWeekend(day) ? rhythm.weekend : rhythm.workday)[index - 24 * day]!;
  return dayFactor === undefined ? value : value * dayFactor(day);
}

function perMean({ workday, weekend }: Rhythm): Rhythm {
  const mean = sum(workday) / 24;
  return { workday: workday.map((value) => value / mean), weekend: weekend.map((value) => value / mean) };
}

function meanPreserving({ workday, weekend }: Rhythm): Rhythm {
  return { workday: nodesOf(workday), weekend: nodesOf(weekend) };
}

/**
 * Values at the middles of the hours such that the line through them has the given hourly means: a hat averages (1, 6, 1)/8, undone by
 * fixed-point iteration. Negative corners beside empty hours are cut and the day's sum restored.
 */
function nodesOf(means: readonly number[]): number[] {
  let nodes = [...means];
  for (let round = 0; round < 30; round++) {
    nodes = nodes.map((node, i) => {
      const mean = (nodes[(i + 23) % 24]! + 6 * node + nodes[(i + 1) % 24]!) / 8;
      return Math.max(0, node + means[i]! - mean);
    });
  }
  const scale = sum(means) / sum(nodes);
  return nodes.map((node) => node * scale);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
