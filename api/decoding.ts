// From bytes to a message of a known kind, on the way in and once more out of the journal. It judges neither its time nor whether it is new.
import { Rejection } from '../telemetry/json-codec.ts';
import type { DeviceEvent, TelemetryRecord } from '../telemetry/messages.ts';
import { parseTopic } from '../telemetry/topics.ts';
import type { Taken } from './batch.ts';
import type { Entry } from './journal/entry.ts';
import type { Kind, Kinds } from './kinds.ts';

export type Channel = 'telemetry' | 'event';

/** Of a journal's entry: it may be stored already. */
export const SUSPECT = 1;

/** @throws Rejection */
export function decode(
  channel: Channel,
  { decoder }: Kind,
  device: string,
  payload: Uint8Array,
): TelemetryRecord | DeviceEvent {
  return channel === 'telemetry' ? decoder.decode(device, payload) : decoder.decodeEvent(device, payload);
}

/** @throws Rejection: it was good when it was written, and the kind is not known any more, or not like that */
export function decodeEntry(kinds: Kinds, { topic: text, payload, flags }: Entry): Taken {
  const topic = parseTopic(text);
  if (topic?.type !== 'telemetry' && topic?.type !== 'event')
    throw new Rejection('foreign-topic', `expected a topic of records, got ${text}`);
  const kind = kinds.get(topic.kind);
  if (!kind) throw new Rejection('unknown-kind', `the store has no description of kind ${topic.kind}`);
  const message = decode(topic.type, kind, topic.device, payload);
  const handle = kind.devices.handleOf(topic.device) ?? kind.devices.add(topic.device);
  return { channel: topic.type, message, kind, handle, suspect: (flags & SUSPECT) > 0 };
}

/** For the quarantine. */
export function causeOf(error: unknown): string {
  return error instanceof Rejection ? error.reason : 'internal';
}
