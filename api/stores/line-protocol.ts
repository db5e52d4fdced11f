// InfluxDB's line protocol: its texts, for events and descriptions whole lines. The client library's own writer escapes too little (names,
// newlines, a trailing backslash); here names must match the grammar and everything else is escaped. Lines of records are in record-lines.ts.
import { DEVICE_PATTERN, KIND_PATTERN, isField, isKind, show } from '../../telemetry/description.ts';
import type { Description } from '../../telemetry/description.ts';
import type { DeviceEvent } from '../../telemetry/messages.ts';

export const EVENT_MEASUREMENT = '_event';
export const KIND_MEASUREMENT = '_kind';
/** Nanoseconds are signed 64-bit integers: the last whole ms. */
export const MAX_TS_MS = 9_223_372_036_853;
const KIND_TS_MS = Date.UTC(2200, 0, 1);
export const NS_PER_MS = 1_000_000;

/** Fields of an event vary from event to event: they travel as one JSON text. @throws Error */
export function eventLine(city: string, event: DeviceEvent): string {
  const { kind, device, ts, seq, name, state, fields } = event;
  if (!isKind(kind)) throw new Error(`kind must match [a-z0-9-]{1,64} and not be reserved, got ${show(kind)}`);
  const stateField = state === undefined ? '' : `,state=${text(state)}`;
  const values = `seq=${seq},name=${text(name)}${stateField},fields=${text(JSON.stringify(fields))}`;
  return `${EVENT_MEASUREMENT},${tags(city, device)},kind=${kind} ${values} ${timestamp(ts, seq)}`;
}

/** One point a kind, in a year that no retention reaches: the newest description takes the place of the one before. @throws Error */
export function kindLine(city: string, description: Description): string {
  if (!isKind(description.kind)) throw new Error(`kind must match [a-z0-9-]{1,64}, got ${show(description.kind)}`);
  return `${KIND_MEASUREMENT},city=${cityName(city)},kind=${description.kind} description=${text(JSON.stringify(description))} ${timestamp(KIND_TS_MS, 0)}`;
}

/** ts·10⁶ + seq mod 10⁶ ns as text: the number is beyond 2⁵³. */
export function timestamp(ts: number, seq: number): string {
  checkTs(ts);
  const rest = String(seq % NS_PER_MS);
  return ts === 0 ? rest : `${ts}${rest.padStart(6, '0')}`;
}

/** @throws Error for a time that a timestamp cannot hold */
export function checkTs(ts: number): void {
  if (!Number.isSafeInteger(ts) || ts < 0 || ts > MAX_TS_MS) {
    throw new Error(`ts must be an integer from 0 to ${MAX_TS_MS} ms, got ${show(ts)}`);
  }
}

/** What a line of a record begins with, up to and with its seq's `=`. @throws Error */
export function recordStart(city: string, kind: string, device: string): string {
  if (!isKind(kind)) throw new Error(`kind must match [a-z0-9-]{1,64} and not be reserved, got ${show(kind)}`);
  return `${kind},${tags(city, device)} seq=`;
}

/** What stands in front of a value. @throws Error */
export function fieldStart(name: string): string {
  if (!isField(name))
    throw new Error(`field must match [A-Za-z][A-Za-z0-9_]{0,63} and not be reserved, got ${show(name)}`);
  return `,${name}=`;
}

function tags(city: string, device: string): string {
  // No character of the grammar needs an escape.
  if (!DEVICE_PATTERN.test(device)) throw new Error(`device must match ${DEVICE_PATTERN.source}, got ${show(device)}`);
  return `city=${cityName(city)},device=${device}`;
}

function cityName(city: string): string {
  if (!KIND_PATTERN.test(city)) throw new Error(`city must match ${KIND_PATTERN.source}, got ${show(city)}`);
  return city;
}

/** In quotes, backslash first; a newline may stand in quotes as it is. */
export function text(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
