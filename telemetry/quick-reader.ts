// Reads the payload of a record as our encoder and most devices write it straight from its bytes: ts, seq, then fields, without blanks, escapes
// or exponents, every value good. It refuses nothing: whatever is unusual, or wrong, is left to JSON.parse and the checks behind it.
import type { Description, FieldDescription, Value } from './description.ts';
import type { TelemetryRecord } from './messages.ts';

interface Field {
  readonly name: string;
  /** `name":` */
  readonly key: Uint8Array;
  readonly type: 'number' | 'boolean' | 'string';
  readonly min: number;
  readonly max: number;
  /** Of a text: all that it may be; undefined: anything. */
  readonly allowed: readonly Text[] | undefined;
  /** Number of the payload in which it was seen last. */
  seenIn: number;
}

interface Text {
  readonly text: string;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const START = encoder.encode('{"ts":');
const SEQ = encoder.encode(',"seq":');
const TRUE = encoder.encode('true');
const FALSE = encoder.encode('false');
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const CLOSE = 0x7d;
const MAX_TEXT_BYTES = 256;
const MAX_SEQ = 4_294_967_295;
/** An integer of up to 15 digits and a power of ten up to 10^22 are exact, so that their quotient is rounded once, as JSON.parse rounds. */
const MAX_DIGITS = 15;
const SCALES = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

export class QuickReader {
  readonly #kind: string;
  readonly #fields: readonly Field[];
  /** By place: the fields of the payload before, which the next one has too, most likely. */
  #expected: Field[] = [];
  #payloads = 0;
  #bytes: Uint8Array = START;
  #at = 0;
  /** The number that was read last has a point in it. */
  #isBroken = false;

  constructor({ kind, fields }: Description) {
    this.#kind = kind;
    this.#fields = Object.entries(fields).map(([name, field]) => quickField(name, field));
  }

  /** @returns undefined when it must be looked at closely */
  read(device: string, payload: Uint8Array): TelemetryRecord | undefined {
    this.#bytes = payload;
    this.#at = 0;
    if (!this.#skip(START)) return undefined;
    const ts = this.#integer();
    const seq = this.#skip(SEQ) ? this.#integer() : 0;
    if (!(ts >= 0) || !(seq >= 0 && seq <= MAX_SEQ)) return undefined;
    const fields = this.#readFields();
    return fields && { kind: this.#kind, device, ts, seq, fields };
  }

  /** From behind the last value on, to the end of the payload. */
  #readFields(): { [name: string]: Value } | undefined {
    const bytes = this.#bytes;
    const fields: { [name: string]: Value } = {};
    this.#payloads++;
    for (let place = 0; bytes[this.#at] === COMMA; place++) {
      if (bytes[this.#at + 1] !== QUOTE) return undefined;
      this.#at += 2;
      const field = this.#field(place);
      if (field === undefined || field.seenIn === this.#payloads) return undefined;
      field.seenIn = this.#payloads;
      const value = this.#value(field);
      if (value === undefined) return undefined;
      fields[field.name] = value;
    }
    return bytes[this.#at] === CLOSE && this.#at + 1 === bytes.length ? fields : undefined;
  }

  #field(place: number): Field | undefined {
    const expected = this.#expected[place];
    if (expected !== undefined && this.#skip(expected.key)) return expected;
    const field = this.#fields.find(({ key }) => this.#skip(key));
    if (field !== undefined) this.#expected[place] = field;
    return field;
  }

  #value(field: Field): Value | undefined {
    if (field.type === 'number') {
      const value = this.#number();
      return value >= field.min && value <= field.max ? value : undefined;
    }
    if (field.type === 'boolean') return this.#skip(FALSE) ? false : this.#skip(TRUE) ? true : undefined;
    return this.#text(field);
  }

  /** NaN for what is none. */
  #integer(): number {
    const value = this.#number();
    return this.#isBroken || Object.is(value, -0) ? NaN : value;
  }

  /** NaN for what is none, or one that must be looked at closely. */
  #number(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at++;
    const start = at;
    let mantissa = 0;
    for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO)
      mantissa = mantissa * 10 + digit;
    let digits = at - start;
    if (digits === 0 || (digits > 1 && bytes[start] === ZERO)) return NaN;
    let decimals = 0;
    this.#isBroken = bytes[at] === POINT;
    if (this.#isBroken) {
      const pointAt = at++;
      for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO)
        mantissa = mantissa * 10 + digit;
      decimals = at - pointAt - 1;
      digits += decimals;
      if (decimals === 0) return NaN;
    }
    if (digits > MAX_DIGITS) return NaN;
    this.#at = at;
    const value = mantissa / SCALES[decimals]!;
    return isNegative ? -value : value;
  }

  #text({ allowed }: Field): string | undefined {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) return undefined;
    this.#at++;
    if (allowed) return allowed.find((one) => this.#skip(one.bytes))?.text;
    const start = this.#at;
    for (let at = start; at <= start + MAX_TEXT_BYTES; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return String.fromCharCode(...bytes.subarray(start, at));
      }
      if (!(byte >= 0x20 && byte < 0x7f) || byte === BACKSLASH) return undefined;
    }
    return undefined;
  }

  /** @returns false, and stays where it is, when something else comes next */
  #skip(wanted: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const { length } = wanted;
    for (let index = 0; index < length; index++) if (bytes[at + index] !== wanted[index]) return false;
    this.#at = at + length;
    return true;
  }
}

function quickField(
  name: string,
  { type = 'number', min = -Infinity, max = Infinity, enum: all }: FieldDescription,
): Field {
  const allowed = all?.map((text) => ({ text, bytes: encoder.encode(JSON.stringify(text).slice(1)) }));
  return { name, key: encoder.encode(`${name}":`), type, min, max, allowed, seenIn: 0 };
}
