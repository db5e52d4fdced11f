// One expectation: its measure exists, and its windows lie in the run. What it is worth is found out by the judge.
import type { Expectation, TimelineEntry, Window } from '../scenario.ts';
import { durationText } from '../duration.ts';
import { MeasureError, parseMeasure } from './measure.ts';
import type { Measure } from './measure.ts';
import { checkMeasure } from './measure-check.ts';
import type { MeasureContext } from './measure-check.ts';
import { unknownWord } from './problems.ts';
import type { ExpectationSource } from './source.ts';
import { stretchMs } from './times.ts';

/** An entry as far as it is known; without `atMs` it is broken itself. */
export interface KnownEntry extends Pick<TimelineEntry, 'id' | 'target'> {
  readonly atMs?: number;
  readonly durationMs?: number;
}

export interface ExpectationContext extends MeasureContext {
  readonly entries: readonly KnownEntry[];
  /** Absent: start or duration are broken. */
  readonly run?: { readonly startCivilMs: number; readonly durationMs: number } | undefined;
}

/** offset: into the text of the value. */
export interface ExpectationProblem {
  readonly path: readonly ['of' | 'op' | 'value' | 'during' | 'versus'];
  readonly message: string;
  readonly offset?: number;
}

/** isWhole: whether a part of the source has the right shape; what has not is passed over, its mistake is known. */
export function readExpectation(
  source: ExpectationSource,
  context: ExpectationContext,
  isWhole: (part: keyof ExpectationSource) => boolean,
): { readonly expectation: Expectation | undefined; readonly problems: readonly ExpectationProblem[] } {
  const problems: ExpectationProblem[] = [];
  const { name, of, op, value } = source;
  const measure = isWhole('of') ? readMeasure(of, context, problems) : undefined;
  const limit = isWhole('op') && isWhole('value') ? limitProblem(op, value) : undefined;
  if (limit !== undefined) problems.push({ path: ['value'], message: limit });
  if (measure !== undefined) problems.push(...windowRules(measure, source));
  const [during, versus] = (['during', 'versus'] as const).map((key) =>
    isWhole(key) && source[key] !== undefined ? readWindow(key, source[key], context, problems) : undefined,
  );
  if (problems.length > 0 || measure === undefined) return { expectation: undefined, problems };
  const windows = { ...(during === undefined ? {} : { during }), ...(versus === undefined ? {} : { versus }) };
  return { expectation: { name, of: of.trim(), op, value, ...windows }, problems };
}

function readMeasure(of: string, context: ExpectationContext, problems: ExpectationProblem[]): Measure | undefined {
  try {
    const measure = parseMeasure(of);
    checkMeasure(measure, context);
    return measure;
  } catch (error) {
    if (!(error instanceof MeasureError)) throw error;
    problems.push({ path: ['of'], message: error.message, offset: error.at });
    return undefined;
  }
}

function limitProblem(op: string, value: ExpectationSource['value']): string | undefined {
  if (op !== 'between') return typeof value === 'number' ? undefined : `${op} compares with one number, got two`;
  if (typeof value === 'number') return `between needs two numbers [low, high], got ${value}`;
  return value[0] <= value[1] ? undefined : `between needs the lower number first, got [${value.join(', ')}]`;
}

function windowRules(measure: Measure, { during, versus }: ExpectationSource): ExpectationProblem[] {
  const problems: ExpectationProblem[] = [];
  if (during === undefined && versus !== undefined) {
    problems.push({ path: ['versus'], message: 'versus goes with during: the value is the ratio of the two' });
  }
  const reason =
    measure.type === 'platform'
      ? 'the platform is measured over the whole run'
      : measure.type === 'within' || measure.type === 'delay'
        ? 'the time counts from the event'
        : undefined;
  if (reason === undefined) return problems;
  if (during !== undefined) problems.push({ path: ['during'], message: `leave during out: ${reason}` });
  else if (versus !== undefined) problems.push({ path: ['versus'], message: `leave versus out: ${reason}` });
  return problems;
}

function readWindow(
  key: 'during' | 'versus',
  text: string,
  context: ExpectationContext,
  problems: ExpectationProblem[],
): Window | undefined {
  const window = windowOf(text.trim(), context);
  if (typeof window !== 'string') return window;
  problems.push({ path: [key], message: window });
  return undefined;
}

/** The window, why there is none, or undefined when another problem hides it. */
function windowOf(text: string, { entries, run }: ExpectationContext): Window | string | undefined {
  if (/^[+\d]/.test(text)) {
    const stretch = stretchMs(text, run?.startCivilMs ?? 0);
    if (stretch === undefined)
      return `${JSON.stringify(text)} is no stretch, expected one such as 08:00-09:00 or +1h-+2h`;
    return run === undefined ? undefined : (stretchProblem(text, stretch, run.durationMs) ?? stretch);
  }
  const [, side, id] = /^(?:(before|after)\s+)?(.*)$/.exec(text)!;
  const entry = entries.find((known) => known.id === id);
  if (entry === undefined) {
    const ids = entries.map((known) => known.id);
    return `${unknownWord('event of the timeline', id, ids)}${ids.length === 0 ? '; a stretch looks like 08:00-09:00' : ''}`;
  }
  if (run === undefined || entry.atMs === undefined) return undefined;
  const endMs = Math.min(run.durationMs, entry.atMs + entry.durationMs!);
  if (side === 'before')
    return entry.atMs > 0 ? { fromMs: 0, untilMs: entry.atMs } : `nothing is before ${id}: it begins with the run`;
  if (side !== 'after') return { fromMs: entry.atMs, untilMs: endMs };
  return endMs < run.durationMs
    ? { fromMs: endMs, untilMs: run.durationMs }
    : `nothing is after ${id}: it lasts until the end of the run`;
}

function stretchProblem(text: string, { fromMs, untilMs }: Window, durationMs: number): string | undefined {
  if (untilMs <= fromMs) return `${text} ends before it begins`;
  if (fromMs < 0) return `${text} begins ${durationText(-fromMs)} before the run`;
  if (untilMs <= durationMs) return undefined;
  return `${text} lies ${durationText(fromMs)} to ${durationText(untilMs)} after the start, but the run lasts ${durationText(durationMs)}`;
}
