// The riders of a line: they come at random by the demand of the hour, board while there is room, and get off where such rides end. Counts what
// they feel. Nobody knows the timetable, nobody gives up.
import type { Random } from '../../simulator/random.ts';
import { boardingsPerHour } from './operator.ts';
import type { Direction, OperatorLine } from './operator.ts';
import { CAPACITY } from './timetable.ts';

/** Demand of a day, sigma of the logarithm. */
const DAY_SIGMA = 0.08;

const PURPOSE = { day: 20, people: 21, alight: 22 } as const;

export interface Exchange {
  readonly boarded: number;
  readonly alighted: number;
}

export class Riders {
  boarded = 0;
  /** Somebody left behind twice counts twice. */
  denied = 0;
  waitS = 0;
  readonly #line: OperatorLine;
  readonly #random: Random;
  readonly #dayFactor: number;
  /** By direction and stop: when a bus was there, how many there have been, how many people it left behind. */
  readonly #servedS: Float64Array;
  readonly #buses: Int32Array;
  readonly #leftBehind: Int32Array;

  constructor(line: OperatorLine, random: Random) {
    this.#line = line;
    this.#random = random;
    this.#dayFactor = Math.exp(DAY_SIGMA * random.normal(0, PURPOSE.day, 0) - (DAY_SIGMA * DAY_SIGMA) / 2);
    this.#servedS = new Float64Array(2 * line.stops).fill(NaN);
    this.#buses = new Int32Array(2 * line.stops);
    this.#leftBehind = new Int32Array(2 * line.stops);
  }

  /** A bus with `load` people is at a stop at atS. headwayS: how long people have come for if it is the first bus. */
  exchange(direction: Direction, stop: number, atS: number, load: number, headwayS: number): Exchange {
    const place = direction * this.#line.stops + stop;
    const gapS = Number.isNaN(this.#servedS[place]!) ? headwayS : Math.max(0, atS - this.#servedS[place]!);
    const count = this.#buses[place]!++;
    this.#servedS[place] = atS;
    const alighted = this.#alighting(direction, stop, place, count, load);
    const come = this.#come(direction, stop, place, count, atS, gapS);
    const waiting = come + this.#leftBehind[place]!;
    this.waitS += come * (gapS / 2) + this.#leftBehind[place]! * gapS;
    const boarded = Math.min(waiting, CAPACITY - load + alighted);
    this.#leftBehind[place] = waiting - boarded;
    this.boarded += boarded;
    this.denied += waiting - boarded;
    return { boarded, alighted };
  }

  #alighting(direction: Direction, stop: number, place: number, count: number, load: number): number {
    const mean = load * this.#line.alighting[direction][stop]!;
    return Math.min(load, Math.floor(mean + this.#random.uniform(place, PURPOSE.alight, count)));
  }

  #come(direction: Direction, stop: number, place: number, count: number, atS: number, gapS: number): number {
    const hourly = boardingsPerHour(this.#line, direction, Math.floor((atS - gapS / 2) / 3600));
    const mean = (hourly * this.#dayFactor * this.#line.origins[direction][stop]! * gapS) / 3600;
    return mean > 0 ? this.#random.poisson(mean, place, PURPOSE.people, count) : 0;
  }
}
