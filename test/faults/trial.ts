// What most rows have in common: a system, devices that send to it, a fault, healing, and the comparison of ledger and store afterwards.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare } from './checker.ts';
import type { Verdict } from './checker.ts';
import { Devices } from './devices.ts';
import type { DevicesPlan } from './devices.ts';
import type { Login } from './gateway.ts';
import { KIND } from './ledger.ts';
import { atLeast, atMost, exactly } from './row.ts';
import type { Check } from './row.ts';
import { exported, inDuckDb, inInflux } from './stored.ts';
import { System } from './system.ts';
import type { SystemOptions } from './system.ts';

/** Of every process of ours, in every row. */
const MAX_RSS_MB = 512;
const PATIENCE_MS = 60_000;

export interface Trial {
  readonly system: System;
  readonly devices: Devices;
  /** For ledgers and whatever a row needs; it goes with the trial. */
  readonly folder: string;
}

export interface TrialOptions extends SystemOptions {
  readonly devices?: Partial<DevicesPlan>;
  /** Of the devices, once the system is up. */
  readonly login?: () => Login;
  /** Where the devices connect: a proxy. Given the system's MQTT port. */
  readonly through?: (mqttPort: number) => Promise<number>;
}

/** Starts system and devices, lets `body` do its worst, and cleans up whatever happens. */
export async function trial<T>(options: TrialOptions, body: (trial: Trial) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'citytwin-ledger-'));
  let system: System | undefined;
  let devices: Devices | undefined;
  try {
    system = await System.start(options);
    const port = (await options.through?.(system.mqttPort)) ?? system.mqttPort;
    const login = options.login?.();
    devices = new Devices(folder, { port, ...options.devices, ...(login && { login }) });
    await system.knows(KIND);
    return await body({ system, devices, folder });
  } catch (error) {
    const said = system?.api.log.split('\n').slice(-8).join('\n') ?? '';
    throw new Error(`${(error as Error).message}\n${said}`, { cause: error });
  } finally {
    await devices?.end();
    await system?.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Judged {
  readonly checks: Check[];
  readonly figures: { [name: string]: number | string };
  readonly verdict: Verdict;
}

/** After healing: everything is acknowledged and stored, then ledger and store are compared, through the command and past it. */
export async function judge({ system, devices }: Trial, patienceMs = PATIENCE_MS): Promise<Judged> {
  const ackedMs = await devices.drain(patienceMs);
  const storedMs = await system.settle(patienceMs);
  const { ingest } = await system.counters();
  const ledgers = devices.ledgers();
  if (system.store === 'duckdb') {
    const { tookMs } = await system.api.end();
    const verdict = await compare(ledgers, exported(['--data', system.data]));
    const past = await compare(ledgers, inDuckDb(system.data));
    return { ...said(system, verdict, past, ingest.gaps), figures: { drainMs: ackedMs + storedMs, stopMs: tookMs } };
  }
  const verdict = await compare(ledgers, exported(['--from', system.http]));
  const past = system.store === 'influx1' ? await compare(ledgers, inInflux(system.storeUrl!)) : verdict;
  return { ...said(system, verdict, past, ingest.gaps), figures: { drainMs: ackedMs + storedMs } };
}

function said(system: System, verdict: Verdict, past: Verdict, gaps: number) {
  const checks = [
    atLeast('acknowledged', verdict.acked, 1),
    exactly('lost', verdict.lost, 0),
    exactly('duplicates', verdict.duplicates, 0),
    exactly('wrong values', verdict.wrong, 0),
    exactly('out of order', verdict.disordered + past.disordered, 0),
    exactly('gaps', gaps, 0),
    exactly(
      'same in the database itself',
      `${past.stored} ${past.lost} ${past.duplicates} ${past.wrong}`,
      shown(verdict),
    ),
    atMost('RSS MB', system.peakRssMb, MAX_RSS_MB),
  ];
  return { checks, verdict };
}

function shown({ stored, lost, duplicates, wrong }: Verdict): string {
  return `${stored} ${lost} ${duplicates} ${wrong}`;
}
