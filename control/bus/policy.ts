// What a policy of the dispatch centre is: a rule that looks at one line's service and asks for something. It keeps no picture of its own
// and sends nothing.
import type { Bus, Line } from './network.ts';

export const POLICY_NAMES = [
  'timetable',
  'schedule',
  'forward-headway',
  'two-way-headway',
  'self-equalizing',
  'short-turn',
  'deadhead',
  'frequency-setting',
  'signal-priority',
] as const;

export type PolicyName = (typeof POLICY_NAMES)[number];

/** A command to a bus, with what led to it. */
export interface Action {
  readonly bus: Bus;
  readonly name: 'hold' | 'shortTurn' | 'deadhead' | 'reassign' | 'requestPriority';
  readonly args: { readonly [name: string]: number | string };
  /** For people; the bus, its line and stop are said before it. */
  readonly why: string;
  readonly stop: string;
  readonly durationS?: number;
  readonly gapS?: number;
  readonly targetS?: number;
  readonly leader?: string;
}

/** Each function is asked when its moment comes; nowMs is simulated time. Sources and equations stand in the policies' files. */
export interface Policy {
  readonly name: PolicyName;
  /** A bus has come to a stop; `gapS`, `leader` and `arrivedMs` are those of this arrival. */
  arrived?(bus: Bus, nowMs: number): Action | undefined;
  /** A bus on its way has said where it is. */
  moved?(bus: Bus, nowMs: number): Action | undefined;
  /** A bus has left a stop. */
  departed?(bus: Bus, nowMs: number): Action | undefined;
  /** Once a simulated minute, each line under this policy. */
  reviewed?(line: Line, nowMs: number, lines: ReadonlyMap<string, Line>): Action | undefined;
}
