// The fleet questions over three days of the demo city, from every store.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { createInflux1Store } from '../../api/stores/influx1.ts';
import { createInflux2Store } from '../../api/stores/influx2.ts';
import { createMemoryStore } from '../../api/stores/memory.ts';
import { liveDays } from '../api/fleet-days.ts';
import { fleetQuestions } from '../api/fleet-questions.ts';
import { startInflux2 } from '../api/influx2-server.ts';
import { startInfluxd } from '../influxd.ts';

const HOURS = 60;
const TICK_MS = 5_000;
const folder = await mkdtemp(join(tmpdir(), 'citytwin-fleet-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const days = await liveDays({ bus: 12, vehicle: 6 }, HOURS, TICK_MS);
fleetQuestions(
  'memory',
  async () => createMemoryStore({ maxRecordsPerDevice: 1_000_000, maxRecords: 10_000_000 }),
  days,
);
fleetQuestions(
  'duckdb',
  async () => createDuckDbStore({ file: join(folder, 'city.duckdb'), memoryLimitMb: 256 }),
  days,
);
const influxd = await startInfluxd();
if (influxd) {
  const standIn = await startInflux2(influxd.url);
  afterAll(async () => {
    standIn.stop();
    await influxd.stop();
  });
  fleetQuestions(
    'influx1',
    async () => createInflux1Store({ url: influxd.url, database: 'fleet', city: 'wuxi' }),
    days,
  );
  const { url, org, token } = standIn;
  fleetQuestions(
    'influx2 (stand-in)',
    async () => createInflux2Store({ url, org, bucket: 'fleet2', token, city: 'wuxi' }),
    days,
  );
}
