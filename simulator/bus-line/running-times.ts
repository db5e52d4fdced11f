// How long a bus takes from stop to stop: a mean by time of day, noise, incidents. A trip finds the same luck whatever a policy does:
// draws belong to the segment and the number of the trip.
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { LineSpec } from './spec.ts';

export class RunningTimes {
  readonly #spec: LineSpec;
  readonly #random: Random;
  readonly #day: number;

  constructor(spec: LineSpec, random: Random) {
    this.#spec = spec;
    this.#random = random;
    const { daySigma = 0 } = spec.running;
    this.#day = daySigma === 0 ? 1 : random.lognormal(1, daySigma, 0, DRAW.day, 0);
  }

  /** Mean for a bus that leaves the segment's first stop then, s. */
  meanS(way: number, segment: number, nowS: number): number {
    return this.#spec.running.meanS(way, segment, (this.#spec.startDayS ?? 0) + nowS);
  }

  /** trip: its number, unique in its way. @returns s */
  drawS(way: number, segment: number, trip: number, nowS: number): number {
    const { cv, floorShare, incidentProbability, incidentS } = this.#spec.running;
    const meanS = this.#day * this.meanS(way, segment, nowS);
    const id = way * 256 + segment;
    let runS = meanS;
    if (cv > 0) runS *= Math.max(floorShare, 1 + cv * this.#random.normal(id, DRAW.running, trip));
    if (incidentProbability > 0 && this.#random.uniform(id, DRAW.incident, trip) < incidentProbability) {
      const [least, most] = incidentS;
      runS += least + (most - least) * this.#random.uniform(id, DRAW.incidentS, trip);
    }
    return runS;
  }

  /** Time until a breakdown on this segment, s; NaN: it gets through. */
  breakdownS(way: number, segment: number, trip: number, runS: number): number {
    const { breakdowns, ways } = this.#spec;
    if (breakdowns === undefined) return Number.NaN;
    const drawn = this.#random.uniform(way * 256 + segment, DRAW.breakdown, trip);
    const probability = (breakdowns.perKm * ways[way]!.segmentsM[segment]!) / 1000;
    return drawn < probability ? (runS * drawn) / probability : Number.NaN;
  }

  /** What the lights of a segment give a bus that asks, s: anything between nothing and the most, as it falls in their cycle. */
  prioritySavesS(way: number, segment: number, trip: number): number {
    const { prioritySavesS = 0 } = this.#spec;
    return prioritySavesS * this.#random.uniform(way * 256 + segment, DRAW.priority, trip);
  }
}
