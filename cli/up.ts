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
import { isLoopback } from '../telemetry/loopback.ts';
import { apiAccess, openAccess, requireCredentials, warnOfClearText } from './access.ts';
import type { Access } from './access.ts';
import { connectApi } from './api-client.ts';
import { openCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { cityOf } from './city.ts';
import { Lifetime } from './lifetime.ts';
import { journalOf } from './journal.ts';
import { createLog } from './log.ts';
import type { Logger } from './log.ts';
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
  /** Nobody who publishes is read, or everyone again; of our own broker. */
  crowd?: (isCrowded: boolean) => void;
  /** Of our own broker, for `/metrics`. */
  metrics?: () => string;
}

interface Bus {
  /** Where our own parts connect. */
  addressOf(part: Part): BrokerAddress;
  readonly url: string;
  /** With TLS. */
  readonly secureUrl?: string;
}

export async function up(settings: Settings, scenario: string | undefined): Promise<void> {
  requireCredentials(settings, 'up');
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  warnOfClearText(settings, log);
  const certificates = await openCertificates(settings, log);
  const access = await openAccess(settings, log, true);
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
    host: settings.host,
    port: settings.port,
    store,
    journal: journalOf(settings),
    publish: async (topic, payload, options) => {
      if (link.publish === undefined) throw new Error('the broker is not there yet');
      await link.publish(topic, payload, options);
    },
    onCrowd: (isCrowded) => link.crowd?.(isCrowded),
    map: city.map,
    ...(staticFolder === undefined ? {} : { staticFolder }),
    experimentsFolder: join(settings.data, 'experiments'),
    hfp: settings.hfp,
    version,
    log,
    access: apiAccess(settings, access),
    ...(certificates && { tls: certificates }),
    moreMetrics: () => link.metrics?.() ?? '',
  });
  lifetime.own('api', () => api.close());
  const bus =
    settings.broker === undefined
      ? await ownBroker(settings, city.id, api, link, lifetime, log, access, certificates)
      : await outsideBroker(settings, city.id, api, link, lifetime, log);

  if (simulator !== undefined) {
    const start = planned(await earliestMs(api));
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
  const http = `${certificates ? 'https' : 'http'}://${urlHost(settings.host)}:${api.port}`;
  announce(settings, { http, mqtt: bus.url, ...(bus.secureUrl !== undefined && { mqtts: bus.secureUrl }) });
}

async function ownBroker(
  settings: Settings,
  city: string,
  api: Api,
  link: Link,
  lifetime: Lifetime,
  log: Logger,
  access: Access | undefined,
  certificates: Certificates | undefined,
): Promise<Bus> {
  const { mqttPort, mqttsPort, credentials: folder } = settings;
  const host = plainMqttHost(settings);
  const own = await startOwnBroker({
    city,
    host,
    port: mqttPort,
    ...(certificates && { tls: { host: settings.host, port: mqttsPort, material: certificates } }),
    ...(access && { access: { credentials: access.credentials, folder: folder! } }),
    take: api.take,
    log,
  });
  link.publish = own.publish;
  link.crowd = (isCrowded) => own.broker.crowd(isCrowded);
  link.metrics = () => metricsText(own.broker);
  const webSocket = createMqttUpgrade(own.broker);
  api.upgrades.set('/mqtt', (request, socket, head) => webSocket.upgrade(request, socket, head));
  lifetime.own('broker', async () => {
    webSocket.close();
    await own.close();
  });
  const { port, tlsPort } = own.broker;
  return {
    url: `mqtt://${urlHost(host)}:${port}`,
    ...(tlsPort !== undefined && { secureUrl: `mqtts://${urlHost(settings.host)}:${tlsPort}` }),
    addressOf: (part) => own.addressOf(part),
  };
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
  return { url: withoutPassword(settings.broker!), addressOf };
}

/** Where there is TLS, nobody outside needs to talk without. */
export function plainMqttHost({ host, tlsCert }: Pick<Settings, 'host' | 'tlsCert'>): string {
  return tlsCert === undefined || isLoopback(host) ? host : '127.0.0.1';
}

function withoutPassword(address: string): string {
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}

/** A tick before now, because the first tick runs at once; never before what is stored: a store never goes back in time. */
async function earliestMs(api: Api): Promise<{ readonly nowMs: number; readonly newestMs: number | undefined }> {
  const newestMs = await api.newestTs();
  return { nowMs: Math.floor(wallNowMs() / 1000 - 1) * 1000, newestMs };
}

async function firstRecord(api: Api): Promise<void> {
  const until = performance.now() + READY_PATIENCE_MS;
  while (api.counters().ingest.stored === 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function announce(
  settings: Settings,
  where: { readonly http: string; readonly mqtt: string; readonly mqtts?: string },
): void {
  if (settings.json) {
    process.stdout.write(`${JSON.stringify({ ready: true, ...where })}\n`);
    return;
  }
  process.stdout.write(`ready ${Object.values(where).join(' ')}\n`);
  const tookS = (performance.now() / 1000).toFixed(1);
  process.stdout.write(`data can be seen after ${tookS} s; open ${where.http} in a browser, Ctrl-C ends\n`);
}
