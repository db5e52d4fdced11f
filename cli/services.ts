// `citytwin broker`, `api`, `simulate`, `control`: one part each, connected by MQTT and HTTP only, as docker compose runs them.
import { join } from 'node:path';
import { Guard } from '../api/guard.ts';
import { startApi } from '../api/server.ts';
import { startBroker } from '../broker/broker.ts';
import type { LinkState } from '../broker/ingest-link.ts';
import { metricsText } from '../broker/metrics.ts';
import { createMqttUpgrade } from '../broker/websocket.ts';
import { startControl } from '../control/live.ts';
import type { City } from '../simulator/city.ts';
import { wallNowMs } from '../simulator/clock.ts';
import { durationMs } from '../simulator/duration.ts';
import { loadModels } from '../simulator/kinds.ts';
import { LiveCity } from '../simulator/live.ts';
import { apiAccess, openAccess, requireCredentials, warnOfClearText } from './access.ts';
import { connectApi } from './api-client.ts';
import { openCertificates } from './certificates.ts';
import type { ApiClient } from './api-client.ts';
import { cityOf } from './city.ts';
import { countersText, startHealthServer } from './health-server.ts';
import { Lifetime } from './lifetime.ts';
import { journalOf } from './journal.ts';
import { createLog } from './log.ts';
import type { Logger } from './log.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';
import { builtPage } from './page.ts';
import { noted, openBackfill, progressFile } from './backfill-progress.ts';
import { publishCounters } from './own-broker.ts';
import { createProgress } from './progress.ts';
import { liveStart } from './scenario.ts';
import type { LiveStart } from './scenario.ts';
import { plainMqttHost, urlHost } from './up.ts';
import { version } from './version.ts';
import { CITY, brokerAddress, createStore, monotonicMs, ownConnectionKinds, patiently } from './wiring.ts';

export async function brokerService(settings: Settings): Promise<void> {
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  requireCredentials(settings, 'broker');
  warnOfClearText({ ...settings, openHttp: false }, log);
  const { city = CITY } = settings;
  const certificates = await openCertificates(settings, log);
  const access = await openAccess(settings, log, true);
  const broker = await startBroker({
    city,
    host: plainMqttHost(settings),
    port: settings.mqttPort,
    ...(certificates && { tls: { host: settings.host, port: settings.mqttsPort, material: certificates } }),
    ...(access && { credentials: access.credentials }),
    // Nobody stores here: the api subscribes like everyone else, or takes the records by the link.
    take: () => undefined,
    awaitApi: settings.awaitApi,
    log,
  });
  const counting = publishCounters(broker, city);
  const http = await startHealthServer({
    ...settings,
    log,
    ...(certificates && { tls: certificates }),
    ...(access && { accounts: access.accounts }),
    ready: () => true,
    detail: () => linkText(broker.ingestLink()),
    metrics: () => metricsText(broker),
  });
  const guard = new Guard(settings.host, [], access === undefined);
  const webSocket = createMqttUpgrade({
    handle: broker.handle,
    allowOrigin: (_origin, request) => guard.refusal('/mqtt', request.headers) === undefined,
  });
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
  const host = urlHost(settings.host);
  announce(settings, {
    http: `${certificates ? 'https' : 'http'}://${host}:${http.port}`,
    mqtt: `mqtt://${urlHost(plainMqttHost(settings))}:${broker.port}`,
    ...(broker.tlsPort !== undefined && { mqtts: `mqtts://${host}:${broker.tlsPort}` }),
  });
}

/** For people who ask whether it is ready: an api that waits for its broker must not wait for itself. */
function linkText(link: LinkState | undefined): string {
  if (link === undefined) return '';
  const { isUp, records, oldestMs } = link;
  const waiting = records === 0 ? '' : `, ${records} records wait for it, the oldest for ${Math.round(oldestMs)} ms`;
  return `${isUp ? 'the api takes records' : 'no api: records are not acknowledged'}${waiting}\n`;
}

export async function apiService(settings: Settings): Promise<void> {
  // Behind --open-http the broker alone may have the credentials.
  if (!settings.openHttp) requireCredentials(settings, 'api');
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  warnOfClearText(settings, log);
  const certificates = await openCertificates(settings, log);
  const access = await openAccess(settings, log, false);
  const city = await cityOf(settings, log);
  const store = createStore({ ...settings, city: city.id }, log);
  const [staticFolder] = await Promise.all([builtPage(log), store.open()]);
  lifetime.own('store', () => store.close());
  const link: { client?: ApiClient } = {};
  const api = await startApi({
    city: city.id,
    host: settings.host,
    port: settings.port,
    store,
    journal: journalOf(settings),
    publish: async (topic, payload, options) => {
      if (link.client === undefined) throw new Error('the broker is not there yet');
      await link.client.publish(topic, payload, options);
    },
    map: city.map,
    ...(staticFolder === undefined ? {} : { staticFolder }),
    experimentsFolder: join(settings.data, 'experiments'),
    hfp: settings.hfp,
    version,
    log,
    access: apiAccess(settings, access),
    ...(certificates && { tls: certificates }),
    brokerState: () => ({ ok: link.client?.up === true }),
  });
  lifetime.own('api', () => api.close());
  const address = brokerAddress(settings, 'api');
  link.client = await patiently(address, connectApi({ city: city.id, broker: address, take: api.take }), log);
  lifetime.own('broker connection', () => link.client?.stop());
  announce(settings, { http: `${certificates ? 'https' : 'http'}://${urlHost(settings.host)}:${api.port}` });
}

export async function simulateService(settings: Settings, scenario: string | undefined): Promise<void> {
  requireCredentials(settings, 'simulate');
  const log = createLog(settings);
  const models = await loadModels();
  const city = await cityOf(settings, log);
  const planned = await liveStart(settings, scenario, models);
  const lifetime = new Lifetime(log);
  const address = brokerAddress(settings, 'simulator');
  const live = liveCity(
    settings,
    city,
    models,
    planned({ nowMs: wholeSecondMs(), newestMs: filledUntilMs(settings) }),
    log,
  );
  let ready = false;
  const http = await startHealthServer({
    ...settings,
    log,
    ready: () => ready,
    metrics: () => countersText('simulator', live.counters()),
  });
  lifetime.own('http', () => http.close());
  lifetime.own('simulator', () => live.stop());
  try {
    await patiently(address, live.start(), log);
  } catch (error) {
    // Ctrl-C while it waited for the broker.
    if (lifetime.isEnding) return;
    throw error;
  }
  ready = true;
  announce(settings, { http: `http://${settings.host}:${http.port}` });
}

/** `citytwin backfill DURATION`: simulates and sends the time up to now, then ends. */
export async function backfillService(settings: Settings, duration: string): Promise<number> {
  const log = createLog(settings);
  const models = await loadModels();
  if (durationMs(duration) === undefined) {
    throw new UsageError(`expected a duration such as 12h or 30d, got ${JSON.stringify(duration)}`);
  }
  const city = await cityOf(settings);
  const planned = await liveStart({ ...settings, backfill: duration }, undefined, models);
  const endMs = wholeSecondMs();
  const filledMs = filledUntilMs({ ...settings, backfill: duration });
  const start = planned({ nowMs: endMs, newestMs: filledMs });
  if (filledMs !== undefined && start.startMs > filledMs) {
    const file = progressFile(settings.data);
    log.warn(
      `up to ${new Date(filledMs).toISOString()} the past is filled in already; for another platform delete ${file}`,
    );
  }
  if (start.startMs >= endMs)
    throw new UsageError(`nothing to fill in between ${new Date(start.startMs).toISOString()} and now`);
  const live = liveCity(settings, city, models, start, log, endMs);
  const progress = createProgress(settings.json);
  const watching = setInterval(() => {
    const share = (live.simTimeMs - start.startMs) / (endMs - start.startMs);
    progress.show(share, `${new Date(live.simTimeMs).toISOString()}, ${live.counters().out} messages`);
  }, 200);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void live.stop());
  await patiently(brokerAddress(settings, 'simulator'), live.start(), log);
  const { simTimeMs, records, recordHash } = await live.ended();
  clearInterval(watching);
  progress.end();
  await live.stop();
  const complete = simTimeMs >= endMs;
  const { out, dropped } = live.counters();
  if (settings.json) {
    const from = new Date(start.startMs).toISOString();
    process.stdout.write(
      `${JSON.stringify({ complete, from, to: new Date(simTimeMs).toISOString(), records, recordHash, sent: out, dropped })}\n`,
    );
  } else
    process.stdout.write(
      `${complete ? 'stored' : 'stopped at'} ${new Date(simTimeMs).toISOString()}: ${out} messages sent\n`,
    );
  return complete && dropped === 0 ? 0 : 1;
}

function liveCity(
  settings: Settings,
  city: City,
  models: Awaited<ReturnType<typeof loadModels>>,
  start: LiveStart,
  log: Logger,
  endMs?: number,
): LiveCity {
  const { backfillFile, ...plan } = start;
  const backfill =
    backfillFile === undefined ? undefined : openBackfill(backfillFile, start, () => endMs ?? wallNowMs());
  return new LiveCity({
    ...plan,
    city,
    models,
    broker: brokerAddress(settings, 'simulator'),
    ownConnections: ownConnectionKinds(settings.connections, models),
    backfill,
    endMs,
    now: monotonicMs,
    log,
  });
}

/** What a backfill that has ended is known to have stored: filling it again would give every device a second life. */
function filledUntilMs({ backfill, data }: Pick<Settings, 'backfill' | 'data'>): number | undefined {
  return backfill === undefined ? undefined : noted(progressFile(data))?.settledMs;
}

/** A second before now: the first tick runs at once. */
function wholeSecondMs(): number {
  return Math.floor(wallNowMs() / 1000 - 1) * 1000;
}

export async function controlService(settings: Settings): Promise<void> {
  requireCredentials(settings, 'control');
  const log = createLog(settings);
  const lifetime = new Lifetime(log);
  let ready = false;
  let sent = () => 0;
  const http = await startHealthServer({
    ...settings,
    log,
    ready: () => ready,
    metrics: () => countersText('control', { sent: sent() }),
  });
  lifetime.own('http', () => http.close());
  const address = brokerAddress(settings, 'control');
  const control = await patiently(address, startControl({ city: settings.city ?? CITY, broker: address, log }), log);
  sent = () => control.sent;
  lifetime.own('control', () => control.stop());
  ready = true;
  announce(settings, { http: `http://${settings.host}:${http.port}` });
}

function announce(settings: Settings, where: { readonly http: string; readonly mqtt?: string }): void {
  const line = settings.json ? JSON.stringify({ ready: true, ...where }) : `ready ${Object.values(where).join(' ')}`;
  process.stdout.write(`${line}\n`);
}
