// Errors as people and programs read them: RFC 9457 problem documents that name the bad value, what was expected, and the nearest
// valid choice.
import { show } from '../telemetry/description.ts';

export const PROBLEM_TYPE = 'application/problem+json';
const TITLES: { readonly [status: number]: string } = {
  400: 'Bad request',
  403: 'Forbidden',
  404: 'Not found',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Too large',
  414: 'URL too long',
  429: 'Too many requests',
  431: 'Header too large',
  500: 'Internal error',
  503: 'Unavailable',
};

export interface ProblemExtras {
  readonly value?: unknown;
  readonly expected?: string;
  readonly nearest?: string;
}

export class Problem extends Error {
  readonly statusCode: number;
  readonly extras: ProblemExtras;
  constructor(statusCode: number, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.statusCode = statusCode;
    this.extras = extras;
  }
}

export interface ProblemDocument extends ProblemExtras {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

export function problemDocument(status: number, detail: string, extras: ProblemExtras = {}): ProblemDocument {
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, ...extras };
}

/** For a `cursor` that no list answered as its `next`. */
export function badCursor(text: string): Problem {
  return new Problem(400, `cursor must be the next of an earlier answer, got ${show(text)}`, { value: text });
}

/** For a name that is none of `choices`: says so and suggests the nearest one. */
export function unknownName(status: number, what: string, name: string, choices: readonly string[]): Problem {
  const nearest = nearestChoice(name, choices);
  const hint = nearest === undefined ? '' : `, did you mean ${nearest}?`;
  const shown = choices.length <= 40 ? choices.join(', ') || 'none yet' : `one of ${choices.length}`;
  const extras = { value: name, expected: shown };
  return new Problem(
    status,
    `unknown ${what} ${show(name)}${hint}`,
    nearest === undefined ? extras : { ...extras, nearest },
  );
}

/** The choice with the fewest letters changed; undefined when all are too far off to be meant. */
export function nearestChoice(name: string, choices: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 2));
  let best: string | undefined;
  let fewest = limit + 1;
  for (const choice of choices) {
    const changes = isBeginning(name, choice) ? 1 : lettersChanged(name.toLowerCase(), choice.toLowerCase());
    if (changes < fewest) [best, fewest] = [choice, changes];
  }
  return best;
}

/** `speed` of `speedMps`. */
function isBeginning(name: string, choice: string): boolean {
  return name.length >= 3 && choice.toLowerCase().startsWith(name.toLowerCase());
}

/** Levenshtein distance, two rows. */
function lettersChanged(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[b.length]!;
}
