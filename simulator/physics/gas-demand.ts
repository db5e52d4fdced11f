// How much gas a home burns in an hour: cooking and hot water as random events, heating by the weather for the few homes with a boiler of their
// own. Volumes at the meter's conditions; no pressure, no flame. A pure function of the home and the civil hour.
// Sources: Chongqing Statistical Yearbook 2008 (274 m³ a year in a home without heating); weighted temperature after the German standard load
// profiles (BDEW). Events, hours and spreads are engineering estimates.
import type { Random } from '../random.ts';
import type { CityHour } from '../world.ts';

const COOKING_M3_PER_DAY = 0.3;
const HOT_WATER_M3_PER_DAY = 0.3;
/** Hot water takes this much more for each kelvin below 20 °C. */
const HOT_WATER_PER_K = 0.035;
const MILD_C = 20;
/** Meals and showers of a mean home in a day, and the spread of their volumes (standard deviation of the logarithm). */
const MEALS_PER_DAY = 2.2;
const MEAL_SIGMA = 0.4;
const SHOWERS_PER_DAY = 2.1;
const SHOWER_SIGMA = 0.3;
/** Share of a day's events by civil hour; a tenth is eaten and washed outside the usual hours (engineering estimate). */
// prettier-ignore
const MEAL_SHARE = hours([6, 0.115], [7, 0.115], [8, 0.02], [10, 0.02], [11, 0.26], [12, 0.03], [13, 0.01], [14, 0.01], [15, 0.01], [16, 0.01], [17, 0.2], [18, 0.2]);
const SHOWER_SHARE = hours([7, 0.05], [14, 0.02], [19, 0.24], [20, 0.24], [21, 0.23], [22, 0.22]);
/** Homes differ, and a home differs from month to month: guests, travels. */
const HOME_SIGMA = 0.45;
const MONTH_SIGMA = 0.22;
const MONTH_HOURS = 730;

/** Homes with a wall-hung boiler; they heat below 15 °C, each square metre alike, and less at night. */
const HEATED_SHARE = 0.12;
const HEATING_M3_PER_DAY_K = 0.55;
const HEATING_LIMIT_C = 15;
const HEATED_MEDIAN_M2 = 115;
const HEATED_SIGMA = 0.3;
const NIGHT_WEIGHT = 0.6;
const HEATING_SHARE = heatingShare();

// Purposes of the random draws; those of an event are spread by its number.
const HOME = 301;
const MONTH = 302;
const HEATED = 303;
const AREA = 304;
const MEALS = 310;
const MEAL = 311;
const SHOWERS = 320;
const SHOWER = 321;
/** Apart from the draws that a Poisson count takes, which are 1,000,003 apart. */
const EVENT_STEP = 1009;

export function isHeated(random: Random, home: number): boolean {
  return random.uniform(home, HEATED, 0) < HEATED_SHARE;
}

/** What a home of this index burns in a civil hour, m³. civilHourIndex: hours since 1970; when: that hour. */
export function gasM3(random: Random, home: number, civilHourIndex: number, when: CityHour): number {
  return cookedM3(random, home, civilHourIndex, when) + heatedM3(random, home, when);
}

function cookedM3(random: Random, home: number, index: number, { hour, weightedTempC }: CityHour): number {
  const [meals, showers] = [MEAL_SHARE[hour]!, SHOWER_SHARE[hour]!];
  if (meals + showers === 0) return 0;
  const month = Math.floor(index / MONTH_HOURS);
  const habit =
    meanOne(HOME_SIGMA, random.normal(home, HOME, 0)) * meanOne(MONTH_SIGMA, random.normal(home, MONTH, month));
  let m3 = 0;
  if (meals > 0) {
    const count = random.poisson(meals * habit * MEALS_PER_DAY, home, MEALS, index);
    const meanM3 = COOKING_M3_PER_DAY / MEALS_PER_DAY;
    for (let i = 0; i < count; i++)
      m3 += meanM3 * meanOne(MEAL_SIGMA, random.normal(home, MEAL + EVENT_STEP * i, index));
  }
  if (showers > 0) {
    const count = random.poisson(showers * habit * SHOWERS_PER_DAY, home, SHOWERS, index);
    const cold = Math.max(0, 1 + HOT_WATER_PER_K * (MILD_C - weightedTempC));
    const meanM3 = (HOT_WATER_M3_PER_DAY / SHOWERS_PER_DAY) * cold;
    for (let i = 0; i < count; i++)
      m3 += meanM3 * meanOne(SHOWER_SIGMA, random.normal(home, SHOWER + EVENT_STEP * i, index));
  }
  return m3;
}

function heatedM3(random: Random, home: number, { hour, weightedTempC }: CityHour): number {
  if (weightedTempC >= HEATING_LIMIT_C || !isHeated(random, home)) return 0;
  const areaM2 = random.lognormal(HEATED_MEDIAN_M2, HEATED_SIGMA, home, AREA, 0);
  return HEATING_M3_PER_DAY_K * (HEATING_LIMIT_C - weightedTempC) * (areaM2 / 100) * HEATING_SHARE[hour]!;
}

/** Mean use of a home over a year with the climate of Wuxi, m³ a day: for a register's history. */
export function yearMeanM3PerDay(random: Random, home: number): number {
  const daily = 0.63 * meanOne(HOME_SIGMA, random.normal(home, HOME, 0));
  if (!isHeated(random, home)) return daily;
  return daily + 0.016 * random.lognormal(HEATED_MEDIAN_M2, HEATED_SIGMA, home, AREA, 0);
}

/** exp(sigma z − sigma² / 2): lognormal with mean 1 for a standard normal z. */
function meanOne(sigma: number, z: number): number {
  return Math.exp(sigma * z - (sigma * sigma) / 2);
}

function hours(...shares: readonly (readonly [hour: number, share: number])[]): number[] {
  const day = Array.from({ length: 24 }, () => 0);
  for (const [hour, share] of shares) day[hour] = share;
  return day;
}

function heatingShare(): number[] {
  const weights = Array.from({ length: 24 }, (_, hour) => (hour < 6 || hour === 23 ? NIGHT_WEIGHT : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
