// Who waits at the stops of one direction of a line and where they want to go: Poisson arrivals with the hour, destinations by distance.
// Passengers are drawn by stop and count, not by bus, so that the same people come whatever the buses do.
import type { Random } from '../random.ts';
import type { Path } from './path.ts';

/** Boardings of a bus and day. Source: Wuxi bus company, 2012: 800,000 passengers a day on 2,000 buses. */
const BOARDINGS_PER_BUS_DAY = 400;
/** Trip length: gamma, mean 5 km, shape 2 (EE). */
const TRIP_SCALE_M = 2500;
/** How much stops differ, log standard deviation (EE). */
const STOP_SIGMA = 0.5;

const ATTRACTION = 0;
const ARRIVALS = 1;
const DESTINATION = 2;

export class Demand {
  readonly #random: Random;
  /** Share of the direction's boardings by stop; 0 at the last. */
  readonly #share: readonly number[];
  /** Cumulative chance of each destination, `[origin][stop]`. */
  readonly #toward: readonly (readonly number[])[];
  readonly #perDay: number;
  /** Until when arrivals have been drawn, ms, and how many draws that took. */
  readonly #drawnMs: Float64Array;
  readonly #draws: Uint32Array;
  readonly #travellers: Uint32Array;
  /** Waiting and not yet taken. */
  readonly waiting: Uint32Array;

  /** random: of this direction alone; buses: on the whole line */
  constructor(path: Path, buses: number, random: Random, startMs: number) {
    const stops = path.stops.length;
    const pull = path.stops.map((_, stop) => Math.exp(STOP_SIGMA * random.normal(stop, ATTRACTION, 0)));
    const weights = path.stops.map(({ atM: fromM }) =>
      path.stops.map(({ atM }, to) =>
        atM > fromM ? pull[to]! * (atM - fromM) * Math.exp(-(atM - fromM) / TRIP_SCALE_M) : 0,
      ),
    );
    const reach = weights.map((row) => row.reduce((sum, weight) => sum + weight, 0));
    // Origins pull people too, less so where little of the line is left.
    const origins = reach.map((weight, from) => pull[from]! * Math.sqrt(weight));
    const total = origins.reduce((sum, weight) => sum + weight, 0);
    this.#random = random;
    this.#share = origins.map((weight) => weight / total);
    this.#toward = weights.map((row, from) => {
      let sum = 0;
      return row.map((weight) => (sum += weight / reach[from]!));
    });
    this.#perDay = (BOARDINGS_PER_BUS_DAY * buses) / 2;
    this.#drawnMs = new Float64Array(stops).fill(startMs);
    this.#draws = new Uint32Array(stops);
    this.#travellers = new Uint32Array(stops);
    this.waiting = new Uint32Array(stops);
  }

  /** Arrivals per second at a stop. boardingShare: of the day's boardings in this hour */
  ratePerS(stop: number, boardingShare: number): number {
    return (this.#perDay * this.#share[stop]! * boardingShare) / 3600;
  }

  /** Lets those who have come since the last look join the queue. */
  gather(stop: number, nowMs: number, boardingShare: number): void {
    const meanCount = this.ratePerS(stop, boardingShare) * Math.max(0, (nowMs - this.#drawnMs[stop]!) / 1000);
    this.#drawnMs[stop] = nowMs;
    if (meanCount > 0) this.waiting[stop]! += this.#random.poisson(meanCount, stop, ARRIVALS, this.#draws[stop]!++);
  }

  /** The queue as it stands when the last bus left `sinceMs`: for the start of a run. */
  begin(stop: number, sinceMs: number): void {
    this.#drawnMs[stop] = sinceMs;
  }

  /** Destination of the next traveller from a stop. */
  destination(stop: number): number {
    const u = this.#random.uniform(stop, DESTINATION, this.#travellers[stop]!++);
    const row = this.#toward[stop]!;
    const to = row.findIndex((chance) => u <= chance);
    return to < 0 ? row.length - 1 : to;
  }
}
