// What is wrong with a scenario: each problem with its place and the line itself, all of them in one error. Finds nothing by itself.
import { show } from '../../telemetry/description.ts';
import { nearestChoice } from '../../telemetry/names.ts';

/** Keys and indices from the top of the scenario down to a value. */
export type Path = readonly (string | number)[];

export interface ScenarioProblem {
  readonly file: string;
  /** From 1; absent where there is no text: a scenario in TypeScript, a file that cannot be read. */
  readonly line?: number;
  /** From 1, in UTF-16 units. */
  readonly column?: number;
  /** The line, or of a long one the part around the column. */
  readonly excerpt?: string;
  /** With its path (`timeline[2].event`) where there is no line. */
  readonly message: string;
}

/** Nobody reads more; and whoever sends rubbish must not keep us busy. */
export const MAX_PROBLEMS = 100;
const EXCERPT_LENGTH = 160;
/** Choices that are listed, and those among which the nearest is looked for. */
const MAX_CHOICES = 20;
const MAX_COMPARED = 200;
const MAX_WORD = 64;

/** A scenario that cannot be run. `message` has all problems, each with its line and a caret. */
export class ScenarioError extends Error {
  readonly problems: readonly ScenarioProblem[];

  constructor(problems: readonly ScenarioProblem[]) {
    const listed = problems.slice(0, MAX_PROBLEMS);
    super([...listed.map(problemText), ...(problems.length > listed.length ? ['… and more'] : [])].join('\n'));
    this.name = 'ScenarioError';
    this.problems = listed;
  }
}

/** The part of a line that is shown for a problem at a column; it depends on nothing but the column. */
export function excerptOf(line: string, column: number): string {
  const from = excerptFrom(column);
  return line.slice(from, from + EXCERPT_LENGTH);
}

function excerptFrom(column: number): number {
  return column <= EXCERPT_LENGTH / 2 ? 0 : column - EXCERPT_LENGTH / 2;
}

function problemText({ file, line, column, excerpt, message }: ScenarioProblem): string {
  if (line === undefined || column === undefined) return `${file}: ${message}`;
  const head = `${file}:${line}:${column}: ${message}`;
  if (excerpt === undefined) return head;
  // Tabs stay tabs, so that the caret stands where the eye expects it.
  const before = excerpt.slice(0, column - 1 - excerptFrom(column));
  return `${head}\n    ${excerpt}\n    ${before.replace(/[^\t]/g, ' ')}^`;
}

/** `timeline[2].event` */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/** `unknown key "timelin", did you mean timeline?`; without a near one the choices are listed. */
export function unknownWord(what: string, word: unknown, choices: readonly string[]): string {
  const near =
    typeof word === 'string' ? nearestChoice(word.slice(0, MAX_WORD), choices.slice(0, MAX_COMPARED)) : undefined;
  const hint = near === undefined ? expectedOneOf(choices) : `did you mean ${near}?`;
  return `unknown ${what} ${show(word)}, ${hint}`;
}

export function expectedOneOf(choices: readonly string[]): string {
  if (choices.length === 0) return 'there is none';
  const more = choices.length > MAX_CHOICES ? ', …' : '';
  return `expected ${choices.length > 1 ? 'one of ' : ''}${choices.slice(0, MAX_CHOICES).join(', ')}${more}`;
}
