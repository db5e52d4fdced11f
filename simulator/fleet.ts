// The contract between a model and the run: what a model file exports and what its fleet may see and do. A fleet is all devices of
// one kind. Devices that move are ticked; devices that report now and then are woken, and cost nothing in between. Models do no I/O and
// know no clock, network or other model.
import type { AckState, Command } from '../telemetry/messages.ts';
import type { Description, FieldDescription, Value } from '../telemetry/description.ts';
import type { LineTimetable } from '../telemetry/timetable.ts';
import type { City, Point } from './city.ts';
import type { Random } from './random.ts';
import type { DayType, World, WorldEvent } from './world.ts';

/** Devices that sleep between reports send a first message within this time of the start, as real ones do when they are switched on. */
export const STARTUP_MS = 10_000;

/** What a sensor adds to the truth of a field. Absent = exact. Source: see `sensor.ts`. */
export interface SensorError {
  /** White noise, standard deviation in the field's unit. */
  readonly noiseSd?: number;
  /** White noise relative to the value (0.02 = 2 %), added to `noiseSd`. */
  readonly noiseShare?: number;
  /** Slow noise: standard deviation, and correlation from one reading to the next. */
  readonly slowNoise?: { readonly sd: number; readonly phi: number };
  /** Fixed offset of a device, standard deviation over devices. */
  readonly biasSd?: number;
  /** Gain error of a device, standard deviation over devices (0.02 = 2 %). */
  readonly gainSd?: number;
  /** Drift, standard deviation over devices, per year, in the field's unit; grows from the start of the run. */
  readonly driftPerYearSd?: number;
}

export interface ModelField extends FieldDescription {
  /** Present, if only `{}`: a part that wears out as well. Absent: exact, and broken only on demand. */
  readonly sensor?: SensorError;
}

/** Something a scenario may do to one device of the kind: a leak, a breakdown. `args` is a JSON Schema of type object. */
export interface HappeningDescription {
  readonly label: string;
  readonly labels?: { readonly [language: string]: string };
  readonly args: { readonly [keyword: string]: unknown };
}

export interface Model {
  /** What goes on the wire, except for the fields' `sensor`. */
  readonly description: Omit<Description, 'fields'> & { readonly fields: { readonly [name: string]: ModelField } };
  /** QoS of telemetry. Events are always QoS 1. */
  readonly qos: 0 | 1;
  /** Devices in the demo city at scale 1. */
  readonly demoCount: number;
  /** Where the physics comes from. */
  readonly sources: readonly string[];
  /** What only the truth topic shows: by name, like fields. */
  readonly hidden?: { readonly [name: string]: FieldDescription };
  /** What a scenario may do to a device; the names share one list with the world's events. */
  readonly happenings?: { readonly [name: string]: HappeningDescription };
  /** True when devices of the kind influence each other (one street network, one line): more devices change the lives of others. */
  readonly interacts?: boolean;
  /** By how much a field's mean over a day may differ between ticks of 1 s and of 60 s, relative to the larger of the two; absent = not at all. */
  readonly tickTolerance?: { readonly [field: string]: number };
  createFleet(context: FleetContext): Fleet;
}

export interface FleetContext {
  readonly count: number;
  readonly city: City;
  /** Pure function of (seed, kind); draw with (device, purpose, counter). */
  readonly random: Random;
  readonly startMs: number;
  readonly utcOffsetMin: number;
  /** Device id of an index: `bus-0007`. */
  deviceId(index: number): string;
  /** Moves a sleeping device's next wake to a whole ms after now, e.g. for a command or a last gasp. Woken fleets only. */
  wakeAt(device: number, atMs: number): void;
}

export interface Fleet {
  /** Moves every device from `nowMs - dtMs` to `nowMs` and reports what is due. After the wakes of the same tick. */
  tick?(nowMs: number, dtMs: number, world: World, report: Reporter): void;
  /** First wake of a sleeping device: a whole ms after the start. Present together with `wake`. */
  firstWakeMs?(device: number): number;
  /** A sleeping device's moment: reads, reports, obeys. @returns its next wake, a whole ms after `atMs`, or Infinity */
  wake?(device: number, atMs: number, world: World, report: Reporter): number;
  /** Answers a command; later answers (`done`, `expired`) go through `report.ack`. Absent: the kind has no commands. */
  command?(device: number, command: Command, nowMs: number, report: Reporter): CommandAnswer;
  /** One of the model's happenings befalls a device; the arguments have been checked. untilMs: Infinity = until repaired or for good. */
  befall?(device: number, happening: Happening, nowMs: number, report: Reporter): void;
  /** An event of the world began or ended. For fleets that must react at once (a last gasp); all others feel it in the world. */
  notice?(event: WorldEvent, began: boolean, nowMs: number, world: World, report: Reporter): void;
  /** What the city publishes of this fleet's service for these civil dates: bus lines with their trips. Absent: it has no timetable. */
  timetables?(world: World, dates: readonly ServiceDate[]): readonly LineTimetable[];
  /** Where a device is now, metres east and north of the city's anchor. */
  placeOf(device: number): Point;
}

export interface ServiceDate {
  /** `2026-11-21` */
  readonly date: string;
  readonly dayType: DayType;
}

export interface Happening {
  readonly name: string;
  readonly args: { readonly [name: string]: unknown };
  readonly untilMs: number;
}

export interface CommandAnswer {
  readonly state: Extract<AckState, 'accepted' | 'rejected' | 'done'>;
  readonly reason?: string;
}

/** True values or readings by field name; undefined ones are left out. */
export type Fields = { readonly [name: string]: Value | undefined };

/** Truth goes in; the run turns it into readings, numbers it and sends it. */
export interface Reporter {
  /** fields: true values by name. tsMs: device time within the tick. hidden: what only the truth topic shows. */
  record(device: number, tsMs: number, fields: Fields, hidden?: Fields): void;
  event(device: number, tsMs: number, name: string, state?: 'raised' | 'cleared', fields?: Fields): void;
  ack(device: number, tsMs: number, commandId: string, state: AckState, reason?: string): void;
}
