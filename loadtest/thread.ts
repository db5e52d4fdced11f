// The loop of one thread or process of devices: looks at the clock as often as the schedule needs, sleeps in between, watches its own
// delays and CPU time. Started by run.ts as a worker thread, or as a child process for independent receivers.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { Cells, FINE_BITS } from './cells.ts';
import { nowNs } from './clock.ts';
import type { Order, Report, Setup } from './orders.ts';
import { Part } from './part.ts';

/** Ticks are at least this far apart: what becomes due in between leaves in one write per socket. */
const TICK_NS = 200_000;
/** Acknowledgements that are awaited are read this much later at most, because the thread sleeps. */
const LONGEST_NAP_NS = 250_000;
/** What is due sooner is worth no timer, which counts in whole ms. */
const NEAR_NS = 2e6;
/**
 * A nap ends this much too late on a quiet Linux machine (timer slack of 50 µs and the way back, with a core that has cooled down); the rest
 * is spun. Between ticks that follow each other anyway less is spun, because the target may need that core.
 */
const NAP_SLACK_NS = 150_000;
const BUSY_NAP_SLACK_NS = 80_000;
const HOUSEKEEPING_MS = 5;
/** A timer is this much late without anybody's fault: it counts in whole ms. */
const TIMER_SLACK_MS = 1;
const LOOP_RESOLUTION_MS = 5;
const SHORTEST_STRETCH_NS = 0.25e9;

const bed = new Int32Array(new SharedArrayBuffer(4));

/** The way to whoever gives the orders. */
interface Channel {
  readonly post: (report: Report) => void;
  readonly onOrder: (obey: (order: Order) => void) => void;
  /** Nothing more is expected: the thread may end when its sockets have. */
  readonly unref: () => void;
}

/** Runs a part until it was told to finish. */
function live(setup: Setup, { post, onOrder, unref }: Channel): void {
  const part = new Part(setup, (report) => {
    post(report);
    if (report.type === 'cleaned') end();
  });
  const naps = new Cells(FINE_BITS);
  const delays = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  let stretch = new Stretch();
  let connectCpuShare = 0;
  let connecting: Stretch | undefined;
  let running = false;
  let over = false;
  let tickNs = 0;
  /** More is due at once after the last tick. */
  let busy = false;

  onOrder((order) => {
    part.obey(order);
    if (order.type === 'connect' || order.type === 'storm' || order.type === 'back') connecting = new Stretch();
    else if (order.type === 'start') {
      running = setup.kind === 'send';
      connected();
      stretch = new Stretch();
      delays.enable();
    } else if (order.type === 'finish') {
      running = false;
      connected();
      // A sender naps in the loop by intent: what counts is how late it woke.
      const loopDelayMsP99 = setup.kind === 'send' ? naps.quantileMs(0.99) : loopDelayMs(delays.percentile(99));
      post({ type: 'final', ...part.final({ loopDelayMsP99, cpuShare: stretch.cpuShare(), connectCpuShare }) });
      if (setup.plan.cleanSession) end();
    }
  });

  function connected(): void {
    if (connecting) connectCpuShare = Math.max(connectCpuShare, connecting.cpuShare());
    connecting = undefined;
  }

  function end(): void {
    over = true;
    unref();
  }

  function loop(): void {
    if (over) return;
    const now = nowNs();
    if (now >= tickNs) {
      part.tick(now);
      tickNs = Math.max(now + TICK_NS, part.nextNs);
      busy = tickNs === now + TICK_NS;
      if (connecting && !part.incomplete && connecting.isLongAt(now)) connected();
    }
    const leftNs = tickNs - nowNs();
    if (!running || leftNs > NEAR_NS) {
      const ms = running ? leftNs / 1e6 - 1 : part.nextNs < Infinity ? 1 : HOUSEKEEPING_MS;
      const restMs = Math.max(1, Math.min(HOUSEKEEPING_MS, Math.floor(ms)));
      part.turns.rest(now, (restMs + TIMER_SLACK_MS) * 1e6);
      tickNs = 0;
      setTimeout(loop, restMs);
      return;
    }
    part.turns.rest(now, 0);
    const longestNs = part.awaitsAnswers ? LONGEST_NAP_NS : NEAR_NS;
    const napNs = Math.min(leftNs - (busy ? BUSY_NAP_SLACK_NS : NAP_SLACK_NS), longestNs);
    if (napNs > 0 && !part.hurries(now)) {
      const wakeNs = nowNs() + napNs;
      Atomics.wait(bed, 0, 0, napNs / 1e6);
      naps.record((nowNs() - wakeNs) / 1000);
    }
    setImmediate(loop);
  }
  post({ type: 'born' });
  loop();
}

/** Above the resolution, which the histogram counts in; ns to ms. */
function loopDelayMs(ns: number): number {
  return Number.isFinite(ns) ? Math.max(0, ns / 1e6 - LOOP_RESOLUTION_MS) : 0;
}

/** From its making on: how much of a core the thread takes. */
class Stretch {
  readonly #wallNs = nowNs();
  readonly #cpuUs = cpuOfThreadUs();

  /** Long enough for a share that says something. */
  isLongAt(now: number): boolean {
    return now - this.#wallNs > SHORTEST_STRETCH_NS;
  }

  cpuShare(): number {
    return ((cpuOfThreadUs() - this.#cpuUs) * 1000) / (nowNs() - this.#wallNs);
  }
}

/** 0 where Node is older than 23.9 and only knows the whole process, whose other threads may be busy when this one is not. */
function cpuOfThreadUs(): number {
  if (!('threadCpuUsage' in process)) return 0;
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

if (parentPort) {
  const port = parentPort;
  live(workerData as Setup, {
    post: (report) => port.postMessage(report),
    onOrder: (obey) => port.on('message', (order: Order) => obey(order)),
    unref: () => port.unref(),
  });
} else if (process.send) {
  process.once('message', (setup: Setup) => {
    live(setup, {
      post: (report) => void process.send!(report),
      onOrder: (obey) => process.on('message', (order: Order) => obey(order)),
      unref: () => process.channel?.unref(),
    });
  });
  process.once('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole process group: whoever gives the orders ends the run and still wants the figures.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
}
