// `citytwin broker`, `api`, `simulate`, `control`: one part each, connected by MQTT and HTTP only, as docker compose runs them.
import { startApi } from '../api/server.ts';
import { startBroker } from '../broker/broker.ts';
import { createCredentials } from '../broker/credentials.ts';
import { createMqttUpgrade } from '../broker/websocket.ts';
import { startControl } from '../control/live.ts';
import { loadCity } from '../simulator/city/load.ts';
import { civilOffsetMin, wallNowMs } from '../simulator/clock.ts';
import { loadModels } from '../simulator/kinds.ts';
import { LiveCity } from '../simulator/live.ts';
import { connectApi } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { startHealthServer } from './health-server.ts';
import { Lifetime } from './lifetime.ts';
import { createLog } from './log.ts';
import { UsageError, isLoopback } from './options.ts';
import type { Settings } from './options.ts';
import { builtPage } from './page.ts';
import { needsCredentials, publishCounters, version } from './up.ts';
import {
  CITY,
  SCENARIO,
  brokerAddress,
  createStore,
  demoFleets,
  monotonicMs,
  ownConnectionKinds,
  patiently,
} from './wiring.ts';

export async function brokerService(settings: Settings): Promise<void> {
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  if (!isLoopback(settings.host) && settings.credentials === undefined) throw needsCredentials(settings.host);
  const broker = await startBroker({
    city: CITY,
    host: settings.host,
    port: settings.mqttPort,
    ...(settings.credentials === undefined ? {} : { credentials: await createCredentials(settings.credentials) }),
    // Nobody stores here: the api subscribes like everyone else.
    take: () => undefined,
    log,
  });
  const counting = publishCounters(broker);
  const http = await startHealthServer({
    ...settings,
    part: 'broker',
    ready: () => true,
    counters: () => broker.counters(),
  });
  const webSocket = createMqttUpgrade(broker);
  http.server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?', 1)[0] === '/mqtt') webSocket.upgrade(request, socket, head);
    else socket.destroy();
  });
  lifetime.own('broker', async () => {
    clearInterval(counting);
    webSocket.close();
    await broker.close();
  });
  lifetime.own('http', () => http.close());
  announce(settings, { http: `http://${settings.host}:${http.port}`, mqtt: `mqtt://${settings.host}:${broker.port}` });
}

export async function apiService(settings: Settings): Promise<void> {
  if (!isLoopback(settings.host) && !settings.openHttp) {
    throw new UsageError(
      `--host ${settings.host} would serve page and REST to others without login; if a firewall or container keeps them out, add --open-http`,
    );
  }
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  const store = createStore(settings, log);
  const [staticFolder] = await Promise.all([builtPage(log), store.open()]);
  lifetime.own('store', () => store.close());
  const link: { client?: ApiClient } = {};
  const api = await startApi({
    city: CITY,
    host: settings.host,
    port: settings.port,
    store,
    publish: async (topic, payload, options) => {
      if (link.client === undefined) throw new Error('the broker is not there yet');
      await link.client.publish(topic, payload, options);
    },
    map: loadCity().map,
    ...(staticFolder === undefined ? {} : { staticFolder }),
    version,
    log,
    brokerState: () => ({ ok: link.client?.up === true }),
  });
  lifetime.own('api', () => api.close());
  const address = brokerAddress(settings, 'api');
  link.client = await patiently(address, connectApi({ city: CITY, broker: address, take: api.take }), log);
  lifetime.own('broker connection', () => link.client?.stop());
  announce(settings, { http: `http://${settings.host}:${api.port}` });
}

export async function simulateService(settings: Settings): Promise<void> {
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  const city = loadCity();
  const models = await loadModels();
  const address = brokerAddress(settings, 'simulator');
  const startMs = Math.floor(wallNowMs() / 1000 - 1) * 1000;
  const live = new LiveCity({
    city,
    models,
    fleets: demoFleets(models, settings.scale),
    broker: address,
    ownConnections: ownConnectionKinds(settings.connections, models),
    seed: settings.seed,
    scenario: SCENARIO,
    startMs,
    utcOffsetMin: civilOffsetMin(settings.start, startMs, city.utcOffsetMin),
    speed: settings.speed,
    now: monotonicMs,
    log,
  });
  let ready = false;
  const http = await startHealthServer({
    ...settings,
    part: 'simulator',
    ready: () => ready,
    counters: () => live.counters(),
  });
  lifetime.own('http', () => http.close());
  lifetime.own('simulator', () => live.stop());
  await patiently(address, live.start(), log);
  ready = true;
  announce(settings, { http: `http://${settings.host}:${http.port}` });
}

export async function controlService(settings: Settings): Promise<void> {
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  let ready = false;
  let sent = () => 0;
  const http = await startHealthServer({
    ...settings,
    part: 'control',
    ready: () => ready,
    counters: () => ({ sent: sent() }),
  });
  lifetime.own('http', () => http.close());
  const address = brokerAddress(settings, 'control');
  const control = await patiently(address, startControl({ city: CITY, broker: address, log }), log);
  sent = () => control.sent;
  lifetime.own('control', () => control.stop());
  ready = true;
  announce(settings, { http: `http://${settings.host}:${http.port}` });
}

function announce(settings: Settings, where: { readonly http: string; readonly mqtt?: string }): void {
  const line = settings.json ? JSON.stringify({ ready: true, ...where }) : `ready ${Object.values(where).join(' ')}`;
  process.stdout.write(`${line}\n`);
}
