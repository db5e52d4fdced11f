// What a bus has been asked to do and has not answered for yet, beside a hold. Between the display and the wheel stands a driver: he needs a
// moment to read it, and may not follow. Only the shapes; what becomes of them is in orders.ts.
import type { Trip } from './schedule.ts';
import type { Side } from './side.ts';

/** How a driver takes what appears on his display. */
export interface Heard {
  /** When he has read it. */
  readonly reactMs: number;
  readonly follows: boolean;
}

interface Asked extends Heard {
  readonly id: string;
  read: boolean;
}

/** Everybody out at `stop`; from there the rest of the opposite way. */
export interface ShortTurnOrder extends Asked {
  readonly name: 'shortTurn';
  readonly stop: number;
  readonly to: Side;
  readonly toStop: number;
  /** A trip of that way about this time: its plan and headway are those of the run that follows. */
  readonly like: Trip;
}

export interface SkipOrder extends Asked {
  readonly name: 'skip';
  /** Of the side, ascending. */
  readonly stops: readonly number[];
  passed: number;
}

/** On its next trip the bus begins to serve at this stop. */
export interface DeadheadOrder extends Asked {
  readonly name: 'deadhead';
  readonly toStop: string;
}

export interface SpeedOrder extends Asked {
  readonly name: 'speedAdvice';
  readonly speedMps: number;
}

export interface EngineOffOrder extends Asked {
  readonly name: 'engineOffAdvice';
}

export interface ReassignOrder extends Asked {
  readonly name: 'reassign';
  readonly lineIndex: number;
}

export type Order = ShortTurnOrder | SkipOrder | DeadheadOrder | SpeedOrder | EngineOffOrder | ReassignOrder;

/** A light that was asked to help the bus that comes to it. */
export interface PriorityRequest {
  readonly id: string;
  /** Into the links of the bus's side. */
  readonly linkIndex: number;
  readonly untilMs: number;
  /** What the light does for it, once decided. */
  action: 'extension' | 'truncation' | undefined;
}
