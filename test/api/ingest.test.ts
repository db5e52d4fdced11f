import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ingest } from '../../api/ingest.ts';
import { CityClock } from '../../api/city-clock.ts';
import { Kinds } from '../../api/kinds.ts';
import { Rejected } from '../../api/rejected.ts';
import type { StoreBatch } from '../../api/store.ts';
import { NOW, allSettled, bus, createTestStore, onFatal, quiet } from './city.ts';
import type { TestStore } from './city.ts';

interface Bench {
  readonly store: TestStore;
  readonly kinds: Kinds;
  readonly ingest: Ingest;
  readonly rejected: Rejected;
  send(device: string, payload: object, qos?: 0 | 1, kind?: string): Promise<void> | undefined;
}

function createBench(options: { maxBacklog?: number; devicesInMemory?: number; store?: TestStore } = {}): Bench {
  const store = options.store ?? createTestStore();
  const rejected = new Rejected(quiet, () => NOW);
  const { devicesInMemory, maxBacklog } = options;
  const kinds = new Kinds({ store, rejected, log: quiet, ...(devicesInMemory ? { devicesInMemory } : {}) });
  const ingest = new Ingest({
    city: 'wuxi',
    store,
    kinds,
    rejected,
    log: quiet,
    now: () => NOW,
    cityClock: new CityClock(),
    onDurable: () => {},
    onFatal,
    ...(maxBacklog ? { maxBacklog } : {}),
  });
  const send: Bench['send'] = (device, payload, qos = 1, kind = 'bus') => {
    const bytes = Buffer.from(JSON.stringify(payload));
    const topic = `city/wuxi/${kind}/${device}/telemetry`;
    return ingest.take('telemetry', kind, device, { topic, payload: bytes, qos, retain: false });
  };
  return { store, kinds, ingest, rejected, send };
}

async function createReadyBench(options: Parameters<typeof createBench>[0] = {}): Promise<Bench> {
  const bench = createBench(options);
  await bench.kinds.take('bus', Buffer.from(JSON.stringify(bus)), 'city/wuxi/kinds/bus');
  return bench;
}

function balance({ ingest }: Bench): number {
  const { in: taken, stored, rejected, duplicates, dropped, backlog } = ingest.counters();
  return taken - stored - rejected - duplicates - dropped - backlog;
}

describe('ingest', () => {
  it('settles tickets in order, each only after its batch is stored', async () => {
    const bench = await createReadyBench();
    bench.store.hold();
    const settled: number[] = [];
    const tickets = [1, 2, 3].map((seq) =>
      bench.send('b-1', { ts: NOW + seq, seq })!.then(() => {
        settled.push(seq);
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    // The first batch is in flight: this one belongs to the next.
    tickets.push(bench.send('b-1', { ts: NOW + 4, seq: 4 })!.then(() => void settled.push(4)));
    expect([settled, bench.ingest.counters().backlog]).toEqual([[], 4]);
    bench.store.letGo();
    await allSettled(tickets);
    expect(settled).toEqual([1, 2, 3, 4]);
    expect(bench.store.batches.map((batch) => batch.records.length)).toEqual([3, 1]);
  });

  it('gives QoS 0 no ticket', async () => {
    const bench = await createReadyBench();
    expect(bench.send('b-1', { ts: NOW, seq: 1 }, 0)).toBeUndefined();
  });

  it('keeps a duplicate waiting until its first copy is stored', async () => {
    const bench = await createReadyBench();
    bench.store.hold();
    const first = bench.send('b-1', { ts: NOW, seq: 1 });
    const again = bench.send('b-1', { ts: NOW, seq: 1 });
    expect(again).toBe(first);
    bench.store.letGo();
    await again;
    expect(bench.ingest.counters()).toMatchObject({ in: 2, stored: 1, duplicates: 1, backlog: 0 });
  });

  it('counts gaps, restarts, late records and duplicates', async () => {
    const bench = await createReadyBench();
    const counts = () => {
      const { gaps, restarts, duplicates, stored } = bench.ingest.counters();
      return { gaps, restarts, duplicates, stored };
    };
    for (const [ts, seq] of [
      [0, 1],
      [1, 2],
      [5, 6],
    ] as const)
      await bench.send('b-1', { ts: NOW + ts, seq });
    expect(counts()).toEqual({ gaps: 3, restarts: 0, duplicates: 0, stored: 3 });
    // One of the three that were missing comes late.
    await bench.send('b-1', { ts: NOW + 3, seq: 4 });
    expect(counts()).toEqual({ gaps: 3, restarts: 0, duplicates: 0, stored: 4 });
    await bench.send('b-1', { ts: NOW + 3, seq: 4 });
    await bench.send('b-1', { ts: NOW + 1, seq: 2 });
    expect(counts()).toEqual({ gaps: 3, restarts: 0, duplicates: 2, stored: 4 });
    await bench.send('b-1', { ts: NOW + 9, seq: 1 });
    await bench.send('b-1', { ts: NOW + 10, seq: 2 });
    expect(counts()).toEqual({ gaps: 3, restarts: 1, duplicates: 2, stored: 6 });
    expect(bench.store.batches.filter(({ suspects }) => suspects.length > 0)).toHaveLength(3);
  });

  it('counts no gaps for devices that do not count', async () => {
    const bench = await createReadyBench();
    for (const ts of [0, 1, 1, 2]) await bench.send('b-1', { ts: NOW + ts });
    expect(bench.ingest.counters()).toMatchObject({ stored: 3, duplicates: 1, gaps: 0, restarts: 0 });
  });

  it('knows after a restart what was stored before', async () => {
    const before = await createReadyBench();
    for (const seq of [1, 2, 3]) await before.send('b-1', { ts: NOW + seq, seq });
    const after = createBench({ store: before.store });
    await after.kinds.load();
    // The last one is known, the one before only to the store.
    await after.send('b-1', { ts: NOW + 3, seq: 3 });
    await after.send('b-1', { ts: NOW + 2, seq: 2 });
    await after.send('b-1', { ts: NOW + 6, seq: 6 });
    expect(after.ingest.counters()).toMatchObject({ in: 3, stored: 1, duplicates: 2, gaps: 2 });
  });

  it('asks the store about devices that it had to forget', async () => {
    const bench = await createReadyBench({ devicesInMemory: 2 });
    for (const device of ['b-1', 'b-2', 'b-3']) await bench.send(device, { ts: NOW, seq: 1 });
    await bench.send('b-1', { ts: NOW, seq: 1 });
    expect(bench.ingest.counters()).toMatchObject({ stored: 3, duplicates: 1 });
  });

  it('drops and counts QoS 0 beyond the backlog, and keeps every QoS 1 record', async () => {
    const bench = await createReadyBench({ maxBacklog: 10 });
    bench.store.hold();
    for (let seq = 1; seq <= 15; seq++) void bench.send('b-0', { ts: NOW + seq, seq }, 0);
    const tickets = Array.from({ length: 5 }, (_, index) => bench.send('b-1', { ts: NOW, seq: index + 1 }));
    expect(bench.ingest.counters()).toMatchObject({ dropped: 5, backlog: 15 });
    bench.store.letGo();
    await allSettled(tickets);
    expect(bench.ingest.counters()).toMatchObject({ in: 20, stored: 15, dropped: 5, backlog: 0 });
  });

  it('splits what is waiting into batches of at most 20,000', async () => {
    const bench = await createReadyBench();
    const tickets = Array.from({ length: 40_001 }, (_, index) =>
      bench.send('b-1', { ts: NOW + index, seq: index + 1 }),
    );
    await allSettled(tickets);
    expect(bench.store.batches.map(({ records }) => records.length)).toEqual([20_000, 20_000, 1]);
  });
});

describe('ingest over time', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('tries a failing store for ever and loses nothing', async () => {
    vi.useRealTimers();
    const bench = await createReadyBench();
    bench.store.failing = true;
    const tickets = [1, 2, 3].map((seq) => bench.send('b-1', { ts: NOW + seq, seq }));
    await vi.waitUntil(() => bench.ingest.storeFails, { timeout: 2000 });
    expect(bench.ingest.counters()).toMatchObject({ stored: 0, backlog: 3 });
    bench.store.failing = false;
    await allSettled(tickets);
    expect(bench.ingest.storeFails).toBe(false);
    expect(bench.ingest.counters()).toMatchObject({ in: 3, stored: 3, backlog: 0 });
    const rows = await bench.store.history({
      kind: 'bus',
      device: 'b-1',
      fields: [],
      fromMs: 0,
      toMs: NOW * 2,
      limit: 9,
    });
    expect(rows.ts).toEqual([NOW + 1, NOW + 2, NOW + 3]);
  });

  it('counts what a failed attempt had stored after all as stored, not as duplicates', async () => {
    vi.useRealTimers();
    const bench = await createReadyBench();
    const append = bench.store.append.bind(bench.store);
    let attempts = 0;
    bench.store.append = async (batch: StoreBatch) => {
      const result = await append(batch);
      if (++attempts === 2) throw new Error('the answer was lost');
      return result;
    };
    await bench.send('b-1', { ts: NOW, seq: 1 });
    await bench.send('b-1', { ts: NOW + 1, seq: 2 });
    expect(attempts).toBe(3);
    expect(bench.ingest.counters()).toMatchObject({ in: 2, stored: 2, duplicates: 0, backlog: 0 });
  });

  it('stores records of an unknown kind whose description comes within five seconds', async () => {
    const bench = createBench();
    const ticket = bench.send('b-1', { ts: NOW, seq: 1 });
    const second = bench.send('b-1', { ts: NOW + 1, seq: 2 });
    expect(bench.ingest.counters()).toMatchObject({ in: 2, backlog: 2 });
    await vi.advanceTimersByTimeAsync(4000);
    await bench.kinds.take('bus', Buffer.from(JSON.stringify(bus)), 'city/wuxi/kinds/bus');
    await ticket;
    await second;
    expect(bench.ingest.counters()).toMatchObject({ in: 2, stored: 2, rejected: 0, backlog: 0, gaps: 0 });
  });

  it('lets a bounded number of records wait, and none that is too large', async () => {
    const bench = createBench();
    void bench.send('b-1', { ts: NOW, seq: 1, line: 'x'.repeat(20_000) });
    for (let seq = 1; seq <= 10_001; seq++) void bench.send('b-1', { ts: NOW + seq, seq });
    expect(bench.ingest.counters()).toMatchObject({ in: 10_002, rejected: 2, backlog: 10_000 });
    expect(bench.rejected.byCause()).toEqual({ 'too-large': 1, 'unknown-kind': 1 });
    await bench.kinds.take('bus', Buffer.from(JSON.stringify(bus)), 'city/wuxi/kinds/bus');
    await bench.ingest.close(1000);
    expect(bench.ingest.counters()).toMatchObject({ stored: 10_000, backlog: 0 });
  });

  it('rejects them when no description comes', async () => {
    let now = NOW;
    const store = createTestStore();
    const rejected = new Rejected(quiet, () => now);
    const kinds = new Kinds({ store, rejected, log: quiet });
    const common = {
      city: 'wuxi',
      store,
      kinds,
      rejected,
      log: quiet,
      cityClock: new CityClock(),
      onFatal,
      onDurable: () => {},
    };
    const ingest = new Ingest({ ...common, now: () => now });
    const payload = Buffer.from(JSON.stringify({ ts: NOW, seq: 1 }));
    const topic = 'city/wuxi/ufo/u-1/telemetry';
    const ticket = ingest.take('telemetry', 'ufo', 'u-1', { topic, payload, qos: 1, retain: false });
    now += 4999;
    await vi.advanceTimersByTimeAsync(1000);
    expect(ingest.counters()).toMatchObject({ rejected: 0, backlog: 1 });
    now += 1;
    await vi.advanceTimersByTimeAsync(1000);
    await ticket;
    expect(ingest.counters()).toMatchObject({ in: 1, rejected: 1, backlog: 0 });
    expect(rejected.byCause()).toEqual({ 'unknown-kind': 1 });
  });
});

describe('a description', () => {
  const take = ({ kinds }: Bench, description: object) =>
    kinds.take('bus', Buffer.from(JSON.stringify(description)), 'city/wuxi/kinds/bus');

  it('that adds a field lets records use it at once', async () => {
    const bench = await createReadyBench();
    const described = take(bench, { ...bus, fields: { ...bus.fields, socRatio: { label: 'Charge', unit: '' } } });
    // The store is still making room: the record waits.
    const ticket = bench.send('b-1', { ts: NOW, seq: 1, socRatio: 0.5 });
    expect(bench.ingest.counters().backlog).toBe(1);
    await described;
    await ticket;
    expect(bench.store.batches[0]!.records.at(0)!.fields).toEqual({ socRatio: 0.5 });
    expect(bench.ingest.counters()).toMatchObject({ stored: 1, rejected: 0 });
  });

  it('that adds fields beyond 256 in all is rejected, and those before stay', async () => {
    const bench = await createReadyBench();
    const more = (from: number) =>
      Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`f${from + at}`, { label: 'F', unit: '' }]));
    await take(bench, { ...bus, fields: more(0) });
    await take(bench, { ...bus, fields: more(150) });
    expect(bench.rejected.newest(1)[0]!.detail).toMatch(/at most 256 fields, got 30\d with those of earlier/);
    expect(bench.kinds.get('bus')!.description.fields).toMatchObject(more(0));
  });

  it('that changes the type of a field is rejected, and the old one stays', async () => {
    const bench = await createReadyBench();
    await take(bench, { ...bus, fields: { ...bus.fields, speedMps: { label: 'Speed', unit: '', type: 'string' } } });
    expect(bench.rejected.byCause()).toEqual({ 'bad-description': 1 });
    expect(bench.rejected.newest(1)[0]!.detail).toContain('bus.speedMps is a number and cannot become a "string"');
    await bench.send('b-1', { ts: NOW, seq: 1, speedMps: 3 });
    expect(bench.ingest.counters().stored).toBe(1);
  });

  it('takes nothing away from a kind: what it leaves out stays', async () => {
    const bench = await createReadyBench();
    await take(bench, { kind: 'bus', label: 'Hacked', fields: { extra: { label: 'Extra', unit: '' } } });
    await bench.send('b-1', { ts: NOW, seq: 1, speedMps: 3, extra: 1 });
    expect(bench.ingest.counters()).toMatchObject({ stored: 1, rejected: 0 });
    expect(bench.kinds.get('bus')!.description.commands).toEqual(bus.commands);
  });

  it('must be of the kind that its topic names', async () => {
    const bench = createBench();
    await bench.kinds.take('tram', Buffer.from(JSON.stringify(bus)), 'city/wuxi/kinds/tram');
    expect(bench.rejected.byCause()).toEqual({ 'bad-description': 1 });
    expect(bench.kinds.names()).toEqual([]);
  });
});

describe('the counters', () => {
  it('balance at every moment, whatever comes and however the store behaves', async () => {
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          op: fc.constant('good' as const),
          device: fc.nat(3),
          seq: fc.nat(12),
          qos: fc.constantFrom(0 as const, 1 as const),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ op: fc.constantFrom('bad' as const, 'unknown' as const, 'describe' as const) }),
      },
      { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('hold' as const, 'letGo' as const, 'turn' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const bench = await createReadyBench({ maxBacklog: 8 });
        const tickets: (Promise<void> | undefined)[] = [];
        let calls = 0;
        for (const item of steps) {
          if (item.op === 'good') {
            tickets.push(bench.send(`b-${item.device}`, { ts: NOW + item.seq, seq: item.seq }, item.qos));
            calls++;
          } else if (item.op === 'bad') {
            tickets.push(bench.send('b-1', { ts: NOW, seq: 1, speedMps: 'fast' }));
            calls++;
          } else if (item.op === 'unknown') {
            tickets.push(bench.send('t-1', { ts: NOW + calls, seq: 0 }, 1, 'tram'));
            calls++;
          } else if (item.op === 'describe') {
            await bench.kinds.take(
              'tram',
              Buffer.from(JSON.stringify({ ...bus, kind: 'tram' })),
              'city/wuxi/kinds/tram',
            );
          } else if (item.op === 'turn') await new Promise((resolve) => setImmediate(resolve));
          else bench.store[item.op]();
          expect(balance(bench)).toBe(0);
          expect(bench.ingest.counters().in).toBe(calls);
        }
        bench.store.letGo();
        await bench.kinds.take('tram', Buffer.from(JSON.stringify({ ...bus, kind: 'tram' })), 'city/wuxi/kinds/tram');
        await allSettled(tickets);
        await bench.ingest.close(1000);
        const { backlog, stored } = bench.ingest.counters();
        expect([balance(bench), backlog]).toEqual([0, 0]);
        const kept = await Promise.all([0, 1, 2, 3].map((device) => rowsOf(bench, 'bus', `b-${device}`)));
        expect(kept.reduce((sum, rows) => sum + rows, 0) + (await rowsOf(bench, 'tram', 't-1'))).toBe(stored);
      }),
      { seed: 11, numRuns: 150 },
    );
  });
});

async function rowsOf({ store }: Bench, kind: string, device: string): Promise<number> {
  const known = (await store.descriptions()).some((description) => description.kind === kind);
  if (!known) return 0;
  const range = { fromMs: 0, toMs: NOW * 2, limit: 1000 };
  return (await store.history({ kind, device, fields: ['speedMps'], ...range })).ts.length;
}
