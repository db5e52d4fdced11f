// The hours of people's days, as tables: boardings, water, traffic, parking, on working days, weekends and public holidays. What weather and
// events make of them is decided in `people.ts`.
import type { LandUse } from '../city.ts';
import { laterMorning } from '../physics/water-demand.ts';
import type { DayType } from '../world.ts';

/** One value an hour, 0…23, for working days and for weekends. */
interface Week {
  readonly workday: readonly number[];
  readonly weekend: readonly number[];
}

/** One value at the middle of each hour, 0…23, for every type of day. */
export type Rhythm = { readonly [type in DayType]: readonly number[] };

// All rhythms are engineering estimates unless said otherwise.

/** Percent of a working day's boardings; a weekend day has 85. */
// prettier-ignore
const BOARDING_WEEK: Week = {
  workday: [0, 0, 0, 0, 0, 0, 4, 11, 10.5, 6, 5, 5, 4.5, 4.5, 5, 5.5, 7.5, 11, 8.5, 5, 4, 3, 0, 0],
  weekend: [0, 0, 0, 0, 0, 0, 2, 3.5, 5, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 6.5, 6, 4.5, 3.5, 2, 0, 0],
};

/** Water use of 1,000 homes with pulses of five end uses (see the water meter); on weekends the morning comes an hour later. */
// prettier-ignore
const WATER_WORKDAY = [
  0.23, 0.14, 0.12, 0.13, 0.19, 0.47, 1.31, 1.68, 1.26, 0.93, 1.07, 1.43,
  1.2, 0.79, 0.68, 0.64, 0.85, 1.45, 2.05, 2.0, 1.78, 1.59, 1.24, 0.77,
];
const WATER_WEEK: Week = { workday: WATER_WORKDAY, weekend: laterMorning(WATER_WORKDAY) };

/** Cars under way, of the peak. */
// prettier-ignore
const TRAFFIC_WEEK: Week = {
  workday: [0.12, 0.08, 0.06, 0.05, 0.07, 0.15, 0.4, 0.85, 1, 0.8, 0.66, 0.64, 0.62, 0.6, 0.63, 0.68, 0.8, 1, 0.92, 0.68, 0.52, 0.42, 0.3, 0.19],
  weekend: [0.15, 0.1, 0.07, 0.05, 0.06, 0.1, 0.22, 0.38, 0.55, 0.68, 0.75, 0.76, 0.72, 0.7, 0.73, 0.76, 0.78, 0.8, 0.74, 0.64, 0.55, 0.46, 0.34, 0.22],
};

/** Cars that look for a spot, relative to the mean of a working day. Offices fill before nine, homes after work. */
// prettier-ignore
const PARKING_WEEK: { readonly [use in LandUse]: Week } = {
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

/** Parking on a public holiday relative to a weekend day (engineering estimate): shops are fuller, offices and factories all but empty. */
const PARKING_HOLIDAY = { retail: 1.2, office: 0.5, industry: 0.5, housing: 0.95 };

export const BOARDING = meanPreserving(withHolidays(BOARDING_WEEK));
export const WATER = meanPreserving(withHolidays(WATER_WEEK));
export const TRAFFIC = withHolidays(TRAFFIC_WEEK);
export const PARKING: { readonly [use in LandUse]: Rhythm } = {
  retail: perWorkdayMean(withHolidays(PARKING_WEEK.retail, PARKING_HOLIDAY.retail)),
  office: perWorkdayMean(withHolidays(PARKING_WEEK.office, PARKING_HOLIDAY.office)),
  industry: perWorkdayMean(withHolidays(PARKING_WEEK.industry, PARKING_HOLIDAY.industry)),
  housing: perWorkdayMean(withHolidays(PARKING_WEEK.housing, PARKING_HOLIDAY.housing)),
};

/** A rhythm's value at an hour 0…24 of one sort of day, linear between the middles of the hours; midnight looks at the same day. */
export function atHour(values: readonly number[], hour: number): number {
  const position = hour + 23.5;
  const index = Math.floor(position);
  const [low, high] = [values[index % 24]!, values[(index + 1) % 24]!];
  return low + (position - index) * (high - low);
}

/** Holidays are weekends with a still later morning. */
function withHolidays({ workday, weekend }: Week, share = 1): Rhythm {
  return { workday, weekend, holiday: laterMorning(weekend).map((value) => share * value) };
}

function perWorkdayMean(rhythm: Rhythm): Rhythm {
  const mean = sum(rhythm.workday) / 24;
  return eachType(rhythm, (values) => values.map((value) => value / mean));
}

function meanPreserving(rhythm: Rhythm): Rhythm {
  return eachType(rhythm, nodesOf);
}

function eachType(
  { workday, weekend, holiday }: Rhythm,
  change: (values: readonly number[]) => readonly number[],
): Rhythm {
  return { workday: change(workday), weekend: change(weekend), holiday: change(holiday) };
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
