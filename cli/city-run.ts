// A run in city mode: no broker, as fast as it goes or at a given speed, on one thread or several. The result does not depend on either.
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Barrier } from '../simulator/barrier.ts';
import { SimClock, TICK_MS } from '../simulator/clock.ts';
import type { Speed } from '../simulator/clock.ts';
import { dealFleets } from '../simulator/deal.ts';
import { loadModels } from '../simulator/kinds.ts';
import { HashSum } from '../simulator/record-hash.ts';
import type { Sink } from '../simulator/sink.ts';
import type { ExpectationResult } from '../simulator/scenario/judge.ts';
import { Observations } from '../simulator/world/observations.ts';
import { cityOf } from './city.ts';
import { Shard, controlledTogether } from './shard.ts';
import type { RunTask, ShardResult } from './shard.ts';
import type { Peak } from './tally.ts';
import type { ShardMessage, ShardWorkerData } from './shard-worker.ts';
import { monotonicMs } from './wiring.ts';

export interface CityRunOptions {
  readonly workers: number;
  readonly speed: Speed;
  /** Records every message; on one worker only. */
  readonly extra?: Sink | undefined;
  readonly onProgress: (simTimeMs: number) => void;
  /** True ends the run early. */
  readonly stopped: () => boolean;
}

export interface CityRunResult {
  readonly simTimeMs: number;
  readonly records: number;
  readonly recordHash: string;
  readonly commandLogHash: string;
  readonly recordsByKind: { readonly [kind: string]: number };
  readonly lost: number;
  /** The busiest minute; with several workers the sum of theirs, which may be different minutes. */
  readonly peak: Peak;
  readonly memoryBytes: number;
  readonly expectations: readonly ExpectationResult[];
}

/** Longest stretch between two looks at the clock and at Ctrl-C, simulated ms at `max`. */
const STRETCH_MS = 120_000;
/** Share of a second that a paced run sleeps at most. */
const PACE_S = 0.05;

interface Crew {
  advanceTo(untilMs: number): Promise<void>;
  results(): Promise<ShardResult[]>;
}

/** Runs the task to its end, or to where it was stopped. @throws Error when a worker fails */
export async function runCity(task: RunTask, options: CityRunOptions): Promise<CityRunResult> {
  const models = await loadModels();
  const city = await cityOf(task);
  const shards = dealFleets(task.fleets, models, options.workers, controlledTogether());
  const crew =
    shards.length <= 1
      ? alone(new Shard(task, Object.keys(task.fleets), { city, models, extra: options.extra }))
      : await workers(task, shards, city.links.length);
  const clock = new SimClock(task.startMs, options.speed, monotonicMs);
  const stretchMs = options.speed === 'max' ? STRETCH_MS : Math.max(1, Math.round(options.speed * PACE_S)) * TICK_MS;
  while (clock.simTimeMs < task.endMs && !options.stopped()) {
    const stepMs = Math.min(stretchMs, task.endMs - clock.simTimeMs);
    const waitMs = clock.waitMs(stepMs);
    await (waitMs > 0 ? delay(waitMs) : nextTurn());
    await crew.advanceTo(clock.simTimeMs + stepMs);
    clock.advance(stepMs);
    options.onProgress(clock.simTimeMs);
  }
  return { simTimeMs: clock.simTimeMs, ...merged(task, await crew.results()) };
}

function alone(shard: Shard): Crew {
  return {
    advanceTo: async (untilMs) => shard.advanceTo(untilMs),
    results: async () => [shard.result()],
  };
}

async function workers(task: RunTask, shards: readonly (readonly string[])[], links: number): Promise<Crew> {
  const observations = new SharedArrayBuffer(Observations.bytes(links));
  const barrier = new SharedArrayBuffer(Barrier.BYTES);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const team = shards.map((kinds, index) => {
    const companions = { count: shards.length, observations, barrier, leads: index === 0 };
    const worker = new Worker(new URL('shard-worker.ts', import.meta.url), {
      workerData: { task, kinds, companions } satisfies ShardWorkerData,
    });
    worker.once('error', (error) => failed.reject(error));
    return worker;
  });
  const heard = (worker: Worker) =>
    Promise.race([once(worker, 'message').then(([message]) => message as ShardMessage), failed.promise]);
  await Promise.all(team.map(heard));
  const ask = (order: { advanceTo: number } | 'result') => {
    const answers = team.map(heard);
    for (const worker of team) worker.postMessage(order);
    return Promise.all(answers);
  };
  return {
    advanceTo: async (untilMs) => void (await ask({ advanceTo: untilMs })),
    results: async () => {
      const answers = await ask('result');
      return answers.flatMap((answer) => (answer.type === 'result' ? [answer.result] : []));
    },
  };
}

/** One result from those of the shards; expectations in the scenario's order. */
function merged(task: RunTask, results: readonly ShardResult[]): Omit<CityRunResult, 'simTimeMs'> {
  const hash = new HashSum();
  const log = new HashSum();
  for (const result of results) {
    hash.merge(result.hash);
    log.merge(result.log);
  }
  const order = task.scenario.expect.map(({ name }) => name);
  const expectations = results
    .flatMap((result) => result.expectations)
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const byKind = results.flatMap(({ recordsByKind }) => Object.entries(recordsByKind));
  return {
    records: hash.count,
    recordHash: hash.toString(),
    commandLogHash: log.toString(),
    recordsByKind: Object.fromEntries(byKind.sort(([a], [b]) => (a < b ? -1 : 1))),
    lost: results.reduce((sum, result) => sum + result.lost, 0),
    peak: busiest(results),
    memoryBytes: results.reduce((sum, result) => sum + result.memoryBytes, 0),
    expectations,
  };
}

function busiest(results: readonly ShardResult[]): Peak {
  const perS = results.reduce((sum, { peak }) => sum + peak.perS, 0);
  const strongest = results.reduce((best, { peak }) => (peak.perS > best.perS ? peak : best), { perS: 0, atMs: 0 });
  return { perS: Math.round(perS * 10) / 10, atMs: strongest.atMs };
}
