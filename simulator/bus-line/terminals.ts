// Terminals: departures are handed out in the order in which buses are ready, whatever bus was meant for them; one for which no bus is ready
// within a headway is cancelled.
import type { Slot } from './bus.ts';
import type { LineObserver } from './observer.ts';
import type { LineSpec } from './spec.ts';

export class Terminals {
  readonly #spec: LineSpec;
  readonly #observers: readonly LineObserver[];
  readonly #next: number[];
  readonly #lastS: number[];

  constructor(spec: LineSpec, observers: readonly LineObserver[]) {
    this.#spec = spec;
    this.#observers = observers;
    this.#next = spec.ways.map(() => 0);
    this.#lastS = spec.ways.map(() => -Infinity);
  }

  /** A bus is ready. @returns its departure and the time at which it may begin; undefined: none is left */
  take(way: number, readyS: number): { slot: Slot; startS: number } | undefined {
    for (let slot = this.#slot(way); slot !== undefined; slot = this.#slot(way)) {
      this.#next[way] = slot.index + 1;
      if (readyS <= slot.dueS + slot.headwayS) {
        const startS = Math.max(readyS, slot.dueS, this.#lastS[way]! + this.#spec.terminalGapS);
        this.#lastS[way] = startS;
        return { slot, startS };
      }
      for (const observer of this.#observers) observer.cancelled?.(way, slot.dueS);
    }
    return undefined;
  }

  /** The run ends: who has had no bus within a headway by now gets none. */
  close(nowS: number): void {
    for (const way of this.#next.keys()) {
      for (let slot = this.#slot(way); slot !== undefined; slot = this.#slot(way)) {
        if (slot.dueS + slot.headwayS >= nowS) break;
        this.#next[way] = slot.index + 1;
        for (const observer of this.#observers) observer.cancelled?.(way, slot.dueS);
      }
    }
  }

  #slot(way: number): Slot | undefined {
    const { timetable, durationS } = this.#spec;
    const index = this.#next[way]!;
    if (timetable.kind === 'even') {
      const { headwayS } = timetable;
      return index * headwayS < durationS ? { index, dueS: index * headwayS, headwayS } : undefined;
    }
    const times = timetable.departuresS[way]!;
    const dueS = times[index];
    if (dueS === undefined || dueS >= durationS) return undefined;
    const nextS = times[index + 1];
    const headwayS = nextS === undefined ? dueS - (times[index - 1] ?? 0) : nextS - dueS;
    return { index, dueS, headwayS };
  }
}
