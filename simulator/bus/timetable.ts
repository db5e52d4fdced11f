// When buses leave their terminals: slots at an even headway, taken in the order in which buses are ready. The headway is what the buses
// of a line can keep at the speed the streets run now; ridership follows the city's timetable, not this one.
import type { World } from '../world.ts';
import type { Side } from './side.ts';
import type { Bus, Departure } from './state.ts';

export const LAYOVER_MIN_S = 120;
/** Time kept in hand, so that most late buses leave on time again (EE). */
const RECOVERY = 1.08;
const HEADWAY_MIN_S = 30;
/** Two buses never leave a terminal closer than this, ms. */
const APART_MS = 10_000;

export class Timetable {
  readonly #sides: readonly Side[];
  readonly #busesOnLine: readonly number[];
  readonly #nextSlotMs: Float64Array;
  readonly #lastMs: Float64Array;
  /** Buses in layover, by side, in the order in which they came. */
  readonly #waiting: readonly Bus[][];

  constructor(sides: readonly Side[], busesOnLine: readonly number[]) {
    this.#sides = sides;
    this.#busesOnLine = busesOnLine;
    this.#nextSlotMs = new Float64Array(sides.length);
    this.#lastMs = new Float64Array(sides.length).fill(-Infinity);
    this.#waiting = sides.map(() => []);
  }

  setNextSlot(side: number, slotMs: number): void {
    this.#nextSlotMs[side] = slotMs;
  }

  /** Both ways, two layovers and what is kept in hand, shared by the buses of the line. */
  headwayS(line: number, world: World): number {
    const [out, back] = [this.#sides[2 * line]!, this.#sides[2 * line + 1]!];
    const cycleS = out.plan(world).at(-1)! + back.plan(world).at(-1)! + 2 * LAYOVER_MIN_S;
    return Math.max(HEADWAY_MIN_S, (RECOVERY * cycleS) / Math.max(1, this.#busesOnLine[line]!));
  }

  /** A bus has come to the terminal where its side begins. */
  queue(bus: Bus): void {
    this.#waiting[bus.side.index]!.push(bus);
  }

  /** Gives the slot that is due, if any, to the bus that has been ready longest, if any. @returns that bus, no longer queued, with its new trip */
  release(side: number, nowMs: number, world: World): Bus | undefined {
    if (nowMs < this.#nextSlotMs[side]! || nowMs - this.#lastMs[side]! < APART_MS) return undefined;
    const waiting = this.#waiting[side]!;
    let first = -1;
    for (const [position, { readyMs, brokenUntilMs }] of waiting.entries()) {
      if (readyMs > nowMs || brokenUntilMs !== undefined) continue;
      if (first === -1 || readyMs < waiting[first]!.readyMs) first = position;
    }
    if (first === -1) return undefined;
    const bus = waiting.splice(first, 1)[0]!;
    bus.trip = this.#take(side, nowMs, world);
    return bus;
  }

  /** Outside service hours the first slot is the moment service begins. */
  pause(side: number, nowMs: number): void {
    this.#nextSlotMs[side] = nowMs;
  }

  /** The slot that is due. One that has waited longer than a headway for a bus is cancelled. */
  #take(side: number, nowMs: number, world: World): Departure {
    const slotMs = this.#nextSlotMs[side]!;
    const headwayS = this.headwayS(this.#sides[side]!.lineIndex, world);
    const cancelled = Math.floor((nowMs - slotMs) / (headwayS * 1000));
    const taken = slotMs + cancelled * headwayS * 1000;
    this.#nextSlotMs[side] = taken + headwayS * 1000;
    this.#lastMs[side] = nowMs;
    return { slotMs: taken, plan: this.#sides[side]!.plan(world), headwayS };
  }
}
