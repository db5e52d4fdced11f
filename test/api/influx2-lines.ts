// Line protocol as InfluxDB 2.x reads it, for the stand-in server: which lines are points, and what is wrong with the others. Written from
// the public reference (docs.influxdata.com, line protocol; influxdata/influxdb, models/points.go); it stores nothing.
export type FieldKind = 'float' | 'integer' | 'unsigned' | 'string' | 'boolean';

export interface Point {
  readonly text: string;
  readonly measurement: string;
  readonly fields: ReadonlyMap<string, FieldKind>;
}

export interface Parsed {
  readonly points: readonly Point[];
  /** `unable to parse '<line>': <reason>`, one for each bad line. */
  readonly errors: readonly string[];
}

const MAX_KEY_BYTES = 65_535;
const MAX_TIME_NS = 9_223_372_036_854_775_806n;
const NS_BY_PRECISION: { readonly [precision: string]: bigint } = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
};
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const BOOLEAN = /^(t|T|true|True|TRUE|f|F|false|False|FALSE)$/;

export function parseLines(body: string, precision: string): Parsed {
  const points: Point[] = [];
  const errors: string[] = [];
  for (const line of splitLines(body)) {
    const text = line.replace(/^[ \t]+/, '').replace(/\r$/, '');
    if (text === '' || text.startsWith('#')) continue;
    try {
      points.push(parseLine(text, NS_BY_PRECISION[precision]!));
    } catch (error) {
      errors.push(`unable to parse '${text}': ${(error as Error).message}`);
    }
  }
  return { points, errors };
}

/** A newline ends a line unless it stands in the quotes of a field's text; behind a backslash too. */
function splitLines(body: string): string[] {
  const lines: string[] = [];
  let start = 0;
  let quoted = false;
  let inFields = false;
  for (let at = 0; at < body.length; at++) {
    const char = body[at];
    if (char === '\\' && body[at + 1] !== '\n') at++;
    else if (char === '"' && inFields) quoted = !quoted;
    else if (char === ' ') inFields = true;
    else if (char === '\n' && !quoted) {
      lines.push(body.slice(start, at));
      start = at + 1;
      inFields = false;
    }
  }
  lines.push(body.slice(start));
  return lines;
}

function parseLine(text: string, nsPerUnit: bigint): Point {
  const keyEnd = unescaped(text, 0, ' ');
  const key = keyEnd < 0 ? text : text.slice(0, keyEnd);
  const measurement = parseKey(key);
  if (keyEnd < 0) throw new Error('missing fields');
  const fieldsEnd = unescapedOutsideQuotes(text, keyEnd + 1, ' ');
  const fieldSet = text.slice(keyEnd + 1, fieldsEnd < 0 ? undefined : fieldsEnd);
  const fields = parseFields(fieldSet);
  if (fieldsEnd >= 0) checkTime(text.slice(fieldsEnd + 1), nsPerUnit);
  return { text, measurement, fields };
}

function parseKey(key: string): string {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new Error(`max key length exceeded: ${Buffer.byteLength(key)} > ${MAX_KEY_BYTES}`);
  const [measurement = '', ...tags] = splitUnescaped(key, ',');
  if (measurement === '') throw new Error('missing measurement');
  const names = new Set<string>();
  for (const tag of tags) {
    const equals = unescaped(tag, 0, '=');
    if (tag === '' || equals === 0) throw new Error('missing tag key');
    if (equals < 0 || equals === tag.length - 1) throw new Error('missing tag value');
    // An odd backslash at the end takes the comma or blank behind it into the value.
    if (unescaped(tag, equals + 1, '=') >= 0 || /(^|[^\\])(\\\\)*\\$/.test(tag)) throw new Error('invalid tag format');
    const name = tag.slice(0, equals);
    if (names.has(name)) throw new Error('duplicate tags');
    names.add(name);
  }
  return measurement.replaceAll(/\\([, ])/g, '$1');
}

function parseFields(text: string): Map<string, FieldKind> {
  const fields = new Map<string, FieldKind>();
  if (text === '') throw new Error('missing fields');
  for (let at = 0; at < text.length;) {
    const equals = unescaped(text, at, '=');
    if (equals < 0) throw new Error('invalid field format');
    if (equals === at) throw new Error('missing field key');
    const end = unescapedOutsideQuotes(text, equals + 1, ',');
    const value = text.slice(equals + 1, end < 0 ? undefined : end);
    fields.set(text.slice(at, equals), kindOf(value));
    if (end === text.length - 1) throw new Error('missing field key');
    at = end < 0 ? text.length : end + 1;
  }
  return fields;
}

function kindOf(value: string): FieldKind {
  if (value === '') throw new Error('missing field value');
  if (value.startsWith('"')) {
    if (!/^"(?:[^"\\]|\\[\s\S])*"$/.test(value)) throw new Error('unbalanced quotes');
    return 'string';
  }
  if (BOOLEAN.test(value)) return 'boolean';
  const whole = /^([+-]?\d+)([iu])$/.exec(value);
  if (whole) return wholeKind(BigInt(whole[1]!), whole[2]!);
  if (!FLOAT.test(value) || !Number.isFinite(Number(value)))
    throw new Error(/^[tfTF]/.test(value) ? 'invalid boolean' : 'invalid number');
  return 'float';
}

function wholeKind(value: bigint, suffix: string): FieldKind {
  const [min, max] = suffix === 'i' ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  if (value < min || value > max) throw new Error(`unable to parse integer ${value}: value out of range`);
  return suffix === 'i' ? 'integer' : 'unsigned';
}

function checkTime(text: string, nsPerUnit: bigint): void {
  const time = text.replaceAll(/^ +| +$/g, '');
  if (time === '') return;
  if (!/^-?\d+$/.test(time)) throw new Error('bad timestamp');
  const ns = BigInt(time) * nsPerUnit;
  if (ns > MAX_TIME_NS || ns < -MAX_TIME_NS) throw new Error(`time outside range -${MAX_TIME_NS} - ${MAX_TIME_NS}`);
}

/** Index of a character that no backslash precedes, -1 when there is none. */
function unescaped(text: string, from: number, wanted: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === wanted) return at;
  }
  return -1;
}

function unescapedOutsideQuotes(text: string, from: number, wanted: string): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === wanted && !quoted) return at;
  }
  if (quoted) throw new Error('unbalanced quotes');
  return -1;
}

function splitUnescaped(text: string, by: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = unescaped(text, 0, by); at >= 0; at = unescaped(text, start, by)) {
    parts.push(text.slice(start, at));
    start = at + 1;
  }
  return [...parts, text.slice(start)];
}
