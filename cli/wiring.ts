// What several commands need to put the parts together: the store by name, fleets by scale, a broker's address, the city's parts in MQTT.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VictoriaSink, feeding } from '../api/sinks/victoria.ts';
import type { Store } from '../api/store.ts';
import { createDuckDbStore } from '../api/stores/duckdb.ts';
import { createInflux1Store } from '../api/stores/influx1.ts';
import { createInflux2Store } from '../api/stores/influx2.ts';
import { createMemoryStore } from '../api/stores/memory.ts';
import { durationMs } from '../simulator/duration.ts';
import { busesNeeded } from '../simulator/bus/duties.ts';
import type { City } from '../simulator/city.ts';
import type { Model } from '../simulator/fleet.ts';
import { isImported } from './city.ts';
import type { Settings } from './options.ts';
import { UsageError } from './options.ts';
import type { Logger } from './log.ts';

/** What the generated city is called in topics. */
export const CITY = 'wuxi';
/** Enough for the page's questions over a week of the demo city. */
const DUCKDB_MEMORY_MB = 384;
const MIN_KEEP_MS = 3_600_000;
const REMIND_EVERY_MS = 5000;

/** Time that never jumps, ms. */
export const monotonicMs = (): number => performance.now();

/** The same in every thread of this process, ms. */
export const sharedNowMs = (): number => performance.timeOrigin + performance.now();

type StoreSettings = Pick<
  Settings,
  | 'store'
  | 'storeUrl'
  | 'storeDb'
  | 'storeUser'
  | 'storePasswordFile'
  | 'storeOrg'
  | 'storeBucket'
  | 'storeTokenFile'
  | 'keep'
  | 'victoriaUrl'
  | 'data'
  | 'city'
>;

/** The store that the settings name, which also feeds a VictoriaMetrics where they name one. Not opened yet. */
export function createStore(settings: StoreSettings, log: Logger): Store {
  const store = storeOf(settings);
  const { victoriaUrl, city = CITY } = settings;
  return victoriaUrl === undefined ? store : feeding(store, new VictoriaSink({ url: victoriaUrl, city, log }));
}

function storeOf(settings: StoreSettings): Store {
  const { store, storeUrl: url, storeUser, storePasswordFile, city = CITY } = settings;
  const keep = settings.keep === undefined ? {} : { keepMs: keepMs(settings.keep) };
  if (store === 'memory') return createMemoryStore();
  if (store === 'duckdb') {
    const file = join(settings.data, 'city.duckdb');
    return createDuckDbStore({ file, memoryLimitMb: DUCKDB_MEMORY_MB, ...keep });
  }
  if (store === 'influx2') {
    const { storeOrg: org, storeBucket: bucket, storeTokenFile } = settings;
    if (storeTokenFile === undefined)
      throw new UsageError('--store influx2 needs --store-token-file: a file with an API token of that InfluxDB');
    return createInflux2Store({ url, org, bucket, token: readSecret(storeTokenFile), city, ...keep });
  }
  return createInflux1Store({
    url,
    database: settings.storeDb,
    city,
    ...keep,
    ...(storeUser === undefined ? {} : { username: storeUser }),
    ...(storePasswordFile === undefined ? {} : { password: readSecret(storePasswordFile) }),
  });
}

/** @throws UsageError below an hour: nothing would be left to look at */
function keepMs(text: string): number {
  const ms = durationMs(text)!;
  if (ms < MIN_KEEP_MS) throw new UsageError(`--keep: expected at least 1h, got ${text}`);
  return ms;
}

/** Of an imported city nothing else is known than its buses; the weather is everywhere. */
const IMPORTED_KINDS = ['bus', 'weather-station'];

/** Devices by kind for a scale, at least one each. An imported city has the buses that its timetable needs. */
export function demoFleets(models: ReadonlyMap<string, Model>, scale: number, city: City): { [kind: string]: number } {
  const imported = isImported(city);
  const kinds = [...models].filter(([kind]) => !imported || IMPORTED_KINDS.includes(kind));
  return Object.fromEntries(
    kinds.map(([kind, { demoCount }]) => {
      const count = imported && kind === 'bus' ? busesNeeded(city) : demoCount;
      return [kind, Math.max(1, Math.round(count * scale))];
    }),
  );
}

/** Kinds named by `--connections`. @throws UsageError for a kind that is none */
export function ownConnectionKinds(text: string, models: ReadonlyMap<string, Model>): Set<string> {
  const kinds = text === 'none' ? [] : text.split(',').map((kind) => kind.trim());
  for (const kind of kinds) {
    if (!models.has(kind))
      throw new UsageError(
        `--connections: unknown kind ${kind}, expected none or some of ${[...models.keys()].join(', ')}`,
      );
  }
  return new Set(kinds);
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** Absent: without TLS. */
  readonly tls?: { readonly ca?: string };
}

/** Address of an outside broker; `part` is the user whose secret lies in the credentials folder, if there is one. */
export function brokerAddress(
  settings: { readonly broker?: string; readonly brokerCa?: string; readonly credentials?: string },
  part: string,
): BrokerAddress {
  const { protocol, hostname, port, username, password } = new URL(settings.broker ?? 'mqtt://127.0.0.1:1883');
  const isSecure = protocol === 'mqtts:';
  const address = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 8883 : 1883) : Number(port),
    ...(isSecure && { tls: settings.brokerCa === undefined ? {} : { ca: readSecret(settings.brokerCa) } }),
  };
  if (username !== '')
    return { ...address, username: decodeURIComponent(username), password: decodeURIComponent(password) };
  if (settings.credentials === undefined) return address;
  return { ...address, username: part, password: readSecret(join(settings.credentials, `${part}.password`)) };
}

/** Waits for a connection and says so every few seconds: nobody should stare at a silent terminal. */
export async function patiently<T>(address: BrokerAddress, connecting: Promise<T>, log: Logger): Promise<T> {
  const started = performance.now();
  const reminder = setInterval(() => {
    const waitedS = Math.round((performance.now() - started) / 1000);
    log.warn(`the broker at ${address.host}:${address.port} does not answer, waiting since ${waitedS} s`);
  }, REMIND_EVERY_MS);
  try {
    return await connecting;
  } finally {
    clearInterval(reminder);
  }
}

/** @throws UsageError when it cannot be read */
export function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`cannot read the secret in ${file}: ${(error as Error).message}`);
  }
}
