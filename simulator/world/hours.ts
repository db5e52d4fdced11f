// What the hours that lie behind were like, for meters that report them. Means of the very sky that devices saw, with all that was imposed
// on it; nothing of the future is known but the season's own weather.
import type { Calendar, CityHour, Sky } from '../world.ts';
import { remember } from './remember.ts';
import type { Weather } from './weather.ts';

const HOUR_MS = 3_600_000;
const SAMPLES = 12;
/** Hours that are remembered. */
const LIMIT = 24 * 16;
/** What buildings remember of a day and of the three before it. */
const MEMORY = [1, 0.5, 0.25, 0.125];
const MEMORY_SUM = 1.875;

interface HourMeans {
  readonly tempC: number;
  readonly rainMmPerH: number;
  readonly irradianceWpm2: number;
}

export interface HoursContext {
  readonly weather: Weather;
  /** The sky at a civil time, with all that is imposed. */
  skyAt(civilMs: number): Sky;
  /** What the calendar says at a civil time, with all that is imposed. */
  calendarAt(civilMs: number): Calendar;
}

export class Hours {
  readonly #context: HoursContext;
  readonly #means = new Map<number, HourMeans>();
  readonly #hours = new Map<number, CityHour>();

  constructor(context: HoursContext) {
    this.#context = context;
  }

  /** index: civil hours since 1970. nowCivilMs: civil time. @throws RangeError when the hour is not over */
  at(index: number, nowCivilMs: number): CityHour {
    if (!Number.isInteger(index)) throw new RangeError(`an hour is a whole number of hours since 1970, got ${index}`);
    if ((index + 1) * HOUR_MS > nowCivilMs)
      throw new RangeError(`hours are known when they are over: it is hour ${nowCivilMs / HOUR_MS}, got ${index}`);
    return remember(this.#hours, LIMIT, index, () => this.#computeHour(index));
  }

  #computeHour(index: number): CityHour {
    const day = Math.floor(index / 24);
    const { dayType, holiday, dayOfYear } = this.#context.calendarAt((index + 0.5) * HOUR_MS);
    const dayMeanTempC = this.#dayMeanTempC(day, index);
    let weighted = MEMORY[0]! * dayMeanTempC;
    for (let back = 1; back < MEMORY.length; back++) {
      weighted += MEMORY[back]! * this.#dayMeanTempC(day - back, index);
    }
    return {
      hour: index - 24 * day,
      dayType,
      ...(holiday === undefined ? {} : { holiday }),
      dayOfYear,
      dayMeanTempC,
      weightedTempC: weighted / MEMORY_SUM,
      ...this.#meansOf(index),
    };
  }

  /** Mean temperature of about the last 24 hours, without a jump at the hour or at midnight. */
  lastDayTempC(nowCivilMs: number): number {
    const index = Math.floor(nowCivilMs / HOUR_MS);
    const a = this.#meanBefore(index - 1);
    return a + (nowCivilMs / HOUR_MS - index) * (this.#meanBefore(index) - a);
  }

  /** The past has been changed. */
  forget(): void {
    this.#means.clear();
    this.#hours.clear();
  }

  #meanBefore(index: number): number {
    let sum = 0;
    for (let hour = index - 24; hour < index; hour++) sum += this.#meansOf(hour).tempC;
    return sum / 24;
  }

  /** Mean of a civil day; hours after `lastIndex` are still to come and are taken as the season alone would have them. */
  #dayMeanTempC(day: number, lastIndex: number): number {
    let sum = 0;
    for (let hour = 24 * day; hour < 24 * day + 24; hour++) {
      sum += hour <= lastIndex ? this.#meansOf(hour).tempC : this.#context.weather.hourMeanTempC(hour);
    }
    return sum / 24;
  }

  #meansOf(index: number): HourMeans {
    return remember(this.#means, LIMIT, index, () => this.#computeMeans(index));
  }

  #computeMeans(index: number): HourMeans {
    const means = { tempC: 0, rainMmPerH: 0, irradianceWpm2: 0 };
    for (let sample = 0; sample < SAMPLES; sample++) {
      const sky = this.#context.skyAt((index + (sample + 0.5) / SAMPLES) * HOUR_MS);
      means.tempC += sky.tempC / SAMPLES;
      means.rainMmPerH += sky.rainMmPerH / SAMPLES;
      means.irradianceWpm2 += sky.irradianceWpm2 / SAMPLES;
    }
    return means;
  }
}
