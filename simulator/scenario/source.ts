// A scenario as people write it, in YAML or TypeScript: times as text, devices by name. `read.ts` turns it into a `Scenario`.
import type { Speed } from '../clock.ts';
import type { Operator } from '../scenario.ts';
import type { DayType, Place } from '../world.ts';

export interface ScenarioSource {
  /** `[a-z0-9-]{1,64}` */
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** A whole number from 0; 1 when absent. */
  readonly seed?: number;
  /** `wuxi` when absent. */
  readonly city?: string;
  /** Civil date and time: `2026-05-20T06:00`. */
  readonly start: string;
  /** `24h`, `1d 2h`, `90m`; at most 400 days. */
  readonly duration: string;
  readonly speed?: Speed;
  /** What every day of the run is, whatever its date. */
  readonly dayType?: DayType;
  /** Devices by kind; a kind left out has none. The demo city's when absent. */
  readonly fleets?: { readonly [kind: string]: number };
  /** Multiplies every fleet. */
  readonly scale?: number;
  /** Ground truth on `truth/…`; false when absent. */
  readonly truth?: boolean;
  /** The control centre works; true when absent. */
  readonly control?: boolean;
  /** `field`: sensors and networks also fail by themselves. `ideal` when absent: only as the timeline says. */
  readonly quality?: 'ideal' | 'field';
  readonly timeline?: readonly EntrySource[];
  readonly expect?: readonly ExpectationSource[];
}

export interface EntrySource {
  /** `17:30`, `1d 08:00`, `+90m` */
  readonly at: string;
  readonly event: string;
  /** Name for expectations; the event's when absent. */
  readonly id?: string;
  /** How long: `2h`. Absent: for good, or until repaired. */
  readonly for?: string;
  readonly where?: Place;
  readonly kind?: string;
  readonly devices?: readonly string[];
  /** 0…1 of the devices there, by lot. */
  readonly share?: number;
  /** So many of the devices there, by lot. */
  readonly count?: number;
  /** The event's arguments. */
  readonly [argument: string]: unknown;
}

export interface ExpectationSource {
  readonly name: string;
  /** `mean(bus.speedMps)`; grammar in `docs/scenarios.md`. */
  readonly of: string;
  readonly op: Operator;
  /** Two numbers, low and high, for `between`. */
  readonly value: number | readonly [number, number];
  /** `08:00-09:00`, `+1h-+2h`, the id of an event, `before` or `after` it. The whole run when absent. */
  readonly during?: string;
  /** Like `during`; the value is then the ratio of the two. */
  readonly versus?: string;
}

export type ScenarioModule = ScenarioSource | ((options: { readonly seed: number }) => ScenarioSource);

/** For TypeScript files: gives the default export its type. */
export function defineScenario(scenario: ScenarioModule): ScenarioModule {
  return scenario;
}
