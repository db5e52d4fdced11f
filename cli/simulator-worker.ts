// The simulator in its own thread: builds the city at once, starts when it is told where the broker is, says how it goes.
import { parentPort, workerData } from 'node:worker_threads';
import { createControllers } from '../control/controllers.ts';
import { wallNowMs } from '../simulator/clock.ts';
import type { Speed } from '../simulator/clock.ts';
import { deviceId } from '../simulator/devices.ts';
import { loadModels } from '../simulator/kinds.ts';
import { LiveCity } from '../simulator/live.ts';
import type { LiveResult } from '../simulator/live.ts';
import type { SentMessage } from '../simulator/publisher.ts';
import type { Scenario } from '../simulator/scenario.ts';
import { openBackfill } from './backfill-progress.ts';
import { cityOf } from './city.ts';
import type { CitySource } from './city.ts';
import { openSession } from './session.ts';
import { monotonicMs, ownConnectionKinds, sharedNowMs } from './wiring.ts';
import type { BrokerAddress } from './wiring.ts';

export interface StartMessage {
  readonly broker: BrokerAddress;
  readonly scenario: Scenario;
  readonly fleets: { readonly [kind: string]: number };
  readonly seed: number;
  readonly startMs: number;
  readonly utcOffsetMin: number;
  readonly speed: Speed;
  readonly connections: string;
  /** Ends there; absent: runs until it is stopped. */
  readonly endMs?: number;
  /** The controllers are stepped by the simulated clock in this thread. */
  readonly controllersInside: boolean;
  /** File that says how far the past is stored; absent: no backfill. */
  readonly backfillFile?: string;
  /** File for commands and events, so that the session can be repeated. */
  readonly sessionFile?: string;
  /** Tells of single messages on their way, for latencies. */
  readonly sample: boolean;
}

/** One message on its way, by the clock that all threads share (`sharedNowMs`). */
export interface Sample {
  /** kind/device/ts/seq */
  readonly key: string;
  /** kind/device */
  readonly address: string;
  readonly ts: number;
  readonly sentMs: number;
}

export type WorkerMessage =
  | { readonly type: 'log'; readonly level: 'info' | 'warn'; readonly message: string }
  | { readonly type: 'started' | 'stopped' }
  | { readonly type: 'progress'; readonly simTimeMs: number }
  | { readonly type: 'sent'; readonly sample: Sample }
  | { readonly type: 'stored'; readonly key: string; readonly atMs: number }
  | { readonly type: 'ended'; readonly result: LiveResult; readonly out: number; readonly dropped: number }
  | { readonly type: 'failed'; readonly message: string };

/** Samples are this far apart, at least. */
const SAMPLE_EVERY_MS = 5;
const PROGRESS_EVERY_MS = 200;

const port = parentPort!;
const say = (message: WorkerMessage) => port.postMessage(message);
// Both take their time: begun before anyone asks.
const models = loadModels();
const source = workerData as CitySource;
const city = cityOf(source);
// A feed that cannot be read is said by whoever starts the city.
city.catch(() => undefined);
let live: LiveCity | undefined;
let closing: () => void = () => {};

port.on('message', (message: StartMessage | 'stop') => {
  const done = message === 'stop' ? stop() : start(message);
  done.catch((error: Error) => say({ type: 'failed', message: error.message }));
});

async function start(message: StartMessage): Promise<void> {
  const kinds = await models;
  const session =
    message.sessionFile === undefined ? undefined : openSession(message.sessionFile, { ...message, ...source });
  const backfill =
    message.backfillFile === undefined ? undefined : openBackfill(message.backfillFile, message, presentOf(message));
  live = new LiveCity({
    city: await city,
    models: kinds,
    fleets: message.fleets,
    broker: message.broker,
    ownConnections: ownConnectionKinds(message.connections, kinds),
    seed: message.seed,
    scenario: message.scenario,
    startMs: backfill?.fromMs ?? message.startMs,
    utcOffsetMin: message.utcOffsetMin,
    speed: message.speed,
    endMs: message.endMs,
    controllers: message.controllersInside ? createControllers : undefined,
    backfill,
    onSent: message.sample ? sampler() : undefined,
    onLogEntry: session?.entry,
    now: monotonicMs,
    log: {
      info: (text) => say({ type: 'log', level: 'info', message: text }),
      warn: (text) => say({ type: 'log', level: 'warn', message: text }),
    },
  });
  const running = live;
  const checkpoints = session && setInterval(() => session.checkpoint(running.fingerprint()), session.everyMs);
  const progress = setInterval(() => say({ type: 'progress', simTimeMs: running.simTimeMs }), PROGRESS_EVERY_MS);
  closing = () => {
    clearInterval(checkpoints);
    clearInterval(progress);
    session?.checkpoint(running.fingerprint());
    session?.close();
  };
  await running.start();
  say({ type: 'started' });
  const result = await running.ended();
  say({ type: 'ended', result, ...running.counters() });
}

function presentOf({ endMs }: StartMessage): () => number {
  return endMs === undefined ? wallNowMs : () => endMs;
}

async function stop(): Promise<void> {
  await live?.stop();
  closing();
  say({ type: 'stopped' });
  port.close();
}

/** Samples the messages that are acknowledged and the others apart, so that there are enough of both. */
function sampler(): (message: SentMessage) => void {
  const lastMs = { acknowledged: -Infinity, other: -Infinity };
  return ({ kind, device, ts, seq, acknowledged }) => {
    const sort = acknowledged === undefined ? 'other' : 'acknowledged';
    const sentMs = sharedNowMs();
    if (sentMs - lastMs[sort] < SAMPLE_EVERY_MS) return;
    lastMs[sort] = sentMs;
    const address = `${kind}/${deviceId(kind, device)}`;
    const key = `${address}/${ts}/${seq}`;
    say({ type: 'sent', sample: { key, address, ts, sentMs } });
    acknowledged?.then(
      () => say({ type: 'stored', key, atMs: sharedNowMs() }),
      () => undefined,
    );
  };
}
