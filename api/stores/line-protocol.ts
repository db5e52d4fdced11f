// Writes records as InfluxDB line protocol. The client library's own writer escapes too little (names, newlines, a trailing backslash);
// here names must match the grammar and everything else is escaped.
import { DEVICE_PATTERN, KIND_PATTERN, isField, isKind, show } from '../../telemetry/description.ts';
import type { Description, Value } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';

export const EVENT_MEASUREMENT = '_event';
export const KIND_MEASUREMENT = '_kind';
/** Nanoseconds are signed 64-bit integers: the last whole ms. */
export const MAX_TS_MS = 9_223_372_036_853;
const KIND_TS_MS = Date.UTC(2200, 0, 1);
const NS_PER_MS = 1_000_000;
/** Checking a name costs more than looking it up; bounded, since names come from outside. */
const MAX_KNOWN_NAMES = 100_000;
const knownFields = new Set<string>();
/** What a line begins with, by device: of one city and kind after the other, most of the time it is the same. */
interface Series {
  readonly city: string;
  readonly kind: string;
  readonly byDevice: Map<string, string>;
}
const knownSeries = new Map<string, Series>();
let knownDevices = 0;
let lastSeries: Series = { city: '', kind: '', byDevice: new Map() };

/** One record is one point: measurement = kind, tags city and device, all else fields. @throws Error naming what cannot be written */
export function recordLine(city: string, record: TelemetryRecord): string {
  const { kind, device, ts, seq, fields } = record;
  if (lastSeries.city !== city || lastSeries.kind !== kind) lastSeries = seriesOf(city, kind);
  const start = lastSeries.byDevice.get(device) ?? learnDevice(lastSeries, device);
  return `${start} seq=${seq}${fieldSet(fields)} ${timestamp(ts, seq)}`;
}

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
  if (!Number.isSafeInteger(ts) || ts < 0 || ts > MAX_TS_MS) {
    throw new Error(`ts must be an integer from 0 to ${MAX_TS_MS} ms, got ${show(ts)}`);
  }
  const rest = String(seq % NS_PER_MS);
  return ts === 0 ? rest : `${ts}${rest.padStart(6, '0')}`;
}

function seriesOf(city: string, kind: string): Series {
  if (!isKind(kind)) throw new Error(`kind must match [a-z0-9-]{1,64} and not be reserved, got ${show(kind)}`);
  const key = `${cityName(city)}/${kind}`;
  const series = knownSeries.get(key) ?? { city, kind, byDevice: new Map() };
  knownSeries.set(key, series);
  return series;
}

function learnDevice({ city, kind, byDevice }: Series, device: string): string {
  const start = `${kind},${tags(city, device)}`;
  if (++knownDevices > MAX_KNOWN_NAMES) {
    knownSeries.clear();
    byDevice.clear();
    knownDevices = 1;
  }
  byDevice.set(device, start);
  return start;
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

function fieldSet(fields: { readonly [name: string]: Value }): string {
  let line = '';
  for (const name in fields) {
    if (!knownFields.has(name)) learnField(name);
    line += `,${name}=${fieldValue(name, fields[name]!)}`;
  }
  return line;
}

function learnField(name: string): void {
  if (!isField(name))
    throw new Error(`field must match [A-Za-z][A-Za-z0-9_]{0,63} and not be reserved, got ${show(name)}`);
  if (knownFields.size >= MAX_KNOWN_NAMES) knownFields.clear();
  knownFields.add(name);
}

function fieldValue(name: string, value: Value): string {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`${name} must be finite, got ${value}`);
    // No suffix: a float, also where it happens to be whole.
    return Object.is(value, -0) ? '-0' : String(value);
  }
  return typeof value === 'boolean' ? String(value) : text(value);
}

/** In quotes, backslash first; a newline may stand in quotes as it is. */
function text(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
