// `citytwin doctor`: what is wrong with this machine, and what to do about it.
import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { existsSync } from 'node:fs';
import { canRunTypeScript } from '../bin/prepare.js';
import { MIN_FREE_BYTES } from '../api/journal/room.ts';
import { lookForBucket } from '../api/stores/influx2-bucket.ts';
import { journalOf } from './journal.ts';
import type { Settings } from './options.ts';
import { readSecret } from './wiring.ts';

interface Finding {
  readonly check: string;
  readonly state: 'good' | 'watch' | 'bad';
  readonly found: string;
  readonly advice?: string;
}

const MIN_MEMORY_BYTES = 2 ** 31;
const MIN_DISK_BYTES = 1e9;

/** Exit code 0 when the city can start here, 1 when it cannot. */
export async function doctor(settings: Settings): Promise<number> {
  const findings = [
    node(),
    machine(),
    await folder(settings),
    await port('HTTP', settings.host, settings.port),
    await port('MQTT', settings.host, settings.mqttPort),
    page(),
    ...(settings.store === 'influx1' || settings.store === 'influx2' ? [await influx(settings.storeUrl)] : []),
    ...(settings.store === 'influx2' ? [await influxBucket(settings)] : []),
    ...(settings.victoriaUrl === undefined ? [] : [await victoria(settings.victoriaUrl)]),
  ];
  if (settings.json) process.stdout.write(`${JSON.stringify({ ok: !findings.some(isBad), findings }, undefined, 2)}\n`);
  else
    for (const { state, check, found, advice } of findings) {
      process.stdout.write(
        `${{ good: '✓', watch: '!', bad: '✗' }[state]} ${check}: ${found}${advice === undefined ? '' : ` — ${advice}`}\n`,
      );
    }
  return findings.some(isBad) ? 1 : 0;
}

const isBad = ({ state }: Finding): boolean => state === 'bad';

function node(): Finding {
  const found = `${process.versions.node} on ${process.platform} ${process.arch}`;
  return canRunTypeScript(process.versions.node)
    ? { check: 'Node', state: 'good', found }
    : { check: 'Node', state: 'bad', found, advice: 'install Node 24' };
}

function machine(): Finding {
  const found = `${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB memory`;
  const small = availableParallelism() < 2 || totalmem() < MIN_MEMORY_BYTES;
  return small
    ? { check: 'machine', state: 'watch', found, advice: 'use --scale 0.1' }
    : { check: 'machine', state: 'good', found };
}

async function folder(settings: Pick<Settings, 'data' | 'store'>): Promise<Finding> {
  const { data: path } = settings;
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
    const { bavail, bsize } = await statfs(path);
    return dataFolder(path, bavail * bsize, journalOf(settings) !== undefined);
  } catch (error) {
    const found = (error as Error).message;
    return { check: 'data folder', state: 'bad', found, advice: 'choose another one with --data' };
  }
}

/** isJournalled: what is acknowledged lies there. */
export function dataFolder(path: string, freeBytes: number, isJournalled: boolean): Finding {
  const check = 'data folder';
  const found = `${path}, ${(freeBytes / 1e9).toFixed(1)} GB free`;
  if (isJournalled && freeBytes < MIN_FREE_BYTES) {
    const advice = `make room, or choose another one with --data: below ${MIN_FREE_BYTES / 1e6} MB nothing is acknowledged`;
    return { check, state: 'bad', found, advice };
  }
  if (freeBytes < MIN_DISK_BYTES) return { check, state: 'watch', found, advice: 'make room: less than 1 GB is left' };
  return { check, state: 'good', found };
}

function port(name: string, host: string, number: number): Promise<Finding> {
  const check = `${name} port`;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) =>
      resolve({
        check,
        state: 'bad',
        found: error.message,
        advice: `stop what uses ${number}, or choose another port (0 = a free one)`,
      }),
    );
    server.listen(number, host, () =>
      server.close(() => resolve({ check, state: 'good', found: `${host}:${number} is free` })),
    );
  });
}

function page(): Finding {
  const built = existsSync(new URL('../dashboard/dist/index.html', import.meta.url));
  const canBuild = existsSync(new URL('../node_modules/vite', import.meta.url));
  if (built || canBuild)
    return { check: 'page', state: 'good', found: built ? 'built' : 'will be built at the first start' };
  return {
    check: 'page',
    state: 'watch',
    found: 'not built',
    advice: 'run `npm run build` where the development packages are installed',
  };
}

async function influx(url: string): Promise<Finding> {
  try {
    const response = await fetch(new URL('/ping', url), { signal: AbortSignal.timeout(3000) });
    const version = response.headers.get('x-influxdb-version') ?? 'unknown version';
    return {
      check: 'InfluxDB',
      state: response.ok ? 'good' : 'bad',
      found: `${url}, ${version}, status ${response.status}`,
    };
  } catch (error) {
    return {
      check: 'InfluxDB',
      state: 'bad',
      found: `${url}: ${(error as Error).message}`,
      advice: 'start it, or use --store duckdb',
    };
  }
}

async function influxBucket({
  storeUrl,
  storeOrg: org,
  storeBucket: bucket,
  storeTokenFile,
}: Settings): Promise<Finding> {
  const check = 'bucket';
  const name = `${bucket} of ${org}`;
  if (storeTokenFile === undefined)
    return { check, state: 'bad', found: 'no token', advice: 'set --store-token-file to a file with an API token' };
  try {
    const address = { url: new URL(storeUrl).origin, org, bucket, token: readSecret(storeTokenFile) };
    const found = (await lookForBucket(address)) ? name : `${name} is not there, a start will try to make it`;
    return { check, state: 'good', found };
  } catch (error) {
    return { check, state: 'bad', found: (error as Error).message };
  }
}

async function victoria(url: string): Promise<Finding> {
  const check = 'VictoriaMetrics';
  try {
    const { ok, status } = await fetch(new URL('/health', url), { signal: AbortSignal.timeout(3000) });
    return { check, state: ok ? 'good' : 'bad', found: `${url}, status ${status}` };
  } catch (error) {
    return {
      check,
      state: 'watch',
      found: `${url}: ${(error as Error).message}`,
      advice: 'numbers are dropped until it answers',
    };
  }
}
