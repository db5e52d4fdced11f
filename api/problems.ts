// Errors as people and programs read them: RFC 9457 problem documents that name the bad value, what was expected, and the nearest
// valid choice.
import { show } from '../telemetry/description.ts';
import { nearestChoice } from '../telemetry/names.ts';

export const PROBLEM_TYPE = 'application/problem+json';
const TITLES: { readonly [status: number]: string } = {
  400: 'Bad request',
  401: 'Unauthorized',
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
