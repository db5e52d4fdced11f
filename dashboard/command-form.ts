// JSON Schema of a command's args → the fields of a form, and the form's texts → args. Pure; covers flat objects of integer, number,
// boolean, text, enum and lists of texts, which is what commands and events have; anything else is entered as JSON text.
import type { JsonSchema } from '../telemetry/description.ts';

export type InputType = 'integer' | 'number' | 'boolean' | 'enum' | 'text' | 'list' | 'json';

export interface FormField {
  readonly name: string;
  readonly title: string;
  readonly type: InputType;
  readonly required: boolean;
  readonly choices?: readonly (string | number)[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly hint?: string;
  /** Text the input starts with. */
  readonly initial: string;
}

export type FieldProblem = 'required' | 'notANumber' | 'notWhole' | 'below' | 'above' | 'notJson';

interface PropertySchema {
  readonly type?: string | readonly string[];
  readonly items?: { readonly type?: string };
  readonly enum?: readonly (string | number)[];
  readonly const?: string | number;
  readonly anyOf?: readonly PropertySchema[];
  readonly oneOf?: readonly PropertySchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly title?: string;
  readonly description?: string;
}

export function formFields(schema: JsonSchema): FormField[] {
  const properties = (schema.properties ?? {}) as { readonly [name: string]: PropertySchema };
  const required = new Set((schema.required ?? []) as readonly string[]);
  return Object.entries(properties).map(([name, property]) => fieldOf(name, property, required.has(name)));
}

function fieldOf(name: string, property: PropertySchema, required: boolean): FormField {
  const choices = choicesOf(property);
  const type = choices === undefined ? inputType(property) : 'enum';
  const start =
    property.default ?? (type === 'boolean' ? false : required ? (choices?.[0] ?? property.minimum) : undefined);
  return {
    name,
    ...namesOf(name, property),
    type,
    required,
    initial: typeof start === 'string' ? start : start === undefined ? '' : JSON.stringify(start),
    ...(choices === undefined ? {} : { choices }),
    ...(property.minimum === undefined ? {} : { min: property.minimum }),
    ...(property.maximum === undefined ? {} : { max: property.maximum }),
    ...(property.pattern === undefined ? {} : { pattern: property.pattern }),
  };
}

/** Without a title the first clause of the description is one; the rest of it stays a hint. */
function namesOf(name: string, { title, description }: PropertySchema): Pick<FormField, 'title' | 'hint'> {
  if (description === undefined) return { title: title ?? name };
  if (title !== undefined) return { title, hint: description };
  const [first = name, ...rest] = description.split('; ');
  const said = first.charAt(0).toUpperCase() + first.slice(1);
  return rest.length === 0 ? { title: said } : { title: said, hint: rest.join('; ') };
}

/** `enum`, or a union of constants, which is how some schema builders write it. */
function choicesOf(property: PropertySchema): readonly (string | number)[] | undefined {
  if (property.enum !== undefined) return property.enum;
  const union = property.anyOf ?? property.oneOf;
  if (union === undefined || !union.every((member) => member.const !== undefined)) return undefined;
  return union.map((member) => member.const!);
}

function inputType(property: PropertySchema): InputType {
  if (property.type === 'integer' || property.type === 'number' || property.type === 'boolean') return property.type;
  if (property.type === 'array' && property.items?.type === 'string') return 'list';
  return property.type === 'string' ? 'text' : 'json';
}

/** Empty optional inputs are left out of the args. */
export function formArgs(
  fields: readonly FormField[],
  texts: { readonly [name: string]: string },
): { args: { [name: string]: unknown }; problems: { [name: string]: FieldProblem } } {
  const args: { [name: string]: unknown } = {};
  const problems: { [name: string]: FieldProblem } = {};
  for (const field of fields) {
    const text = (texts[field.name] ?? field.initial).trim();
    if (text === '') {
      if (field.required) problems[field.name] = 'required';
      continue;
    }
    const problem = problemOf(field, text);
    if (problem === undefined) args[field.name] = valueOf(field, text);
    else problems[field.name] = problem;
  }
  return { args, problems };
}

function problemOf(field: FormField, text: string): FieldProblem | undefined {
  if (field.type === 'json') return isJson(text) ? undefined : 'notJson';
  if (field.type !== 'integer' && field.type !== 'number') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return 'notANumber';
  if (field.type === 'integer' && !Number.isInteger(value)) return 'notWhole';
  if (field.min !== undefined && value < field.min) return 'below';
  return field.max !== undefined && value > field.max ? 'above' : undefined;
}

function valueOf(field: FormField, text: string): unknown {
  if (field.type === 'integer' || field.type === 'number') return Number(text);
  if (field.type === 'boolean') return text === 'true';
  if (field.type === 'json') return JSON.parse(text) as unknown;
  if (field.type === 'list') return text.split(/[,,、\s]+/).filter((part) => part !== '');
  return field.type === 'enum' ? field.choices!.find((choice) => String(choice) === text) : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
