// Bus records as high-frequency positioning (HFP) v2 messages, the MQTT format of Helsinki's HSL, for programs that were written for it.
// One difference: topics begin with `hfp/`, HSL's with `/hfp/`. Which trip a bus is on, and what it said before, are the caller's knowledge.
// Source: digitransit.fi, High-frequency positioning, API version 2.
import type { TelemetryRecord } from './messages.ts';

/** What a record alone does not say. */
export interface HfpJourney {
  /** Number of the operator, up to 4 digits. */
  readonly operator: number;
  readonly headsign: string;
  /** Planned departure from the first stop, civil, `07:12`. */
  readonly start: string;
  /** `2026-11-21` */
  readonly operatingDay: string;
  /** Id of the stop that it comes to or stands at; undefined beyond the last. */
  readonly nextStop: string | undefined;
  /** Id of the stop at which it stands. */
  readonly stop: string | undefined;
}

/** The message before of the same vehicle. */
export interface HfpBefore {
  readonly record: TelemetryRecord;
  readonly journey: HfpJourney;
}

export interface HfpPayload {
  readonly VP: { readonly [name: string]: string | number | null };
}

const MAX_VEHICLE = 100_000;
const MAX_LEVEL_LENGTH = 64;
/** Digits after the point: those of a topic, and those that are compared. */
const SHOWN_DIGITS = 3;
const COMPARED_DIGITS = 5;

/** record: of kind bus. Without a position the geohash is empty, as HSL has it. */
export function hfpTopic(record: TelemetryRecord, journey: HfpJourney, before?: HfpBefore): string {
  return [stem(record, journey), geohashLevel(record, journey, before), geohash(record)].join('/');
}

/** record: of kind bus. Fields that it does not have are null. */
export function hfpPayload(
  { device, ts, fields }: TelemetryRecord,
  journey: HfpJourney,
  before?: HfpBefore,
): HfpPayload {
  const line = textOf(fields.line);
  const speedMps = numberOf(fields.speedMps);
  const { doorOpen } = fields;
  return {
    VP: {
      desi: line,
      dir: directionOf(fields.direction),
      oper: journey.operator,
      veh: vehicleNumber(device),
      tst: new Date(ts).toISOString(),
      tsi: Math.floor(ts / 1000),
      spd: speedMps,
      hdg: rounded(fields.headingDeg),
      lat: numberOf(fields.lat),
      long: numberOf(fields.lon),
      acc: accelerationMps2(speedMps, ts, before?.record),
      // Negative is late.
      dl: rounded(typeof fields.delayS === 'number' ? -fields.delayS : undefined),
      odo: rounded(fields.alongM),
      drst: typeof doorOpen === 'boolean' ? Number(doorOpen) : null,
      oday: journey.operatingDay,
      line: lineNumber(line),
      start: journey.start,
      loc: fields.lat === undefined ? 'N/A' : 'GPS',
      stop: journey.stop ?? null,
      route: line,
      occu: typeof fields.occupancyRatio === 'number' ? Math.round(100 * fields.occupancyRatio) : null,
    },
  };
}

/** The number painted on the vehicle: the digits at the end of its id; an id without digits gives a number of its own. */
export function vehicleNumber(device: string): number {
  const digits = /\d+$/.exec(device)?.[0];
  if (digits !== undefined) return Number(digits) % MAX_VEHICLE;
  // FNV-1a
  let hash = 0x811c9dc5;
  for (const character of device) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return (hash >>> 0) % MAX_VEHICLE;
}

/** All levels before the place. */
function stem({ device, fields }: TelemetryRecord, { operator, headsign, start, nextStop }: HfpJourney): string {
  const vehicle = String(vehicleNumber(device)).padStart(5, '0');
  const journey = [level(textOf(fields.line) ?? ''), directionOf(fields.direction), level(headsign), level(start)];
  const owner = String(operator).padStart(4, '0');
  return ['hfp/v2/journey/ongoing/vp/bus', owner, vehicle, ...journey, level(nextStop ?? 'EOL')].join('/');
}

/** (31.571, 120.289) → `31;120/52/78/19` */
function geohash({ fields }: TelemetryRecord): string {
  const place = placeOf(fields);
  if (place === undefined) return '///';
  const [lat, lon] = place;
  const pairs = Array.from({ length: SHOWN_DIGITS }, (_, at) => `${lat.digits[at]!}${lon.digits[at]!}`);
  return [`${lat.whole};${lon.whole}`, ...pairs].join('/');
}

/** The most significant digit after the point that has changed; 0 when more than the place has, or a place is missing. */
function geohashLevel(record: TelemetryRecord, journey: HfpJourney, before: HfpBefore | undefined): number {
  const place = placeOf(record.fields);
  const last = before && placeOf(before.record.fields);
  if (place === undefined || last === undefined || stem(record, journey) !== stem(before!.record, before!.journey))
    return 0;
  if (place.some(({ whole }, at) => whole !== last[at]!.whole)) return 0;
  for (let digit = 0; digit < COMPARED_DIGITS; digit++)
    if (place.some(({ digits }, at) => digits[digit] !== last[at]!.digits[digit])) return digit + 1;
  return COMPARED_DIGITS;
}

interface Degrees {
  readonly whole: string;
  readonly digits: string;
}

function placeOf({ lat, lon }: TelemetryRecord['fields']): readonly [Degrees, Degrees] | undefined {
  if (typeof lat !== 'number' || typeof lon !== 'number') return undefined;
  return [degrees(lat), degrees(lon)];
}

/** Cut, not rounded: digits that stay must stay the same. */
function degrees(value: number): Degrees {
  const [whole, digits] = value.toFixed(7).split('.') as [string, string];
  return { whole, digits };
}

function accelerationMps2(speedMps: number | null, ts: number, before: TelemetryRecord | undefined): number | null {
  const lastMps = numberOf(before?.fields.speedMps);
  if (speedMps === null || lastMps === null || ts <= before!.ts) return null;
  return Math.round((100_000 * (speedMps - lastMps)) / (ts - before!.ts)) / 100;
}

/** HSL counts directions from 1. */
function directionOf(direction: unknown): string {
  return direction === 'back' ? '2' : '1';
}

/** HSL's internal number of a line; ours have none but the digits in their names. */
function lineNumber(line: string | null): number {
  return Number(/\d+/.exec(line ?? '')?.[0] ?? 0);
}

/** MQTT knows these characters for something else, or forbids them. */
function level(text: string): string {
  return text.slice(0, MAX_LEVEL_LENGTH).replace(/[/+#\0\uFFFD]/g, ' ');
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function rounded(value: unknown): number | null {
  // No negative zero.
  return typeof value === 'number' ? Math.round(value) + 0 : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
