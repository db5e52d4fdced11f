// What a controller of the control centre is, wherever it runs: over MQTT in a live city, stepped by the simulated clock in a run. It sees
// telemetry and sends commands; it knows neither the simulator nor the wire.
import type { Command, TelemetryRecord } from './messages.ts';

export interface Controller {
  /** Short and unique: part of its commands' ids. */
  readonly name: string;
  /** Kinds whose telemetry it wants. */
  readonly reads: readonly string[];
  /** A device reported. Records come in order of time for each device. */
  observe(record: TelemetryRecord): void;
  /** What it has decided since the last call, in the order of the decisions. nowMs: simulated time. */
  decide(nowMs: number): Decision[];
}

export interface Decision {
  readonly kind: string;
  readonly device: string;
  readonly command: Omit<Command, 'id'>;
  /** For people. */
  readonly why: string;
}
