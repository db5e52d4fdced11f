// A question whose answer takes too long is given up: those who wait behind it are answered.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { QuestionTooLong } from '../../api/store.ts';
import { openEngine } from '../../api/stores/duckdb-engine.ts';
import type { DuckDbEngine } from '../../api/stores/duckdb-engine.ts';
import { createReader } from '../../api/stores/duckdb-queries.ts';
import { description } from './records.ts';

const ROWS = 5_000_000;
const DAY_MS = 86_400_000;
const folder = await mkdtemp(join(tmpdir(), 'citytwin-late-'));
const options = { file: join(folder, 'late.duckdb'), memoryLimitMb: 512, threads: 2 };
const kind = 'bus';
let engine: DuckDbEngine;

beforeAll(async () => {
  const first = await openEngine(options);
  await first.describe(description(kind));
  await first.close();
  const instance = await DuckDBInstance.create(options.file);
  const connection = await instance.connect();
  await connection.run(
    `INSERT INTO "${kind}" (ts, seq, device, "speedMps")
     SELECT hash(i) % ${DAY_MS}, i, 'd-' || hash(i) % 1000, hash(i) % 100 FROM range(${ROWS}) numbers(i)`,
  );
  connection.closeSync();
  instance.closeSync();
  engine = await openEngine(options);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

it('a question that takes too long is given up by name, and its connection answers the next one', async () => {
  const reader = await createReader(engine, 100);
  const long = () =>
    reader.aggregate({
      kind,
      field: 'speedMps',
      fromMs: 0,
      toMs: DAY_MS,
      bucket: { everyMs: 7_000, utcOffsetMin: 0, agg: 'p95' },
      groupBy: 'device',
    });
  await expect(Promise.all([long(), long(), long()])).rejects.toThrow(QuestionTooLong);
  await expect(long()).rejects.toThrow('no answer within 0.1 s');
  expect(await reader.ping()).toBe(true);
  await reader.close();
});
