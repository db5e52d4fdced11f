// The threads and the process that hold a run's devices: started, given orders, listened to, ended. It decides nothing about the run.
import { fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import type { Final, Order, Report, Setup } from './orders.ts';
import type { Plan } from './plan.ts';
import { countsOf } from './profiles.ts';

type Stats = Extract<Report, { type: 'stats' }>;

const THREAD = new URL('thread.ts', import.meta.url);
/** For the last DISCONNECTs to leave. */
const END_MS = 1000;

export class Member {
  readonly kind: Setup['kind'];
  born = false;
  ready = false;
  stats: Stats | undefined;
  final: Final | undefined;
  /** Sessions that it could not make the target forget; undefined until it has tried. */
  sessionsLeft: number | undefined;
  readonly #order: (order: Order) => void;
  readonly #end: () => Promise<void>;

  constructor(setup: Setup, own: boolean, onReport: (report: Report) => void, onDead: (error: Error) => void) {
    this.kind = setup.kind;
    const hear = (report: Report) => {
      if (report.type === 'born') this.born = true;
      else if (report.type === 'ready') this.ready = true;
      else if (report.type === 'stats') this.stats = report;
      else if (report.type === 'cleaned') this.sessionsLeft = report.left;
      else this.final = report;
      onReport(report);
    };
    const died = (how: unknown) => {
      if (!this.final) onDead(new Error(`a load generator's ${own ? 'process' : 'thread'} died: ${String(how)}`));
    };
    const started = own ? startProcess(setup, hear, died) : startThread(setup, hear, died);
    this.#order = started.order;
    this.#end = started.end;
  }

  order(order: Order): void {
    this.#order(order);
  }

  end(): Promise<void> {
    return this.#end();
  }
}

interface Started {
  readonly order: (order: Order) => void;
  readonly end: () => Promise<void>;
}

/** Senders first; one receiver where the plan has subscribers. */
export function crewOf(
  plan: Plan,
  runId: number,
  address: string,
  onReport: (report: Report) => void,
  onDead: (error: Error) => void,
): Member[] {
  const { subscribers, connections } = countsOf(plan);
  // Idle devices are shared out as well, however few publish.
  const parts = Math.max(1, Math.min(plan.workers, connections - subscribers));
  const members: Member[] = [];
  for (let part = 0; part < parts; part++) {
    members.push(new Member({ plan, runId, kind: 'send', part, parts, address }, false, onReport, onDead));
  }
  if (subscribers > 0) {
    const setup: Setup = { plan, runId, kind: 'receive', part: 0, parts, address };
    members.push(new Member(setup, plan.receiverProcess, onReport, onDead));
  }
  return members;
}

function startThread(setup: Setup, hear: (report: Report) => void, died: (how: unknown) => void): Started {
  const worker = new Worker(THREAD, { workerData: setup });
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.on('message', hear);
  worker.on('error', died);
  worker.once('exit', (code) => died(`exit ${code}`));
  return {
    order: (order) => worker.postMessage(order),
    end: async () => {
      const late = setTimeout(() => void worker.terminate(), END_MS);
      await gone;
      clearTimeout(late);
    },
  };
}

function startProcess(setup: Setup, hear: (report: Report) => void, died: (how: unknown) => void): Started {
  const child = fork(THREAD, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('message', (report) => hear(report as Report));
  child.once('error', died);
  child.once('exit', (code, signal) => died(signal ?? `exit ${code}`));
  child.send(setup);
  return {
    order: (order) => void (child.connected && child.send(order)),
    end: async () => {
      const late = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await gone;
      clearTimeout(late);
    },
  };
}
