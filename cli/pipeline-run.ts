// A run in pipeline mode: the scenario's devices speak real MQTT, in real time, to our broker and store or to anybody's broker, and the
// platform is judged as well: what is lost, and how long messages take.
import { startApi } from '../api/server.ts';
import { loadCity } from '../simulator/city/load.ts';
import type { Speed } from '../simulator/clock.ts';
import type { ExpectationResult } from '../simulator/scenario/judge.ts';
import type { Fingerprint } from '../simulator/live.ts';
import type { Logger } from './log.ts';
import type { Settings } from './options.ts';
import { startOwnBroker } from './own-broker.ts';
import { judgeFigures } from './platform-judge.ts';
import { Probe } from './probe.ts';
import type { ProbeFigures } from './probe.ts';
import { createProgress } from './progress.ts';
import type { RunTask } from './shard.ts';
import { startSimulatorThread } from './simulator-thread.ts';
import type { Ending } from './simulator-thread.ts';
import { version } from './version.ts';
import { CITY, brokerAddress, createStore, patiently } from './wiring.ts';
import type { BrokerAddress } from './wiring.ts';

export interface PipelineRunOptions {
  readonly settings: Settings;
  readonly speed: Speed;
  readonly stopped: () => boolean;
  readonly log: Logger;
}

export interface PipelineRunResult extends Fingerprint {
  readonly expectations: readonly ExpectationResult[];
  readonly counters: { readonly [part: string]: unknown };
  readonly platform: { readonly [figure: string]: unknown };
}

/** What is under test: where to send, how to look, what it counted. */
interface Platform {
  readonly simulator: BrokerAddress;
  readonly probe: Probe;
  /** Settles when what was sent has come through, or will not. */
  drained(sent: number): Promise<void>;
  counters(): { readonly [part: string]: unknown };
  /** Of all that was sent, by its own account; undefined when nobody can know. */
  stored(): { stored: number; duplicates: number; rejected: number; gaps: number } | undefined;
  close(): Promise<void>;
}

/** Messages on their way at the end get this long, ms. */
const DRAIN_MS = 10_000;
const POLL_MS = 20;

/** Runs the task to its end, or to where it was stopped. @throws Error when the platform or the simulator cannot go on */
export async function runPipeline(task: RunTask, options: PipelineRunOptions): Promise<PipelineRunResult> {
  const { settings, speed, stopped, log } = options;
  const progress = createProgress(settings.json || settings.logLevel === 'silent');
  const platform =
    settings.broker === undefined
      ? await ownPlatform(settings, log)
      : await unlessStopped(outsidePlatform(settings, log), stopped);
  const { probe } = platform;
  const broken = Promise.withResolvers<never>();
  const simulator = startSimulatorThread(log, {
    onFailed: (message) => broken.reject(new Error(message)),
    onProgress: (simTimeMs) =>
      progress.show((simTimeMs - task.startMs) / (task.endMs - task.startMs), task.scenario.name),
    onSent: (sample) => probe.sent(sample),
    onStored: (key, atMs) => {
      if (settings.broker === undefined) probe.stored(key, atMs);
    },
  });
  try {
    const { scenario, fleets, seed, startMs, endMs, utcOffsetMin, control } = task;
    const starting = simulator.start({
      broker: platform.simulator,
      scenario,
      fleets,
      seed,
      startMs,
      endMs,
      utcOffsetMin,
      speed,
      connections: settings.connections,
      controllersInside: control,
      sample: true,
    });
    await unlessStopped(Promise.race([starting, broken.promise]), stopped);
    const startedMs = performance.now();
    const ending = await Promise.race([simulator.ended, interrupted(stopped, simulator), broken.promise]);
    await platform.drained(ending.out);
    const wallS = (performance.now() - startedMs) / 1000;
    const figures = figuresOf(ending, probe.figures(), platform.stored(), wallS);
    const { simTimeMs, records, recordHash, commandLogHash } = ending;
    return {
      simTimeMs,
      records,
      recordHash,
      commandLogHash,
      expectations: judgeFigures(scenario.expect, ending.expectations, figures),
      counters: platform.counters(),
      platform: figures,
    };
  } finally {
    progress.end();
    await simulator.stop();
    await platform.close();
  }
}

async function ownPlatform(settings: Settings, log: Logger): Promise<Platform> {
  const store = createStore(settings, log);
  await store.open();
  const link: { publish?: Awaited<ReturnType<typeof startOwnBroker>>['publish'] } = {};
  const api = await startApi({
    city: CITY,
    host: '127.0.0.1',
    port: 0,
    store,
    publish: async (topic, payload, how) => link.publish?.(topic, payload, how),
    map: loadCity().map,
    version,
    log,
  });
  const own = await startOwnBroker({ city: CITY, host: '127.0.0.1', port: 0, take: api.take, log });
  link.publish = own.publish;
  const probe = new Probe();
  await probe.subscribe(CITY, own.addressOf('api'));
  await probe.watch(`http://127.0.0.1:${api.port}`);
  return {
    simulator: own.addressOf('simulator'),
    probe,
    drained: (sent) =>
      until(() => {
        const { ingest } = api.counters();
        return ingest.in >= sent && ingest.backlog === 0 && probe.received >= sent;
      }),
    counters: () => ({ ...api.counters(), broker: own.broker.counters() }),
    stored: () => api.counters().ingest,
    close: async () => {
      await probe.stop();
      await own.close();
      await api.close();
      await store.close();
    },
  };
}

async function outsidePlatform(settings: Settings, log: Logger): Promise<Platform> {
  const probe = new Probe();
  const address = brokerAddress(settings, 'api');
  await patiently(address, probe.subscribe(CITY, address), log);
  return {
    simulator: brokerAddress(settings, 'simulator'),
    probe,
    drained: (sent) => until(() => probe.received >= sent),
    counters: () => ({}),
    stored: () => undefined,
    close: () => probe.stop(),
  };
}

/** Settles as soon as the condition holds, at the latest after the patience: a platform may have lost something. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  while (!holds() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

/** @throws Error at Ctrl-C: there is nothing yet that could be reported */
function unlessStopped<T>(waiting: Promise<T>, stopped: () => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const watching = setInterval(() => {
      if (stopped()) reject(new Error('interrupted before the city began'));
    }, POLL_MS);
    void waiting.then(resolve, reject).finally(() => clearInterval(watching));
  });
}

async function interrupted(
  stopped: () => boolean,
  simulator: { stop(): Promise<void>; readonly ended: Promise<Ending> },
): Promise<Ending> {
  while (!stopped()) await new Promise((resolve) => setTimeout(resolve, 10 * POLL_MS).unref());
  void simulator.stop();
  return simulator.ended;
}

function figuresOf(
  { out, dropped }: Ending,
  { received, duplicates, ...latencies }: ProbeFigures,
  store: ReturnType<Platform['stored']>,
  wallS: number,
): { readonly [figure: string]: unknown } {
  const arrived = store === undefined ? received : store.stored + store.rejected;
  const perS = (count: number) => Math.round((count / wallS) * 10) / 10;
  return {
    sent: out,
    droppedBySimulator: dropped,
    received,
    lossRatio: out === 0 ? 0 : Math.max(0, 1 - arrived / out),
    duplicates: store?.duplicates ?? duplicates,
    ...(store === undefined ? {} : { rejected: store.rejected, gaps: store.gaps, storedPerS: perS(store.stored) }),
    publishedPerS: perS(out),
    ...Object.fromEntries(Object.entries(latencies).filter(([, figure]) => figure !== undefined)),
  };
}
