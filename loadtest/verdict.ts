// From what the parts counted to the result: sums, rates, and whether the generator itself was the limit. Pure.
import { Cells, FINE_BITS } from './cells.ts';
import type { CellsState } from './cells.ts';
import type { Final } from './orders.ts';
import { shortageOf } from './own-means.ts';
import type { Plan, ProfileName } from './plan.ts';
import type { GeneratorState, Result, Second } from './result.ts';

/** Lateness below it is never called saturation: a laptop's scheduler alone takes this. */
const LAG_LIMIT_MS = 5;
/** Above it, a lateness of this share of the median latency spoils the measurement. */
const LAG_SHARE = 0.1;
/** A thread above it has no time left: what it connects, it connects late. */
const BUSY_SHARE = 0.9;
/** Profiles that measure how devices connect, or what they get when they do. */
const CONNECTING: readonly ProfileName[] = ['connect', 'reconnect-storm', 'retained'];
const CLOCK =
  'Senders and receivers run on one host and read the same CLOCK_MONOTONIC, so no difference of clocks is in a latency; it is the way to the ' +
  'broker and back to the receiver, and what the generator itself took to write and to read (generator.ownMs). How that divides into there and back, no clock here can tell when the broker is on another host.';

export interface Course {
  readonly plan: Plan;
  /** When the first measured message was due, ns; when the schedule ended. */
  readonly startNs: number;
  readonly endNs: number;
  readonly connections: number;
  readonly timeline: readonly Second[];
  readonly wallSeconds: number;
}

export interface Heard {
  readonly kind: 'send' | 'receive';
  readonly final: Final;
}

export function resultOf(course: Course, heard: readonly Heard[]): Result {
  const { plan, timeline } = course;
  const finals = heard.map(({ final }) => final);
  const sum = (of: (final: Final) => number) => finals.reduce((total, final) => total + of(final), 0);
  const [offered, sent, acked] = [
    sum((final) => final.offered),
    sum((final) => final.sent),
    sum((final) => final.acked),
  ];
  const [expected, received, unsent] = [
    sum((final) => final.owed),
    sum((final) => final.received),
    sum((final) => final.unsent),
  ];
  const latency = merged(finals, (final) => final.latency);
  return {
    plan,
    connections: course.connections,
    connectedAtEnd: sum((final) => final.connected),
    offeredPerS: rate(offered, course, 0),
    sentPerS: rate(sent, course, lastOf(heard, 'send')),
    receivedPerS: rate(received, course, lastOf(heard, 'receive')),
    sent,
    unsent,
    expected,
    received,
    acked,
    lost: expected > 0 ? expected - received : unsent + (plan.qos > 0 ? sent - acked : 0),
    duplicated: sum((final) => final.duplicated),
    reordered: sum((final) => final.reordered),
    connectMs: merged(finals, (final) => final.connect).distribution(),
    subscribeMs: merged(finals, (final) => final.subscribe).distribution(),
    ackMs: merged(finals, (final) => final.ack).distribution(),
    latencyMs: latency.distribution(),
    timeline,
    errors: errorsOf(finals),
    generator: generatorOf(plan, heard, latency.count > 0 ? latency : merged(finals, (final) => final.ack)),
    clock: CLOCK,
    wallSeconds: course.wallSeconds,
  };
}

/** Nothing but the reason. */
export function skippedResult(plan: Plan, skipped: string, wallSeconds: number): Result {
  const nothing = { plan, startNs: 0, endNs: 0, connections: 0, timeline: [], wallSeconds };
  return { ...resultOf(nothing, []), skipped };
}

/** Per second of the schedule, or of the longer time that it took. */
function rate(count: number, { startNs, endNs }: Course, lastNs: number): number {
  const seconds = (Math.max(endNs, lastNs) - startNs) / 1e9;
  return seconds > 0 ? Math.round((count / seconds) * 10) / 10 : 0;
}

function lastOf(heard: readonly Heard[], kind: Heard['kind']): number {
  return Math.max(0, ...heard.filter((one) => one.kind === kind).map(({ final }) => final.lastNs));
}

function merged(finals: readonly Final[], of: (final: Final) => CellsState): Cells {
  const cells = new Cells(FINE_BITS);
  for (const final of finals) cells.merge(of(final));
  return cells;
}

function errorsOf(finals: readonly Final[]): { [cause: string]: number } {
  const errors: { [cause: string]: number } = {};
  for (const final of finals) {
    for (const [cause, count] of Object.entries(final.errors)) errors[cause] = (errors[cause] ?? 0) + count;
  }
  return errors;
}

/** latency: what the run measures, to judge how much lateness it bears. */
function generatorOf({ profile }: Plan, heard: readonly Heard[], latency: Cells): GeneratorState {
  const finals = heard.map(({ final }) => final);
  const lag = merged(finals, (final) => final.lag);
  const opening = merged(finals, (final) => final.opening);
  const connectCpuShare = Math.max(0, ...finals.map((final) => final.connectCpuShare));
  const limitMs = Math.max(LAG_LIMIT_MS, LAG_SHARE * latency.quantileMs(0.5));
  const readLag = readLagOf(heard);
  const why = causesOf(lag.quantileMs(0.99), readLag.quantileMs(0.99), limitMs);
  why.push(...shortageOf(errorsOf(finals)));
  // Elsewhere how connections began does not touch what is measured.
  if (CONNECTING.includes(profile)) why.push(...connectCausesOf(finals, opening.quantileMs(0.99), connectCpuShare));
  return {
    lagMsP50: lag.quantileMs(0.5),
    lagMsP99: lag.quantileMs(0.99),
    lagMsMax: lag.quantileMs(1),
    readLagMsP99: readLag.quantileMs(0.99),
    ownMs: {
      p50: together(lag, readLag, 0.5),
      p90: together(lag, readLag, 0.9),
      p99: together(lag, readLag, 0.99),
      p999: together(lag, readLag, 0.999),
      max: together(lag, readLag, 1),
    },
    blockedMsP99: merged(finals, (final) => final.blocked).quantileMs(0.99),
    cpuShare: rounded(Math.max(0, ...finals.map(({ cpuShare }) => cpuShare))),
    connectLagMsP99: opening.quantileMs(0.99),
    connectCpuShare: rounded(connectCpuShare),
    loopDelayMsP99: rounded(Math.max(0, ...finals.map(({ loopDelayMsP99 }) => loopDelayMsP99))),
    saturated: why.length > 0,
    ...(why.length > 0 ? { why: why.join('; ') } : {}),
  };
}

function connectCausesOf(finals: readonly Final[], lagMs: number, cpuShare: number): string[] {
  const limitMs = Math.max(LAG_LIMIT_MS, LAG_SHARE * merged(finals, (final) => final.connect).quantileMs(0.5));
  const causes: string[] = [];
  if (lagMs > limitMs) {
    causes.push(
      `connections were begun ${rounded(lagMs)} ms late at the 99th percentile by the generator's own fault, limit ${rounded(limitMs)} ms`,
    );
  }
  if (cpuShare > BUSY_SHARE) causes.push(`a thread used ${Math.round(cpuShare * 100)} % of a core to connect`);
  return causes;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function together(lag: Cells, readLag: Cells, share: number): number {
  return rounded(lag.quantileMs(share) + readLag.quantileMs(share));
}

/** Of deliveries; of acknowledgements where nobody subscribes. */
function readLagOf(heard: readonly Heard[]): Cells {
  const kind = heard.some((one) => one.kind === 'receive') ? 'receive' : 'send';
  const finals = heard.filter((one) => one.kind === kind).map(({ final }) => final);
  return merged(finals, (final) => final.readLag);
}

function causesOf(lagMs: number, readLagMs: number, limitMs: number): string[] {
  const late = (what: string, byMs: number) =>
    byMs > limitMs
      ? [
          `${what} ${rounded(byMs)} ms late at the 99th percentile by the generator's own fault, limit ${rounded(limitMs)} ms`,
        ]
      : [];
  return [...late('messages were written', lagMs), ...late('what arrived was read', readLagMs)];
}
