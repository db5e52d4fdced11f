// One bus line in service: its two ways, the people at its stops, and its terminals, which release timetable slots in ready order.
import type { BusLine, City } from '../city.ts';
import type { Random } from '../random.ts';
import { Demand } from './demand.ts';
import { pathsOf } from './path.ts';
import type { Path } from './path.ts';

/** Shortest rest at a terminal, s, and what the timetable plans. */
export const LAYOVER_MIN_S = 120;
const LAYOVER_PLAN_S = 300;
/** Departures from one stop are at least this far apart, ms. */
const APART_MS = 5000;

export class Line {
  readonly id: string;
  readonly paths: readonly [Path, Path];
  readonly demand: readonly [Demand, Demand];
  readonly headwayS: number;
  /** When the last bus left each stop, ms; `[direction][stop]`. */
  readonly lastDepartureMs: readonly [Float64Array, Float64Array];
  /** Buses at rest, in the order in which they got there; `[direction that they will serve]`. */
  readonly resting: readonly [number[], number[]] = [[], []];
  readonly #nextSlotMs: [number, number];
  /** Slots that no bus was there to serve. */
  cancelledSlots = 0;

  constructor(city: City, line: BusLine, buses: number, random: Random, startMs: number) {
    this.id = line.id;
    this.paths = pathsOf(city, line);
    const [out, back] = this.paths;
    this.demand = [
      new Demand(out, buses, random.fork('out'), startMs),
      new Demand(back, buses, random.fork('back'), startMs),
    ];
    this.headwayS = (out.planS.at(-1)! + back.planS.at(-1)! + 2 * LAYOVER_PLAN_S) / Math.max(1, buses);
    this.lastDepartureMs = [
      new Float64Array(out.stops.length).fill(NaN),
      new Float64Array(back.stops.length).fill(NaN),
    ];
    const phase = random.uniform(0, 0, 0);
    this.#nextSlotMs = [startMs + phase * this.headwayS * 1000, startMs + ((phase + 0.5) % 1) * this.headwayS * 1000];
  }

  /** Time of a whole round, s, rests included. */
  get roundS(): number {
    return this.paths[0].planS.at(-1)! + this.paths[1].planS.at(-1)! + 2 * LAYOVER_PLAN_S;
  }

  /** The slot that a ready bus may serve now; undefined when the next one is not due. A slot a whole headway late is cancelled. */
  takeSlotMs(direction: 0 | 1, nowMs: number): number | undefined {
    const headwayMs = this.headwayS * 1000;
    while (this.#nextSlotMs[direction] < nowMs - headwayMs) {
      this.#nextSlotMs[direction] += headwayMs;
      this.cancelledSlots++;
    }
    const slotMs = this.#nextSlotMs[direction];
    if (slotMs > nowMs) return undefined;
    this.#nextSlotMs[direction] += headwayMs;
    return slotMs;
  }

  mayLeave(direction: 0 | 1, stop: number, nowMs: number): boolean {
    return !(nowMs - this.lastDepartureMs[direction][stop]! < APART_MS);
  }

  /** @returns the headway at this departure, s; undefined for the first of a run */
  leave(direction: 0 | 1, stop: number, nowMs: number): number | undefined {
    const beforeMs = this.lastDepartureMs[direction][stop]!;
    this.lastDepartureMs[direction][stop] = nowMs;
    return Number.isNaN(beforeMs) ? undefined : (nowMs - beforeMs) / 1000;
  }
}
