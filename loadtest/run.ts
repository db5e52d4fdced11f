// A load run from its plan to its result, step by step: knock, rehearse what not every broker does, connect, warm up, measure, wait for what
// is on its way, sum up. Devices live in threads and processes of their own (crew.ts); here is only the order of events.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowNs } from './clock.ts';
import { crewOf } from './crew.ts';
import type { Member } from './crew.ts';
import type { Order, Report } from './orders.ts';
import { checkDescriptors } from './own-means.ts';
import type { Plan } from './plan.ts';
import { probe } from './probe.ts';
import { checkPlan, countsOf } from './profiles.ts';
import { whyNot } from './rehearsal.ts';
import { SESSION_LEFT } from './result.ts';
import type { Result, Second } from './result.ts';
import { Timeline } from './timeline.ts';
import { resultOf, skippedResult } from './verdict.ts';

export interface RunOptions {
  /** Each second of the schedule, warm-up included, about half a second after its end. */
  onSecond?(second: Second): void;
  /** Ends the schedule; what was done so far is the result. */
  readonly signal?: AbortSignal;
}

/** From an order to the first thing it makes due, so that every part has heard of it. */
const LEAD_NS = 0.2e9;
const POLL_MS = 20;
/** When a second is handed on, after its end: parts report four times a second. */
const SETTLE_NS = 0.4e9;
/** Before a run is over nothing new has arrived for so long. */
const QUIET_NS = 0.5e9;
/** To the schedule of connecting: CONNACK and SUBACK of the last. */
const CONNECT_PATIENCE_S = 15;
const BIRTH_MS = 30_000;
const FINAL_MS = 15_000;
/** After an interrupt nobody waits long. */
const ABORTED_DRAIN_S = 1;

/** @throws an Error that says what is wrong with the plan, or why the target cannot be reached or refuses login */
export async function runLoad(plan: Plan, options: RunOptions = {}): Promise<Result> {
  checkPlan(plan);
  checkDescriptors(plan);
  const beganNs = nowNs();
  const address = await probe(plan, options.signal);
  const skipped = await whyNot(plan, address, options.signal);
  options.signal?.throwIfAborted();
  if (skipped !== undefined) return skippedResult(plan, skipped, wallSecondsSince(beganNs));
  const run = new Run(plan, address, options);
  try {
    return await run.through(beganNs);
  } finally {
    await run.end();
  }
}

class Run {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #timeline = new Timeline();
  readonly #crew: Member[];
  #dead: Error | undefined;
  #mostConnected = 0;
  /** When the last of those who went away is due to come back. */
  #backNs = 0;
  #received = 0;
  /** When `#received` was last seen to change. */
  #changedNs = 0;
  #startNs = Infinity;
  /** Of the schedule; earlier when it is interrupted. */
  #endNs = Infinity;
  #nextSecond: number;
  #halted = false;

  constructor(plan: Plan, address: string, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#nextSecond = -Math.ceil(plan.warmUpS);
    this.#crew = crewOf(
      plan,
      randomInt(2 ** 32),
      address,
      (report) => this.#hear(report),
      (error) => (this.#dead ??= error),
    );
  }

  async through(beganNs: number): Promise<Result> {
    await this.#connect();
    this.#start();
    await this.#play();
    await this.#drain();
    if (this.#plan.profile === 'retained') await this.#askForRetained();
    const heard = await this.#finish();
    const plan = this.#plan;
    const sessionsLeft = plan.cleanSession ? 0 : await this.#clean();
    const lastSecond = Math.ceil((this.#endNs - this.#startNs) / 1e9);
    this.#handOn(Infinity, lastSecond);
    const result = resultOf(
      {
        plan,
        startNs: this.#startNs,
        endNs: this.#endNs,
        connections: this.#mostConnected,
        timeline: this.#timeline.seconds(-Math.ceil(plan.warmUpS), lastSecond),
        wallSeconds: wallSecondsSince(beganNs),
      },
      heard,
    );
    return sessionsLeft === 0 ? result : { ...result, errors: { ...result.errors, [SESSION_LEFT]: sessionsLeft } };
  }

  async end(): Promise<void> {
    await Promise.all(this.#crew.map((member) => member.end()));
  }

  async #connect(): Promise<void> {
    const { connections } = countsOf(this.#plan);
    await this.#until(() => this.#crew.every(({ born }) => born), nowNs() + BIRTH_MS * 1e6);
    const { connectPerS, profile } = this.#plan;
    // Who asks for retained messages comes when they are there.
    this.#order({ type: 'connect', beginNs: nowNs() + LEAD_NS, first: 0 }, profile === 'retained' ? 'send' : undefined);
    const awaited = this.#crew.filter(({ kind }) => profile !== 'retained' || kind === 'send');
    const patienceS = connections / connectPerS + CONNECT_PATIENCE_S;
    await this.#until(() => awaited.every(({ ready }) => ready), nowNs() + patienceS * 1e9);
  }

  #start(): void {
    const { warmUpS, durationS } = this.#plan;
    this.#startNs = nowNs() + LEAD_NS + warmUpS * 1e9;
    this.#endNs = this.#startNs + durationS * 1e9;
    this.#order({ type: 'start', startNs: this.#startNs });
  }

  /** Half a run for subscribers to be away; a third before a storm, so that there is a before and an after. */
  async #play(): Promise<void> {
    const { profile, durationS } = this.#plan;
    const never = () => false;
    if (profile === 'persistent') {
      this.#order({ type: 'away' }, 'receive');
      await this.#until(never, this.#startNs + (durationS / 2) * 1e9);
      this.#comeBack('back', this.#plan.subscribers, 'receive');
    } else if (profile === 'reconnect-storm') {
      await this.#until(never, this.#startNs + (durationS / 3) * 1e9);
      const { publishers, subscribers, connections } = countsOf(this.#plan);
      const idle = connections - publishers - subscribers;
      this.#comeBack('storm', idle > 0 ? idle : connections);
    }
    await this.#until(never, this.#endNs);
    if (nowNs() < this.#endNs) this.#halt();
  }

  #comeBack(type: 'back' | 'storm', devices: number, kind?: Member['kind']): void {
    const beginNs = nowNs();
    this.#backNs = beginNs + (devices / this.#plan.connectPerS) * 1e9;
    this.#order({ type, beginNs }, kind);
  }

  /** Until everything due has been sent, acknowledged and delivered and everybody is back, or the patience is over. */
  async #drain(): Promise<void> {
    const drainS = this.#halted ? ABORTED_DRAIN_S : this.#plan.drainS;
    this.#changedNs = nowNs();
    // Who was told to come back when the schedule was already over is waited for.
    const beginNs = Math.max(nowNs(), this.#endNs, this.#halted ? 0 : this.#backNs);
    const settled = () => this.#quiet() && this.#settled() && (this.#halted || this.#complete());
    await this.#until(settled, beginNs + drainS * 1e9, false);
  }

  async #askForRetained(): Promise<void> {
    const { publishers, subscribers, connectPerS, drainS } = this.#plan;
    this.#order({ type: 'connect', beginNs: nowNs(), first: publishers }, 'receive');
    const all = () => this.#quiet() && this.#arrived();
    await this.#until(all, nowNs() + (subscribers / connectPerS + drainS) * 1e9);
  }

  /** When the last first copy is there, a second one may still be on its way. */
  #quiet(): boolean {
    return nowNs() - this.#changedNs > QUIET_NS;
  }

  #settled(): boolean {
    // Retained messages are asked for later.
    const arrived = this.#plan.profile === 'retained' || this.#arrived();
    return arrived && this.#crew.every(({ kind, stats }) => kind === 'receive' || stats?.done === true);
  }

  /** Everybody who is meant to be connected by now is. */
  #complete(): boolean {
    const { connections, subscribers } = countsOf(this.#plan);
    const meant = this.#plan.profile === 'retained' ? connections - subscribers : connections;
    return this.#crew.reduce((sum, { stats }) => sum + (stats?.connected ?? 0), 0) >= meant;
  }

  #arrived(): boolean {
    const stats = this.#crew.map((member) => member.stats);
    const owed = stats.reduce((sum, one) => sum + (one?.owed ?? 0), 0);
    const received = stats.reduce((sum, one) => sum + (one?.received ?? 0), 0);
    return received >= owed;
  }

  async #finish(): Promise<{ kind: Member['kind']; final: NonNullable<Member['final']> }[]> {
    // Subscribers first: they are not to hear how publishers take their retained messages away.
    this.#order({ type: 'finish' }, 'receive');
    await this.#untilFinal('receive');
    this.#order({ type: 'finish' }, 'send');
    await this.#untilFinal('send');
    return this.#crew.flatMap(({ kind, final }) => (final ? [{ kind, final }] : []));
  }

  /** Sessions that are kept outlive the run. @returns how many the target may still hold */
  async #clean(): Promise<number> {
    const { connections, publishers } = countsOf(this.#plan);
    const kept = connections - publishers;
    const patienceS = kept / this.#plan.connectPerS + CONNECT_PATIENCE_S;
    this.#order({ type: 'clean', beginNs: nowNs(), first: publishers });
    const done = () => this.#crew.every(({ sessionsLeft }) => sessionsLeft !== undefined);
    await this.#until(done, nowNs() + patienceS * 1e9, false);
    return done() ? this.#crew.reduce((sum, { sessionsLeft }) => sum + sessionsLeft!, 0) : kept;
  }

  /** @throws when one keeps its figures to itself: without them everything would look lost */
  async #untilFinal(kind: Member['kind']): Promise<void> {
    const silent = () => this.#crew.filter((member) => member.kind === kind && !member.final);
    await this.#until(() => silent().length === 0, nowNs() + FINAL_MS * 1e6, false);
    if (silent().length === 0) return;
    const who = kind === 'send' ? 'a thread that sends' : 'what receives';
    throw new Error(`${who} did not give its figures within ${FINAL_MS / 1000} s: nothing can be said about the run`);
  }

  #halt(): void {
    this.#halted = true;
    this.#endNs = Math.max(nowNs(), this.#startNs);
    this.#order({ type: 'halt' });
  }

  #order(order: Order, kind?: Member['kind']): void {
    for (const member of this.#crew) if (kind === undefined || member.kind === kind) member.order(order);
  }

  #hear(report: Report): void {
    if (report.type !== 'stats') return;
    const connected = this.#crew.reduce((sum, { stats }) => sum + (stats?.connected ?? 0), 0);
    this.#mostConnected = Math.max(this.#mostConnected, connected);
    for (const [second, bucket] of report.buckets) if (Number.isFinite(second)) this.#timeline.add(second, bucket);
    const received = this.#crew.reduce((sum, { stats }) => sum + (stats?.received ?? 0), 0);
    if (received !== this.#received) [this.#received, this.#changedNs] = [received, nowNs()];
    const second = Math.floor((nowNs() - this.#startNs) / 1e9);
    if (nowNs() < this.#endNs && Number.isFinite(second)) this.#timeline.connected(second, connected);
  }

  /** Waits for the condition, a moment, an interrupt (unless it no longer matters) or the death of a part. @throws when one died */
  async #until(condition: () => boolean, untilNs: number, interruptible = true): Promise<void> {
    while (!condition() && nowNs() < untilNs) {
      if (this.#dead) throw this.#dead;
      if (interruptible && this.#options.signal?.aborted) return;
      this.#handOn(nowNs(), this.#plan.durationS);
      await sleep(Math.max(1, Math.min(POLL_MS, (untilNs - nowNs()) / 1e6)));
    }
    if (this.#dead) throw this.#dead;
  }

  #handOn(now: number, lastSecond: number): void {
    while (this.#nextSecond < lastSecond && now >= this.#startNs + (this.#nextSecond + 1) * 1e9 + SETTLE_NS) {
      const second = this.#timeline.second(this.#nextSecond++);
      this.#options.onSecond?.(second);
    }
  }
}

function wallSecondsSince(beganNs: number): number {
  return Math.round((nowNs() - beganNs) / 1e6) / 1000;
}
