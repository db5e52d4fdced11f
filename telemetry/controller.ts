// What a controller of the control centre is, wherever it runs: over MQTT in a live city, stepped by the simulated clock in a run or an
// experiment. It sees telemetry and sends commands; it knows neither the simulator nor the wire.
import type { Description } from './description.ts';
import type { Command, TelemetryRecord } from './messages.ts';
import type { LineArrivals } from './timetable.ts';

export interface Controller {
  /** Short and unique: part of its commands' ids. */
  readonly name: string;
  /** Kinds whose telemetry it wants. */
  readonly reads: readonly string[];
  /** The kind as which the controller itself appears in the city: what it reports and what may be asked of it. Absent: it stays in the background. */
  readonly description?: Description;
  /** A device reported. Records come in order of time for each device. */
  observe(record: TelemetryRecord): void;
  /** What it has decided since the last call, in the order of the decisions. nowMs: simulated time. */
  decide(nowMs: number): Decision[];
  /** What it says about itself, when something is due. Called in a live city only, at least every wall second. */
  report?(nowMs: number): ControllerReport;
  /** A command to the controller itself (of `description.commands`, arguments checked by nobody). @returns why not, or undefined when done */
  obey?(command: Command, nowMs: number): string | undefined;
}

export interface Decision {
  readonly kind: string;
  readonly device: string;
  readonly command: Omit<Command, 'id'>;
  /** For people. */
  readonly why: string;
  /** The same for programs: fields of the event `decision` in the controller's description. */
  readonly about?: TelemetryRecord['fields'];
}

export interface ControllerReport {
  /** Fields of its own record; absent: nothing is due. Its device has the controller's name. */
  readonly fields?: TelemetryRecord['fields'];
  /** For `city/{city}/arrivals/{line}`. */
  readonly arrivals?: readonly LineArrivals[];
}
