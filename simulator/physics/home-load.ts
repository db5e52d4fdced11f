// Electric load of a mean home by hour and weather: what is always there, cooling and heating. A statistical picture of many homes; it
// knows no single appliance, no car and no panel on the roof. Shapes and coefficients are engineering estimates that follow the Chinese
// Residential Energy Consumption Survey of 2021; with the weather of Wuxi they sum to about 8.1 kWh a day.
import type { DayType } from '../world.ts';
import { laterMorning } from './water-demand.ts';

/** Base load of a mean home. */
export const BASE_KWH_PER_DAY = 6.4;
/** More people are at home on free days (engineering estimate); the week's mean stays 1. */
const WORKDAY_FACTOR = 0.98;
const FREE_DAY_FACTOR = 1.05;

// prettier-ignore
const BASE_WEIGHT = [
  0.62, 0.55, 0.52, 0.5, 0.5, 0.56, 0.8, 1.02, 1, 0.92, 0.92, 1.08,
  1.18, 1.02, 0.92, 0.9, 0.96, 1.15, 1.45, 1.6, 1.62, 1.52, 1.25, 0.9,
];
const BASE_KW_WORKDAY = ofDay(BASE_WEIGHT, BASE_KWH_PER_DAY * WORKDAY_FACTOR);
const BASE_KW_FREE_DAY = ofDay(laterMorning(BASE_WEIGHT), BASE_KWH_PER_DAY * FREE_DAY_FACTOR);

/** Share of the units that run at this hour of a hot day, and of a cold one. */
// prettier-ignore
const COOLING_SHARE = [
  0.4, 0.36, 0.34, 0.32, 0.31, 0.3, 0.27, 0.25, 0.24, 0.26, 0.28, 0.33,
  0.36, 0.36, 0.33, 0.28, 0.27, 0.28, 0.32, 0.36, 0.38, 0.42, 0.44, 0.43,
];
// prettier-ignore
const HEATING_SHARE = [
  0.1, 0.06, 0.05, 0.05, 0.05, 0.06, 0.12, 0.14, 0.1, 0.08, 0.08, 0.09,
  0.1, 0.09, 0.08, 0.08, 0.09, 0.13, 0.22, 0.26, 0.28, 0.27, 0.22, 0.15,
];

export interface HomeHour {
  /** 0…24, a moment; the mean of a civil hour is met at its middle (7.5 for the hour from seven to eight). */
  readonly hour: number;
  readonly tempC: number;
  readonly dayMeanTempC: number;
  readonly dayType: DayType;
}

/** Load of a mean home: base, cooling and heating. Temperatures −40…60 → kW. */
export function homeLoadKw(when: HomeHour): number {
  return baseLoadKw(when.hour, when.dayType) + coolingKw(when) + heatingKw(when);
}

/** Load that does not depend on the weather. hour 0…24 → kW */
export function baseLoadKw(hour: number, dayType: DayType): number {
  return atHour(dayType === 'workday' ? BASE_KW_WORKDAY : BASE_KW_FREE_DAY, hour);
}

/** 2.2 a(h) S((Td − 27) / 1.3) (0.22 + 0.045 max(T − 25, 0)), S the logistic function, Td the day's mean → kW */
export function coolingKw({ hour, tempC, dayMeanTempC }: Omit<HomeHour, 'dayType'>): number {
  const wish = logistic((dayMeanTempC - 27) / 1.3);
  return 2.2 * atHour(COOLING_SHARE, hour) * wish * (0.22 + 0.045 * Math.max(tempC - 25, 0));
}

/** 1.6 a(h) S((8 − Td) / 2) (0.45 + 0.03 max(10 − T, 0)), S the logistic function, Td the day's mean → kW */
export function heatingKw({ hour, tempC, dayMeanTempC }: Omit<HomeHour, 'dayType'>): number {
  const wish = logistic((8 - dayMeanTempC) / 2);
  return 1.6 * atHour(HEATING_SHARE, hour) * wish * (0.45 + 0.03 * Math.max(10 - tempC, 0));
}

/** Linear between the middles of the hours, over midnight too. */
function atHour(values: readonly number[], hour: number): number {
  const position = hour + 23.5;
  const before = Math.floor(position);
  const a = values[before % 24]!;
  return a + (position - before) * (values[(before + 1) % 24]! - a);
}

function ofDay(weights: readonly number[], kwh: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (weight / total) * kwh);
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
