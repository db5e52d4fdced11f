// A whole city as a user starts it: `citytwin up` as a process on free ports with a data folder of its own.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../bin/citytwin.js', import.meta.url));
const READY_MS = 40_000;
const POLL_MS = 50;

export interface CityProcess {
  readonly http: string;
  readonly mqttPort: number;
  readonly data: string;
  readonly readyMs: number;
  readonly process: ChildProcess;
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<{ status: number; body: unknown }>;
  /** SIGTERM, then the exit code. */
  stop(): Promise<number | null>;
}

/** The part of `GET /api/counters` that tests look at. */
export interface Counters {
  readonly simulator: { readonly out: number; readonly dropped: number };
  /** Absent before its first report and with `--no-control`. */
  readonly control?: { readonly out: number };
  readonly broker: { readonly in: number; readonly refused: number };
  readonly ingest: {
    readonly in: number;
    /** From before the start. */
    readonly recalled: number;
    readonly stored: number;
    readonly rejected: number;
    readonly duplicates: number;
    readonly dropped: number;
    readonly backlog: number;
    readonly gaps: number;
  };
}

export async function countersOf(city: CityProcess): Promise<Counters> {
  return (await city.get('/api/counters')) as Counters;
}

/** Pauses the city and waits until simulator with control centre, broker and ingest agree on how many there were. */
export async function pausedCounters(city: CityProcess): Promise<Counters> {
  const { status } = await city.post('/api/scenario', { name: 'pause' });
  if (status !== 200) throw new Error(`pause was answered with ${status}`);
  return eventually('agreement', async () => {
    const counters = await countersOf(city);
    const { simulator, control, broker, ingest } = counters;
    const out = simulator.out + (control?.out ?? 0);
    const all = out === broker.in && broker.in + ingest.recalled === ingest.in;
    return ingest.backlog === 0 && all ? counters : undefined;
  });
}

/** What is acknowledged is on disk, and in the database a moment later. */
export async function storedCounters(city: CityProcess): Promise<Counters> {
  return eventually('an empty backlog', async () => {
    const counters = await countersOf(city);
    return counters.ingest.backlog === 0 ? counters : undefined;
  });
}

/** Starts `citytwin up ARGS` and resolves at its ready line. @throws with its log when it ends before */
export async function startCity(
  args: readonly string[] = [],
  options: { readonly data?: string } = {},
): Promise<CityProcess> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'citytwin-test-')));
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [launcher, 'up', '--json', '--port', '0', '--mqtt-port', '0', '--data', data, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-20_000);
  });
  const ready = await new Promise<{ http: string; mqtt: string }>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ready line after ${READY_MS} ms\n${log}`)), READY_MS);
    createInterface(child.stdout).on('line', (line) => {
      clearTimeout(timer);
      resolve(JSON.parse(line) as { http: string; mqtt: string });
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}\n${log}`)));
  });
  return {
    http: ready.http,
    mqttPort: Number(new URL(ready.mqtt).port),
    data,
    readyMs: performance.now() - startedMs,
    process: child,
    get: async (path) => (await fetch(`${ready.http}${path}`)).json(),
    post: async (path, body) => {
      const response = await fetch(`${ready.http}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        await exit;
      }
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
      return child.exitCode;
    },
  };
}

/** Polls until `probe` gives something other than undefined. @throws naming what it waited for */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  patienceMs = 15_000,
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
