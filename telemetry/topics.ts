// The topic tree `city/{city}/…`: builds topics and takes them apart. It knows names, not payloads.
import { DEVICE_PATTERN, KIND_PATTERN, isKind } from './description.ts';

export type DeviceChannel = 'telemetry' | 'event' | 'status' | 'command' | 'ack';

export type Topic =
  | { readonly type: DeviceChannel; readonly city: string; readonly kind: string; readonly device: string }
  | { readonly type: 'kind'; readonly city: string; readonly kind: string }
  | { readonly type: 'clock'; readonly city: string }
  | { readonly type: 'counters'; readonly city: string; readonly part: string }
  | { readonly type: 'timetable' | 'arrivals'; readonly city: string; readonly line: string }
  | { readonly type: 'scenarioCommand' | 'scenarioAck' | 'scenarioState'; readonly city: string };

const CHANNELS = new Set<string>(['telemetry', 'event', 'status', 'command', 'ack']);

export function deviceTopic(city: string, kind: string, device: string, channel: DeviceChannel): string {
  return `city/${city}/${kind}/${device}/${channel}`;
}
export function kindTopic(city: string, kind: string): string {
  return `city/${city}/kinds/${kind}`;
}
export function clockTopic(city: string): string {
  return `city/${city}/clock`;
}
export function countersTopic(city: string, part: string): string {
  return `city/${city}/counters/${part}`;
}
/** Subscribed by an api in another process that wants records it must acknowledge; nothing is published there. */
export function ingestFilter(city: string): string {
  return `$ingest/${city}`;
}
export function scenarioTopic(city: string, channel: 'command' | 'ack' | 'state'): string {
  return `city/${city}/scenario/${channel}`;
}

/** A bus line's timetable (retained), and when its buses are expected. line: a name like a device's. */
export function lineTopic(city: string, channel: 'timetable' | 'arrivals', line: string): string {
  return `city/${city}/${channel}/${line}`;
}

/** Ground truth, outside the city's tree: no device may read it, no store keeps it. */
export function truthTopic(city: string, kind: string, device: string): string {
  return `truth/${city}/${kind}/${device}`;
}

/** Takes a topic apart; undefined when it is none of ours. Names are checked against the grammar. */
export function parseTopic(topic: string): Topic | undefined {
  if (topic.length > 300) return undefined;
  const parts = topic.split('/');
  const [root, city, kind, device, channel] = parts;
  if (root !== 'city' || city === undefined || !KIND_PATTERN.test(city) || kind === undefined) return undefined;
  if (parts.length === 5) {
    if (!isKind(kind) || !DEVICE_PATTERN.test(device!) || !CHANNELS.has(channel!)) return undefined;
    return { type: channel as DeviceChannel, city, kind, device: device! };
  }
  if (parts.length === 3 && kind === 'clock') return { type: 'clock', city };
  if (parts.length !== 4) return undefined;
  if (kind === 'kinds' && isKind(device!)) return { type: 'kind', city, kind: device! };
  if (kind === 'counters' && KIND_PATTERN.test(device!)) return { type: 'counters', city, part: device! };
  if ((kind === 'timetable' || kind === 'arrivals') && DEVICE_PATTERN.test(device!))
    return { type: kind, city, line: device! };
  if (kind === 'scenario' && device === 'command') return { type: 'scenarioCommand', city };
  if (kind === 'scenario' && device === 'ack') return { type: 'scenarioAck', city };
  if (kind === 'scenario' && device === 'state') return { type: 'scenarioState', city };
  return undefined;
}
