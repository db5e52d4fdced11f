// How much water a home draws in an hour: five end uses as a marked Poisson process. Volumes only; no pulse shapes, no pressure.
// End uses and their hours are engineering estimates tuned to Jiangsu's 125–150 L per person and day.
import type { Random } from '../random.ts';

const HOUR_MS = 3_600_000;

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
  endUse(5, 5.5, 0.25, AWAKE), // toilet
  endUse(20, 1.4, 0.7, AWAKE), // taps
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
/** More at the height of summer, and more on each kelvin of the season's normal above 25 °C. */
const SUMMER_SHARE = 0.12;
const PER_KELVIN = 0.008;
const HOT_C = 25;
/** Mean of an ordinary working day, litres per person. */
export const PERSON_DAY_L = USES.reduce((sum, use) => sum + use.eventsPerPersonDay * use.meanL, 0);

// Purposes of the random draws; those of a use are spread by its index.
const PERSONS = 101;
const HOME = 102;
const COUNT = 110;
const VOLUME = 120;

/** Persons times the habits of a home: what multiplies a person's mean day. A pure function of the home's index. */
export function homeSize(random: Random, home: number): number {
  const u = random.uniform(home, PERSONS, 0);
  const persons = 1 + PERSONS_UP_TO.findIndex((share) => u <= share);
  return persons * random.lognormal(HOME_MEDIAN, HOME_SIGMA, home, HOME, 0);
}

/** How much more than on an ordinary working day. seasonTempC: normal temperature of the day; summer 0…1 */
export function dayFactor(weekend: boolean, seasonTempC: number, summer: number): number {
  const heat = 1 + SUMMER_SHARE * Math.max(0, 2 * summer - 1) + PER_KELVIN * Math.max(0, seasonTempC - HOT_C);
  return heat * (weekend ? WEEKEND_FACTOR : 1);
}

/** A stretch of one civil hour and how much of it belongs to the window. */
export interface HourPart {
  readonly hour: number;
  readonly weekend: boolean;
  readonly durationMs: number;
  readonly factor: number;
}

/** Litres that a home of `size` draws in a window. counter: the window's number, for its own draws. */
export function drawL(random: Random, home: number, counter: number, size: number, parts: readonly HourPart[]): number {
  let litres = 0;
  for (let i = 0; i < USES.length; i++) {
    const use = USES[i]!;
    let mean = 0;
    for (const { hour, weekend, durationMs, factor } of parts) {
      const share = (weekend ? use.weekendShare : use.share)[hour]!;
      mean += use.eventsPerPersonDay * size * share * factor * (durationMs / HOUR_MS);
    }
    const events = random.poisson(mean, home, COUNT + i, counter);
    const medianL = use.meanL * Math.exp((-use.sigma * use.sigma) / 2);
    for (let event = 0; event < events; event++) {
      litres += random.lognormal(medianL, use.sigma, home, VOLUME + i + 16 * event, counter);
    }
  }
  return litres;
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
