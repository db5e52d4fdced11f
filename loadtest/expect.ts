// What is expected of a load run, as one writes it (`latency.p99<50ms`), and whether a result meets it. Knows results, not how they came about.
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { nearestChoice } from '../telemetry/names.ts';
import { tellsArrival, tellsLoss, tellsOrder } from './countable.ts';
import type { Plan } from './plan.ts';
import { ownMsOf } from './own-share.ts';
import { FOREIGN } from './result.ts';
import type { Distribution, Result } from './result.ts';

const OPERATORS = ['<', '<=', '>', '>=', '='] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Expectation {
  /** As it was written. */
  readonly name: string;
  readonly measure: string;
  readonly operator: Operator;
  /** In the unit of the measure: ms, a count, per second, or a share of 1. */
  readonly limit: number;
}

export interface ExpectationResult {
  readonly name: string;
  readonly ok: boolean;
  /** Absent when it was not measured. */
  readonly value?: number;
  /** Operator, number and unit. */
  readonly limit: string;
  readonly reason?: string;
}

/** A wrong expectation: the message names the bad part and what was expected. */
export class ExpectationError extends Error {}

type Unit = 'ms' | 'count' | 'perS' | 'share';

interface Measure {
  readonly unit: Unit;
  /** Undefined when the run has no data for it. */
  readonly of: (result: Result) => number | undefined;
  /** Of times: which share of all of them must be known for it, 0…1. */
  readonly needs?: number;
}

const DISTRIBUTIONS: { readonly [name: string]: (result: Result) => Distribution } = {
  latency: (result) => result.latencyMs,
  ack: (result) => result.ackMs,
  connect: (result) => result.connectMs,
  subscribe: (result) => result.subscribeMs,
};
/** And the share of all times that must be known for each. */
const MOMENTS = { min: 0, mean: 1, p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999, max: 1 } as const;
const MOMENT_NAMES = Object.keys(MOMENTS) as (keyof typeof MOMENTS)[];
const US_PER_MS = 1000;

type Value = (result: Result) => number;

/** Where the run was not skipped and its plan can tell. */
const where = (tells: (plan: Plan) => boolean, value: Value) => (result: Result) =>
  result.skipped === undefined && tells(result.plan) ? value(result) : undefined;
const always = (value: Value) => where(() => true, value);
/** The same, and where any message was due. */
const ofMessages = (tells: (plan: Plan) => boolean, value: Value) => (result: Result) =>
  result.sent + result.unsent === 0 ? undefined : where(tells, value)(result);
const ofAny = (value: Value) => ofMessages(() => true, value);

/** What should have arrived: deliveries, or acknowledgements where nobody subscribes. */
const due = ({ expected, sent, unsent }: Result) => (expected > 0 ? expected : sent + unsent);

const MEASURES: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  ...Object.entries(DISTRIBUTIONS).flatMap(([name, of]) =>
    MOMENT_NAMES.map((moment): [string, Measure] => [
      `${name}.${moment}`,
      {
        unit: 'ms',
        of: (result) => (of(result).count === 0 ? undefined : of(result)[moment]),
        ...(name === 'latency' && { needs: MOMENTS[moment] }),
      },
    ]),
  ),
  ['lag.p99', { unit: 'ms', of: ofAny((result) => result.generator.lagMsP99) }],
  ['lag.max', { unit: 'ms', of: ofAny((result) => result.generator.lagMsMax) }],
  ['lossRatio', { unit: 'share', of: ofMessages(tellsLoss, (result) => result.lost / due(result)) }],
  ['lost', { unit: 'count', of: ofMessages(tellsLoss, (result) => result.lost) }],
  ['duplicated', { unit: 'count', of: ofMessages(tellsArrival, (result) => result.duplicated) }],
  ['reordered', { unit: 'count', of: ofMessages(tellsOrder, (result) => result.reordered) }],
  ['unsent', { unit: 'count', of: ofAny((result) => result.unsent) }],
  ['sent', { unit: 'count', of: always((result) => result.sent) }],
  [
    'acked',
    {
      unit: 'count',
      of: where(
        ({ qos }) => qos > 0,
        (result) => result.acked,
      ),
    },
  ],
  ['received', { unit: 'count', of: where(tellsArrival, (result) => result.received) }],
  ['connections', { unit: 'count', of: always((result) => result.connections) }],
  ['errors', { unit: 'count', of: always(errorsOf) }],
  ['offeredPerS', { unit: 'perS', of: always((result) => result.offeredPerS) }],
  ['sentPerS', { unit: 'perS', of: always((result) => result.sentPerS) }],
  ['receivedPerS', { unit: 'perS', of: where(tellsArrival, (result) => result.receivedPerS) }],
]);

const MEASURE_NAMES: readonly string[] = [...MEASURES.keys()];

/** For errors: shorter than the list of all. */
const MEASURE_TEXT = [
  `${Object.keys(DISTRIBUTIONS).join(', ')} with ${MOMENT_NAMES.map((moment) => `.${moment}`).join(' ')}`,
  ...MEASURE_NAMES.filter((name) => !Object.keys(DISTRIBUTIONS).includes(name.split('.')[0]!)),
].join(', ');

/** Factor to the unit of the measure, by what may stand behind a number. */
const SUFFIXES: { readonly [unit in Unit]: { readonly [suffix: string]: number } } = {
  ms: { '': 1, us: 0.001, µs: 0.001, ms: 1, s: 1000 },
  count: { '': 1, k: 1e3, M: 1e6 },
  perS: { '': 1, '/s': 1, k: 1e3, 'k/s': 1e3, M: 1e6, 'M/s': 1e6 },
  share: { '': 1, '%': 0.01 },
};

/** Whatever went wrong with connections, refusals, or messages that were not as they should be. */
export function errorsOf({ errors }: Result): number {
  return Object.entries(errors).reduce((sum, [cause, count]) => sum + (cause === FOREIGN ? 0 : count), 0);
}

/** Reads `measure operator number unit`; a time without a unit is ms. @throws ExpectationError */
export function readExpectation(name: string): Expectation {
  const found = /^\s*([A-Za-z][A-Za-z0-9.]*)\s*(<=|>=|==|<|>|=)\s*([\d.]+(?:e-?\d+)?)\s*(\S*)\s*$/.exec(name);
  if (found === null)
    throw new ExpectationError(
      `expected a measure, one of ${OPERATORS.join(' ')}, and a number with its unit, like latency.p99<50ms`,
    );
  const [, measure, operator, digits, suffix] = found as unknown as [string, string, string, string, string];
  const known = measureNamed(measure);
  const factor = SUFFIXES[known.unit][suffix];
  const number = Number(digits);
  if (factor === undefined || !Number.isFinite(number))
    throw new ExpectationError(
      `${measure} is compared to a number${unitsText(known.unit)}, got ${JSON.stringify(digits + suffix)}`,
    );
  return {
    name: name.trim(),
    measure,
    operator: operator === '==' ? '=' : (operator as Operator),
    limit: number * factor,
  };
}

function unitsText(unit: Unit): string {
  const units = Object.keys(SUFFIXES[unit]).filter((suffix) => suffix !== '');
  return units.length === 0 ? '' : ` with one of ${units.join(', ')} or nothing`;
}

/** @throws ExpectationError with the nearest name */
function measureNamed(name: string): Measure {
  const known = MEASURES.get(name) ?? percentileNamed(name);
  if (known !== undefined) return known;
  const nearest = nearestChoice(name, MEASURE_NAMES);
  const hint = nearest === undefined ? '' : `, did you mean ${nearest}?`;
  throw new ExpectationError(`unknown measure "${name}"${hint} (there are ${MEASURE_TEXT})`);
}

/**
 * Any other percentile, `latency.p95`, `ack.p9999` (99.99 %) or `connect.p100`, from the histogram. One digit is a slip: p9 could be 9 %, 90 %
 * or p99; so are more than two that do not begin with 9: p150 is neither 15 nor 150 %. @throws ExpectationError for those
 */
function percentileNamed(name: string): Measure | undefined {
  const [, distribution = '', digits = ''] = /^(\w+)\.p(\d{2,6})$/.exec(name) ?? [];
  const of = DISTRIBUTIONS[distribution];
  if (of === undefined) return undefined;
  if (digits === '100') return MEASURES.get(`${distribution}.max`);
  if (digits.length > 2 && !digits.startsWith('9'))
    throw new ExpectationError(
      `no percentile is called "p${digits}": expected p01 to p99, p100, or nines like p999 for 99.9 %`,
    );
  const percent = digits.length <= 2 ? Number(digits) : Number(`${digits.slice(0, 2)}.${digits.slice(2)}`);
  return {
    unit: 'ms',
    of: (result) => (of(result).count === 0 ? undefined : percentileMs(of(result), percent)),
    ...(distribution === 'latency' && { needs: percent / 100 }),
  };
}

/** percent 0…100 → ms, from the histogram that the distribution carries. */
export function percentileMs({ hdr }: Distribution, percent: number): number {
  return decodeFromCompressedBase64(hdr).getValueAtPercentile(percent) / US_PER_MS;
}

/** No data is a failure. */
export function judge(expectation: Expectation, result: Result): ExpectationResult {
  const { name, measure, operator, limit } = expectation;
  const { unit, of, needs = 0 } = measureNamed(measure);
  const value = of(result);
  const limitText = `${operator} ${withUnit(limit, unit)}`;
  const missing = missingShare(result);
  // What never arrived took longer than any limit, so this percentile of all is among the missing, whatever the others took.
  if (value !== undefined && missing > 0 && needs > 1 - missing)
    return { name, ok: false, limit: limitText, reason: `${withUnit(missing, 'share')} never arrived` };
  if (value === undefined)
    return { name, ok: false, limit: limitText, reason: result.skipped ?? 'nothing was measured' };
  const judged = { name, ok: holds(value, operator, limit), value: rounded(value), limit: limitText };
  const ownMs = judged.ok ? 0 : ownMsOf(measure, result);
  return ownMs === 0 ? judged : { ...judged, reason: `the generator itself was up to ${ownMs} ms late there` };
}

/** Of all deliveries that were due, those without a time: lost on the way, 0…1. What was never sent has the time that it waited. */
export function missingShare({ expected, latencyMs }: Pick<Result, 'expected' | 'latencyMs'>): number {
  return expected === 0 ? 0 : Math.max(0, 1 - latencyMs.count / expected);
}

function holds(value: number, operator: Operator, limit: number): boolean {
  if (operator === '<') return value < limit;
  if (operator === '<=') return value <= limit;
  if (operator === '>') return value > limit;
  return operator === '>=' ? value >= limit : value === limit;
}

function withUnit(value: number, unit: Unit): string {
  if (unit === 'share') return `${rounded(value * 100)} %`;
  return `${rounded(value)}${{ ms: ' ms', count: '', perS: '/s' }[unit]}`;
}

/** Small shares keep their digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
