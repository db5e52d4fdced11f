// What a user may set of an experiment: reads `name=value` against its parameters, explains them, and writes the command that repeats a
// run. All that is wrong is said at once.
import { nearestChoice } from '../telemetry/names.ts';
import type { Experiment, ExperimentSettings, Parameter, Setting } from './experiment.ts';

type Settable = Pick<Experiment, 'name' | 'parameters' | 'clash'>;

/** A mistake of the user; the message has one line for each. */
export class SettingsError extends Error {}

/** The defaults, changed by assignments such as `buses=18`; of two for the same the later one counts. @throws SettingsError with every mistake in them */
export function readSettings(experiment: Settable, assignments: readonly string[]): ExperimentSettings {
  const problems: string[] = [];
  const given = new Map<string, Setting>();
  for (const assignment of assignments) {
    try {
      given.set(...readAssignment(experiment, assignment));
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new SettingsError(problems.join('\n'));
  const settings = Object.fromEntries(
    experiment.parameters.map(({ name, default: usual }) => [name, given.get(name) ?? usual]),
  );
  const clash = experiment.clash?.(settings);
  if (clash !== undefined) throw new SettingsError(`--set: ${clash}`);
  return settings;
}

function readAssignment({ name: experiment, parameters }: Settable, assignment: string): [name: string, Setting] {
  const fail = (expected: string) => new SettingsError(`--set ${assignment}: ${expected}`);
  const at = assignment.indexOf('=');
  if (at < 1) throw fail('expected name=value');
  const name = assignment.slice(0, at);
  const parameter = parameters.find((one) => one.name === name);
  if (parameter === undefined) {
    throw fail(
      `${experiment} has no parameter "${name}", ${meant(
        name,
        parameters.map((one) => one.name),
      )}`,
    );
  }
  return [name, readValue(parameter, assignment.slice(at + 1), fail)];
}

function readValue(parameter: Parameter, text: string, fail: (expected: string) => Error): Setting {
  if (parameter.type === 'number') {
    const { min, max, whole } = parameter;
    const value = Number(text);
    const good = text.trim() !== '' && value >= min && value <= max && (whole !== true || Number.isInteger(value));
    if (!good) throw fail(`expected ${acceptedBy(parameter)}, got "${text}"`);
    return value;
  }
  const { choices } = parameter;
  const words = parameter.type === 'list' ? text.split(',') : [text];
  for (const [index, word] of words.entries()) {
    if (!choices.includes(word)) throw fail(`unknown choice "${word}", ${meant(word, choices)}`);
    if (words.indexOf(word) !== index) throw fail(`"${word}" is named twice`);
  }
  return parameter.type === 'list' ? words : text;
}

function meant(word: string, choices: readonly string[]): string {
  const nearest = nearestChoice(word, choices);
  const all = `expected one of ${choices.join(', ')}`;
  return nearest === undefined ? all : `did you mean ${nearest}? (${all})`;
}

/** "a whole number from 2 to 60", "one of a, b". */
function acceptedBy(parameter: Parameter): string {
  if (parameter.type === 'choice') return `one of ${parameter.choices.join(', ')}`;
  if (parameter.type === 'list') return `one or more, separated by commas, of ${parameter.choices.join(', ')}`;
  const { min, max, whole, unit } = parameter;
  return `${whole === true ? 'a whole number' : 'a number'} from ${min} to ${max}${unit === undefined ? '' : ` ${unit}`}`;
}

/** Every parameter with its default, what it accepts and what it means. */
export function parameterLines({ name, parameters }: Settable): string[] {
  if (parameters.length === 0) return [`${name} has nothing to set.`];
  return [
    `Parameters of ${name}, each with its default (--set name=value):`,
    ...parameters.flatMap((parameter) => [
      `  ${parameter.name}=${String(parameter.default)}`,
      `      ${parameter.label}: ${acceptedBy(parameter)}`,
    ]),
  ];
}

/** What to type to get the same numbers again. */
export function commandLine(
  { name, parameters }: Settable,
  { settings, seeds, firstSeed }: { settings: ExperimentSettings; seeds: number; firstSeed: number },
): string {
  const changed = parameters.filter((parameter) => String(settings[parameter.name]) !== String(parameter.default));
  return [
    `citytwin experiment ${name} --seeds ${seeds}`,
    ...(firstSeed === 1 ? [] : [`--seed ${firstSeed}`]),
    ...changed.map((parameter) => `--set ${parameter.name}=${String(settings[parameter.name])}`),
  ].join(' ');
}
