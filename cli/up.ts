// `citytwin up`: the whole city in one process. Broker, api and live stream on the main thread, the simulator in its own, the control
// centre as one more MQTT client.
import { join } from 'node:path';
import { startApi } from '../api/server.ts';
import type { Api } from '../api/server.ts';
import { metricsText } from '../broker/metrics.ts';
import { createMqttUpgrade } from '../broker/websocket.ts';
import { startControl } from '../control/live.ts';
import { wallNowMs } from '../simulator/clock.ts';
import { loadModels } from '../simulator/kinds.ts';
import { connectApi } from './api-client.ts';
import { cityOf } from './city.ts';
import { Lifetime } from './lifetime.ts';
import { createLog } from './log.ts';
import type { Logger } from './log.ts';
import { UsageError, isLoopback } from './options.ts';
import type { Settings } from './options.ts';
import { startOwnBroker } from './own-broker.ts';
import type { Part, Publish } from './own-broker.ts';
import { builtPage } from './page.ts';
import { liveStart } from './scenario.ts';
import { startSimulatorThread } from './simulator-thread.ts';
import { version } from './version.ts';
import { brokerAddress, createStore, patiently } from './wiring.ts';
import type { BrokerAddress } from './wiring.ts';

const READY_POLL_MS = 50;
/** A record that takes longer than this to arrive is not worth waiting for before saying that we are up. */
const READY_PATIENCE_MS = 20_000;

/** What the api, which starts first, learns of the broker. */
interface Link {
  publish?: Publish;
  /** Of our own broker, for `/metrics`. */
  metrics?: () => string;
}

interface Bus {
  /** Where our own parts connect. */
  addressOf(part: Part): BrokerAddress;
  readonly url: string;
}

export async function up(settings: Settings, scenario: string | undefined): Promise<void> {
  if (!isLoopback(settings.host) && settings.credentials === undefined) throw needsCredentials(settings.host);
  // Without a login, page and REST stay on this machine unless someone says otherwise.
  const httpHost = isLoopback(settings.host) || settings.openHttp ? settings.host : '127.0.0.1';
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  // The thread builds its city while the rest starts.
  const simulator = settings.simulator
    ? startSimulatorThread(
        log,
        {
          onFailed: (message) => {
            log.error(`the simulator stopped: ${message}`);
            void lifetime.end(1);
          },
        },
        settings,
      )
    : undefined;
  const city = await cityOf(settings, log);
  // A mistake in the scenario is said before anything else starts.
  const planned = await liveStart(settings, scenario, await loadModels());
  const store = createStore({ ...settings, city: city.id }, log);
  const [staticFolder] = await Promise.all([builtPage(log), store.open()]);
  lifetime.own('store', () => store.close());

  const link: Link = {};
  const api = await startApi({
    city: city.id,
    host: httpHost,
    port: settings.port,
    store,
    publish: async (topic, payload, options) => {
      if (link.publish === undefined) throw new Error('the broker is not there yet');
      await link.publish(topic, payload, options);
    },
    map: city.map,
    ...(staticFolder === undefined ? {} : { staticFolder }),
    experimentsFolder: join(settings.data, 'experiments'),
    hfp: settings.hfp,
    version,
    log,
    moreMetrics: () => link.metrics?.() ?? '',
  });
  lifetime.own('api', () => api.close());
  const bus =
    settings.broker === undefined
      ? await ownBroker(settings, city.id, api, link, lifetime, log)
      : await outsideBroker(settings, city.id, api, link, lifetime, log);

  if (simulator !== undefined) {
    const start = planned(earliestMs(api));
    await simulator.start({
      ...start,
      broker: bus.addressOf('simulator'),
      connections: settings.connections,
      controllersInside: false,
      sessionFile: join(settings.data, `session-${start.startMs}.ndjson`),
      sample: false,
    });
    lifetime.own('simulator', () => simulator.stop());
    await firstRecord(api);
  }
  if (settings.control) {
    const control = await startControl({ city: city.id, broker: bus.addressOf('control'), log });
    lifetime.own('control', () => control.stop());
  }
  announce(settings, `http://${urlHost(httpHost)}:${api.port}`, bus.url, performance.now());
}

async function ownBroker(
  settings: Settings,
  city: string,
  api: Api,
  link: Link,
  lifetime: Lifetime,
  log: Logger,
): Promise<Bus> {
  const { host, mqttPort, credentials } = settings;
  const own = await startOwnBroker({ city, host, port: mqttPort, credentials, take: api.take, log });
  link.publish = own.publish;
  link.metrics = () => metricsText(own.broker);
  const webSocket = createMqttUpgrade(own.broker);
  api.upgrades.set('/mqtt', (request, socket, head) => webSocket.upgrade(request, socket, head));
  lifetime.own('broker', async () => {
    webSocket.close();
    await own.close();
  });
  return { url: `mqtt://${urlHost(host)}:${own.broker.port}`, addressOf: (part) => own.addressOf(part) };
}

async function outsideBroker(
  settings: Settings,
  city: string,
  api: Api,
  link: Link,
  lifetime: Lifetime,
  log: Logger,
): Promise<Bus> {
  const addressOf = (part: Part) => brokerAddress(settings, part);
  const address = addressOf('api');
  const client = await patiently(address, connectApi({ city, broker: address, take: api.take }), log);
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
function earliestMs(api: Api): { readonly nowMs: number; readonly newestMs: number | undefined } {
  return { nowMs: Math.floor(wallNowMs() / 1000 - 1) * 1000, newestMs: api.newestTs() };
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
