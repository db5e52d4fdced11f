// How much water a home draws in an hour: five end uses as a marked Poisson process. Volumes only; no pulse shapes, no pressure.
// One draw counts the events of an hour, one more for each event tells its use and volume.
// End uses and their hours are engineering estimates tuned to Jiangsu's 125–150 L per person and day.
import type { Random } from '../random.ts';
import { normalCdf } from './normal.ts';

interface EndUse {
  readonly eventsPerPersonDay: number;
  /** Mean volume of an event and its spread (standard deviation of the logarithm). */
  readonly meanL: number;
  readonly sigma: number;
  /** Share of a day's events in each hour, on working days and on weekends. */
  readonly share: readonly number[];
  readonly weekendShare: readonly number[];
}

/** When people are at home and awake. */
// prettier-ignore
const AWAKE = [
  0.5, 0.36, 0.3, 0.3, 0.34, 0.55, 1.3, 1.9, 1.75, 1.35, 1.15, 1.25,
  1.35, 1.1, 0.95, 0.9, 1, 1.2, 1.45, 1.6, 1.6, 1.5, 1.25, 0.85,
];
/** weight, hour, spread h */
type Bump = readonly [number, number, number];

const USES: readonly EndUse[] = [
  endUse(20, 1.4, 0.7, AWAKE), // taps: the most frequent first, it is found soonest
  endUse(5, 5.5, 0.25, AWAKE), // toilet
  endUse(0.8, 42, 0.45, bumps([0.35, 7.3, 1.2], [0.15, 14, 3], [0.8, 20.8, 2])), // shower
  endUse(2.6, 9, 0.6, bumps([0.6, 7, 0.8], [0.8, 11.6, 0.9], [1, 18.4, 1])), // kitchen
  endUse(0.22, 72, 0.3, bumps([1, 9, 2.2], [0.5, 15, 3], [0.9, 20, 2])), // laundry
];

/** Persons in a home: cumulative share of 1, 2, 3 … (mean 2.6, Wuxi census 2020). */
const PERSONS_UP_TO = [0.18, 0.52, 0.79, 0.92, 0.98, 1];
/** Homes of one size differ: exp(N(−0.06, 0.35)). */
const HOME_MEDIAN = Math.exp(-0.06);
const HOME_SIGMA = 0.35;
const WEEKEND_FACTOR = 1.05;
/** Spring Festival empties the city (−25 %). */
const SPRING_FESTIVAL_FACTOR = 0.75;
/** More when summer has warmed up homes and people (from the year's mean to the height of summer), and more on each kelvin above 25 °C. */
const SUMMER_SHARE = 0.12;
const YEAR_MEAN_C = 17;
const SUMMER_MEAN_C = 29.2;
const PER_KELVIN = 0.008;
const HOT_C = 25;
/** Mean of an ordinary working day, litres per person. */
export const PERSON_DAY_L = USES.reduce((sum, use) => sum + use.eventsPerPersonDay * use.meanL, 0);

/** Volume of an event by its 10 lower bits: `[use][quantile]`, litres. A table is ten times as fast as a lognormal draw. */
const QUANTILE_BITS = 10;
/** The other 22 bits tell the use. */
const CHOICES = 4_194_304;
const VOLUME_L = volumeTable();

/** Events of all uses in one hour, and which use an event is: its 22 upper bits fall below the use's bound. */
interface HourLaw {
  readonly eventsPerPerson: number;
  readonly upTo: readonly number[];
}
const WORKDAY = Array.from({ length: 24 }, (_, hour) =>
  hourLaw(USES.map((use) => use.eventsPerPersonDay * use.share[hour]!)),
);
const DAY_OFF = Array.from({ length: 24 }, (_, hour) =>
  hourLaw(USES.map((use) => use.eventsPerPersonDay * use.weekendShare[hour]!)),
);

// Purposes of the random draws; those of an event are spread by its number.
const PERSONS = 101;
const HOME = 102;
const COUNT = 110;
const EVENT = 120;

/** Persons times the habits of a home: what multiplies a person's mean day. A pure function of the home's index. */
export function homeSize(random: Random, home: number): number {
  const u = random.uniform(home, PERSONS, 0);
  const persons = 1 + PERSONS_UP_TO.findIndex((share) => u <= share);
  return persons * random.lognormal(HOME_MEDIAN, HOME_SIGMA, home, HOME, 0);
}

/** The day that an hour belongs to, as far as it matters for water. */
export interface WaterDay {
  readonly dayType: 'workday' | 'weekend' | 'holiday';
  /** English name of the public holiday. */
  readonly holiday?: string;
  readonly dayMeanTempC: number;
  /** What the last four days' means leave behind. */
  readonly weightedTempC: number;
}

/** How much more than on an ordinary working day: > 0. Temperatures in °C, −40…60. */
export function dayFactor({ dayType, holiday, dayMeanTempC, weightedTempC }: WaterDay): number {
  const summer = Math.min(1, Math.max(0, (weightedTempC - YEAR_MEAN_C) / (SUMMER_MEAN_C - YEAR_MEAN_C)));
  const heat = 1 + SUMMER_SHARE * summer + PER_KELVIN * Math.max(0, dayMeanTempC - HOT_C);
  if (dayType === 'workday') return heat;
  return heat * WEEKEND_FACTOR * (holiday === 'Spring Festival' ? SPRING_FESTIVAL_FACTOR : 1);
}

/**
 * Litres that a home draws in one civil hour. The uses' Poisson streams are drawn as one, and each event then is one of them.
 * size: of the home, times the day's factor, times the share of the hour that counts, ≥ 0. hour 0…23; dayOff: weekend or holiday.
 * counter: the hour's number, for its own draws.
 */
export function drawL(
  random: Random,
  home: number,
  counter: number,
  size: number,
  hour: number,
  dayOff: boolean,
): number {
  const { eventsPerPerson, upTo } = (dayOff ? DAY_OFF : WORKDAY)[hour]!;
  const events = poissonQuantile(eventsPerPerson * size, random.uniform(home, COUNT, counter));
  let litres = 0;
  for (let event = 0; event < events; event++) {
    const bits = random.bits(home, EVENT + event, counter);
    const choice = bits >>> QUANTILE_BITS;
    let use = 0;
    while (choice >= upTo[use]!) use++;
    litres += VOLUME_L[(use << QUANTILE_BITS) | (bits & ((1 << QUANTILE_BITS) - 1))]!;
  }
  return litres;
}

/** The count that a share u of all Poisson counts does not exceed. mean 0…700, u in (0, 1). */
function poissonQuantile(mean: number, u: number): number {
  let share = Math.exp(-mean);
  let below = share;
  let count = 0;
  while (below < u) {
    share *= mean / ++count;
    below += share;
  }
  return count;
}

/** A weekend's rhythm from a working day's: the hours 5…11 happen an hour later, the day's sum stays. */
export function laterMorning(hours: readonly number[]): number[] {
  const later = hours.map((value, hour) => (hour >= 5 && hour <= 11 ? hours[hour - 1]! : value));
  const scale = sum(hours) / sum(later);
  return later.map((value) => value * scale);
}

function endUse(eventsPerPersonDay: number, meanL: number, sigma: number, weights: readonly number[]): EndUse {
  const total = sum(weights);
  const share = weights.map((weight) => weight / total);
  return { eventsPerPersonDay, meanL, sigma, share, weekendShare: laterMorning(share) };
}

function hourLaw(rates: readonly number[]): HourLaw {
  const eventsPerPerson = sum(rates);
  const upTo = rates.map((_, use) => (sum(rates.slice(0, use + 1)) / eventsPerPerson) * CHOICES);
  // Whatever rounding leaves is the last use's.
  return { eventsPerPerson, upTo: [...upTo.slice(0, -1), Infinity] };
}

/** Lognormal volumes at the middles of equal shares, scaled to the mean of their use. */
function volumeTable(): Float64Array {
  const steps = 1 << QUANTILE_BITS;
  const z = Array.from({ length: steps }, (_, i) => normalQuantile((i + 0.5) / steps));
  const table = new Float64Array(USES.length * steps);
  USES.forEach(({ meanL, sigma }, use) => {
    const volumes = z.map((value) => Math.exp(sigma * value));
    const scale = (meanL * steps) / sum(volumes);
    table.set(
      volumes.map((value) => value * scale),
      use * steps,
    );
  });
  return table;
}

/** z with P(N(0,1) ≤ z) = share, by bisection. share 1e-6 … 1 − 1e-6 */
function normalQuantile(share: number): number {
  let low = -5;
  let high = 5;
  for (let step = 0; step < 30; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function bumps(...parts: readonly Bump[]): number[] {
  return Array.from({ length: 24 }, (_, hour) => {
    let weight = 0;
    for (const [height, peakH, spreadH] of parts) {
      const z = (hour + 0.5 - peakH) / spreadH;
      weight += height * Math.exp((-z * z) / 2);
    }
    return weight;
  });
}
