// Recordings as text: one JSON object a line, a header first, then records, events and ground truth in the order of their coming. It knows
// lines, not files: reading, compressing and sorting are for others.
import { DEVICE_PATTERN, descriptionProblems, isField, isKind, isObject, show } from './description.ts';
import type { Description, Value } from './description.ts';
import type { DeviceEvent, TelemetryRecord } from './messages.ts';

/** Version of the format, the value of `citytwin` in a header. */
export const RECORDING_VERSION = 1;

/** What was recorded. */
export interface RecordingHeader {
  readonly city: string;
  readonly scenario?: string;
  readonly seed?: number;
  /** Simulated start, ms since 1970 (UTC). */
  readonly startMs?: number;
  /** Civil time = ts + utcOffsetMin. */
  readonly utcOffsetMin?: number;
  /** Of every kind that follows. */
  readonly descriptions: readonly Description[];
}

export type RecordingLine =
  | { readonly type: 'header'; readonly header: RecordingHeader }
  | { readonly type: 'record'; readonly record: TelemetryRecord }
  | { readonly type: 'event'; readonly event: DeviceEvent }
  /** True values by name, hidden ones too; `faults` names what bent the reading. */
  | { readonly type: 'truth'; readonly truth: TelemetryRecord };

type Fields = { readonly [name: string]: Value | undefined };

/** Words of a line that a field may also be called: fields of such a kind stand in an object of their own, `fields`. */
const WORDS = {
  record: ['event', 'truth'],
  event: ['event', 'state', 'truth'],
} as const;
const MAX_SEQ = 4_294_967_295;

interface Lane {
  readonly start: string;
  readonly truthStart: string;
  readonly names: readonly string[];
  /** `"speedMps":` by position in `names`. */
  readonly keys: readonly string[];
  readonly nests: { readonly record: boolean; readonly event: boolean };
}

/** Writes lines, each with its newline. Numbers are the shortest text that reads back as the same number. */
export class RecordingEncoder {
  readonly #header: RecordingHeader;
  readonly #lanes = new Map<string, Lane>();

  constructor(header: RecordingHeader) {
    this.#header = header;
    for (const description of header.descriptions) this.#lanes.set(description.kind, laneOf(description));
  }

  header(): string {
    return `${JSON.stringify({ citytwin: RECORDING_VERSION, ...this.#header })}\n`;
  }

  /** Fields that are undefined, or that the kind does not have, are left out. @throws Error for a kind that was not described */
  record(kind: string, device: string, ts: number, seq: number, fields: Fields): string {
    const lane = this.#lane(kind);
    const head = `${lane.start}${device}","ts":${ts},"seq":${seq}`;
    const values = described(lane, fields);
    return lane.nests.record ? `${head},"fields":{${values.slice(1)}}}\n` : `${head}${values}}\n`;
  }

  event(
    kind: string,
    device: string,
    ts: number,
    seq: number,
    name: string,
    state: 'raised' | 'cleared' | undefined,
    fields: Fields,
  ): string {
    const lane = this.#lane(kind);
    const stateText = state === undefined ? '' : `,"state":"${state}"`;
    const head = `${lane.start}${device}","ts":${ts},"seq":${seq},"event":${JSON.stringify(name)}${stateText}`;
    const values = described(lane, fields);
    return lane.nests.event ? `${head},"fields":{${values.slice(1)}}}\n` : `${head}${values}}\n`;
  }

  /** fields: whatever is true, described or not. */
  truth(kind: string, device: string, ts: number, seq: number, fields: Fields): string {
    let values = '';
    let nests = false;
    for (const name in fields) {
      const value = fields[name];
      if (value === undefined) continue;
      values += `,${JSON.stringify(name)}:${valueText(value)}`;
      if (name === 'truth' || name === 'event') nests = true;
    }
    const head = `${this.#lane(kind).truthStart}${device}","ts":${ts},"seq":${seq}`;
    return nests ? `${head},"fields":{${values.slice(1)}}}\n` : `${head}${values}}\n`;
  }

  #lane(kind: string): Lane {
    const lane = this.#lanes.get(kind);
    if (lane === undefined)
      throw new Error(
        `kind ${kind} is not in the recording's header, expected one of ${[...this.#lanes.keys()].join(', ')}`,
      );
    return lane;
  }
}

function laneOf({ kind, fields }: Description): Lane {
  const names = Object.keys(fields);
  const nests = (words: readonly string[]) => words.some((word) => Object.hasOwn(fields, word));
  return {
    start: `{"kind":"${kind}","device":"`,
    truthStart: `{"truth":true,"kind":"${kind}","device":"`,
    names,
    keys: names.map((name) => `,"${name}":`),
    nests: { record: nests(WORDS.record), event: nests(WORDS.event) },
  };
}

function described(lane: Lane, fields: Fields): string {
  let text = '';
  for (let at = 0; at < lane.names.length; at++) {
    const value = fields[lane.names[at]!];
    if (value !== undefined) text += lane.keys[at]! + valueText(value);
  }
  return text;
}

/** A value as JSON that reads back as the same value. */
export function valueText(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error(`a recorded number must be finite, got ${value}`);
  // JSON has a negative zero, JSON.stringify has not.
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * Reads one line. Fields are checked for type only: what a kind's limits say is for whoever takes the record.
 * @param number of the line, from 1, for messages
 * @throws Error `line 17: …` that names the bad value and what was expected
 */
export function decodeRecordingLine(line: string, number: number): RecordingLine {
  try {
    const value: unknown = JSON.parse(line);
    if (!isObject(value)) throw new Error(`expected a JSON object, got ${show(value)}`);
    return value.citytwin !== undefined && value.kind === undefined
      ? { type: 'header', header: checkHeader(value) }
      : decodeMessage(value);
  } catch (error) {
    throw new Error(`line ${number}: ${(error as Error).message}`, { cause: error });
  }
}

function decodeMessage(value: { [key: string]: unknown }): RecordingLine {
  const { kind, device, ts, seq = 0, ...rest } = value;
  if (typeof kind !== 'string' || !isKind(kind)) throw new Error(`kind must match [a-z0-9-]{1,64}, got ${show(kind)}`);
  if (typeof device !== 'string' || !DEVICE_PATTERN.test(device))
    throw new Error(`device must match ${DEVICE_PATTERN.source}, got ${show(device)}`);
  if (!Number.isSafeInteger(ts) || (ts as number) < 0)
    throw new Error(`ts must be an integer, ms since 1970, got ${show(ts)}`);
  if (!Number.isInteger(seq) || (seq as number) < 0 || (seq as number) > MAX_SEQ)
    throw new Error(`seq must be an integer from 0 to ${MAX_SEQ}, got ${show(seq)}`);
  const identity = { kind, device, ts: ts as number, seq: seq as number };
  if (rest.truth === true) {
    const { truth: _, ...fields } = rest;
    return { type: 'truth', truth: { ...identity, fields: checkFields(fields) } };
  }
  if (typeof rest.event !== 'string') return { type: 'record', record: { ...identity, fields: checkFields(rest) } };
  const { event: name, state, ...fields } = rest;
  const event = { ...identity, fields: checkFields(fields), name };
  if (state === undefined) return { type: 'event', event };
  if (state !== 'raised' && state !== 'cleared') throw new Error(`state must be raised or cleared, got ${show(state)}`);
  return { type: 'event', event: { ...event, state } };
}

/** Beside the line's own words, or in `fields`. */
function checkFields(rest: { [key: string]: unknown }): { [name: string]: Value } {
  const fields = isObject(rest.fields) ? rest.fields : rest;
  if (fields !== rest) {
    const other = Object.keys(rest).find((key) => key !== 'fields');
    if (other !== undefined) throw new Error(`${show(other)} stands beside fields, expected it inside`);
  }
  for (const name in fields) {
    if (!isField(name)) throw new Error(`a field must match [A-Za-z][A-Za-z0-9_]{0,63}, got ${show(name)}`);
    const value = fields[name];
    const type = typeof value;
    // A number beyond the range of doubles reads as Infinity.
    if (type === 'number' ? !Number.isFinite(value) : type !== 'boolean' && type !== 'string')
      throw new Error(`${name} must be a number, true, false or a text, got ${show(value)}`);
  }
  return fields as { [name: string]: Value };
}

function checkHeader(value: { [key: string]: unknown }): RecordingHeader {
  const { citytwin, city, descriptions, scenario, seed, startMs, utcOffsetMin } = value;
  if (citytwin !== RECORDING_VERSION)
    throw new Error(`this recording has format ${show(citytwin)}, expected ${RECORDING_VERSION}`);
  if (typeof city !== 'string') throw new Error(`city must be a text, got ${show(city)}`);
  if (!Array.isArray(descriptions)) throw new Error(`descriptions must be an array, got ${show(descriptions)}`);
  const problems = descriptions.flatMap(descriptionProblems);
  if (problems.length > 0) throw new Error(problems.join('; '));
  if (scenario !== undefined && typeof scenario !== 'string')
    throw new Error(`scenario must be a text, got ${show(scenario)}`);
  for (const [name, number] of Object.entries({ seed, startMs, utcOffsetMin })) {
    if (number !== undefined && !Number.isFinite(number))
      throw new Error(`${name} must be a number, got ${show(number)}`);
  }
  const { citytwin: _, ...header } = value;
  return header as unknown as RecordingHeader;
}
