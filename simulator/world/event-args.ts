// Checks the arguments of an event against the part of JSON Schema that our events use: numbers with limits, texts with choices, lists of
// texts. Not a general validator.
import { nearestChoice } from '../../telemetry/names.ts';

export type ArgSchema =
  | {
      readonly type: 'number' | 'integer';
      readonly minimum: number;
      readonly maximum: number;
      readonly description: string;
    }
  | { readonly type: 'string'; readonly enum: readonly string[]; readonly description: string }
  | {
      readonly type: 'array';
      readonly items: { readonly type: 'string' };
      readonly minItems: 1;
      readonly description: string;
    };

/** A JSON Schema of type object. A type, not an interface: it passes where any schema does. */
export type ArgsSchema = {
  readonly type: 'object';
  readonly properties: { readonly [name: string]: ArgSchema };
  readonly required?: readonly string[];
  readonly additionalProperties: false;
};

/** What is wrong with the arguments, naming the value and what was expected; undefined when nothing is. */
export function argsProblem(schema: ArgsSchema, args: { readonly [name: string]: unknown }): string | undefined {
  for (const name of schema.required ?? []) if (args[name] === undefined) return `${name} is missing`;
  for (const [name, value] of Object.entries(args)) {
    if (!Object.hasOwn(schema.properties, name)) return unknownArg(name, Object.keys(schema.properties));
    const problem = valueProblem(schema.properties[name]!, value);
    if (problem !== undefined) return `${name} ${problem}, got ${JSON.stringify(value)}`;
  }
  return undefined;
}

function unknownArg(name: string, known: readonly string[]): string {
  const close = nearestChoice(name, known);
  return `unknown argument ${name}, ${close === undefined ? `expected ${known.join(', ') || 'none'}` : `did you mean ${close}?`}`;
}

function valueProblem(schema: ArgSchema, value: unknown): string | undefined {
  if (schema.type === 'array') {
    const isRight = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
    return isRight ? undefined : 'must be a list of one or more names';
  }
  if (schema.type === 'string') {
    if (schema.enum.includes(value as string)) return undefined;
    const close = typeof value === 'string' ? nearestChoice(value, schema.enum) : undefined;
    return `must be one of ${schema.enum.join(', ')}${close === undefined ? '' : ` (did you mean ${close}?)`}`;
  }
  const isRight = schema.type === 'number' ? Number.isFinite(value) : Number.isInteger(value);
  if (isRight && (value as number) >= schema.minimum && (value as number) <= schema.maximum) return undefined;
  return `must be a ${schema.type === 'number' ? '' : 'whole '}number ${schema.minimum}…${schema.maximum}`;
}
