// What the InfluxDB 1.x store promises beyond the contract, with a real server: what it refuses is found by its words, and it is back at
// once when the server is. What it does with any other answer is in influx-store-writes.test.ts.
import { afterAll, describe, expect, it } from 'vitest';
import { createInflux1Store } from '../../api/stores/influx1.ts';
import { startInfluxd } from '../influxd.ts';
import { batch, description, record } from './records.ts';

const T0 = Date.UTC(2026, 10, 20);
const DAY_MS = 86_400_000;
const ALL = { fromMs: 0, toMs: 9_000_000_000_000, limit: 1_000_000 };
const influxd = await startInfluxd();
afterAll(() => influxd?.stop());

async function write(database: string, line: string): Promise<void> {
  const response = await fetch(`${influxd!.url}/write?db=${database}`, { method: 'POST', body: line });
  expect(response.status).toBe(204);
}

describe.skipIf(!influxd)(
  'influx1 store: a real influxd (skipped where it is not installed)',
  { timeout: 60_000 },
  () => {
    it('names every line that the server refuses, and stores the others', async () => {
      const store = createInflux1Store({ url: influxd!.url, database: 'bad-lines', city: 'wuxi' });
      await store.open();
      await store.describe(description('bus'));
      await store.append(batch([record('bus-1', T0, 1, { speedMps: 1 })]));
      // Somebody else made a text of a field of ours.
      await write('bad-lines', `bus,city=wuxi,device=other doorOpen="no" ${T0}000000`);
      const wrong = new Set([700, 701, 4_999]);
      const records = Array.from({ length: 6_000 }, (_, n) =>
        record('bus-1', T0 + n + 1, n + 2, { speedMps: n, ...(wrong.has(n) && { doorOpen: true }) }),
      );
      const { refused } = await store.append(batch([...records, record('bus-1', 9e15, 1, { speedMps: 1 })]));
      expect(refused!.map((refusal) => refusal.record).toSorted((a, b) => a! - b!)).toEqual([...wrong, 6_000]);
      const reasonOf = (at: number): string => refused!.find((refusal) => refusal.record === at)!.reason;
      expect(reasonOf(6_000)).toMatch(/^ts must be an integer from 0 to/);
      expect(reasonOf(700)).toContain('field type conflict');
      const series = await store.history({ kind: 'bus', device: 'bus-1', fields: ['speedMps'], ...ALL });
      expect(series.ts).toHaveLength(6_000 - 3 + 1);
    });

    it('keeps data as long as it is told, and names what is older as refused', async () => {
      const options = { url: influxd!.url, database: 'short', city: 'wuxi' };
      const store = createInflux1Store({ ...options, keepMs: 30 * DAY_MS });
      await store.open();
      await store.describe(description('bus'));
      const now = Date.now();
      const records = [record('bus-1', now - 40 * DAY_MS, 1, {}), record('bus-1', now, 2, { speedMps: 2 })];
      const { refused } = await store.append(batch(records));
      expect(refused).toEqual([{ record: 0, reason: expect.stringContaining('retention policy') }]);
      expect(await store.latest('bus')).toEqual([records[1]]);
      // The description is of no age.
      const second = createInflux1Store(options);
      await second.open();
      expect(await second.descriptions()).toEqual([description('bus')]);
    });

    it('rejects while the server is down and works as soon as it is back, with all data', async () => {
      const own = (await startInfluxd())!;
      try {
        const store = createInflux1Store({ url: own.url, database: 'restart', city: 'wuxi' });
        await store.open();
        await store.describe(description('bus'));
        await store.append(batch([record('bus-1', T0, 1, { speedMps: 1 })]));
        await own.restart();
        expect(await store.latest('bus')).toEqual([record('bus-1', T0, 1, { speedMps: 1 })]);
        await store.append(batch([record('bus-1', T0 + 1, 2, { speedMps: 2 })]));
        await own.stop();
        expect(await store.ping()).toBe(false);
        await expect(store.append(batch([record('bus-1', T0 + 2, 3, {})]))).rejects.toThrow(`InfluxDB at ${own.url}`);
        const gone = createInflux1Store({ url: own.url, database: 'restart', city: 'wuxi' });
        await expect(gone.open()).rejects.toThrow(own.url);
      } finally {
        await own.stop();
      }
    });
  },
);
