// Weather of one city, day by day and hour by hour: temperature, rain, cloud, wind. Every number is a pure function of (seed, day, hour),
// so the weather of an hour does not depend on when the run started or how it was stepped. It forecasts nothing and knows no fronts.
// Source of the daily step: Richardson, Water Resources Research 17, 1981 (WGEN).
import { normalCdf } from '../physics/normal.ts';
import type { Random } from '../random.ts';
import { calendar, climateOf, cloudMean, hourShape, seasonTempC, summerShare, wetShare } from './climate.ts';

export interface WeatherDay {
  readonly wet: boolean;
  readonly rainMm: number;
  /** 24 sums */
  readonly hourRainMm: readonly number[];
  readonly meanTempC: number;
  /** Maximum minus minimum. */
  readonly rangeK: number;
}

export interface WeatherHour {
  readonly tempC: number;
  readonly rainMmPerH: number;
  readonly cloud: number;
  readonly windMps: number;
}

const HOUR_MS = 3_600_000;
/** Lag-one correlation of wet days, daily temperature residual, hourly temperature noise, cloud and wind (TMYx Shanghai). */
const WET_PERSISTENCE = 0.3;
const DAY_TEMP_PHI = 0.66;
const HOUR_TEMP_PHI = 0.8;
const CLOUD_PHI = 0.79;
const WIND_PHI = 0.88;
const HOUR_TEMP_SD_K = 0.5;
/** Years differ in rain more than days explain. */
const YEAR_RAIN_SIGMA = 0.12;
/** A day gives way to the next within this many hours around midnight. */
const BLEND_H = 3;
/** Wet hours of a wet day, winter and summer (engineering estimate). */
const WET_HOURS_WINTER = 7;
const WET_HOURS_SUMMER = 4;
/** A hot summer day drops this share of its rain in one afternoon hour. */
const CONVECTIVE_SHARE = 0.7;
const CONVECTIVE_TEMP_C = 28;
const RAIN_CLOUD = 0.9;

// Purposes of the random draws.
const WET = 1;
const RAIN_YEAR = 2;
const RAIN_GAMMA = 3;
const RAIN_HOURS = 4;
const RAIN_WEIGHT = 5;
const DAY_TEMP = 6;
const DAY_RANGE = 7;
const HOUR_TEMP = 8;
const CLOUD = 9;
const WIND = 10;

export class Weather {
  readonly #random: Random;
  readonly #days = new Map<number, WeatherDay>();
  readonly #hours = new Map<number, WeatherHour>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Weather at a moment, linear between the middles of the hours. civilMs: civil time, ms since 1970. */
  at(civilMs: number): WeatherHour {
    const position = civilMs / HOUR_MS - 0.5;
    const index = Math.floor(position);
    const part = position - index;
    const a = this.hour(index);
    const b = this.hour(index + 1);
    return {
      tempC: a.tempC + part * (b.tempC - a.tempC),
      rainMmPerH: a.rainMmPerH + part * (b.rainMmPerH - a.rainMmPerH),
      cloud: a.cloud + part * (b.cloud - a.cloud),
      windMps: a.windMps + part * (b.windMps - a.windMps),
    };
  }

  /** Means of one hour. index: civil hours since 1970. */
  hour(index: number): WeatherHour {
    return remember(this.#hours, 64, index, () => this.#computeHour(index));
  }

  /** day: civil days since 1970. */
  day(day: number): WeatherDay {
    return remember(this.#days, 16, day, () => this.#computeDay(day));
  }

  #computeDay(day: number): WeatherDay {
    const { year, dayOfYear, month } = calendar(day);
    const climate = climateOf(month);
    const wet = this.#isWet(day);
    const residual = this.#series(DAY_TEMP, day, DAY_TEMP_PHI);
    const meanTempC =
      seasonTempC(dayOfYear) + climate.sigmaK * residual + climate.wetShiftK * ((wet ? 1 : 0) - wetShare(dayOfYear));
    const range = wet ? climate.rangeWetK : climate.rangeDryK;
    const rangeK = range * Math.exp(0.25 * this.#random.normal(0, DAY_RANGE, day) - 0.03);
    const yearFactor = Math.exp(
      YEAR_RAIN_SIGMA * this.#random.normal(0, RAIN_YEAR, year) - (YEAR_RAIN_SIGMA * YEAR_RAIN_SIGMA) / 2,
    );
    const rainMm = wet ? 0.1 + yearFactor * climate.rainScaleMm * this.#gamma(climate.rainShape, day) : 0;
    const convective = month >= 5 && month <= 7 && meanTempC + 0.53 * rangeK > CONVECTIVE_TEMP_C;
    const hourRainMm = wet ? this.#spread(rainMm, day, summerShare(dayOfYear), convective) : DRY;
    return { wet, rainMm, hourRainMm, meanTempC, rangeK };
  }

  /**
   * Two-state Markov chain without a beginning. One draw a day decides "wet whatever yesterday was", "dry whatever yesterday was" or
   * "as yesterday"; walking back to the last decisive day gives the exact stationary chain (coupling from the past, Propp and Wilson 1996).
   */
  #isWet(day: number): boolean {
    for (let d = day; ; d--) {
      const share = wetShare(calendar(d).dayOfYear);
      const afterDry = share * (1 - WET_PERSISTENCE);
      const u = this.#random.uniform(0, WET, d);
      if (u < afterDry) return true;
      if (u >= afterDry + WET_PERSISTENCE) return false;
    }
  }

  /** Rain of a wet day over its hours: one spell, or a thunderstorm with a little before or after. */
  #spread(rainMm: number, day: number, summer: number, convective: boolean): readonly number[] {
    const hours = Array.from({ length: 24 }, () => 0);
    const mean = WET_HOURS_WINTER + summer * (WET_HOURS_SUMMER - WET_HOURS_WINTER);
    const count = Math.max(1, Math.min(24, this.#random.poisson(mean, 0, RAIN_HOURS, day)));
    const first = Math.floor(this.#random.uniform(1, RAIN_HOURS, day) * (25 - count));
    const weights = Array.from({ length: count }, (_, i) => this.#random.exponential(1, i, RAIN_WEIGHT, day));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const spellMm = convective ? rainMm * (1 - CONVECTIVE_SHARE) : rainMm;
    for (let i = 0; i < count; i++) hours[first + i]! += (spellMm * weights[i]!) / total;
    if (convective) hours[14 + Math.floor(this.#random.uniform(2, RAIN_HOURS, day) * 5)]! += rainMm * CONVECTIVE_SHARE;
    return hours;
  }

  #computeHour(index: number): WeatherHour {
    const day = Math.floor(index / 24);
    const hour = index - 24 * day;
    const today = this.day(day);
    const { dayOfYear, month } = calendar(day);
    const rainMmPerH = today.hourRainMm[hour]!;
    const cloud = cloudQuantile(normalCdf(this.#series(CLOUD, index, CLOUD_PHI)), cloudMean(month, today.wet));
    const climate = climateOf(month);
    // Weibull by inversion of the survival function.
    const survival = 1 - normalCdf(this.#series(WIND, index, WIND_PHI));
    const still = Math.exp(Math.log(-Math.log(Math.max(survival, 1e-9))) / climate.windShape);
    // 0.75 at 05 h, 1.25 at 14 h: a sine of the nine-hour rise and the fifteen-hour fall.
    const windMps = climate.windScaleMps * still * windOfHour(hour + 0.5);
    const noiseK = HOUR_TEMP_SD_K * this.#series(HOUR_TEMP, index, HOUR_TEMP_PHI);
    return {
      tempC: this.#blendedTempC(day, hour, summerShare(dayOfYear)) + noiseK,
      rainMmPerH,
      cloud: rainMmPerH > 0 ? Math.max(cloud, RAIN_CLOUD) : cloud,
      windMps,
    };
  }

  #blendedTempC(day: number, hour: number, summer: number): number {
    const own = tempOf(this.day(day), hour, summer);
    const fromMidnightH = hour < 12 ? hour + 0.5 : 23.5 - hour;
    if (fromMidnightH >= BLEND_H) return own;
    const neighbour = tempOf(this.day(hour < 12 ? day - 1 : day + 1), hour, summer);
    return neighbour + (own - neighbour) * (0.5 + fromMidnightH / (2 * BLEND_H));
  }

  /** Stationary AR(1) series, mean 0, variance 1, as the moving average it equals; terms below 1e-6 are left out. */
  #series(purpose: number, index: number, phi: number): number {
    let sum = 0;
    let k = 0;
    for (let weight = Math.sqrt(1 - phi * phi); weight > 1e-6; weight *= phi) {
      sum += weight * this.#random.normal(0, purpose, index - k++);
    }
    return sum;
  }

  /** Gamma variate, shape < 1, scale 1. Source: Marsaglia and Tsang 2000. */
  #gamma(shape: number, day: number): number {
    const d = shape + 2 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (let attempt = 0; ; attempt++) {
      const x = this.#random.normal(2 * attempt, RAIN_GAMMA, day);
      const root = 1 + c * x;
      const v = root * root * root;
      if (v <= 0) continue;
      const u = this.#random.uniform(2 * attempt + 1, RAIN_GAMMA, day);
      if (Math.log(u) > 0.5 * x * x + d - d * v + d * Math.log(v)) continue;
      const boost = this.#random.uniform(2 * attempt + 1, RAIN_GAMMA + 100, day);
      return d * v * Math.exp(Math.log(boost) / shape);
    }
  }
}

const DRY: readonly number[] = Array.from({ length: 24 }, () => 0);

function tempOf(day: WeatherDay, hour: number, summer: number): number {
  return day.meanTempC + 0.85 * day.rangeK * hourShape(hour, summer);
}

/**
 * Cloud is mostly none or all: clear skies up to 0.1, overcast from 0.9, the rest evenly between. u 0…1, mean 0.1…0.9 → cloud 0…1 whose
 * mean over u is `mean`.
 */
function cloudQuantile(u: number, mean: number): number {
  const between = 0.85 * Math.min(mean, 1 - mean);
  const overcast = (mean - 0.45 * between - 0.05) / 0.9;
  const clear = 1 - between - overcast;
  if (u < clear) return 0.1 * (u / clear);
  if (u < clear + between) return 0.1 + 0.8 * ((u - clear) / between);
  return 0.9 + 0.1 * Math.min(1, (u - clear - between) / overcast);
}

function windOfHour(hour: number): number {
  const sinceFiveH = (hour + 19) % 24;
  const phase = sinceFiveH < 9 ? sinceFiveH / 9 : 1 + (sinceFiveH - 9) / 15;
  return 1 - 0.25 * Math.cos(Math.PI * phase);
}

/** Looks up, else computes; forgets all when full, which is cheaper than to remember an order and just as right. */
function remember<T>(cache: Map<number, T>, limit: number, key: number, compute: () => T): T {
  let value = cache.get(key);
  if (value === undefined) {
    value = compute();
    if (cache.size >= limit) cache.clear();
    cache.set(key, value);
  }
  return value;
}
