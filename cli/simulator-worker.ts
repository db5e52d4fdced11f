// The simulator in its own thread: builds the city at once, starts when it is told where the broker is, says how it goes.
import { parentPort } from 'node:worker_threads';
import { civilOffsetMin } from '../simulator/clock.ts';
import { loadCity } from '../simulator/city/load.ts';
import { loadModels } from '../simulator/kinds.ts';
import { LiveCity } from '../simulator/live.ts';
import type { Speed } from '../simulator/clock.ts';
import { SCENARIO, demoFleets, monotonicMs, ownConnectionKinds } from './wiring.ts';
import type { BrokerAddress } from './wiring.ts';

export interface StartMessage {
  readonly broker: BrokerAddress;
  readonly startMs: number;
  readonly seed: number;
  readonly scale: number;
  readonly speed: Speed;
  readonly start: string;
  readonly connections: string;
}

export type WorkerMessage =
  | { readonly type: 'log'; readonly level: 'info' | 'warn'; readonly message: string }
  | { readonly type: 'started' | 'stopped' }
  | { readonly type: 'failed'; readonly message: string };

const port = parentPort!;
const say = (message: WorkerMessage) => port.postMessage(message);
// Both take their time: begun before anyone asks.
const models = loadModels();
const city = loadCity();
let live: LiveCity | undefined;

port.on('message', (message: StartMessage | 'stop') => {
  const done = message === 'stop' ? stop() : start(message);
  done.catch((error: Error) => say({ type: 'failed', message: error.message }));
});

async function start(message: StartMessage): Promise<void> {
  const kinds = await models;
  live = new LiveCity({
    city,
    models: kinds,
    fleets: demoFleets(kinds, message.scale),
    broker: message.broker,
    ownConnections: ownConnectionKinds(message.connections, kinds),
    seed: message.seed,
    scenario: SCENARIO,
    startMs: message.startMs,
    utcOffsetMin: civilOffsetMin(message.start, message.startMs, city.utcOffsetMin),
    speed: message.speed,
    now: monotonicMs,
    log: {
      info: (text) => say({ type: 'log', level: 'info', message: text }),
      warn: (text) => say({ type: 'log', level: 'warn', message: text }),
    },
  });
  await live.start();
  say({ type: 'started' });
}

async function stop(): Promise<void> {
  await live?.stop();
  say({ type: 'stopped' });
  port.close();
}
