// A live client's wish, checked: which kinds, where, which fields, how often.
import { isObject, show } from '../telemetry/description.ts';
import { boxOf } from './parameters.ts';
import type { Box } from './latest.ts';

const MIN_HZ = 0.1;
const MAX_HZ = 10;
const DEFAULT_HZ = 4;
const MAX_NAMES = 256;

export interface Subscription {
  /** Absent: all. */
  readonly kinds?: ReadonlySet<string>;
  readonly bbox?: Box;
  /** Absent: all; lat and lon are always in. */
  readonly fields?: ReadonlySet<string>;
  readonly maxHz: number;
}

/** @throws Error whose message goes to the client */
export function parseSubscription(text: string): Subscription {
  const message = JSON.parse(text) as unknown;
  if (!isObject(message) || message.type !== 'subscribe')
    throw new Error(`expected {"type":"subscribe",…}, got ${show(message)}`);
  const { kinds, bbox, fields, maxHz = DEFAULT_HZ } = message;
  if (typeof maxHz !== 'number' || !(maxHz >= MIN_HZ && maxHz <= MAX_HZ))
    throw new Error(`maxHz must be ${MIN_HZ}…${MAX_HZ}, got ${show(maxHz)}`);
  const box = boxOf(bbox);
  if (bbox !== undefined && !box)
    throw new Error(`bbox must be [west, south, east, north] in degrees, got ${show(bbox)}`);
  return {
    maxHz,
    ...(box ? { bbox: box } : {}),
    ...(kinds === undefined ? {} : { kinds: names('kinds', kinds) }),
    ...(fields === undefined ? {} : { fields: new Set([...names('fields', fields), 'lat', 'lon']) }),
  };
}

function names(what: string, value: unknown): Set<string> {
  if (!Array.isArray(value) || value.length > MAX_NAMES || !value.every((name) => typeof name === 'string'))
    throw new Error(`${what} must be an array of at most ${MAX_NAMES} texts, got ${show(value)}`);
  return new Set(value);
}
