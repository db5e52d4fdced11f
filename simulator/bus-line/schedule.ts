// When a bus is expected at its stops by the timetable: its start plus usual running times and dwells. On a loop the passages of a stop come
// one planned headway apart, and the n-th bus to come is the n-th by plan.
import type { LineBus } from './bus.ts';
import type { RunningTimes } from './running-times.ts';
import type { LineSpec } from './spec.ts';
import { stopsOf } from './spec.ts';

export class Schedule {
  readonly #spec: LineSpec;
  readonly #running: RunningTimes;
  /** Seconds from the start of a trip to its arrival at each stop, by way and the hour in which it starts. */
  readonly #plans = new Map<string, Float64Array>();

  constructor(spec: LineSpec, running: RunningTimes) {
    this.#spec = spec;
    this.#running = running;
  }

  /** Lateness at `bus.stop` against the planned arrival, s; negative: early. passages: buses that have come to the stop before this one. */
  delayS(bus: LineBus, nowS: number, passages: number): number {
    if (this.#spec.shape === 'loop') return nowS - this.#loopDueS(bus.stop, passages);
    return nowS - bus.slot.dueS - this.#plan(bus)[bus.stop]!;
  }

  #loopDueS(stop: number, passages: number): number {
    const { buses, timetable } = this.#spec;
    const headwayS = timetable.kind === 'even' ? timetable.headwayS : Number.NaN;
    const stops = stopsOf(this.#spec, 0);
    let first = buses - 1;
    while (loopStart(first, buses, stops) > stop) first--;
    const legS = (headwayS * buses) / stops;
    return (stop - loopStart(first, buses, stops)) * legS + passages * headwayS;
  }

  #plan({ way, slot }: LineBus): Float64Array {
    const hour = Math.floor(((this.#spec.startDayS ?? 0) + slot.dueS) / 3600);
    const key = `${way}/${hour}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) this.#plans.set(key, (plan = this.#newPlan(way, slot.dueS, slot.headwayS)));
    return plan;
  }

  #newPlan(way: number, startS: number, headwayS: number): Float64Array {
    const { demand, dwell, timetable } = this.#spec;
    const allowance = timetable.allowance ?? 1;
    const plan = new Float64Array(stopsOf(this.#spec, way));
    let atS = 0;
    for (let stop = 0; stop < plan.length; stop++) {
      const dayS = (this.#spec.startDayS ?? 0) + startS + atS;
      const perS =
        demand.kind === 'rate'
          ? demand.perS[way]![stop]!
          : ((demand.perHour[way]![stop] ?? []).reduce((sum, rate) => sum + rate, 0) *
              demand.hourly[Math.floor(dayS / 3600) % 24]!) /
            3600;
      plan[stop] = atS;
      atS += allowance * (dwell.fixedS + dwell.boardingS * perS * headwayS);
      if (stop < plan.length - 1) atS += allowance * this.#running.meanS(way, stop, startS + atS);
    }
    return plan;
  }
}

/** Where buses of a loop begin, evenly spread. */
export function loopStart(index: number, buses: number, stops: number): number {
  return Math.round((index * stops) / buses);
}
