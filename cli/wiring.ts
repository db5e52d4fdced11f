// What several commands need to put the parts together: the store by name, fleets by scale, a broker's address, the city's parts in MQTT.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../api/store.ts';
import { createDuckDbStore } from '../api/stores/duckdb.ts';
import { createInflux1Store } from '../api/stores/influx1.ts';
import { createMemoryStore } from '../api/stores/memory.ts';
import { busesNeeded } from '../simulator/bus/duties.ts';
import type { City } from '../simulator/city.ts';
import type { Model } from '../simulator/fleet.ts';
import { isImported } from './city.ts';
import type { Settings } from './options.ts';
import { UsageError } from './options.ts';
import type { Logger } from './log.ts';

/** What the generated city is called in topics. */
export const CITY = 'wuxi';
const DUCKDB_MEMORY_MB = 1024;
const REMIND_EVERY_MS = 5000;

/** Time that never jumps, ms. */
export const monotonicMs = (): number => performance.now();

/** The same in every thread of this process, ms. */
export const sharedNowMs = (): number => performance.timeOrigin + performance.now();

export function createStore(
  settings: Pick<Settings, 'store' | 'storeUrl' | 'storeDb' | 'storeUser' | 'storePasswordFile' | 'data' | 'city'>,
  log: Logger,
): Store {
  if (settings.store === 'memory') return createMemoryStore();
  if (settings.store === 'duckdb') {
    return createDuckDbStore({ file: join(settings.data, 'city.duckdb'), memoryLimitMb: DUCKDB_MEMORY_MB });
  }
  const { storeUser, storePasswordFile } = settings;
  return createInflux1Store({
    url: settings.storeUrl,
    database: settings.storeDb,
    city: settings.city ?? CITY,
    ...(storeUser === undefined ? {} : { username: storeUser }),
    ...(storePasswordFile === undefined ? {} : { password: readSecret(storePasswordFile) }),
  });
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
}

/** Address of an outside broker; `part` is the user whose secret lies in the credentials folder, if there is one. */
export function brokerAddress(
  settings: { readonly broker?: string; readonly credentials?: string },
  part: string,
): BrokerAddress {
  const { hostname, port, username, password } = new URL(settings.broker ?? 'mqtt://127.0.0.1:1883');
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 1883 : Number(port) };
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

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`cannot read the secret in ${file}: ${(error as Error).message}`);
  }
}
