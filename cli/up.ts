// `citytwin up`: the whole city in one process. Broker, api and live stream on the main thread, the simulator in its own, the control
// centre as one more MQTT client.
import { readFileSync } from 'node:fs';
import { startApi } from '../api/server.ts';
import type { Api } from '../api/server.ts';
import { startBroker } from '../broker/broker.ts';
import type { Broker } from '../broker/broker.ts';
import { createCredentials, ephemeralCredentials, readSecret } from '../broker/credentials.ts';
import type { Credentials, ServiceName } from '../broker/credentials.ts';
import { createMqttUpgrade } from '../broker/websocket.ts';
import { startControl } from '../control/live.ts';
import { loadCity } from '../simulator/city/load.ts';
import { wallNowMs } from '../simulator/clock.ts';
import { countersTopic } from '../telemetry/topics.ts';
import { connectApi } from './api-client.ts';
import { Lifetime } from './lifetime.ts';
import { createLog } from './log.ts';
import type { Logger } from './log.ts';
import { UsageError, isLoopback } from './options.ts';
import type { Settings } from './options.ts';
import { builtPage } from './page.ts';
import { startSimulatorThread } from './simulator-thread.ts';
import { CITY, brokerAddress, createStore, patiently } from './wiring.ts';
import type { BrokerAddress } from './wiring.ts';

const COUNT_EVERY_MS = 1000;
const READY_POLL_MS = 50;
/** A record that takes longer than this to arrive is not worth waiting for before saying that we are up. */
const READY_PATIENCE_MS = 20_000;

export const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

type Part = Exclude<ServiceName, 'viewer'>;
const PARTS: readonly Part[] = ['simulator', 'control', 'api'];

interface Bus {
  /** Where our own parts connect. */
  addressOf(part: Part): BrokerAddress;
  readonly url: string;
}

export async function up(settings: Settings): Promise<void> {
  if (!isLoopback(settings.host) && settings.credentials === undefined) throw needsCredentials(settings.host);
  // Without a login, page and REST stay on this machine unless someone says otherwise.
  const httpHost = isLoopback(settings.host) || settings.openHttp ? settings.host : '127.0.0.1';
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  // The thread builds its city while the rest starts.
  const simulator = settings.simulator
    ? startSimulatorThread(log, (message) => {
        log.error(`the simulator stopped: ${message}`);
        void lifetime.end(1);
      })
    : undefined;
  const store = createStore(settings, log);
  const [staticFolder] = await Promise.all([builtPage(log), store.open()]);
  lifetime.own('store', () => store.close());

  const link = { publish: undefined as Publish | undefined };
  const api = await startApi({
    city: CITY,
    host: httpHost,
    port: settings.port,
    store,
    publish: async (topic, payload, options) => {
      if (link.publish === undefined) throw new Error('the broker is not there yet');
      await link.publish(topic, payload, options);
    },
    map: loadCity().map,
    ...(staticFolder === undefined ? {} : { staticFolder }),
    version,
    log,
  });
  lifetime.own('api', () => api.close());
  const bus =
    settings.broker === undefined
      ? await ownBroker(settings, api, link, lifetime, log)
      : await outsideBroker(settings, api, link, lifetime, log);

  if (simulator !== undefined) {
    await simulator.start({
      broker: bus.addressOf('simulator'),
      startMs: startOf(api),
      seed: settings.seed,
      scale: settings.scale,
      speed: settings.speed,
      start: settings.start,
      connections: settings.connections,
    });
    lifetime.own('simulator', () => simulator.stop());
    await firstRecord(api);
  }
  if (settings.control) {
    const control = await startControl({ city: CITY, broker: bus.addressOf('control'), log });
    lifetime.own('control', () => control.stop());
  }
  announce(settings, `http://${urlHost(httpHost)}:${api.port}`, bus.url, performance.now());
}

type Publish = (topic: string, payload: Uint8Array, options: { qos: 0 | 1; retain?: boolean }) => Promise<void>;

async function ownBroker(
  settings: Settings,
  api: Api,
  link: { publish: Publish | undefined },
  lifetime: Lifetime,
  log: Logger,
): Promise<Bus> {
  const { credentials, secrets } = await ownCredentials(settings.credentials);
  const broker = await startBroker({
    city: CITY,
    host: settings.host,
    port: settings.mqttPort,
    credentials,
    take: api.take,
    log,
  });
  link.publish = (topic, payload, options) => broker.publish(topic, payload, { retain: false, ...options });
  const webSocket = createMqttUpgrade(broker);
  api.upgrades.set('/mqtt', (request, socket, head) => webSocket.upgrade(request, socket, head));
  const counting = publishCounters(broker);
  lifetime.own('broker', async () => {
    clearInterval(counting);
    webSocket.close();
    await broker.close();
  });
  return {
    url: `mqtt://${urlHost(settings.host)}:${broker.port}`,
    addressOf: (part) => ({ host: '127.0.0.1', port: broker.port, username: part, password: secrets[part] }),
  };
}

type Secrets = { readonly [part in Part]: string };

async function ownCredentials(folder: string | undefined): Promise<{ credentials: Credentials; secrets: Secrets }> {
  if (folder === undefined) {
    const { credentials, secretOf } = ephemeralCredentials();
    return {
      credentials,
      secrets: { simulator: secretOf('simulator'), control: secretOf('control'), api: secretOf('api') },
    };
  }
  const credentials = await createCredentials(folder);
  const [simulator, control, api] = await Promise.all(PARTS.map((part) => readSecret(folder, part)));
  return { credentials, secrets: { simulator: simulator!, control: control!, api: api! } };
}

/** The broker's share of the counters, every second. */
export function publishCounters(broker: Broker): NodeJS.Timeout {
  return setInterval(() => {
    const counters = new TextEncoder().encode(JSON.stringify(broker.counters()));
    broker.publish(countersTopic(CITY, 'broker'), counters, { qos: 0, retain: true }).catch(() => undefined);
  }, COUNT_EVERY_MS);
}

async function outsideBroker(
  settings: Settings,
  api: Api,
  link: { publish: Publish | undefined },
  lifetime: Lifetime,
  log: Logger,
): Promise<Bus> {
  const addressOf = (part: Part) => brokerAddress(settings, part);
  const address = addressOf('api');
  const client = await patiently(address, connectApi({ city: CITY, broker: address, take: api.take }), log);
  link.publish = (topic, payload, options) => client.publish(topic, payload, options);
  lifetime.own('broker connection', () => client.stop());
  return { url: settings.broker!, addressOf };
}

export function needsCredentials(host: string): UsageError {
  return new UsageError(
    `--host ${host} is open to others and needs credentials: name a folder for them with --credentials FOLDER`,
  );
}

/** A tick before now, because the first tick runs at once; never before what is stored: a store never goes back in time. */
function startOf(api: Api): number {
  const earliestMs = Math.max(wallNowMs() - 1000, (api.newestTs() ?? 0) + 1000);
  return Math.floor(earliestMs / 1000) * 1000;
}

async function firstRecord(api: Api): Promise<void> {
  const until = performance.now() + READY_PATIENCE_MS;
  while (api.counters().ingest.stored === 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function announce(settings: Settings, http: string, mqtt: string, tookMs: number): void {
  if (settings.json) {
    process.stdout.write(`${JSON.stringify({ ready: true, http, mqtt })}\n`);
    return;
  }
  process.stdout.write(`ready ${http} ${mqtt}\n`);
  process.stdout.write(
    `data can be seen after ${(tookMs / 1000).toFixed(1)} s; open ${http} in a browser, Ctrl-C ends\n`,
  );
}
