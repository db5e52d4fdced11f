// A scenario: which city, when, which devices, what happens to them and what is expected of it. Plain data: reading it from YAML or
// TypeScript, and its schema, live in `scenario/`; carrying it out in `run.ts`.
import type { Speed } from './clock.ts';
import type { DayType, Place } from './world.ts';

export interface Scenario {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly seed: number;
  readonly city: string;
  /** Civil date and time of the start in ms, as if civil time were UTC. */
  readonly startCivilMs: number;
  readonly durationMs: number;
  readonly speed?: Speed;
  /** What every day of the run is, whatever its date. Absent: the date decides. */
  readonly dayType?: DayType;
  /** Devices by kind. Absent: the demo city's. A kind left out of it has none. */
  readonly fleets?: { readonly [kind: string]: number };
  /** Ground truth on `truth/…`. */
  readonly truth: boolean;
  /** The control centre works. */
  readonly control: boolean;
  /** `field`: sensors and networks fail as often as real ones do. `ideal`: only as the timeline says. */
  readonly quality: 'ideal' | 'field';
  /** In order of time. */
  readonly timeline: readonly TimelineEntry[];
  readonly expect: readonly Expectation[];
  /** 16 hex digits over everything above but title and description. */
  readonly hash: string;
}

/** One dated change. `event` is one of the world's events, a happening of a kind, `sensor-fault` or `command`. */
export interface TimelineEntry {
  /** Unique in the scenario; expectations refer to it. */
  readonly id: string;
  /** From the start of the run. */
  readonly atMs: number;
  /** Infinity: for good, or until repaired. */
  readonly durationMs: number;
  readonly event: string;
  readonly where?: Place;
  /** Which devices; absent for events of the world. */
  readonly target?: Target;
  readonly args: { readonly [name: string]: unknown };
}

/** Devices of one kind: by id, or chosen by lot among those at the entry's place. Neither share nor count: all of them. */
export interface Target {
  readonly kind: string;
  readonly devices?: readonly string[];
  /** 0…1 */
  readonly share?: number;
  readonly count?: number;
}

export const OPERATORS = ['<', '<=', '>', '>=', '==', '!=', 'between'] as const;
export type Operator = (typeof OPERATORS)[number];

/** Stretch of a run, ms from its start: [from, until). */
export interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Expectation {
  readonly name: string;
  /** What is measured, e.g. `mean(bus.speedMps)`; grammar in `docs/scenarios.md`. */
  readonly of: string;
  readonly op: Operator;
  /** Two numbers, low and high, for `between`. */
  readonly value: number | readonly [number, number];
  readonly during?: Window;
  /** Then the value is the ratio `during` to `versus`. */
  readonly versus?: Window;
}
