// Weather of one city, day by day and hour by hour: temperature, moisture, pressure, rain, cloud, wind. Every number is a pure function of (seed, day, hour),
// so the weather of an hour does not depend on when the run started or how it was stepped. It forecasts nothing and knows no fronts.
// Source of the daily step: Richardson, Water Resources Research 17, 1981 (WGEN).
import { normalCdf } from '../physics/normal.ts';
import type { Random } from '../random.ts';
import { calendar, climateOf, cloudMean, hourShape, seasonOf, seasonTempC, summerShare, wetShare } from './climate.ts';
import { gamma, series } from './noise.ts';
import { remember } from './remember.ts';
import { WIND_ROSE_FROM_DEG, windTurnDeg } from './wind-rose.ts';

export interface WeatherDay {
  readonly wet: boolean;
  readonly rainMm: number;
  /** 24 sums */
  readonly hourRainMm: readonly number[];
  readonly meanTempC: number;
  /** Maximum minus minimum. */
  readonly rangeK: number;
  readonly dewPointC: number;
  /** At noon, without the tide of the hours. */
  readonly pressureHpa: number;
}

/** What the air does at a moment. */
export interface Air {
  readonly tempC: number;
  /** Never above `tempC`. */
  readonly dewPointC: number;
  readonly pressureHpa: number;
  readonly rainMmPerH: number;
  readonly cloud: number;
  readonly windMps: number;
  readonly windFromDeg: number;
  /** A visibility that a scenario wants, and how far it has come, 0…1. */
  readonly imposedVisibility?: { readonly visibilityM: number; readonly weight: number };
}

/** Means of an hour. */
export interface WeatherHour extends Omit<Air, 'windFromDeg' | 'imposedVisibility'> {
  /** Wind direction clockwise from `WIND_ROSE_FROM_DEG`, 0…360; it never passes that direction, so that it may be interpolated. */
  readonly windTurnDeg: number;
}

const HOUR_MS = 3_600_000;
/** Lag-one correlation of wet days, daily temperature residual, hourly temperature noise, cloud and wind (TMYx Shanghai). */
const WET_PERSISTENCE = 0.3;
const DAY_TEMP_PHI = 0.66;
const HOUR_TEMP_PHI = 0.8;
const CLOUD_PHI = 0.79;
const WIND_PHI = 0.88;
/** The same for the daily dew point and pressure, the hourly dew point and wind direction (engineering estimates). */
const DAY_DEW_PHI = 0.4;
const DAY_PRESSURE_PHI = 0.7;
const HOUR_DEW_PHI = 0.85;
const WIND_TURN_PHI = 0.93;
/**
 * Daily dew point: how far below the day's minimum on dry and wet days of winter, spring, summer, autumn, so that the humidities of the typical
 * year are met; its spread over days and within a day (TMYx Shanghai).
 */
const DEW_BELOW_MIN_DRY_K = [1.5, 3.5, 1.5, 2];
const DEW_BELOW_MIN_WET_K = [1.7, 1.5, 0.9, 1];
const DAY_DEW_SD_K = 2.06;
const HOUR_DEW_SD_K = 1.45;
/** In a wet hour the dew point is no further below the temperature. */
const WET_DEW_GAP_K = 2;
/** Sea-level pressure of the season, and how cold and dry days stand out (engineering estimates after the normals of Shanghai). */
const PRESSURE_HPA = 1016;
const PRESSURE_SEASON_HPA = 11;
const PRESSURE_SD_HPA = [1.6, 3.4] as const;
const PRESSURE_PER_SIGMA_HPA = 2;
const PRESSURE_WET_HPA = 2;
/** Tide of the air, twice a day, highest at ten. */
const PRESSURE_TIDE_HPA = 1.1;
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
const DAY_DEW = 11;
const HOUR_DEW = 12;
const DAY_PRESSURE = 13;
const WIND_TURN = 14;

export class Weather {
  readonly #random: Random;
  readonly #days = new Map<number, WeatherDay>();
  readonly #hours = new Map<number, WeatherHour>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Weather at a moment, linear between the middles of the hours. civilMs: civil time, ms since 1970. */
  at(civilMs: number): Air {
    const position = civilMs / HOUR_MS - 0.5;
    const index = Math.floor(position);
    const part = position - index;
    const a = this.hour(index);
    const b = this.hour(index + 1);
    return {
      tempC: a.tempC + part * (b.tempC - a.tempC),
      dewPointC: a.dewPointC + part * (b.dewPointC - a.dewPointC),
      pressureHpa: a.pressureHpa + part * (b.pressureHpa - a.pressureHpa),
      rainMmPerH: a.rainMmPerH + part * (b.rainMmPerH - a.rainMmPerH),
      cloud: a.cloud + part * (b.cloud - a.cloud),
      windMps: a.windMps + part * (b.windMps - a.windMps),
      windFromDeg: (WIND_ROSE_FROM_DEG + a.windTurnDeg + part * (b.windTurnDeg - a.windTurnDeg)) % 360,
    };
  }

  /** Mean of `at(…).tempC` over one civil hour. */
  hourMeanTempC(index: number): number {
    return (this.hour(index - 1).tempC + 6 * this.hour(index).tempC + this.hour(index + 1).tempC) / 8;
  }

  /** Means of one hour. index: civil hours since 1970. */
  hour(index: number): WeatherHour {
    return remember(this.#hours, 256, index, () => this.#computeHour(index));
  }

  /** day: civil days since 1970. */
  day(day: number): WeatherDay {
    return remember(this.#days, 32, day, () => this.#computeDay(day));
  }

  #computeDay(day: number): WeatherDay {
    const { year, dayOfYear, month } = calendar(day);
    const climate = climateOf(month);
    const wet = this.#isWet(day);
    const residual = series(this.#random, DAY_TEMP, day, DAY_TEMP_PHI);
    const meanTempC =
      seasonTempC(dayOfYear) + climate.sigmaK * residual + climate.wetShiftK * ((wet ? 1 : 0) - wetShare(dayOfYear));
    const range = wet ? climate.rangeWetK : climate.rangeDryK;
    const rangeK = range * Math.exp(0.25 * this.#random.normal(0, DAY_RANGE, day) - 0.03);
    const yearFactor = Math.exp(
      YEAR_RAIN_SIGMA * this.#random.normal(0, RAIN_YEAR, year) - (YEAR_RAIN_SIGMA * YEAR_RAIN_SIGMA) / 2,
    );
    const rainMm = wet
      ? 0.1 + yearFactor * climate.rainScaleMm * gamma(this.#random, RAIN_GAMMA, day, climate.rainShape)
      : 0;
    const convective = month >= 5 && month <= 7 && meanTempC + 0.53 * rangeK > CONVECTIVE_TEMP_C;
    const hourRainMm = wet ? this.#spread(rainMm, day, summerShare(dayOfYear), convective) : DRY;
    const belowMinK = (wet ? DEW_BELOW_MIN_WET_K : DEW_BELOW_MIN_DRY_K)[seasonOf(month)]!;
    const dewPointC =
      meanTempC - 0.47 * rangeK - belowMinK + DAY_DEW_SD_K * series(this.#random, DAY_DEW, day, DAY_DEW_PHI);
    const pressureHpa = this.#pressureHpa(day, dayOfYear, residual, wet);
    return { wet, rainMm, hourRainMm, meanTempC, rangeK, dewPointC, pressureHpa };
  }

  #pressureHpa(day: number, dayOfYear: number, residual: number, wet: boolean): number {
    const summer = summerShare(dayOfYear);
    const sdHpa = PRESSURE_SD_HPA[1] + summer * (PRESSURE_SD_HPA[0] - PRESSURE_SD_HPA[1]);
    return (
      PRESSURE_HPA +
      PRESSURE_SEASON_HPA * (1 - 2 * summer) +
      sdHpa * series(this.#random, DAY_PRESSURE, day, DAY_PRESSURE_PHI) -
      PRESSURE_PER_SIGMA_HPA * residual * (1 - 0.5 * summer) -
      (wet ? PRESSURE_WET_HPA : 0)
    );
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
    const noise = (purpose: number, phi: number) => series(this.#random, purpose, index, phi);
    const rainMmPerH = today.hourRainMm[hour]!;
    const cloud = cloudQuantile(normalCdf(noise(CLOUD, CLOUD_PHI)), cloudMean(month, today.wet));
    const climate = climateOf(month);
    // Weibull by inversion of the survival function.
    const survival = 1 - normalCdf(noise(WIND, WIND_PHI));
    const still = Math.exp(Math.log(-Math.log(Math.max(survival, 1e-9))) / climate.windShape);
    const summer = summerShare(dayOfYear);
    const tempC =
      this.#blended(day, hour, (from) => tempOf(from, hour, summer)) + HOUR_TEMP_SD_K * noise(HOUR_TEMP, HOUR_TEMP_PHI);
    const dewPointC =
      this.#blended(day, hour, (from) => from.dewPointC) + HOUR_DEW_SD_K * noise(HOUR_DEW, HOUR_DEW_PHI);
    return {
      tempC,
      dewPointC: Math.min(tempC, rainMmPerH > 0 ? Math.max(dewPointC, tempC - WET_DEW_GAP_K) : dewPointC),
      pressureHpa: this.#pressureOfHour(day, hour),
      rainMmPerH,
      cloud: rainMmPerH > 0 ? Math.max(cloud, RAIN_CLOUD) : cloud,
      // 0.75 at 05 h, 1.25 at 14 h: a sine of the nine-hour rise and the fifteen-hour fall.
      windMps: climate.windScaleMps * still * windOfHour(hour + 0.5),
      windTurnDeg: windTurnDeg(normalCdf(noise(WIND_TURN, WIND_TURN_PHI)), dayOfYear),
    };
  }

  /** What a day says of one of its hours, giving way to its neighbour around midnight. */
  #blended(day: number, hour: number, valueOf: (from: WeatherDay) => number): number {
    const own = valueOf(this.day(day));
    const fromMidnightH = hour < 12 ? hour + 0.5 : 23.5 - hour;
    if (fromMidnightH >= BLEND_H) return own;
    const neighbour = valueOf(this.day(hour < 12 ? day - 1 : day + 1));
    return neighbour + (own - neighbour) * (0.5 + fromMidnightH / (2 * BLEND_H));
  }

  /** Linear from noon to noon, and the tide. */
  #pressureOfHour(day: number, hour: number): number {
    const part = (hour + 0.5 + 12) / 24;
    const before = part < 1 ? day - 1 : day;
    const a = this.day(before).pressureHpa;
    const mean = a + (part % 1) * (this.day(before + 1).pressureHpa - a);
    return mean + PRESSURE_TIDE_HPA * Math.cos((4 * Math.PI * (hour + 0.5 - 10)) / 24);
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
