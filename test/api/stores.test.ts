// Runs the contract over every store. What only one of them promises is in a file of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { createInflux1Store } from '../../api/stores/influx1.ts';
import { createInflux2Store } from '../../api/stores/influx2.ts';
import { createMemoryStore } from '../../api/stores/memory.ts';
import { startInfluxd } from '../influxd.ts';
import { startInflux2 } from './influx2-server.ts';
import { storeContract } from './store-contract.ts';

const folder = await mkdtemp(join(tmpdir(), 'citytwin-stores-'));
const influxd = await startInfluxd();
afterAll(async () => {
  await influxd?.stop();
  await rm(folder, { recursive: true, force: true });
});

storeContract('memory', async () => ({
  create: () => createMemoryStore(),
  keeps: false,
  countsDuplicates: true,
  keepsPosition: false,
}));

storeContract('duckdb', async () => ({
  create: (place) => createDuckDbStore({ file: join(folder, 'deep', `${place}.duckdb`), memoryLimitMb: 256 }),
  keeps: true,
  countsDuplicates: true,
  keepsPosition: true,
}));

if (influxd) {
  storeContract('influx1', async () => ({
    create: (place) => createInflux1Store({ url: influxd.url, database: place, city: 'wuxi' }),
    keeps: true,
    countsDuplicates: false,
    keepsPosition: false,
  }));
  const standIn = await startInflux2(influxd.url);
  afterAll(() => standIn.stop());
  const { url, org, token } = standIn;
  storeContract('influx2 (stand-in)', async () => ({
    create: (place) => createInflux2Store({ url, org, bucket: place, token, city: 'wuxi' }),
    keeps: true,
    countsDuplicates: false,
    keepsPosition: false,
  }));
} else {
  describe('influx1 and influx2 stores', () => {
    it.skip('NOT TESTED: influxd (InfluxDB 1.x) is not installed', () => {});
  });
}
