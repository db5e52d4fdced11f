// Where a run's messages go: to MQTT, to the judge of a scenario, to a recording, or to all of them.
import type { Value } from '../telemetry/description.ts';
import type { Ack } from '../telemetry/messages.ts';
import type { Fields } from './fleet.ts';

/** What a device sends, by field. */
export type Readings = { readonly [name: string]: Value };

/** `device` is the index in the fleet of `kind`. */
export interface Sink {
  record(kind: string, device: number, ts: number, seq: number, readings: Readings): void;
  event(
    kind: string,
    device: number,
    ts: number,
    seq: number,
    name: string,
    state: 'raised' | 'cleared' | undefined,
    readings: Readings,
  ): void;
  ack(kind: string, device: number, ack: Ack): void;
  /** Ground truth of a record: true values, hidden ones, and in `faults` what bent the reading. Absent: nobody wants it. */
  truth?(kind: string, device: number, ts: number, seq: number, fields: Fields): void;
}

/** Every message to each of the sinks, in their order. */
export function tee(sinks: readonly Sink[]): Sink {
  const wantsTruth = sinks.filter((sink) => sink.truth !== undefined);
  const all: Sink = {
    record: (...message) => {
      for (const sink of sinks) sink.record(...message);
    },
    event: (...message) => {
      for (const sink of sinks) sink.event(...message);
    },
    ack: (...message) => {
      for (const sink of sinks) sink.ack(...message);
    },
  };
  if (wantsTruth.length === 0) return all;
  return {
    ...all,
    truth: (...message) => {
      for (const sink of wantsTruth) sink.truth!(...message);
    },
  };
}
