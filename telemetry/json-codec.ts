// The default payload: flat JSON `{"ts","seq",…fields}`. Encoding writes bytes straight into a buffer (one encoder per kind, keys encoded
// once); decoding parses, checks every value against the kind's description and names what is wrong; what is as usual is read by
// quick-reader.ts, to the same result. Topics are not its business.
import { ByteWriter, MAX_DECIMALS } from './byte-writer.ts';
import { isObject, show } from './description.ts';
import type { Description, FieldDescription, Value } from './description.ts';
import type { DeviceEvent, TelemetryRecord } from './messages.ts';
import { QuickReader } from './quick-reader.ts';

/** Why a payload was refused: `cause` is a counter's name, `detail` is for people. */
export class Rejection extends Error {
  readonly reason: string;
  constructor(reason: RejectionCause, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
export type RejectionCause =
  | 'bad-utf8'
  | 'not-json'
  | 'not-an-object'
  | 'bad-ts'
  | 'clock'
  | 'bad-seq'
  | 'unknown-field'
  | 'wrong-type'
  | 'out-of-range'
  | 'bad-event'
  | 'bad-description'
  | 'unknown-kind'
  | 'foreign-topic'
  | 'other-city'
  | 'too-large'
  | 'bad-ack'
  | 'bad-command'
  | 'bad-status';

/** Records larger than this are refused. */
export const MAX_PAYLOAD_BYTES = 16_384;
const MAX_TEXT_LENGTH = 256;
const MAX_SEQ = 4_294_967_295;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

type FieldReader = (value: unknown, name: string) => void;

/** Decodes and checks the payloads of one kind. Throws `Rejection`. */
export class RecordDecoder {
  readonly description: Description;
  readonly #check = new Map<string, FieldReader>();
  readonly #quick: QuickReader;

  constructor(description: Description) {
    this.description = description;
    this.#quick = new QuickReader(description);
    for (const [name, field] of Object.entries(description.fields)) this.#check.set(name, fieldChecker(field));
  }

  /** @returns the record; absent fields stay absent. @throws Rejection */
  decode(device: string, payload: Uint8Array): TelemetryRecord {
    const record = payload.length <= MAX_PAYLOAD_BYTES ? this.#quick.read(device, payload) : undefined;
    if (record !== undefined) return record;
    const { ts, seq = 0, ...fields } = parsePayload(payload);
    return { kind: this.description.kind, device, ts: checkTs(ts), seq: checkSeq(seq), fields: this.#checked(fields) };
  }

  /** @throws Rejection, also for an event that the description does not list. */
  decodeEvent(device: string, payload: Uint8Array): DeviceEvent {
    const { ts, seq = 0, name, state, ...fields } = parsePayload(payload);
    if (typeof name !== 'string' || !Object.hasOwn(this.description.events ?? {}, name)) {
      const known = Object.keys(this.description.events ?? {}).join(', ') || 'none';
      throw new Rejection('bad-event', `unknown event ${show(name)}, ${this.description.kind} has: ${known}`);
    }
    if (state !== undefined && state !== 'raised' && state !== 'cleared') {
      throw new Rejection('bad-event', `state must be raised or cleared, got ${show(state)}`);
    }
    const event = {
      kind: this.description.kind,
      device,
      ts: checkTs(ts),
      seq: checkSeq(seq),
      fields: this.#checked(fields),
      name,
    };
    return state === undefined ? event : { ...event, state };
  }

  #checked(fields: { [name: string]: unknown }): { [name: string]: Value } {
    for (const name in fields) {
      const check = this.#check.get(name);
      if (check === undefined)
        throw new Rejection('unknown-field', `${this.description.kind} has no field ${show(name)}`);
      check(fields[name], name);
    }
    return fields as { [name: string]: Value };
  }
}

/** The payload as a JSON object. @throws Rejection bad-utf8, not-json, not-an-object, too-large */
export function parsePayload(payload: Uint8Array, maxBytes = MAX_PAYLOAD_BYTES): { [key: string]: unknown } {
  if (payload.length > maxBytes) {
    throw new Rejection('too-large', `payload must be at most ${maxBytes} bytes, got ${payload.length}`);
  }
  let text: string;
  try {
    text = utf8.decode(payload);
  } catch {
    throw new Rejection('bad-utf8', 'payload is not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Rejection('not-json', (error as Error).message);
  }
  if (!isObject(value)) throw new Rejection('not-an-object', `payload must be a JSON object, got ${show(value)}`);
  return value;
}

function checkTs(ts: unknown): number {
  if (!Number.isSafeInteger(ts) || (ts as number) < 0) {
    throw new Rejection('bad-ts', `ts must be an integer, ms since 1970, got ${show(ts)}`);
  }
  return ts as number;
}

function checkSeq(seq: unknown): number {
  if (!Number.isInteger(seq) || (seq as number) < 0 || (seq as number) > MAX_SEQ) {
    throw new Rejection('bad-seq', `seq must be an integer from 0 to ${MAX_SEQ}, got ${show(seq)}`);
  }
  return seq as number;
}

function fieldChecker(field: FieldDescription): FieldReader {
  if (field.type === 'boolean') {
    return (value, name) => {
      if (typeof value !== 'boolean')
        throw new Rejection('wrong-type', `${name} must be true or false, got ${show(value)}`);
    };
  }
  if (field.type === 'string') {
    const allowed = field.enum && new Set(field.enum);
    return (value, name) => {
      if (typeof value !== 'string') throw new Rejection('wrong-type', `${name} must be a text, got ${show(value)}`);
      if (value.length > MAX_TEXT_LENGTH)
        throw new Rejection('out-of-range', `${name} is longer than ${MAX_TEXT_LENGTH} characters`);
      if (allowed && !allowed.has(value)) {
        throw new Rejection('out-of-range', `${name} must be one of ${[...allowed].join(', ')}, got ${show(value)}`);
      }
    };
  }
  const { min = -Infinity, max = Infinity } = field;
  return (value, name) => {
    if (typeof value !== 'number') throw new Rejection('wrong-type', `${name} must be a number, got ${show(value)}`);
    if (!Number.isFinite(value)) throw new Rejection('wrong-type', `${name} must be finite, got ${value}`);
    if (value < min || value > max)
      throw new Rejection('out-of-range', `${name} must be in ${min}…${max}, got ${value}`);
  };
}

const CLOSE = 0x7d;

/**
 * Encodes records of one kind. Numbers are written with the decimals of their field's resolution, so a quantised reading survives the
 * wire unchanged. Not re-entrant: the returned bytes are a view that the next call overwrites.
 */
export class RecordEncoder {
  readonly #fields: { name: string; key: Uint8Array; decimals: number }[];
  readonly #out = new ByteWriter();

  constructor(description: Description) {
    this.#fields = Object.entries(description.fields).map(([name, field]) => ({
      name,
      key: encoder.encode(`,"${name}":`),
      decimals: decimalsOf(field.resolution),
    }));
  }

  /** @returns `{"ts":…,"seq":…,…fields}` in UTF-8, valid until the next call. Fields that are undefined are left out. */
  encode(ts: number, seq: number, fields: { readonly [name: string]: Value | undefined }): Uint8Array {
    this.#out.cut(0);
    this.#out.bytes(TS);
    this.#out.integer(ts);
    this.#out.bytes(SEQ);
    this.#out.integer(seq);
    this.#values(fields);
    return this.#done();
  }

  encodeEvent(
    ts: number,
    seq: number,
    name: string,
    state: string | undefined,
    fields: { readonly [name: string]: Value | undefined },
  ): Uint8Array {
    this.#out.cut(0);
    const head = state === undefined ? '' : `,"state":${JSON.stringify(state)}`;
    this.#out.text(`{"ts":${ts},"seq":${seq},"name":${JSON.stringify(name)}${head}`);
    this.#values(fields);
    return this.#done();
  }

  #values(fields: { readonly [name: string]: Value | undefined }): void {
    for (const field of this.#fields) {
      const value = fields[field.name];
      if (value === undefined) continue;
      this.#out.bytes(field.key);
      if (typeof value !== 'number' || field.decimals < 0 || !this.#out.rounded(value, field.decimals))
        this.#out.text(JSON.stringify(value));
    }
  }

  #done(): Uint8Array {
    this.#out.byte(CLOSE);
    return this.#out.written();
  }
}

const TS = encoder.encode('{"ts":');
const SEQ = encoder.encode(',"seq":');

/** Decimals that write a multiple of `resolution` exactly; -1 (shortest text) when there is none or it is not decimal. */
function decimalsOf(resolution: number | undefined): number {
  if (resolution === undefined) return -1;
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
    const scaled = resolution * 10 ** decimals;
    if (scaled >= 0.999_999 && Math.abs(scaled - Math.round(scaled)) < 1e-6) return decimals;
  }
  return -1;
}
