// The contract between a model and the run: what a model file exports and what its fleet may see and do. A fleet is all devices of
// one kind. Models do no I/O and know no clock, network or other model.
import type { AckState, Command } from '../telemetry/messages.ts';
import type { Description, FieldDescription, Value } from '../telemetry/description.ts';
import type { City } from './city.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** Devices that sleep between reports send a first message within this time of the start, as real ones do when they are switched on. */
export const STARTUP_MS = 10_000;

/** What a sensor adds to the truth of a field. Absent = exact. */
export interface SensorError {
  /** White noise, standard deviation in the field's unit. */
  readonly noiseSd?: number;
  /** Fixed offset of a device, standard deviation over devices. */
  readonly biasSd?: number;
  /** Gain error of a device, standard deviation over devices (0.02 = 2 %). */
  readonly gainSd?: number;
}

export interface ModelField extends FieldDescription {
  readonly sensor?: SensorError;
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
}

export interface Fleet {
  /** Moves every device from `nowMs - dtMs` to `nowMs` and reports what is due. */
  tick(nowMs: number, dtMs: number, world: World, report: Reporter): void;
  /** Answers a command; later answers (`done`, `expired`) go through `report.ack`. Absent: the kind has no commands. */
  command?(device: number, command: Command, nowMs: number, report: Reporter): CommandAnswer;
}

export interface CommandAnswer {
  readonly state: Extract<AckState, 'accepted' | 'rejected' | 'done'>;
  readonly reason?: string;
}

/** Truth goes in; the run turns it into readings, numbers it and sends it. */
export interface Reporter {
  /** fields: true values by name; undefined ones are left out. tsMs: device time within the tick. */
  record(device: number, tsMs: number, fields: { readonly [name: string]: Value | undefined }): void;
  event(
    device: number,
    tsMs: number,
    name: string,
    state?: 'raised' | 'cleared',
    fields?: { readonly [name: string]: Value },
  ): void;
  ack(device: number, tsMs: number, commandId: string, state: AckState, reason?: string): void;
}
