// Whether a command makes sense for a kind: its name is in the description and its args fit the JSON Schema given there.
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import type { CommandDescription, Description } from '../telemetry/description.ts';
import { Problem, unknownName } from './problems.ts';

const ajv = new Ajv({ strict: false, allErrors: false, logger: false, addUsedSchema: false });
const compiled = new WeakMap<CommandDescription, ValidateFunction>();

/** @throws Problem 400 that names the bad value */
export function checkCommandArgs(description: Description, name: string, args: object): void {
  const commands = description.commands ?? {};
  if (!Object.hasOwn(commands, name)) {
    throw unknownName(400, `command of ${description.kind}`, name, Object.keys(commands));
  }
  const validate = validatorOf(description.kind, name, commands[name]!);
  if (validate(args)) return;
  const { instancePath, message = 'is wrong', params } = validate.errors![0]!;
  const path = `args${instancePath.replaceAll('/', '.')}`;
  const value = instancePath
    .split('/')
    .slice(1)
    .reduce<unknown>((part, key) => (part as { [key: string]: unknown })[key], args);
  throw new Problem(400, `${path} ${message}`, { value, expected: JSON.stringify(params) });
}

function validatorOf(kind: string, name: string, command: CommandDescription): ValidateFunction {
  const known = compiled.get(command);
  if (known) return known;
  // Outside descriptions may name any draft; the keywords that we need mean the same in all of them.
  const { $schema: _draft, $id: _id, ...schema } = command.args;
  try {
    const validate = ajv.compile(schema);
    compiled.set(command, validate);
    return validate;
  } catch (error) {
    throw new Problem(409, `the description of ${kind}.${name} has unusable args: ${(error as Error).message}`);
  }
}
