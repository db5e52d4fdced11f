// A week of the demo city in the embedded store: how large it is, next to InfluxDB 1.x with the same records, and how quickly the page's
// questions are answered. The city is simulated as fast as it goes, its records go straight to the store: no MQTT, which
// ingest/ measures. `node benchmarks/week.ts [days] [scale] [file to keep]`
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDuckDbStore } from '../api/stores/duckdb.ts';
import { createInflux1Store } from '../api/stores/influx1.ts';
import type { Aggregate, Store } from '../api/store.ts';
import { createControllers } from '../control/controllers.ts';
import { loadCity } from '../simulator/city/load.ts';
import { describe, loadModels } from '../simulator/kinds.ts';
import { Run } from '../simulator/run.ts';
import type { DeviceEvent, TelemetryRecord } from '../telemetry/messages.ts';
import { Collected } from '../test/collected.ts';
import { startInfluxd } from '../test/influxd.ts';

const SEED = 1;
const TICK_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Monday, 2026-05-18, midnight in Wuxi. */
const START_MS = Date.UTC(2026, 4, 17, 16);
const BATCH = 20_000;
/** What InfluxDB gets: enough for its encodings, few enough to wait for their compaction. */
const INFLUX_MS = 2 * HOUR_MS;
const INFLUX_FROM_MS = START_MS + 8 * HOUR_MS;
const COMPACTED_AFTER_MS = 45_000;
const ROUNDS = 30;
const LIMIT_MS = 200;

const [days = '7', scale = '1', kept] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'citytwin-week-'));
const file = kept ?? join(folder, 'city.duckdb');
const isThere = kept !== undefined && (await stat(kept).catch(() => undefined)) !== undefined;
const store = createDuckDbStore({ file, memoryLimitMb: 384 });
const endMs = START_MS + Number(days) * DAY_MS;

await store.open();
const filled = isThere ? undefined : await fill();
const answers = await ask();
const counts = await countAll();
const records = Object.values(counts).reduce((sum, count) => sum + count, 0);
await store.close();
const bytes = (await stat(file)).size;
const influx = await influxBytes();
const slowest = answers.filter(({ question }) => !question.startsWith('long: ')).map(({ p95Ms }) => p95Ms);
const result = {
  machine: `${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}`,
  days: Number(days),
  scale: Number(scale),
  records,
  counts,
  ...(filled && { filled }),
  duckdb: { bytes, bytesPerRecord: round(bytes / records) },
  influx,
  answers,
  ok: Math.max(...slowest) < LIMIT_MS,
};
console.log(JSON.stringify(result, null, 2));
await rm(folder, { recursive: true, force: true });
process.exitCode = result.ok ? 0 : 1;

/** The city from START_MS on, in batches; `keep` says which records. */
async function simulate(
  untilMs: number,
  append: (records: TelemetryRecord[], events: DeviceEvent[]) => Promise<void>,
): Promise<void> {
  const city = loadCity();
  const models = await loadModels();
  const collected = new Collected();
  const run = new Run({
    city,
    models,
    fleets: Object.fromEntries(
      [...models].map(([kind, model]) => [kind, Math.max(1, Math.round(model.demoCount * Number(scale)))]),
    ),
    seed: SEED,
    startMs: START_MS,
    utcOffsetMin: city.utcOffsetMin,
    controllers: createControllers,
    quality: 'field',
    sink: collected.sink,
  });
  let appending = Promise.resolve();
  const send = async (): Promise<void> => {
    const { records, events } = collected;
    collected.records = [];
    collected.events = [];
    // One append under way while the city goes on.
    await appending;
    appending = append(records, events);
  };
  while (run.simTimeMs < untilMs) {
    run.tick(TICK_MS);
    if (collected.records.length >= BATCH) await send();
  }
  await send();
  await appending;
}

async function fill(): Promise<object> {
  for (const model of (await loadModels()).values()) await store.describe(describe(model));
  const started = performance.now();
  let stored = 0;
  let peakRssMb = 0;
  await simulate(endMs, async (records, events) => {
    await store.append({ records, suspects: [], events, position: stored });
    stored += records.length;
    peakRssMb = Math.max(peakRssMb, process.memoryUsage.rss() / 2 ** 20);
  });
  const seconds = (performance.now() - started) / 1000;
  // The rollups of the last hours.
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  return { seconds: round(seconds), recordsPerS: Math.round(stored / seconds), peakRssMb: Math.round(peakRssMb) };
}

interface Answered {
  readonly question: string;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** What the page asks, of devices chosen in turn; `long: ` is asked by nobody yet. */
async function ask(): Promise<Answered[]> {
  const lengths = {
    '1h raw': [HOUR_MS, 0],
    '6h every 1m': [6 * HOUR_MS, MINUTE_MS],
    '24h every 5m': [DAY_MS, 5 * MINUTE_MS],
    '7d every 1h': [7 * DAY_MS, HOUR_MS],
  } as const;
  const histories = [
    ['vehicle', 'speedMps'],
    ['bus', 'delayS'],
    ['parking-spot', 'occupied'],
    ['water-meter', 'flowLph'],
    ['electricity-meter', 'powerW'],
  ] as const;
  const described = new Map((await store.descriptions()).map(({ kind, fields }) => [kind, Object.keys(fields)]));
  const fieldOf = (kind: string, field: string): string =>
    described.get(kind)!.includes(field) ? field : described.get(kind)![0]!;
  const answers: Answered[] = [];
  for (const [kind, wanted] of histories) {
    const field = fieldOf(kind, wanted);
    const devices = (await store.latest(kind)).map(({ device }) => device).sort();
    for (const [name, [lengthMs, everyMs]] of Object.entries(lengths)) {
      const bucket = everyMs === 0 ? {} : { bucket: { everyMs, agg: 'mean' as Aggregate, utcOffsetMin: 480 } };
      const question = (round: number): Promise<unknown> =>
        store.history({
          kind,
          device: devices[(round * 7_919) % devices.length]!,
          fields: [field],
          fromMs: endMs - lengthMs,
          toMs: endMs,
          limit: 10_000,
          ...bucket,
        });
      answers.push(await timed(`history of a ${kind}, ${name}`, question));
    }
  }
  for (const [kind, wanted] of histories) {
    const field = fieldOf(kind, wanted);
    const query = { kind, field, groupBy: 'kind' as const, maxGroups: 1_000 };
    const hour = { everyMs: MINUTE_MS, agg: 'mean' as const, utcOffsetMin: 480 };
    answers.push(
      await timed(`mean of all ${kind}s, 1h every 1m`, () =>
        store.aggregate({ ...query, fromMs: endMs - HOUR_MS, toMs: endMs, bucket: hour }),
      ),
    );
    const week = { ...hour, everyMs: HOUR_MS };
    answers.push(
      await timed(`long: mean of all ${kind}s, 7d every 1h`, () =>
        store.aggregate({ ...query, fromMs: endMs - 7 * DAY_MS, toMs: endMs, bucket: week }),
      ),
    );
  }
  const bucket = { everyMs: MINUTE_MS, agg: 'mean' as const, utcOffsetMin: 480 };
  const byLine = { kind: 'bus', field: fieldOf('bus', 'delayS'), groupBy: { field: 'line' }, maxGroups: 1_000, bucket };
  answers.push(
    await timed('mean of the buses by line, 1h every 1m', () =>
      store.aggregate({ ...byLine, fromMs: endMs - HOUR_MS, toMs: endMs }),
    ),
  );
  for (const kind of described.keys())
    answers.push(await timed(`long: latest of all ${kind}s`, () => store.latest(kind), 5));
  return answers;
}

async function timed(
  question: string,
  answer: (round: number) => Promise<unknown>,
  rounds = ROUNDS,
): Promise<Answered> {
  const times: number[] = [];
  for (let n = 0; n < rounds; n++) {
    const started = performance.now();
    await answer(n);
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (ratio: number): number => round(times[Math.min(times.length - 1, Math.floor(times.length * ratio))]!);
  return { question, medianMs: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}

async function countAll(): Promise<{ [kind: string]: number }> {
  const counts: { [kind: string]: number } = {};
  for (const { kind } of await store.descriptions())
    counts[kind] = await countOf(store, kind, START_MS, endMs + HOUR_MS);
  return counts;
}

async function countOf(of: Store, kind: string, fromMs: number, toMs: number): Promise<number> {
  const [field] = Object.keys((await of.descriptions()).find((one) => one.kind === kind)!.fields);
  const bucket = { everyMs: 365 * DAY_MS, agg: 'count' as const, utcOffsetMin: 0 };
  const groups = await of.aggregate({ kind, field: field!, fromMs, toMs, bucket, groupBy: 'kind', maxGroups: 1 });
  return groups.reduce((sum, { value }) => sum + value.reduce<number>((all, one) => all + Number(one ?? 0), 0), 0);
}

/** The same records of two morning hours in a real InfluxDB and in a DuckDB of their own. */
async function influxBytes(): Promise<object> {
  // Compacts soon instead of after four hours.
  process.env.INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION = '5s';
  process.env.INFLUXDB_DATA_COMPACT_FULL_WRITE_COLD_DURATION = '10s';
  const influxd = await startInfluxd();
  if (!influxd) return { skipped: 'influxd is not installed' };
  const other = createInflux1Store({ url: influxd.url, database: 'week', city: 'wuxi' });
  const small = createDuckDbStore({ file: join(folder, 'small.duckdb'), memoryLimitMb: 256 });
  for (const one of [other, small]) {
    await one.open();
    for (const model of (await loadModels()).values()) await one.describe(describe(model));
  }
  let stored = 0;
  let seconds = 0;
  await simulate(INFLUX_FROM_MS + INFLUX_MS, async (all, events) => {
    const records = all.filter(({ ts }) => ts >= INFLUX_FROM_MS);
    const started = performance.now();
    await other.append({ records, suspects: [], events: [] });
    seconds += (performance.now() - started) / 1000;
    await small.append({ records, suspects: [], events: events.filter(({ ts }) => ts >= INFLUX_FROM_MS) });
    stored += records.length;
  });
  await new Promise((resolve) => setTimeout(resolve, COMPACTED_AFTER_MS));
  await small.close();
  const bytes = await sizeOf(influxd.folder);
  const duckBytes = (await stat(join(folder, 'small.duckdb'))).size;
  await influxd.stop();
  return {
    records: stored,
    bytes,
    bytesPerRecord: round(bytes / stored),
    duckdbBytesPerRecordOfTheSame: round(duckBytes / stored),
    appendedPerS: Math.round(stored / seconds),
  };
}

/** Shards and their logs; the index is in memory. */
async function sizeOf(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
