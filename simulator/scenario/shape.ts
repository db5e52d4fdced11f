// Checks plain data against the scenario's schema and says what is wrong in words: the bad value, what was expected, the nearest valid word.
import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { show } from '../../telemetry/description.ts';
import type { JsonSchema } from '../../telemetry/description.ts';
import { nearestChoice } from '../../telemetry/names.ts';
import type { City } from '../city.ts';
import { ENTRY_KEYS } from './catalog.ts';
import type { Models } from './catalog.ts';
import { MAX_PROBLEMS, expectedOneOf, unknownWord } from './problems.ts';
import type { Path } from './problems.ts';
import { scenarioSchema } from './schema.ts';

export interface ShapeProblem {
  readonly path: Path;
  /** Whether the key is wrong or its value. */
  readonly at: 'key' | 'value';
  readonly message: string;
}

export interface Shape {
  scenario(value: unknown): ShapeProblem[];
  /** One entry of a timeline, `at` not asked for. */
  entry(value: unknown): ShapeProblem[];
}

const shapes = new WeakMap<Models, { city: City; shape: Shape }>();

/** Compiled once for models and city. */
export function shapeOf(city: City, models: Models): Shape {
  const known = shapes.get(models);
  if (known?.city === city) return known.shape;
  const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, logger: false });
  ajv.addSchema(scenarioSchema({ city, models }), 'scenario');
  const scenario = ajv.getSchema('scenario')!;
  const entry = ajv.getSchema('scenario#/definitions/entry')!;
  const shape = { scenario: checkWith(scenario), entry: checkWith(entry) };
  shapes.set(models, { city, shape });
  return shape;
}

const checkWith = (validate: ValidateFunction) => (value: unknown) => problemsOf(validate, value);

/** What the schema `validate` was made from has against a value. */
export function problemsOf(validate: ValidateFunction, value: unknown): ShapeProblem[] {
  if (validate(value)) return [];
  const errors = (validate.errors ?? []).filter(saysSomething);
  const strange = new Set(errors.filter(isStrangeKey).map(({ instancePath }) => instancePath));
  const problems = new Map<string, ShapeProblem>();
  for (const error of errors.slice(0, 2 * MAX_PROBLEMS)) {
    // With a key that is not one, no choice fits; the key says more.
    if (error.keyword === 'oneOf' && strange.has(error.instancePath)) continue;
    const problem = inWords(error, pathOf(error.instancePath, value));
    problems.set(`${error.instancePath} ${problem.message}`, problem);
  }
  return [...problems.values()];
}

/** `if` only says that its `then` failed; what is inside a choice is said by the choice. */
function saysSomething({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword !== 'if' && !/\/(anyOf|oneOf|not)\//.test(schemaPath);
}

function isStrangeKey({ keyword }: ErrorObject): boolean {
  return keyword === 'additionalProperties';
}

function pathOf(pointer: string, value: unknown): Path {
  let part = value;
  return pointer
    .split('/')
    .slice(1)
    .map((escaped) => {
      const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
      const step = Array.isArray(part) ? Number(key) : key;
      part = (part as { [key: string]: unknown })[key];
      return step;
    });
}

function inWords(error: ErrorObject, path: Path): ShapeProblem {
  const { keyword, params, data } = error;
  const schema = error.parentSchema as JsonSchema;
  if (keyword === 'additionalProperties') {
    const key = params.additionalProperty as string;
    const known = Object.keys(schema.properties ?? {});
    return { path: [...path, key], at: 'key', message: unknownWord('key', key, known) };
  }
  if (keyword === 'required') return missing(params.missingProperty as string, data as object, path);
  const name = path.findLast((part) => typeof part === 'string') ?? 'it';
  if (keyword === 'enum')
    return { path, at: 'value', message: notOneOf(name, data, params.allowedValues as unknown[]) };
  return { path, at: 'value', message: `${name} must be ${expected(error, schema)}, got ${show(data)}` };
}

/** A key that is almost the missing one is what was meant. */
function missing(key: string, data: object, path: Path): ShapeProblem {
  const strangers = Object.keys(data).filter((name) => !(ENTRY_KEYS as readonly string[]).includes(name));
  const near = nearestChoice(key, strangers);
  if (near !== undefined && nearestChoice(near, [key]) === key && near.length > 2) {
    return { path: [...path, near], at: 'key', message: `unknown key ${show(near)}, did you mean ${key}?` };
  }
  return { path, at: 'key', message: `${key} is missing` };
}

function notOneOf(name: string, data: unknown, allowed: readonly unknown[]): string {
  const words = allowed.filter((value) => typeof value === 'string');
  if (typeof data !== 'string' || name === 'op')
    return `${name} must be ${expectedOneOf(words).replace('expected ', '')}, got ${show(data)}`;
  return unknownWord(name, data, words);
}

function expected({ keyword, params, message = 'right' }: ErrorObject, schema: JsonSchema): string {
  const { description } = schema;
  const isOurs = typeof description === 'string' && /^an? /.test(description);
  if (isOurs && ['pattern', 'type', 'oneOf', 'anyOf'].includes(keyword)) return description;
  if (keyword === 'type') return withArticle(String(params.type));
  if (keyword === 'const') return show(params.allowedValue);
  if (keyword === 'anyOf' && typeof description === 'string') return description;
  return message.replace(/^must (be )?/, '').replace(/^NOT /, 'not ');
}

function withArticle(type: string): string {
  const word = { integer: 'whole number', string: 'text', boolean: 'true or false' }[type] ?? type;
  if (type === 'boolean') return word;
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}
