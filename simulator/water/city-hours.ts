// What an hour of the city does to everybody's water, computed once an hour and not once a home.
import { dayFactor } from '../physics/water-demand.ts';
import type { World } from '../world.ts';

/** Hours remembered: a day's reading and the eight hours in which meters read it. */
const REMEMBERED = 64;
/** Water in the pipe follows the soil: annual mean, swing, and the day it is warmest. Engineering estimate. */
const PIPE_MEAN_C = 17;
const PIPE_SWING_K = 10;
const PIPE_WARMEST_DAY = 222;

export interface WaterHour {
  /** Civil hours since 1970. */
  readonly index: number;
  /** Demand relative to an ordinary working day. */
  readonly factor: number;
  /** Weekend or holiday. */
  readonly dayOff: boolean;
  readonly pipeTempC: number;
}

export class CityHours {
  readonly #hours: (WaterHour | undefined)[] = Array.from({ length: REMEMBERED });

  /** index: civil hours since 1970, of an hour that is over. */
  at(index: number, world: World): WaterHour {
    const known = this.#hours[index % REMEMBERED];
    if (known?.index === index) return known;
    const hour = world.hour(index);
    const season = Math.cos((2 * Math.PI * (hour.dayOfYear - PIPE_WARMEST_DAY)) / 365);
    const water = {
      index,
      factor: dayFactor(hour),
      dayOff: hour.dayType !== 'workday',
      pipeTempC: PIPE_MEAN_C + PIPE_SWING_K * season,
    };
    this.#hours[index % REMEMBERED] = water;
    return water;
  }
}
