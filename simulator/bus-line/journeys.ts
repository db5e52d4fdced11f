// When the people of a day come to a stop, and where they want to go: the n-th of a stop is the same person in every run with this seed.
// Poisson arrivals whose rate follows the hours of the day.
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { JourneyDemand } from './spec.ts';

export interface Person {
  /** Would come to the stop now, s since the start of the run. */
  readonly readyS: number;
  readonly to: number;
  readonly informed: boolean;
}

const HOUR_S = 3600;

/** The endless stream of people of one stop. */
export class Journeys {
  readonly #random: Random;
  readonly #id: number;
  readonly #perHour: number;
  readonly #destinations: Float64Array;
  readonly #demand: JourneyDemand;
  readonly #startDayS: number;
  #count = 0;
  #atS = 0;

  /** id: of the stop, unique in the line; perHour: people from here, by destination. */
  constructor(demand: JourneyDemand, perHour: readonly number[], id: number, startDayS: number, random: Random) {
    let sum = 0;
    const cumulative = perHour.map((rate) => (sum += rate));
    this.#random = random;
    this.#id = id;
    this.#perHour = sum;
    this.#destinations = Float64Array.from(cumulative, (value) => value / sum);
    this.#demand = demand;
    this.#startDayS = startDayS;
  }

  /** @returns undefined when nobody ever comes */
  next(): Person | undefined {
    if (this.#perHour <= 0) return undefined;
    const n = this.#count++;
    this.#atS = this.#after(this.#random.exponential(1, this.#id, DRAW.journey, n));
    if (this.#atS === Infinity) return undefined;
    const drawn = this.#random.uniform(this.#id, DRAW.destination, n);
    let to = 0;
    while (this.#destinations[to]! < drawn) to++;
    const { informed } = this.#demand;
    const isInformed = informed !== undefined && this.#random.uniform(this.#id, DRAW.informed, n) < informed.share;
    return { readyS: this.#atS, to, informed: isInformed };
  }

  /** The time at which so many more people have come in the mean. */
  #after(people: number): number {
    let left = people;
    let atS = this.#atS;
    for (let hours = 0; hours < 48; hours++) {
      const dayS = this.#startDayS + atS;
      const endS = (Math.floor(dayS / HOUR_S) + 1) * HOUR_S - this.#startDayS;
      const perS = (this.#perHour * this.#demand.hourly[Math.floor(dayS / HOUR_S) % 24]!) / HOUR_S;
      if (perS * (endS - atS) >= left) return atS + left / perS;
      left -= perS * (endS - atS);
      atS = endS;
    }
    // Two days without anyone: the profile is empty.
    return Infinity;
  }
}
