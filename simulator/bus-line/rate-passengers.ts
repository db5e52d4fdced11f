// People who come to stops at a rate and are not told apart: boardings are drawn from the time since the bus before, the load says how many
// get off, who finds no room leaves. Each visit to a stop has its own draw: the n-th bus finds the same luck whatever a policy does.
import type { Random } from '../random.ts';
import type { LineBus } from './bus.ts';
import { DRAW } from './draws.ts';
import { dwellS } from './passengers.ts';
import type { Passengers } from './passengers.ts';
import { stopsOf } from './spec.ts';
import type { LineSpec, RateDemand } from './spec.ts';

/** Nobody boards for longer than this many rounds of late passengers. */
const LATE_ROUNDS = 20;

export class RatePassengers implements Passengers {
  readonly #demand: RateDemand;
  readonly #spec: LineSpec;
  readonly #random: Random;
  /** By way, buses that have served each stop. */
  readonly #visits: readonly Int32Array[];
  /** By way and stop: who had to get off a bus that went no further. */
  readonly #stranded: readonly Float64Array[];

  constructor(demand: RateDemand, spec: LineSpec, random: Random) {
    this.#demand = demand;
    this.#spec = spec;
    this.#random = random;
    this.#visits = spec.ways.map((_, way) => new Int32Array(stopsOf(spec, way)));
    this.#stranded = spec.ways.map((_, way) => new Float64Array(stopsOf(spec, way)));
  }

  serve(bus: LineBus, _nowS: number, sinceS: number): void {
    const { dwell, capacity } = this.#spec;
    bus.alighted = this.#alighting(bus);
    bus.load -= bus.alighted;
    const wanting = this.#comers(bus, sinceS);
    bus.boarded = Math.min(wanting, capacity - bus.load);
    bus.denied = wanting - bus.boarded;
    bus.load += bus.boarded;
    bus.dwellS = dwellS(this.#spec, bus);
    if (dwell.boardsWhileStanding) this.#takeLate(bus);
    this.#visits[bus.way]![bus.stop]!++;
  }

  serveLast(bus: LineBus, change?: () => number): void {
    bus.boarded = 0;
    bus.denied = 0;
    bus.alighted = change === undefined ? bus.load : this.#alighting(bus);
    bus.load -= bus.alighted;
    bus.alighted += change?.() ?? 0;
    bus.dwellS = dwellS(this.#spec, bus);
  }

  depart(): void {}

  wantsOff(): boolean {
    return false;
  }

  strand(bus: LineBus): number {
    const { load, way, stop } = bus;
    this.#stranded[way]![stop]! += load;
    bus.load = 0;
    return load;
  }

  nextLookUpS(): number {
    return Infinity;
  }

  lookUp(): void {}

  #alighting({ load, way, stop }: LineBus): number {
    const left = stopsOf(this.#spec, way) - (this.#spec.shape === 'loop' ? 0 : stop);
    const share = Math.min(1, this.#demand.alightShare / left);
    return this.#demand.draw === 'fluid' ? load * share : Math.round(load * share);
  }

  #comers({ way, stop }: LineBus, sinceS: number): number {
    const stranded = this.#stranded[way]![stop]!;
    this.#stranded[way]![stop] = 0;
    const mean = this.#demand.perS[way]![stop]! * sinceS;
    if (this.#demand.draw === 'fluid') return stranded + mean;
    return stranded + this.#random.poisson(mean, way * 256 + stop, DRAW.boarding, this.#visits[way]![stop]!);
  }

  /** Those who come while others get in, and while they themselves do. */
  #takeLate(bus: LineBus): void {
    const { dwell, capacity } = this.#spec;
    const perS = this.#demand.perS[bus.way]![bus.stop]!;
    if (this.#demand.draw === 'fluid') {
      const late = (perS * bus.dwellS) / (1 - perS * dwell.boardingS);
      bus.boarded += late;
      bus.load += late;
      bus.dwellS += dwell.boardingS * late;
      return;
    }
    let openS = bus.dwellS;
    const counter = this.#visits[bus.way]![bus.stop]! * LATE_ROUNDS;
    for (let round = 0; round < LATE_ROUNDS && openS > 0; round++) {
      const comers = this.#random.poisson(perS * openS, bus.way * 256 + bus.stop, DRAW.boardingLate, counter + round);
      const late = Math.min(comers, capacity - bus.load);
      bus.denied += comers - late;
      bus.boarded += late;
      bus.load += late;
      openS = dwell.boardingS * late;
      bus.dwellS += openS;
    }
  }
}
