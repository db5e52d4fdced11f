// What the DuckDB store does in the background: rollups that never change an answer, and old days that go while the file stays small.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { packBatch } from '../../api/stores/columns.ts';
import { openEngine } from '../../api/stores/duckdb-engine.ts';
import type { DuckDbEngine, EngineOptions } from '../../api/stores/duckdb-engine.ts';
import { createReader } from '../../api/stores/duckdb-queries.ts';
import type { DuckDbReader } from '../../api/stores/duckdb-queries.ts';
import type { Aggregate, AggregateQuery, HistoryQuery } from '../../api/store.ts';
import type { Value } from '../../telemetry/description.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { createRandom } from './random.ts';
import { batch, description, event, record } from './records.ts';
import { answersAnyName, named, namedRecords } from './store-names.ts';

const T0 = Date.UTC(2026, 10, 20);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AGGREGATES: readonly Aggregate[] = ['mean', 'min', 'max', 'sum', 'count', 'last', 'p50', 'p95'];
const STRIDE = 17;
let turn = 0;
const folder = await mkdtemp(join(tmpdir(), 'citytwin-upkeep-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Opened {
  readonly engine: DuckDbEngine;
  readonly reader: DuckDbReader;
  append(records: readonly TelemetryRecord[]): Promise<void>;
  /** Everything that is due. */
  keepUp(): Promise<void>;
  close(): Promise<void>;
}

async function open(name: string, more: Partial<EngineOptions> = {}): Promise<Opened> {
  const engine = await openEngine({ file: join(folder, name), memoryLimitMb: 256, threads: 2, quietMs: 0, ...more });
  const reader = await createReader(engine);
  return {
    engine,
    reader,
    async append(records) {
      await engine.append(packBatch(batch(records), engine.types).batch);
    },
    async keepUp() {
      while (await engine.upkeep());
    },
    async close() {
      await reader.close();
      await engine.close();
    },
  };
}

/** Values are quarters, whose sums are exact: answers must be the same to the last bit. */
function readings(seed: number, count: number, fromMs: number, toMs: number): TelemetryRecord[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, n) => {
    const fields: { [name: string]: Value } = {};
    if (random() < 0.8) fields.speedMps = Math.round(random() * 400) / 4 - 20;
    if (random() < 0.7) fields.doorOpen = random() < 0.3;
    if (random() < 0.5) fields.lineName = ['K1', 'K2', '环 线'][Math.floor(random() * 3)]!;
    const ts = Math.floor(fromMs + random() * (toMs - fromMs));
    return record(`bus-${Math.floor(random() * 3)}`, ts, seed * 100_000 + n, fields);
  });
}

function queries(): { history: HistoryQuery[]; aggregate: AggregateQuery[] } {
  const ranges = [
    { fromMs: T0, toMs: T0 + 2 * DAY_MS },
    { fromMs: T0 + 17 * 60_000 + 1, toMs: T0 + DAY_MS + 5 * HOUR_MS + 1_234 },
    { fromMs: T0 - DAY_MS, toMs: T0 + 30 * DAY_MS },
    { fromMs: T0 + 90 * 60_000, toMs: T0 + 100 * 60_000 },
  ];
  const widths = [
    { everyMs: HOUR_MS, utcOffsetMin: 480 },
    { everyMs: 5 * HOUR_MS, utcOffsetMin: 0 },
    { everyMs: DAY_MS, utcOffsetMin: 480 },
    { everyMs: DAY_MS, utcOffsetMin: -210 },
    { everyMs: HOUR_MS / 2, utcOffsetMin: 0 },
  ];
  const history: HistoryQuery[] = [];
  const aggregate: AggregateQuery[] = [];
  for (const range of ranges) {
    for (const width of widths) {
      for (const agg of AGGREGATES) {
        const bucket = { ...width, agg };
        const fields =
          agg === 'last' || agg === 'count'
            ? ['speedMps', 'doorOpen', 'lineName', 'neverSeen']
            : ['speedMps', 'doorOpen'];
        history.push({ kind: 'bus', device: 'bus-1', fields, ...range, limit: 1_000, bucket });
        history.push({ kind: 'bus', device: 'bus-2', fields, ...range, limit: 7, bucket });
        for (const groupBy of ['kind', 'device', { field: 'lineName' }] as const) {
          aggregate.push({ kind: 'bus', field: 'speedMps', ...range, bucket, groupBy, maxGroups: 2 });
          aggregate.push({ kind: 'bus', field: 'doorOpen', ...range, bucket, groupBy, maxGroups: 9 });
        }
      }
    }
  }
  return { history, aggregate };
}

/** Of the thousand queries, every seventeenth: others each time, and each kind of them. */
async function expectSame(rolled: DuckDbReader, plain: DuckDbReader): Promise<void> {
  const { history, aggregate } = queries();
  const first = turn++ % STRIDE;
  for (let at = first; at < history.length; at += STRIDE) {
    const query = history[at]!;
    expect([query, await rolled.history(query)]).toEqual([query, await plain.history(query)]);
  }
  for (let at = first; at < aggregate.length; at += STRIDE) {
    const query = aggregate[at]!;
    expect([query, await rolled.aggregate(query)]).toEqual([query, await plain.aggregate(query)]);
  }
}

describe('rollups of the duckdb store', { timeout: 60_000 }, () => {
  it('answer exactly what the records answer, whatever comes late, twice or new', async () => {
    const store = await open('same.duckdb');
    // The same records, never rolled up.
    const plain = await open('plain.duckdb');
    const both = async (records: readonly TelemetryRecord[]): Promise<void> => {
      for (const one of [plain, store]) await one.append(records);
    };
    for (const one of [plain, store]) await one.engine.describe(description('bus'));
    await both(readings(1, 2_000, T0, T0 + DAY_MS));
    await store.keepUp();
    await expectSame(store.reader, plain.reader);
    // Late ones for hours that are rolled up, before and after these are rolled up again.
    await both(readings(2, 200, T0 + 3 * HOUR_MS, T0 + 9 * HOUR_MS));
    await expectSame(store.reader, plain.reader);
    await store.keepUp();
    await both(readings(3, 400, T0 + DAY_MS, T0 + DAY_MS + 8 * HOUR_MS));
    await store.keepUp();
    const fields = { ...description('bus').fields, neverSeen: { label: 'Now seen', unit: '' } };
    for (const one of [plain, store]) await one.engine.describe({ ...description('bus'), fields });
    await both([
      record('bus-1', T0 + 60_000, 999_999, { neverSeen: 2.5 }),
      record('bus-1', T0 + 5 * DAY_MS, 999_998, {}),
    ]);
    await store.keepUp();
    await store.close();
    const again = await open('same.duckdb');
    await expectSame(again.reader, plain.reader);
    await again.close();
    await plain.close();
  });

  it('are what long ranges are read from', async () => {
    const store = await open('used.duckdb');
    await store.engine.describe(description('bus'));
    await store.append(readings(4, 2_000, T0, T0 + DAY_MS));
    await store.append([record('bus-0', T0 + 2 * DAY_MS, 1, {})]);
    const query = { kind: 'bus', device: 'bus-1', fields: ['speedMps'], fromMs: T0, toMs: T0 + DAY_MS, limit: 100 };
    const bucket = { everyMs: HOUR_MS, agg: 'mean', utcOffsetMin: 0 } as const;
    const expected = await store.reader.history({ ...query, bucket });
    await store.keepUp();
    // Without the records there is nothing else left to answer.
    const connection = await store.engine.connect();
    await connection.run('DELETE FROM bus');
    connection.closeSync();
    expect(await store.reader.history({ ...query, bucket })).toEqual(expected);
    expect((await store.reader.history(query)).ts).toEqual([]);
    await store.close();
  });

  it('take fields of any name', async () => {
    const store = await open('names.duckdb');
    await store.engine.describe(named('t'));
    await store.append(namedRecords('t', 5));
    await store.append([{ ...record('d-2', T0 + 2 * DAY_MS, 1, {}), kind: 't' }]);
    await store.keepUp();
    const connection = await store.engine.connect();
    expect((await connection.runAndReadAll('SELECT count(*)::INTEGER FROM "_hour_t"')).getRows()).toEqual([[1]]);
    connection.closeSync();
    await answersAnyName(store.reader, 't', 5);
    await store.close();
  });

  it('leave the hours of devices that seldom report to their records', async () => {
    const store = await open('seldom.duckdb');
    await store.engine.describe(description('bus'));
    await store.append(
      Array.from({ length: 480 }, (_, n) =>
        record(`bus-${n % 20}`, T0 + Math.floor(n / 20) * HOUR_MS, n, { speedMps: n }),
      ),
    );
    await store.keepUp();
    const connection = await store.engine.connect();
    const rows = await connection.runAndReadAll(
      'SELECT count(*)::INTEGER, (SELECT count(*)::INTEGER FROM _hour_bus) FROM _rolled',
    );
    expect(rows.getRows()).toEqual([[22, 0]]);
    connection.closeSync();
    await store.close();
  });

  it('come to a file of an older layout, which keeps its data', async () => {
    const file = join(folder, 'old.duckdb');
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    for (const sql of [
      'CREATE TABLE "_meta" (key VARCHAR, value VARCHAR)',
      `INSERT INTO "_meta" VALUES ('schemaVersion', '1')`,
      'CREATE TABLE "_kind" (kind VARCHAR, description VARCHAR)',
      'CREATE TABLE "_event" (ts BIGINT, seq BIGINT, kind VARCHAR, device VARCHAR, name VARCHAR, state VARCHAR, fields VARCHAR)',
      'CREATE TABLE bus (ts BIGINT, seq BIGINT, device VARCHAR, "speedMps" DOUBLE, "doorOpen" BOOLEAN, "lineName" VARCHAR)',
      `INSERT INTO bus SELECT ${T0} + range * 60000, range, 'bus-1', range, true, 'K1' FROM range(1000)`,
    ])
      await connection.run(sql);
    await connection.run('INSERT INTO "_kind" VALUES ($1, $2)', ['bus', JSON.stringify(description('bus'))]);
    connection.closeSync();
    instance.closeSync();
    const store = await open('old.duckdb');
    await store.keepUp();
    expect(await store.engine.descriptions()).toEqual([description('bus')]);
    const bucket = { everyMs: HOUR_MS, agg: 'count', utcOffsetMin: 0 } as const;
    const query = {
      kind: 'bus',
      device: 'bus-1',
      fields: ['speedMps'],
      fromMs: T0,
      toMs: T0 + DAY_MS,
      limit: 100,
      bucket,
    };
    expect((await store.reader.history(query)).columns.speedMps).toEqual([...Array.from({ length: 16 }, () => 60), 40]);
    await store.close();
  });
});

describe('retention of the duckdb store', { timeout: 60_000 }, () => {
  it('deletes whole days of records, events and rollups that are too old, and no more', async () => {
    const store = await open('keep.duckdb', { keepMs: 2 * DAY_MS });
    await store.engine.describe(description('bus'));
    const times = Array.from({ length: 5 * 24 }, (_, n) => T0 + n * HOUR_MS);
    const events = times.map((ts, n) => event('bus-1', ts, n + 100_000, 'arrived'));
    const records = times.map((ts, n) => record('bus-1', ts, n, { speedMps: n }));
    await store.engine.append(packBatch(batch(records, events), store.engine.types).batch);
    await store.keepUp();
    // The newest is of the fifth day: of the third one, everything is younger than two days at its end.
    const oldest = T0 + 2 * DAY_MS;
    const all = { fromMs: 0, toMs: T0 + 9 * DAY_MS, limit: 10_000 };
    expect((await store.reader.history({ kind: 'bus', device: 'bus-1', fields: [], ...all })).ts).toEqual(
      times.filter((ts) => ts >= oldest),
    );
    expect((await store.reader.events(all)).map(({ ts }) => ts)).toEqual(times.filter((ts) => ts >= oldest));
    const bucket = { everyMs: DAY_MS, agg: 'count', utcOffsetMin: 0 } as const;
    const days = await store.reader.history({ kind: 'bus', device: 'bus-1', fields: ['speedMps'], ...all, bucket });
    expect(days).toEqual({
      ts: [oldest, oldest + DAY_MS, oldest + 2 * DAY_MS],
      columns: { speedMps: [24, 24, 24] },
    });
    await store.close();
  });

  it('keeps the file at the size of what it keeps, however long it runs', async () => {
    const store = await open('bounded.duckdb', { keepMs: 2 * DAY_MS });
    await store.engine.describe(description('bus'));
    const random = createRandom(9);
    const sizes: number[] = [];
    for (let day = 0; day < 9; day++) {
      for (let hour = 0; hour < 24; hour += 12) {
        const fromMs = T0 + day * DAY_MS + hour * HOUR_MS;
        await store.append(
          Array.from({ length: 30_000 }, (_, n) =>
            record(`bus-${n % 40}`, fromMs + n * 100, n, { speedMps: random(), doorOpen: random() < 0.5 }),
          ),
        );
      }
      await store.keepUp();
      sizes.push((await stat(join(folder, 'bounded.duckdb'))).size);
    }
    expect(Math.max(...sizes.slice(5))).toBeLessThan(1.3 * Math.max(...sizes.slice(0, 5)));
    await store.close();
  });
});
