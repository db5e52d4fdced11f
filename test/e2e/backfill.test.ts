// The past, filled in by a simulator that is killed on the way: nothing missing, nothing twice, and the same as if it had never died.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSession } from '../../cli/session.ts';
import { RecordHash } from '../../simulator/record-hash.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { decodeRecordingLine } from '../../telemetry/ndjson.ts';
import { eventually, pausedCounters, startCity, storedCounters } from '../city-process.ts';
import type { CityProcess } from '../city-process.ts';
import { startInfluxd } from '../influxd.ts';
import { describeWith } from '../parts.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const SPAN_H = 3;
const SCALE = ['--scale', '0.02'];

interface Progress {
  readonly fromMs: number;
  readonly settledMs: number;
  readonly done: boolean;
}
interface Summary {
  readonly complete: boolean;
  readonly records: number;
  readonly recordHash: string;
  readonly sent: number;
}

let folder: string;
let city: CityProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-backfill-'));
});
afterEach(async () => {
  await city?.stop();
  city = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function backfill(platform: CityProcess): string[] {
  const broker = `mqtt://127.0.0.1:${platform.mqttPort}`;
  return [
    launcher,
    'backfill',
    `${SPAN_H}h`,
    '--json',
    '--broker',
    broker,
    '--credentials',
    join(folder, 'credentials'),
    '--data',
    join(folder, 'progress'),
    ...SCALE,
  ];
}

const progress = (): Progress | undefined => {
  const file = join(folder, 'progress', 'backfill.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Progress) : undefined;
};

/** Kills it as soon as a part of the past is noted as stored, and not yet all of it. */
async function killOnTheWay(child: ChildProcess): Promise<Progress> {
  const exit = once(child, 'exit');
  const reached = await eventually(
    'a part of the past to be stored',
    () => {
      const now = progress();
      return now !== undefined && now.settledMs > now.fromMs ? now : undefined;
    },
    60_000,
  );
  child.kill('SIGKILL');
  await exit;
  return reached;
}

async function goesOnWhereItWasKilled(store: readonly string[]): Promise<void> {
  const credentials = ['--credentials', join(folder, 'credentials'), '--open-http'];
  city = await startCity(['--no-simulator', '--no-control', ...store, ...credentials]);
  const platform = city;
  const reached = await killOnTheWay(spawn(process.execPath, backfill(platform), { stdio: 'ignore' }));
  expect(reached.done).toBe(false);
  const again = spawnSync(process.execPath, backfill(platform), { encoding: 'utf8', timeout: 120_000 });
  const summary = JSON.parse(again.stdout) as Summary;
  expect(summary.complete).toBe(true);
  // What was stored before was not sent again, but for what was on its way.
  expect(summary.sent).toBeLessThan(summary.records);
  expect(progress()).toMatchObject({ fromMs: reached.fromMs, done: true });
  const { ingest } = await storedCounters(platform);
  expect(ingest).toMatchObject({ stored: summary.records, rejected: 0, dropped: 0, gaps: 0 });
  expect(await storedHash(platform)).toEqual({ count: summary.records, hash: summary.recordHash });
}

/** The fingerprint of what the store holds of simulated devices, made from an export of all of it. */
async function storedHash(platform: CityProcess): Promise<{ count: number; hash: string }> {
  const file = join(folder, 'all.ndjson');
  const known = ((await platform.get('/api/kinds')) as { kind: string }[]).map(({ kind }) => kind);
  const kinds = known.filter((kind) => kind !== 'bus-dispatch').join(',');
  const { status, stderr } = spawnSync(
    process.execPath,
    [launcher, 'export', '--from', platform.http, '--kinds', kinds, '--out', file, '--json'],
    { encoding: 'utf8', timeout: 120_000 },
  );
  expect([status, stderr]).toEqual([0, '']);
  const hash = new RecordHash();
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const read = decodeRecordingLine(line, 1);
    if (read.type === 'record') hash.add(...partsOf(read.record));
    if (read.type === 'event') hash.add(...partsOf(read.event), read.event.name, read.event.state);
  }
  return { count: hash.sum.count, hash: hash.sum.toString() };
}

function partsOf({ kind, device, ts, seq, fields }: TelemetryRecord) {
  return [kind, device, ts, seq, fields] as const;
}

describe('a backfill whose simulator is killed', () => {
  it('goes on where it was, with DuckDB: the store holds exactly the straight run', async () => {
    await goesOnWhereItWasKilled(['--store', 'duckdb']);
  }, 180_000);
});

describeWith(['influxd'], 'a backfill into InfluxDB whose simulator is killed', () => {
  it('goes on where it was: the store holds exactly the straight run', async () => {
    const influxd = (await startInfluxd())!;
    try {
      await goesOnWhereItWasKilled(['--store', 'influx1', '--store-url', influxd.url]);
    } finally {
      await city?.stop();
      city = undefined;
      await influxd.stop();
    }
  }, 180_000);
});

describe('a whole city that is killed in the middle of its backfill', () => {
  it('goes on where it was and then lives on without a seam', async () => {
    const args = ['--store', 'duckdb', ...SCALE, '--backfill', `${SPAN_H}h`];
    const data = join(folder, 'data');
    const first = await startCity(args, { data });
    const at = (): Progress => JSON.parse(readFileSync(join(data, 'backfill.json'), 'utf8')) as Progress;
    const reached = await eventually(
      'a part of the past',
      () => (at().settledMs > at().fromMs ? at() : undefined),
      60_000,
    );
    expect(reached.done).toBe(false);
    const exit = once(first.process, 'exit');
    first.process.kill('SIGKILL');
    await exit;
    city = await startCity(args, { data });
    const platform = city;
    await eventually('the present', () => (at().done ? true : undefined), 120_000);
    const doneAt = at().settledMs;
    await eventually('some seconds of live data', async () => {
      const health = (await platform.get('/api/health')) as { simTimeMs: number; speed: number };
      return health.speed === 1 && health.simTimeMs > doneAt + 3000 ? true : undefined;
    });
    const { ingest } = await pausedCounters(platform);
    expect(ingest).toMatchObject({ rejected: 0, dropped: 0 });
    const stored = await storedHash(platform);
    await platform.stop();
    // The session counts from the beginning of the past, whether it was sent by it or by the one that was killed.
    const file = join(data, `session-${reached.fromMs}.ndjson`);
    const { end } = readSession(file)!;
    expect(stored).toEqual({ count: end.records, hash: end.recordHash });
    const { status, stdout } = spawnSync(process.execPath, [launcher, 'verify', file], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    expect([status, stdout]).toEqual([0, 'same\n']);
  }, 300_000);
});
