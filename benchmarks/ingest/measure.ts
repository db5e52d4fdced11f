// One measurement: forks the publisher, watches what is stored and used while it is measured, and waits until all is stored. It knows none of the
// systems that are measured.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Quantiles } from './latencies.ts';
import type { Program } from './program.ts';
import { cpuSOf } from './program.ts';
import type { Credit, Job, Report } from './publisher.ts';
import type { ReplayJob, ReplayReport } from './replay.ts';

export interface Measured {
  /** Acknowledged; at QoS 0 sent. */
  readonly ackedPerS: number;
  readonly ackMs: Quantiles;
  readonly storedPerS: number;
  /** Acknowledged and not stored at the end of the measurement, and how long it took until it was. */
  readonly backlog: number;
  readonly drainS: number;
  /** For a million records stored: of each program, and of the publisher. */
  readonly cpuSPerMillion: { readonly [program: string]: number };
  readonly peakMb: { readonly [program: string]: number };
  readonly sent: number;
  readonly stored: number;
}

export interface Target {
  readonly programs: { readonly [name: string]: Program };
  /** So far. */
  readonly stored: () => Promise<number>;
}

/** With credit, at most so many are sent and not stored. */
const WINDOW = 200_000;
const WATCH_MS = 100;
/** Nothing is stored any more: what is missing then is lost, or waits for a batch to be full. */
const STILL_MS = 4000;

export async function measure(target: Target, job: Job): Promise<Measured> {
  const publisher = fork(join(import.meta.dirname, 'publisher.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const reports = new Reports<Report>(publisher);
  publisher.send(job);
  const crediting = job.needsCredit ? giveCredit(publisher, target) : undefined;
  await reports.next('measuring');
  const before = await sample(target, publisher);
  const { ackedPerS, ackMs } = await reports.next('measured');
  const after = await sample(target, publisher);
  const endMs = performance.now();
  const { sent } = await reports.next('done');
  clearInterval(crediting);
  const stored = after.stored - before.stored;
  const { count, atMs } = await storedInTheEnd(target, sent);
  return {
    ackedPerS,
    ackMs,
    storedPerS: Math.round(stored / ((after.atMs - before.atMs) / 1000)),
    backlog: Math.max(0, sent - after.stored),
    drainS: Math.max(0, round((atMs - endMs) / 1000)),
    cpuSPerMillion: Object.fromEntries(
      Object.entries(after.cpuS).map(([name, cpuS]) => [name, round(((cpuS - before.cpuS[name]!) * 1e6) / stored)]),
    ),
    peakMb: Object.fromEntries(Object.entries(target.programs).map(([name, { peakMb }]) => [name, peakMb])),
    sent,
    stored: count,
  };
}

/** Lines a second that InfluxDB takes of a raw replay. */
export async function measureReplay(influx: Target, job: ReplayJob): Promise<number> {
  const replay = fork(join(import.meta.dirname, 'replay.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const reports = new Reports<ReplayReport>(replay);
  replay.send(job);
  await reports.next('ready');
  const startedMs = performance.now();
  replay.send('go');
  await reports.next('done');
  const tookS = (performance.now() - startedMs) / 1000;
  const stored = await influx.stored();
  if (stored < job.lines) throw new Error(`InfluxDB has ${stored} of ${job.lines} lines`);
  return Math.round(job.lines / tookS);
}

function giveCredit(publisher: ChildProcess, { stored }: Target): NodeJS.Timeout {
  const give = async (): Promise<void> => {
    const credit = (await stored()) + WINDOW;
    if (publisher.connected) publisher.send({ credit } satisfies Credit);
  };
  return setInterval(() => void give(), WATCH_MS);
}

async function sample({ programs, stored }: Target, publisher: ChildProcess) {
  const cpuS: { [name: string]: number } = { publisher: cpuSOf(publisher.pid!) };
  for (const [name, program] of Object.entries(programs)) cpuS[name] = program.cpuS;
  return { cpuS, atMs: performance.now(), stored: await stored() };
}

async function storedInTheEnd({ stored }: Target, sent: number): Promise<{ count: number; atMs: number }> {
  let count = await stored();
  let atMs = performance.now();
  while (count < sent && performance.now() - atMs < STILL_MS) {
    await sleep(WATCH_MS / 2);
    const next = await stored();
    if (next > count) atMs = performance.now();
    count = next;
  }
  return { count, atMs };
}

/** What a child reports, step by step. */
class Reports<R extends { readonly step: string }> {
  readonly #queue: R[] = [];
  #wake: (() => void) | undefined;
  #gone = false;

  constructor(child: ChildProcess) {
    child.on('message', (report: R) => {
      this.#queue.push(report);
      this.#wake?.();
    });
    const endWithUs = () => child.kill('SIGKILL');
    process.once('exit', endWithUs);
    child.once('exit', () => {
      process.off('exit', endWithUs);
      this.#gone = true;
      this.#wake?.();
    });
  }

  async next<S extends R['step']>(step: S): Promise<Extract<R, { step: S }>> {
    while (this.#queue.length === 0) {
      if (this.#gone) throw new Error(`it ended before it was ${step}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const report = this.#queue.shift()!;
    if (report.step !== step) throw new Error(`expected ${step}, got ${report.step}`);
    return report as Extract<R, { step: S }>;
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
