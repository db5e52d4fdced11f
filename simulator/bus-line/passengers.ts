// What the engine asks about people: who gets off and on when a bus opens its doors.
import type { LineBus } from './bus.ts';
import type { LineSpec } from './spec.ts';

export interface Passengers {
  /** A bus has opened its doors at a stop on its way: sets its `alighted`, `boarded`, `denied`, `load`, `dwellS`. sinceS ≥ 0: since the bus before left. */
  serve(bus: LineBus, nowS: number, sinceS: number): void;
  /** The same at the last stop: all get off, nobody gets in. change: makes those change who wanted to go on, @returns how many. */
  serveLast(bus: LineBus, change?: () => number): void;
  /** It closes its doors: those who came meanwhile are in, too. */
  depart(bus: LineBus, nowS: number): void;
  /** Somebody on board wants to get off at this stop. */
  wantsOff(bus: LineBus, stop: number): boolean;
  /** All have to get off and wait at `bus.stop` for the next bus. @returns how many */
  strand(bus: LineBus, nowS: number): number;
  /** When the next person looks up when to leave home; Infinity: nobody does. */
  nextLookUpS(): number;
  lookUp(nowS: number): void;
}

/** What the people of this visit need, s. */
export function dwellS({ dwell, capacity }: LineSpec, bus: LineBus): number {
  const { boarded, alighted } = bus;
  if (boarded + alighted === 0) return dwell.emptyS;
  return dwell.fixedS + Math.max(boardingS({ dwell, capacity }, bus) * boarded, dwell.alightingS * alighted);
}

/** Of one person, s. */
export function boardingS({ dwell, capacity }: Pick<LineSpec, 'dwell' | 'capacity'>, { load }: LineBus): number {
  return dwell.boardingS * (load > (dwell.seats ?? capacity) ? 1 + (dwell.standeeShare ?? 0) : 1);
}
