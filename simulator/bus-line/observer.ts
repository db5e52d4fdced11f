// What may be watched while a line runs: called with the engine's own bus, to be read at once and never kept or changed.
import type { LineBus } from './bus.ts';

export interface LineObserver {
  /** A bus leaves a stop (`boarded`, `alighted`, `denied`, `load`, `dwellS`, `holdS` are of this visit), or has come to the last stop of its way. headwayS: since the bus before, at the last stop from arrival to arrival; NaN: it is the first. */
  departed?(bus: LineBus, headwayS: number, nowS: number): void;
  /** The last passenger is off: `startS`, `slot`, `tripM`, `passengerM`, `tripHoldS` are of the trip. Also at the end of each lap of a loop. */
  ended?(bus: LineBus, nowS: number): void;
  /** A departure of the timetable for which no bus was ready within a headway. */
  cancelled?(way: number, dueS: number): void;
  /** A bus leaves its terminal: layoverS since it came, of it idleS with a running engine. */
  rested?(bus: LineBus, layoverS: number, idleS: number): void;
  /** Somebody gets in: only where people have journeys. readyS: when they would have come without information. */
  boarded?(way: number, stop: number, waitS: number, informed: boolean, readyS: number, nowS: number): void;
  /** A bus runs without people. */
  ranEmpty?(bus: LineBus, metres: number): void;
  /** A driver obeyed an order of the dispatch centre. */
  ordered?(bus: LineBus, name: string, nowS: number): void;
  /** Someone had to change to another bus of the line, or lost the bus to a breakdown. */
  changed?(bus: LineBus, people: number, nowS: number): void;
}
