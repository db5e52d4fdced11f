// Looks for the highest rate that a broker holds: doubling until something breaks, then bisection, the winner once more. A step in which the
// generator itself was at its limit says nothing about the broker and is never called the broker's limit.
import { errorsOf, judge } from './expect.ts';
import type { Expectation } from './expect.ts';
import { OWN_SHARE, ownMsOf } from './own-share.ts';
import type { Result } from './result.ts';

export interface Step {
  readonly perS: number;
  readonly outcome: 'holds' | 'breaks' | 'saturated';
  /** In words, unless it holds. */
  readonly why?: string;
  readonly sentPerS: number;
  readonly receivedPerS: number;
  readonly lost: number;
  /** End to end, of acknowledgements where nobody subscribes; absent without either. */
  readonly p99Ms?: number;
  readonly lagMsP99: number;
}

export interface Finding {
  /** Absent when no rate held. */
  readonly highestPerS?: number;
  /** It held twice; false only where the search ended early. */
  readonly confirmed: boolean;
  /** Who set the limit; `search`: neither broke at the highest rate that is tried; `target`: it could not be used any more. */
  readonly limitedBy: 'broker' | 'generator' | 'search' | 'interruption' | 'target';
  /** In words. */
  readonly conclusion: string;
  readonly steps: readonly Step[];
}

export interface Search {
  /** First rate, messages/s, > 0. */
  readonly startPerS: number;
  /** Never tried above this. */
  readonly ceilingPerS: number;
  /** All must hold. */
  readonly limits: readonly Expectation[];
  /** One short run at this rate. */
  run(perS: number): Promise<Result>;
  /** Between two steps, so that one does not pay for the other. */
  pause(): Promise<void>;
  readonly onStep?: (step: Step) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The search ends when what holds and what does not are this close, as a ratio. */
const PRECISION = 1.05;
/** A long search wears everybody out. */
const MAX_STEPS = 24;
/** Below this share of the offered rate the broker pushes back, whatever arrives. */
const SENT_SHARE = 0.98;
const LOWEST_PER_S = 1;

/** Why a search ended before its time, in words of the conclusion. */
interface Early {
  readonly limitedBy: 'interruption' | 'target' | 'search';
  readonly why: string;
}

/** @throws what the first run throws; a later one ends the search with what is known by then */
export async function findMax(search: Search): Promise<{ finding: Finding; best: Result | undefined }> {
  const steps: Step[] = [];
  const results = new Map<number, Result>();
  /** Highest that holds, lowest that does not. */
  let low = 0;
  let high: Step | undefined;
  let confirmed = false;
  /** A saturated step may be bad luck of this machine: it gets a second chance. */
  let again: number | undefined;
  let early: Early | undefined;
  for (;;) {
    const perS: number | undefined = again ?? nextRate(search, low, high, confirmed);
    if (perS === undefined) break;
    if (steps.length >= MAX_STEPS) early = { limitedBy: 'search', why: `the search gave up after ${MAX_STEPS} runs` };
    const result = early ?? (await attempt(search, perS, steps.length === 0));
    if (isEarly(result)) {
      early = result;
      break;
    }
    const step = stepOf(perS, result, search.limits);
    steps.push(step);
    search.onStep?.(step);
    again = step.outcome === 'saturated' && again === undefined ? perS : undefined;
    if (again !== undefined) continue;
    if (step.outcome === 'holds') {
      confirmed = perS === low;
      low = perS;
      results.set(perS, result);
    } else {
      if (perS === low) {
        // It held by luck: back to what held before.
        results.delete(perS);
        low = Math.max(0, ...results.keys());
      }
      high = step;
      confirmed = false;
    }
  }
  return { finding: findingOf(low, high, confirmed, steps, early), best: results.get(low) };
}

async function attempt(search: Search, perS: number, first: boolean): Promise<Result | Early> {
  const { signal } = search;
  const interrupted = { limitedBy: 'interruption', why: 'the search was interrupted' } as const;
  if (!first) await search.pause();
  if (signal?.aborted) return interrupted;
  try {
    const result = await search.run(perS);
    if (first && result.skipped !== undefined) return { limitedBy: 'target', why: result.skipped };
    // An interrupted step is shorter than the others: it decides nothing.
    return signal?.aborted ? interrupted : result;
  } catch (error) {
    if (signal?.aborted) return interrupted;
    if (first) throw error;
    return { limitedBy: 'target', why: `then ${perS}/s could not be tried: ${(error as Error).message}` };
  }
}

function isEarly(found: Result | Early): found is Early {
  return 'limitedBy' in found;
}

/** undefined: the search is over. */
function nextRate(
  { startPerS, ceilingPerS }: Search,
  low: number,
  high: Step | undefined,
  confirmed: boolean,
): number | undefined {
  if (high === undefined) {
    if (low === 0) return Math.min(startPerS, ceilingPerS);
    if (low < ceilingPerS) return Math.min(2 * low, ceilingPerS);
    return confirmed ? undefined : low;
  }
  if (low === 0) return high.perS / 2 >= LOWEST_PER_S ? roundRate(high.perS / 2) : undefined;
  const middle = roundRate((low + high.perS) / 2);
  if (high.perS / low <= PRECISION || middle <= low || middle >= high.perS) return confirmed ? undefined : low;
  return middle;
}

/** Three significant digits: nobody needs 12,347.5/s. */
function roundRate(perS: number): number {
  return Math.max(LOWEST_PER_S, Number(perS.toPrecision(3)));
}

function stepOf(perS: number, result: Result, limits: readonly Expectation[]): Step {
  const { sentPerS, receivedPerS, lost, latencyMs, ackMs, generator } = result;
  const times = latencyMs.count > 0 ? latencyMs : ackMs;
  const measured = {
    perS,
    sentPerS,
    receivedPerS,
    lost,
    ...(times.count > 0 && { p99Ms: times.p99 }),
    lagMsP99: generator.lagMsP99,
  };
  if (generator.saturated)
    return { ...measured, outcome: 'saturated', why: `the generator: ${generator.why ?? 'at its limit'}` };
  const why = breakOf(result, limits);
  if (why === undefined) return { ...measured, outcome: 'holds' };
  if (isOwnFault(result, limits, times.p99))
    return { ...measured, outcome: 'saturated', why: `the generator: ${generator.lagMsP99} ms late itself; ${why}` };
  return { ...measured, outcome: 'breaks', why };
}

function breakOf(result: Result, limits: readonly Expectation[]): string | undefined {
  if (result.skipped !== undefined) return result.skipped;
  const broken = limits.map((limit) => judge(limit, result)).filter(({ ok }) => !ok);
  const words = [...broken.map(({ name, value, reason }) => `${name}: ${value ?? reason}`), ...troubleOf(result)];
  return words.length === 0 ? undefined : words.join('; ');
}

/** What breaks a step whatever was expected. */
function troubleOf(result: Result): string[] {
  const { sentPerS, offeredPerS } = result;
  const errors = errorsOf(result);
  return [
    ...(sentPerS < SENT_SHARE * offeredPerS
      ? [`${Math.round(sentPerS)}/s of ${Math.round(offeredPerS)}/s could be sent`]
      : []),
    ...(errors > 0 ? [`${errors} errors`] : []),
  ];
}

/** Nothing but a time is beyond its limit, and the generator's own lateness is a good part of it. */
function isOwnFault(result: Result, limits: readonly Expectation[], p99Ms: number): boolean {
  if (result.skipped !== undefined || troubleOf(result).length > 0) return false;
  const broken = limits.filter((limit) => !judge(limit, result).ok);
  const onlyTimes = broken.every(
    (limit) => /^(latency|ack|lag)\./.test(limit.measure) && judge(limit, result).value !== undefined,
  );
  const own = broken.length > 0 && broken.every(({ measure }) => ownMsOf(measure, result) > 0);
  return onlyTimes && (own || result.generator.lagMsP99 > OWN_SHARE * p99Ms);
}

function findingOf(
  low: number,
  high: Step | undefined,
  confirmed: boolean,
  steps: readonly Step[],
  early: Early | undefined,
): Finding {
  const found = { ...(low === 0 ? {} : { highestPerS: low }), confirmed, steps };
  const held = low === 0 ? 'No rate held' : confirmed ? `${low}/s holds` : `${low}/s held once`;
  if (early !== undefined) return { ...found, limitedBy: early.limitedBy, conclusion: `${held}; ${early.why}.` };
  if (high === undefined)
    return { ...found, limitedBy: 'search', conclusion: `${held}, the highest rate that is tried.` };
  if (high.outcome === 'saturated') {
    const more = low === 0 ? '' : ' The broker can do at least this much, perhaps more.';
    const conclusion = `${held}; at ${high.perS}/s the generator was at its limit, not the broker.${more}`;
    return { ...found, limitedBy: 'generator', conclusion };
  }
  return { ...found, limitedBy: 'broker', conclusion: `${held}; ${high.perS}/s does not: ${high.why}.` };
}
