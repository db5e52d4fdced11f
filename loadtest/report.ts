// The report of a load run as data: keys that scripts rely on, more beside them, no secret of the plan. What it means in words is here too,
// so that terminal and page say the same.
import type { ExpectationResult } from './expect.ts';
import { addressOf, shownPath } from './address.ts';
import { tellsArrival, tellsLoss, tellsOrder } from './countable.ts';
import { errorsOf, missingShare } from './expect.ts';
import type { Finding } from './find-max.ts';
import { HEADER_BYTES } from './payload.ts';
import { ownMoments } from './own-share.ts';
import type { Plan } from './plan.ts';
import { countsOf } from './profiles.ts';
import type { Counts } from './profiles.ts';
import { FOREIGN, isDowngrade } from './result.ts';
import type { Distribution, Result, Second } from './result.ts';
import { junitOf } from '../report/junit.ts';

export interface LoadReport {
  readonly version: string;
  readonly node: string;
  /** ISO 8601. */
  readonly date: string;
  /** What repeats it. */
  readonly command: string;
  /** Address of the target, without its secrets. */
  readonly broker: string;
  readonly profile: Plan['profile'];
  readonly preset?: string;
  /** Why the target cannot do this profile. */
  readonly skipped?: string;
  readonly plan: PublicPlan;
  readonly connections: number;
  readonly connectedAtEnd: number;
  readonly offeredPerS: number;
  readonly sentPerS: number;
  readonly receivedPerS: number;
  readonly sent: number;
  readonly unsent: number;
  readonly expected: number;
  readonly received: number;
  readonly acked: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly latencyMs: Distribution;
  readonly ackMs: Distribution;
  readonly connectMs: Distribution;
  readonly subscribeMs: Distribution;
  readonly generator: Result['generator'];
  readonly errors: Result['errors'];
  readonly timeline: readonly Second[];
  readonly findMax?: Finding;
  readonly expectations: readonly ExpectationResult[];
  readonly clock: string;
  readonly wallSeconds: number;
  /** False when it was stopped before its end. */
  readonly complete: boolean;
  /** The run says something about the broker: it was not the generator that was at its limit. */
  readonly valid: boolean;
  /** One sentence. */
  readonly verdict: string;
  /** To the end, valid, not skipped, at the QoS of the plan, with a broker that was still there, and everything met that was expected. */
  readonly ok: boolean;
}

/** The plan without passwords, keys and certificates, and without the query of a path. */
export type PublicPlan = Omit<Plan, 'target'> & { readonly target: PublicTarget };
export type PublicTarget = Omit<Plan['target'], 'password' | 'ca' | 'cert' | 'key'> & {
  readonly clientCertificate: boolean;
};

export interface Circumstances {
  readonly version: string;
  readonly node: string;
  readonly date: string;
  readonly command: string;
  readonly complete: boolean;
}

export function reportOf(
  result: Result,
  expectations: readonly ExpectationResult[],
  { complete, ...circumstances }: Circumstances,
  finding?: Finding,
): LoadReport {
  const { plan, skipped, timeline, generator, clock, wallSeconds, errors, ...figures } = result;
  const valid = !generator.saturated;
  const met = expectations.every(({ ok }) => ok);
  // With a search the generator's limit is a finding, not a failure; a search in which nothing held is one.
  const found = finding === undefined || finding.highestPerS !== undefined;
  return {
    ...circumstances,
    broker: addressOf(plan.target),
    profile: plan.profile,
    ...(plan.preset !== undefined && { preset: plan.preset }),
    ...(skipped !== undefined && { skipped }),
    plan: withoutSecrets(plan),
    ...figures,
    generator,
    errors,
    timeline,
    ...(finding !== undefined && { findMax: finding }),
    expectations,
    clock,
    wallSeconds: Math.round(wallSeconds * 1000) / 1000,
    complete,
    valid,
    verdict: verdictOf(result, expectations, complete, finding),
    ok: skipped === undefined && complete && valid && met && found && goneText(result) === '' && !isDowngraded(result),
  };
}

export function junitOfLoad(report: LoadReport): string {
  const { profile, preset, wallSeconds, expectations, valid, generator, complete, skipped } = report;
  const why = complete ? undefined : 'it was stopped before its end';
  return junitOf({
    name: `load ${preset ?? profile}`,
    wallSeconds,
    cases: [
      { name: 'runs to its end', failure: why, skipped },
      {
        name: 'all are connected at the end',
        failure: goneText(report) || undefined,
        skipped,
      },
      {
        name: 'messages have the QoS that was asked for',
        failure: isDowngraded(report) ? causesText(report, isDowngrade) : undefined,
        skipped,
      },
      { name: 'the generator keeps its schedule', failure: valid ? undefined : (generator.why ?? 'it was saturated') },
      ...expectations.map((expectation) => ({
        name: expectation.name,
        failure: expectation.ok ? undefined : failureOf(expectation),
      })),
    ],
  });
}

function failureOf({ value, limit, reason }: ExpectationResult): string {
  return `is ${value ?? 'not measured'}, expected ${limit}${reason === undefined ? '' : ` (${reason})`}`;
}

function withoutSecrets({ target, ...plan }: Plan): PublicPlan {
  const { password: _password, ca: _ca, cert, key: _key, path, ...shown } = target;
  return { ...plan, target: { ...shown, path: shownPath(path), clientCertificate: cert !== undefined } };
}

function verdictOf(
  result: Result,
  expectations: readonly ExpectationResult[],
  complete: boolean,
  finding: Finding | undefined,
): string {
  if (finding !== undefined) return finding.conclusion;
  if (result.skipped !== undefined) return `Skipped: ${result.skipped}.`;
  const stopped = complete ? '' : 'Stopped before its end. ';
  const gone = goneText(result);
  if (result.generator.saturated)
    return `${stopped}${gone}Not valid: the generator was at its limit (${result.generator.why ?? 'it could not keep its schedule'}), so this says nothing about the broker.`;
  const downgraded = isDowngraded(result) ? 'Not at the QoS that was asked for. ' : '';
  const failed = expectations.filter(({ ok }) => !ok).length;
  const judged = expectations.length === 0 ? '' : ` ${failed === 0 ? 'All' : 'Not all'} expectations are met.`;
  return `${stopped}${gone}${downgraded}${outcomeOf(result)}${judged}`;
}

/** Whatever was expected, a run has failed at whose end devices are not connected that should be. Empty when all are. */
function goneText({
  skipped,
  plan,
  connectedAtEnd,
}: Pick<Result, 'skipped' | 'connectedAtEnd'> & { readonly plan: Counts }): string {
  if (skipped !== undefined) return '';
  if (connectedAtEnd === 0) return 'The broker was gone at the end. ';
  const { connections } = countsOf(plan);
  const absent = connections - connectedAtEnd;
  return absent > 0 ? `${whole(absent)} of ${whole(connections)} devices were not connected at the end. ` : '';
}

function isDowngraded({ errors }: Pick<Result, 'errors'>): boolean {
  return Object.keys(errors).some(isDowngrade);
}

const MOST_CAUSES = 3;

/** `2 × closed by the broker, 1 × refused: …`; the most frequent first. */
function causesText({ errors }: Pick<Result, 'errors'>, which = (cause: string) => cause !== FOREIGN): string {
  const causes = Object.entries(errors).filter(([cause]) => which(cause));
  const shown = causes.toSorted(([, a], [, b]) => b - a).slice(0, MOST_CAUSES);
  const rest = causes.length - shown.length;
  return `${shown.map(([cause, count]) => `${whole(count)} × ${cause}`).join(', ')}${rest > 0 ? ` and ${rest} other causes` : ''}`;
}

function outcomeOf(result: Result): string {
  const { sent, sentPerS, lost, unsent, latencyMs, ackMs, connectMs, connections } = result;
  const trouble = errorsOf(result) === 0 ? '' : ` ${causesText(result)}.`;
  if (sent === 0)
    return `${whole(connections)} connections, half of them in ${ms(connectMs.p50)}, 99 % in ${ms(connectMs.p99)}.${trouble}`;
  const loss = lost === 0 ? 'nothing lost' : `${whole(lost)} lost`;
  if (latencyMs.count > 0 && unsent > 0)
    return `${whole(sentPerS)} messages/s, ${loss}, ${whole(unsent)} never taken; with the time that those waited, half took ${ms(latencyMs.p50)}, 99 % ${ms(latencyMs.p99)}, or longer.${trouble}`;
  if (latencyMs.count > 0)
    return `${whole(sentPerS)} messages/s, ${loss}; ${missingShare(result) > 0 ? 'of those that arrived, half did' : 'half arrive'} in ${ms(latencyMs.p50)}, 99 % in ${ms(latencyMs.p99)}, all in ${ms(latencyMs.max)}.${trouble}`;
  if (ackMs.count > 0)
    return `${whole(sentPerS)} messages/s, ${loss}; half are acknowledged in ${ms(ackMs.p50)}, 99 % in ${ms(ackMs.p99)}.${trouble}`;
  return `${whole(sentPerS)} messages/s sent at QoS 0; nobody subscribed, so nobody knows what arrived.${trouble}`;
}

type Faults = Pick<LoadReport, 'plan' | 'lost' | 'duplicated' | 'reordered'>;

/** What a reader should know before believing the figures. */
export function cautionsOf(report: LoadReport): string[] {
  const { plan, valid, complete, generator, preset, unsent, findMax } = report;
  return [
    ...missingCaution(report),
    // Without a search the verdict says it.
    ...(valid || findMax === undefined
      ? []
      : [`Not valid: the generator was at its limit. ${generator.why ?? ''}`.trim()]),
    ...(complete ? [] : ['The run was stopped before its end; these are the figures so far.']),
    ...(unsent > 0
      ? [`${whole(unsent)} messages could not be sent: their latency is at least what they had waited at the end.`]
      : []),
    ...ownCaution(report),
    ...(preset !== undefined && plan.sizeBytes === HEADER_BYTES
      ? [`Payloads have ${HEADER_BYTES} bytes, not the 16 of the suite: so much it takes to tell when a message left.`]
      : []),
  ];
}

function ownCaution(report: LoadReport): string[] {
  const { skipped, generator } = report;
  const own = skipped === undefined ? ownMoments(report) : [];
  if (own.length === 0) return [];
  const times = own.map((moment) => `${ms(generator.ownMs[moment])} of ${moment}`);
  return [`A good part of a time may be the generator's own lateness: up to ${times.join(', ')}.`];
}

/** A time that there is not cannot be in a percentile: which of them say nothing about all that was due. */
function missingCaution(report: LoadReport): string[] {
  const share = missingShare(report);
  if (share === 0 || report.latencyMs.count === 0) return [];
  const missing = Math.round(share * report.expected);
  const known = Math.floor((1 - share) * 1e6) / 1e4;
  return [
    `${whole(missing)} of ${whole(report.expected)} deliveries never came and have no latency: end to end is of those that arrived. Of all that was due no percentile above ${known} % is known.`,
  ];
}

/** What went wrong with messages; undefined where the plan does not let it be counted. */
export function faultsOf({
  plan,
  lost,
  duplicated,
  reordered,
}: Faults): readonly (readonly [string, number | undefined])[] {
  return [
    ['lost', tellsLoss(plan) ? lost : undefined],
    ['duplicated', tellsArrival(plan) ? duplicated : undefined],
    ['out of order', tellsOrder(plan) ? reordered : undefined],
  ];
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en');

/** Three significant digits, from µs to s. */
export function ms(value: number): string {
  if (value >= 10_000) return `${Number((value / 1000).toPrecision(3))} s`;
  return `${Number(value.toPrecision(3))} ms`;
}
