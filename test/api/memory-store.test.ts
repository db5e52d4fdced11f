// What the store in memory promises beyond the contract: its bounds.
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../api/stores/memory.ts';
import { batch, description, record } from './records.ts';

const T0 = Date.UTC(2026, 10, 20);
const ALL = { fromMs: 0, toMs: 9_000_000_000_000, limit: 1_000_000 };

describe('memory store', () => {
  it('keeps the newest records of a device, and counts what made room', async () => {
    const store = createMemoryStore({ maxRecordsPerDevice: 100 });
    await store.describe(description('bus'));
    for (let n = 0; n < 1_000; n++) await store.append(batch([record('bus-1', T0 + n, n + 1, { speedMps: n })]));
    const series = await store.history({ kind: 'bus', device: 'bus-1', fields: ['speedMps'], ...ALL });
    expect(series.columns.speedMps).toEqual(Array.from({ length: 100 }, (_, n) => 900 + n));
    expect(store.dropped).toBe(900);
  });

  it('keeps to its total, and drops the only record of a device last', async () => {
    const store = createMemoryStore({ maxRecords: 500, maxEvents: 10 });
    await store.describe(description('bus'));
    await store.append(batch([record('seldom', T0, 1, { speedMps: 42 })]));
    for (let n = 0; n < 3_000; n++) await store.append(batch([record(`bus-${n % 5}`, T0 + n, n + 1, { speedMps: n })]));
    const latest = await store.latest('bus');
    expect(latest.find(({ device }) => device === 'seldom')?.fields.speedMps).toBe(42);
    const rows = await Promise.all(
      latest.map(({ device }) => store.history({ kind: 'bus', device, fields: [], ...ALL })),
    );
    expect(rows.reduce((sum, { ts }) => sum + ts.length, 0)).toBe(500);
    expect(store.dropped).toBe(2_501);
  });

  it('keeps to its total with more devices than records', async () => {
    const store = createMemoryStore({ maxRecords: 200 });
    await store.describe(description('bus'));
    await store.append(batch(Array.from({ length: 5_000 }, (_, n) => record(`bus-${n}`, T0, 1, {}))));
    expect(await store.latest('bus')).toHaveLength(200);
    expect(store.dropped).toBe(4_800);
  });
});
