// When buses leave their terminals: slots at an even headway, taken in the order in which buses are ready. The headway is what the buses
// of a line can keep at the speed the streets run now; ridership follows the city's timetable, not this one.
import type { World } from '../world.ts';
import type { Side } from './side.ts';

export const LAYOVER_MIN_S = 120;
/** Time kept in hand, so that most late buses leave on time again (EE). */
const RECOVERY = 1.08;
const HEADWAY_MIN_S = 30;
/** Two buses never leave a terminal closer than this, ms. */
const APART_MS = 10_000;

export interface Departure {
  readonly slotMs: number;
  /** Seconds from the slot to each stop. */
  readonly plan: Float64Array;
  readonly headwayS: number;
}

export class Timetable {
  readonly #sides: readonly Side[];
  readonly #busesOnLine: readonly number[];
  readonly #nextSlotMs: Float64Array;
  readonly #lastMs: Float64Array;

  constructor(sides: readonly Side[], busesOnLine: readonly number[]) {
    this.#sides = sides;
    this.#busesOnLine = busesOnLine;
    this.#nextSlotMs = new Float64Array(sides.length);
    this.#lastMs = new Float64Array(sides.length).fill(-Infinity);
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

  /** The slot a ready bus may take now, if any. A slot that has waited longer than a headway for a bus is cancelled. */
  take(side: number, nowMs: number, world: World): Departure | undefined {
    const slotMs = this.#nextSlotMs[side]!;
    if (nowMs < slotMs || nowMs - this.#lastMs[side]! < APART_MS) return undefined;
    const { lineIndex } = this.#sides[side]!;
    const headwayS = this.headwayS(lineIndex, world);
    const cancelled = Math.floor((nowMs - slotMs) / (headwayS * 1000));
    const taken = slotMs + cancelled * headwayS * 1000;
    this.#nextSlotMs[side] = taken + headwayS * 1000;
    this.#lastMs[side] = nowMs;
    return { slotMs: taken, plan: this.#sides[side]!.plan(world), headwayS };
  }

  /** Outside service hours the first slot is the moment service begins. */
  pause(side: number, nowMs: number): void {
    this.#nextSlotMs[side] = nowMs;
  }
}
