// What a kind of device offers: its fields with unit and limits, its events, its commands. A description is data: it travels
// retained over MQTT, is kept in the store, and everything downstream (validation, tables, charts, command forms) is built from it.

export type Value = number | boolean | string;
export type FieldType = 'number' | 'boolean' | 'string';
export type Severity = 'info' | 'warning' | 'critical';
export type Labels = { readonly zh?: string };

export interface FieldDescription {
  readonly label: string;
  readonly labels?: Labels;
  readonly unit: string;
  /** number when absent */
  readonly type?: FieldType;
  readonly min?: number;
  readonly max?: number;
  /** Smallest step that means something; readings are quantised to it. */
  readonly resolution?: number;
  /** Allowed texts of a string field. */
  readonly enum?: readonly string[];
}

export interface EventDescription {
  readonly label: string;
  readonly labels?: Labels;
  readonly severity: Severity;
}

export interface CommandDescription {
  readonly label: string;
  readonly labels?: Labels;
  /** JSON Schema of the command's `args`. */
  readonly args: JsonSchema;
}

export type JsonSchema = { readonly [key: string]: unknown };

export interface Description {
  readonly kind: string;
  readonly label: string;
  readonly labels?: Labels;
  readonly fields: { readonly [name: string]: FieldDescription };
  readonly events?: { readonly [name: string]: EventDescription };
  readonly commands?: { readonly [name: string]: CommandDescription };
}

export const KIND_PATTERN = /^[a-z0-9-]{1,64}$/;
export const DEVICE_PATTERN = /^[A-Za-z0-9_.:-]{1,64}$/;
export const FIELD_PATTERN = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const RESERVED_KINDS = new Set(['kinds', 'clock', 'counters', 'scenario', 'timetable', 'arrivals']);
/** Its devices are those of load tests: their messages pass the broker like any other's and are nobody's records. */
export const LOAD_KIND = 'load';
const RESERVED_FIELDS = new Set(['time', 'ts', 'seq', 'city', 'kind', 'device']);
const FIELD_TYPES = new Set(['number', 'boolean', 'string']);
const SEVERITIES = new Set(['info', 'warning', 'critical']);
/** Of a kind, those of all its descriptions together. */
export const MAX_FIELDS = 256;

/** True for a name that may be a kind: `[a-z0-9-]{1,64}` and not one of the reserved words. */
export function isKind(name: string): boolean {
  return KIND_PATTERN.test(name) && !RESERVED_KINDS.has(name);
}

/**
 * True for a name that may be a field: `[A-Za-z][A-Za-z0-9_]{0,63}`, not part of a record's identity, and not what every object has, such as
 * `constructor`: a record without that field would seem to have it.
 */
export function isField(name: string): boolean {
  return FIELD_PATTERN.test(name) && !RESERVED_FIELDS.has(name) && !(name in Object.prototype);
}

/** Everything that is wrong with a description from outside, one sentence each with the bad value last; empty when it is good. */
export function descriptionProblems(value: unknown): string[] {
  if (!isObject(value)) return [`a description is a JSON object, got ${show(value)}`];
  const problems: string[] = [];
  if (typeof value.kind !== 'string' || !isKind(value.kind) || value.kind === LOAD_KIND) {
    problems.push(`kind must match [a-z0-9-]{1,64} and not be reserved, got ${show(value.kind)}`);
  }
  if (typeof value.label !== 'string' || value.label === '')
    problems.push(`label must be a text, got ${show(value.label)}`);
  if (!isObject(value.fields)) problems.push(`fields must be an object, got ${show(value.fields)}`);
  else {
    const names = Object.keys(value.fields);
    if (names.length > MAX_FIELDS) problems.push(`at most ${MAX_FIELDS} fields, got ${names.length}`);
    // Two names that differ in case only would be one column in SQL.
    const folded = new Set(names.map((name) => name.toLowerCase()));
    if (folded.size < names.length) problems.push('field names must differ in more than case');
    for (const name of names) problems.push(...fieldProblems(name, value.fields[name]));
  }
  for (const [name, event] of entriesOf(value.events)) {
    if (!isField(name))
      problems.push(`event name must match ${FIELD_PATTERN.source} and not be reserved, got ${show(name)}`);
    if (!isObject(event) || typeof event.label !== 'string' || !SEVERITIES.has(event.severity as string)) {
      problems.push(`event ${name} needs a label and a severity info, warning or critical, got ${show(event)}`);
    }
  }
  for (const [name, command] of entriesOf(value.commands)) {
    if (!isField(name))
      problems.push(`command name must match ${FIELD_PATTERN.source} and not be reserved, got ${show(name)}`);
    if (!isObject(command) || typeof command.label !== 'string' || !isObject(command.args)) {
      problems.push(`command ${name} needs a label and args (a JSON Schema), got ${show(command)}`);
    } else problems.push(...schemaProblems(`args of command ${name}`, command.args));
  }
  return problems;
}

/** Keywords that let a schema from outside run for ever (regular expressions) or reach beyond itself. */
const REFUSED_KEYWORDS = new Set(['pattern', 'patternProperties', 'format', '$ref', '$dynamicRef', '$recursiveRef']);
const MAX_SCHEMA_DEPTH = 16;

function schemaProblems(where: string, schema: unknown, depth = 0): string[] {
  if (depth > MAX_SCHEMA_DEPTH) return [`${where} is nested deeper than ${MAX_SCHEMA_DEPTH} levels`];
  if (Array.isArray(schema)) return schema.flatMap((part) => schemaProblems(where, part, depth + 1));
  return entriesOf(schema).flatMap(([keyword, value]) => {
    // What stands under `properties` are names, not keywords.
    if (keyword === 'properties') return entriesOf(value).flatMap(([, part]) => schemaProblems(where, part, depth + 1));
    if (REFUSED_KEYWORDS.has(keyword)) return [`${where} may not use ${keyword}`];
    if (keyword === 'enum' || keyword === 'const' || keyword === 'default' || keyword === 'examples') return [];
    return schemaProblems(where, value, depth + 1);
  });
}

function fieldProblems(name: string, field: unknown): string[] {
  if (!isField(name)) return [`field name must match ${FIELD_PATTERN.source} and not be reserved, got ${show(name)}`];
  if (!isObject(field)) return [`field ${name} must be an object, got ${show(field)}`];
  const problems: string[] = [];
  if (typeof field.label !== 'string') problems.push(`field ${name} needs a label, got ${show(field.label)}`);
  if (typeof field.unit !== 'string')
    problems.push(`field ${name} needs a unit ("" for a ratio or a count), got ${show(field.unit)}`);
  if (field.type !== undefined && !FIELD_TYPES.has(field.type as string)) {
    problems.push(`type of field ${name} must be number, boolean or string, got ${show(field.type)}`);
  }
  for (const limit of ['min', 'max', 'resolution'] as const) {
    if (field[limit] !== undefined && !Number.isFinite(field[limit])) {
      problems.push(`${limit} of field ${name} must be a finite number, got ${show(field[limit])}`);
    }
  }
  if (
    field.enum !== undefined &&
    !(Array.isArray(field.enum) && field.enum.every((text) => typeof text === 'string'))
  ) {
    problems.push(`enum of field ${name} must be an array of texts, got ${show(field.enum)}`);
  }
  return problems;
}

export function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

/** A value as it may stand in a message: JSON, cut at 80 characters. */
export function show(value: unknown): string {
  const text =
    value === undefined
      ? 'nothing'
      : typeof value === 'number'
        ? String(value)
        : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
