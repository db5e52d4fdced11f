// What one home draws in a stretch of time, and what its panels make: the mean home's load, made its own, with a car for some and panels for
// some. A pure function of the home and the time; no meter, no tariff.
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { chargingKwh } from './car-charging.ts';
import { baseLoadKw, coolingKw, heatingKw } from './home-load.ts';
import { solarKw } from './home-solar.ts';
import { airConditioningFactor, homeFactor, quarterFactor } from './household.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
export const QUARTER_MS = 15 * MIN_MS;

/** Homes with panels and their size, homes with a car that is charged there (engineering estimates). */
const SOLAR_SHARE = 0.04;
const SOLAR_PEAK_KW = 5;
const CAR_SHARE = 0.08;
/** Main breaker of 60 A. */
const MOST_KW = 13.2;

// Purposes of the random draws.
const SOLAR = 206;
const CAR = 207;

/** Load of the mean home in one quarter of an hour. */
interface MeanLoad {
  readonly baseKw: number;
  readonly airConditioningKw: number;
}

export class HomeEnergy {
  readonly #random: Random;
  readonly #utcOffsetMs: number;
  /** By quarter: all homes ask for the same few. */
  readonly #meanLoads = new Map<number, MeanLoad>();

  constructor(random: Random, utcOffsetMin: number) {
    this.#random = random;
    this.#utcOffsetMs = utcOffsetMin * MIN_MS;
  }

  hasSolar(home: number): boolean {
    return this.#random.uniform(home, SOLAR, 0) < SOLAR_SHARE;
  }

  hasCar(home: number): boolean {
    return this.#random.uniform(home, CAR, 0) < CAR_SHARE;
  }

  /** Mean load of a stretch that does not leave its quarter of an hour, UTC ms. world: for the hour before. */
  loadKw(home: number, fromMs: number, untilMs: number, world: Pick<World, 'hour'>): number {
    const quarter = Math.floor(fromMs / QUARTER_MS);
    const { baseKw, airConditioningKw } = this.#meanLoad(quarter, world);
    const factor = homeFactor(this.#random, home);
    const meanKw = baseKw + airConditioningFactor(this.#random, home) * airConditioningKw;
    const ownKw = factor * quarterFactor(this.#random, home, factor, quarter) * meanKw;
    return Math.min(MOST_KW, ownKw + (this.hasCar(home) ? this.#carKw(home, fromMs, untilMs) : 0));
  }

  /** What the panels make now. */
  solarKw(home: number, irradianceWpm2: number, tempC: number): number {
    return this.hasSolar(home) ? solarKw(SOLAR_PEAK_KW, irradianceWpm2, tempC) : 0;
  }

  #carKw(home: number, fromMs: number, untilMs: number): number {
    const [from, until] = [fromMs + this.#utcOffsetMs, untilMs + this.#utcOffsetMs];
    return chargingKwh(this.#random, home, from, until) / ((until - from) / HOUR_MS);
  }

  #meanLoad(quarter: number, world: Pick<World, 'hour'>): MeanLoad {
    const known = this.#meanLoads.get(quarter);
    if (known !== undefined) return known;
    const civilHours = ((quarter + 0.5) * QUARTER_MS + this.#utcOffsetMs) / HOUR_MS;
    // The hour before its begin: the last one that is known, and rooms follow the weather late. Where civil time is off by minutes, a
    // quarter begins in one hour and ends in the next.
    const beginHour = Math.floor((quarter * QUARTER_MS + this.#utcOffsetMs) / HOUR_MS);
    const { tempC, dayMeanTempC, dayType } = world.hour(beginHour - 1);
    const when = { hour: civilHours % 24, tempC, dayMeanTempC };
    const load = { baseKw: baseLoadKw(when.hour, dayType), airConditioningKw: coolingKw(when) + heatingKw(when) };
    // Reports reach back a quarter of an hour or so; the rest is left over.
    if (this.#meanLoads.size >= 8) this.#meanLoads.clear();
    this.#meanLoads.set(quarter, load);
    return load;
  }
}
