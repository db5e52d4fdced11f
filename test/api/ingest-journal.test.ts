import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CityClock } from '../../api/city-clock.ts';
import { Ingest } from '../../api/ingest.ts';
import { Journal } from '../../api/journal/journal.ts';
import type { JournalOptions } from '../../api/journal/journal.ts';
import { Kinds } from '../../api/kinds.ts';
import { Quarantine } from '../../api/quarantine.ts';
import { Rejected } from '../../api/rejected.ts';
import type { Batch } from '../../api/batch.ts';
import type { StoreBatch } from '../../api/store.ts';
import type { Frame } from '../../telemetry/messages.ts';
import { NoRoom } from '../../telemetry/no-room.ts';
import {
  NOW,
  bus,
  countersOf,
  createTestStore,
  describeKind,
  frame,
  onFatal,
  quiet,
  startCity,
  telemetry,
  until,
} from './city.ts';
import type { TestCity, TestStore } from './city.ts';

let folder = '';
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citytwin-ingest-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true });
});

interface Bench {
  readonly journal: Journal;
  readonly quarantine: Quarantine;
  readonly kinds: Kinds;
  readonly ingest: Ingest;
  readonly rejected: Rejected;
  readonly shown: Batch[];
  /** All that was in the journal before the start has been shown. */
  readonly recalled: Promise<void>;
  /** As if the journal said that it has room. */
  letIn(): void;
  send(device: string, payload: object, qos?: 0 | 1): Promise<void> | undefined;
  stop(): Promise<void>;
}

async function open(
  store: TestStore,
  options: Partial<JournalOptions> = {},
  onCrowd: (isCrowded: boolean) => void = () => {},
): Promise<Bench> {
  const common = { log: quiet, onFatal, minFreeBytes: 0 };
  const position = await store.position();
  const stored = position === undefined ? {} : { storedSequence: position };
  const journal = await Journal.open({ folder, ...common, ...stored, ...options });
  const quarantine = new Quarantine(await Journal.open({ folder: join(folder, 'quarantine'), ...common }));
  const rejected = new Rejected(quiet, () => NOW, quarantine);
  await rejected.recall();
  const kinds = new Kinds({ store, rejected, log: quiet });
  await kinds.load();
  if (!kinds.get('bus')) await kinds.take('bus', Buffer.from(JSON.stringify(bus)), 'city/wuxi/kinds/bus');
  const shown: Batch[] = [];
  const onRoom = vi.spyOn(journal, 'onRoom');
  const parts = { store, journal, kinds, rejected, log: quiet, now: () => NOW, cityClock: new CityClock(), onFatal };
  const ingest = new Ingest({ ...parts, city: 'wuxi', onCrowd, onDurable: (batch) => shown.push(batch) });
  const { shown: recalled } = await ingest.recall(position ?? journal.cursor() ?? 0);
  const stop = async () => {
    await ingest.close(200);
    await Promise.all([journal.close(), quarantine.close()]);
  };
  closing.push(stop);
  const send: Bench['send'] = (device, payload, qos = 1) =>
    ingest.take('telemetry', 'bus', device, {
      topic: `city/wuxi/bus/${device}/telemetry`,
      payload: Buffer.from(JSON.stringify(payload)),
      qos,
      retain: false,
    });
  const letIn = onRoom.mock.calls[0]![0];
  return { journal, quarantine, kinds, ingest, rejected, shown, recalled, letIn, send, stop };
}

const emptied = ({ ingest }: Bench) =>
  vi.waitUntil(() => ingest.counters().backlog === 0, { timeout: 5000, interval: 5 });

function balance({ ingest }: Bench): number {
  const { in: taken, stored, rejected, duplicates, dropped, backlog } = ingest.counters();
  return taken - stored - rejected - duplicates - dropped - backlog;
}

async function storedSeqs(store: TestStore, device = 'b-1'): Promise<number[]> {
  const rows = await store.records({ kind: 'bus', fromMs: 0, toMs: NOW * 2, limit: 1_000_000 });
  return rows.filter((row) => row.device === device).map(({ seq }) => seq);
}

/** What is in quarantine; count: when it is so many. */
async function exported({ base }: TestCity, count?: number): Promise<object[]> {
  const ask = async () =>
    (await (await fetch(`${base}/api/rejected/export`)).text()).trim().split('\n').filter(Boolean);
  if (count !== undefined) await until(async () => (await ask()).length === count);
  return (await ask()).map((line) => {
    const { topic, payload } = JSON.parse(line) as { topic: string; payload: string };
    return { topic, payload: JSON.parse(payload) as unknown };
  });
}

describe('with a journal', () => {
  it('a ticket settles and a record is shown when it is on disk, whatever the store does', async () => {
    const store = createTestStore();
    const bench = await open(store);
    store.failing = true;
    await bench.send('b-1', { ts: NOW, seq: 1 });
    expect(bench.journal.state.durableSequence).toBe(1);
    expect(bench.shown.flatMap(({ records }) => records.map(({ seq }) => seq))).toEqual([1]);
    expect(bench.ingest.counters()).toMatchObject({ in: 1, stored: 0, backlog: 1 });
    store.failing = false;
    await emptied(bench);
    expect(bench.ingest.counters()).toMatchObject({ in: 1, stored: 1 });
    await until(() => bench.journal.cursor() === 1);
  });

  it('what was acknowledged is stored after a restart, once, and what comes again is known', async () => {
    const store = createTestStore();
    const before = await open(store);
    store.failing = true;
    for (const seq of [1, 2, 3]) await before.send('b-1', { ts: NOW + seq, seq });
    await before.stop();
    expect(store.batches).toEqual([]);
    store.failing = false;
    const after = await open(store);
    await after.send('b-1', { ts: NOW + 3, seq: 3 });
    await after.send('b-1', { ts: NOW + 2, seq: 2 });
    await after.send('b-1', { ts: NOW + 4, seq: 4 });
    await emptied(after);
    expect(await storedSeqs(store)).toEqual([1, 2, 3, 4]);
    expect(after.ingest.counters()).toMatchObject({ in: 6, recalled: 3, stored: 4, duplicates: 2, gaps: 0 });
    expect(after.ingest.counters()).toMatchObject({ restarts: 0 });
  });

  it('what the store does not have yet is shown after a restart, though the store is still away', async () => {
    const store = createTestStore();
    const before = await open(store);
    store.failing = true;
    for (const seq of [1, 2, 3]) await before.send('b-1', { ts: NOW + seq, seq });
    await before.stop();
    const after = await open(store);
    await after.recalled;
    expect(after.shown.flatMap(({ records }) => records.map(({ seq }) => seq))).toEqual([1, 2, 3]);
    expect(after.ingest.counters()).toMatchObject({ in: 3, recalled: 3, stored: 0, backlog: 3 });
  });

  it('after a restart nothing is stored again that the store has', async () => {
    const store = createTestStore();
    const before = await open(store);
    for (const seq of [1, 2, 3]) await before.send('b-1', { ts: NOW + seq, seq });
    await emptied(before);
    await before.stop();
    const after = await open(store);
    expect(after.ingest.counters()).toMatchObject({ in: 0, backlog: 0 });
    await after.send('b-1', { ts: NOW + 4, seq: 4 });
    await emptied(after);
    expect(store.batches.map(({ records }) => records.length).reduce((sum, count) => sum + count)).toBe(4);
  });

  it('keeps a bounded number in memory and reads the rest from disk, in order', { timeout: 30_000 }, async () => {
    const store = createTestStore();
    const bench = await open(store);
    store.failing = true;
    const count = 130_000;
    let last: Promise<void> | undefined;
    for (let seq = 1; seq <= count; seq++) {
      last = bench.send('b-1', { ts: NOW + seq, seq });
      if (seq % 1000 === 0) await last;
    }
    await last;
    store.failing = false;
    await vi.waitUntil(() => bench.ingest.counters().backlog === 0, { timeout: 20_000, interval: 20 });
    const seqs = store.batches.flatMap(({ records }) => [...records].map(({ seq }) => seq));
    expect(seqs).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    expect(bench.ingest.counters()).toMatchObject({ in: count, stored: count, duplicates: 0 });
  });

  it('a full journal drops QoS 0, counted, and lets QoS 1 wait until there is room', { timeout: 30_000 }, async () => {
    const store = createTestStore();
    const bench = await open(store, { maxBytes: 16 * 1_048_576, segmentBytes: 1_048_576 });
    store.failing = true;
    const line = 'x'.repeat(250);
    let seq = 0;
    while (!bench.journal.isFull) {
      seq++;
      void bench.send('b-1', { ts: NOW + seq, seq, line }, 0);
      if (seq % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const full = seq;
    expect(bench.send('b-1', { ts: NOW + ++seq, seq }, 0)).toBeUndefined();
    expect(bench.ingest.counters()).toMatchObject({ in: full + 1, dropped: 1, backlog: full });
    let settled = 0;
    const tickets = [1, 2, 3].map((more) => bench.send('b-2', { ts: NOW + more, seq: more })!.then(() => settled++));
    expect([settled, balance(bench)]).toEqual([0, 0]);
    store.failing = false;
    await Promise.all(tickets);
    await emptied(bench);
    expect(await storedSeqs(store, 'b-2')).toEqual([1, 2, 3]);
    expect(bench.ingest.counters()).toMatchObject({ stored: full + 3, dropped: 1 });
    expect(balance(bench)).toBe(0);
  });

  it('what waited for a description finds its way through a journal that takes less at once', async () => {
    const store = createTestStore();
    const bench = await open(store, { maxBytes: 16 * 1_048_576 });
    const names = Array.from({ length: 56 }, (_, at) => `note${at}`);
    const notes = Object.fromEntries(names.map((name) => [name, 'x'.repeat(240)]));
    let settled = 0;
    const tickets = Array.from({ length: 1500 }, (_, at) => {
      const payload = Buffer.from(JSON.stringify({ ts: NOW, seq: at + 1, ...notes }));
      const topic = 'city/wuxi/sign/s-1/telemetry';
      const ticket = bench.ingest.take('telemetry', 'sign', 's-1', { topic, payload, qos: 1, retain: false });
      return ticket!.then(() => settled++);
    });
    const fields = Object.fromEntries(names.map((name) => [name, { label: name, unit: '', type: 'string' }]));
    await bench.kinds.take('sign', Buffer.from(JSON.stringify({ kind: 'sign', label: 'Sign', fields })), 'any');
    await Promise.all(tickets);
    await emptied(bench);
    expect(bench.ingest.counters()).toMatchObject({ in: 1500, stored: 1500, rejected: 0, dropped: 0 });
    expect(balance(bench)).toBe(0);
  });

  it('no more waits for descriptions than 32 MB: the rest is kept with its cause', async () => {
    const bench = await open(createTestStore());
    const payload = Buffer.alloc(16_000, 0x20);
    let last: Promise<void> | undefined;
    for (let count = 0; count < 2100; count++) {
      const topic = 'city/wuxi/sign/s-1/telemetry';
      last = bench.ingest.take('telemetry', 'sign', 's-1', { topic, payload, qos: 1, retain: false });
    }
    const { backlog, rejected } = bench.ingest.counters();
    expect(backlog).toBeLessThan(33_554_432 / payload.length);
    expect([backlog + rejected, bench.rejected.byCause()]).toEqual([2100, { 'unknown-kind': rejected }]);
    await last;
    let kept = 0;
    for await (const { cause, payload: whole } of bench.quarantine.items())
      if (cause === 'unknown-kind' && whole.length === payload.length) kept++;
    expect(kept).toBe(rejected);
  });

  it('a full journal holds 32 MB, says so, and refuses at twice as much; what is too large is not held', async () => {
    const crowds: boolean[] = [];
    const store = createTestStore();
    const bench = await open(store, { maxBytes: 16 * 1_048_576 }, (isCrowded) => crowds.push(isCrowded));
    const isFull = vi.spyOn(bench.journal, 'isFull', 'get').mockReturnValue(true);
    const text = 'x'.repeat(15_000); // which no field may have: refused when there is room
    let seq = 0;
    const tickets: (Promise<void> | undefined)[] = [];
    while (crowds.length === 0) tickets.push(bench.send('b-1', { ts: NOW, seq: ++seq, text }));
    expect(seq * 15_600).toBeGreaterThan(32 * 1_048_576);
    await bench.send('b-1', { ts: NOW, seq: ++seq, text: 'x'.repeat(20_000) });
    expect(bench.rejected.byCause()).toEqual({ 'too-large': 1 });
    expect(() => {
      for (;;) tickets.push(bench.send('b-1', { ts: NOW, seq: ++seq, text }));
    }).toThrow(NoRoom);
    expect(bench.ingest.counters().in).toBe(seq - 1);
    expect([seq * 15_500 < 66 * 1_048_576, balance(bench), crowds]).toEqual([true, 0, [true]]);
    isFull.mockRestore();
    bench.letIn();
    await emptied(bench);
    expect(crowds).toEqual([true, false]);
  });

  it('what the database will never take is put into quarantine while the rest is stored', async () => {
    const store = createTestStore();
    const append = store.append.bind(store);
    store.append = async (batch: StoreBatch) => {
      const all = [...batch.records];
      const at = all.findIndex(({ seq }) => seq === 2);
      const records = all.filter((_, index) => index !== at);
      const result = await append({ ...batch, records });
      return at === -1 ? result : { ...result, refused: [{ record: at, reason: 'field type conflict' }] };
    };
    const bench = await open(store);
    for (const seq of [1, 2, 3]) void bench.send('b-1', { ts: NOW + seq, seq });
    await emptied(bench);
    expect(await storedSeqs(store)).toEqual([1, 3]);
    expect(bench.ingest.counters()).toMatchObject({ in: 3, stored: 2, rejected: 1 });
    expect(bench.rejected.newest(1)[0]).toMatchObject({ cause: 'store', detail: 'field type conflict', device: 'b-1' });
    expect(balance(bench)).toBe(0);
  });
});

describe('quarantine', () => {
  it('keeps the whole payload over a restart, and lets it in after a fix', async () => {
    const store = createTestStore();
    const before = await open(store);
    // Longer than what is shown.
    const names = ['note0', 'note1', 'note2', 'note3', 'note4', 'note5'];
    const notes = Object.fromEntries(names.map((name) => [name, 'y'.repeat(250)]));
    await before.send('b-1', { ts: NOW, seq: 1, ...notes });
    await before.send('b-1', { ts: NOW + 1, seq: 2, speedMps: 'fast' });
    await before.stop();
    const after = await open(store);
    expect(after.rejected.byCause()).toEqual({ 'unknown-field': 1, 'wrong-type': 1 });
    const kept = [];
    for await (const item of after.quarantine.items()) kept.push(item);
    expect(kept.map(({ cause }) => cause)).toEqual(['unknown-field', 'wrong-type']);
    expect(JSON.parse(Buffer.from(kept[0]!.payload).toString())).toEqual({ ts: NOW, seq: 1, ...notes });

    const added = Object.fromEntries(names.map((name) => [name, { label: name, unit: '', type: 'string' }]));
    const known = { ...bus, fields: { ...bus.fields, ...added } };
    await after.kinds.take('bus', Buffer.from(JSON.stringify(known)), 'city/wuxi/kinds/bus');
    const take = (frame: Frame) => after.ingest.take('telemetry', 'bus', 'b-1', frame);
    expect(await after.quarantine.replay(take)).toBe(2);
    await emptied(after);
    expect(await storedSeqs(store)).toEqual([1]);
    const left = [];
    for await (const { cause, sequence } of after.quarantine.items()) left.push({ cause, sequence });
    expect(left).toEqual([{ cause: 'wrong-type', sequence: 3 }]);
    expect(balance(after)).toBe(0);
  });

  it('what the database refused is stored when it is taken again after a fix: records and events', async () => {
    const store = createTestStore();
    const append = store.append.bind(store);
    const reason = 'field type conflict';
    store.append = async ({ records, events }: StoreBatch) => ({
      duplicates: 0,
      refused: [
        ...Array.from(records, (_, at) => ({ record: at, reason })),
        ...events.map((_, at) => ({ event: at, reason })),
      ],
    });
    const city = await startCity({ store, journal: { folder, onFatal, minFreeBytes: 0 } });
    closing.push(() => city.api.close());
    await city.api.take(describeKind(bus));
    await city.api.take(telemetry('b-1', { ts: NOW, seq: 1, speedMps: 3 }));
    const event = { ts: NOW + 1, seq: 2, name: 'breakdown', state: 'raised', speedMps: 0 };
    await city.api.take(frame('city/wuxi/bus/b-1/event', event));
    expect(await exported(city, 2)).toEqual([
      { topic: 'city/wuxi/bus/b-1/telemetry', payload: { ts: NOW, seq: 1, speedMps: 3 } },
      { topic: 'city/wuxi/bus/b-1/event', payload: event },
    ]);

    store.append = append;
    expect((await city.post('/api/rejected/replay', { cause: 'store' })).body).toEqual({ replayed: 2 });
    await until(() => countersOf(city.api).ingest.backlog === 0);
    expect(await store.latest('bus')).toMatchObject([{ device: 'b-1', ts: NOW, seq: 1, fields: { speedMps: 3 } }]);
    expect(await store.events({ fromMs: 0, toMs: NOW * 2, limit: 9 })).toMatchObject([{ seq: 2, name: 'breakdown' }]);
    expect(countersOf(city.api).ingest).toMatchObject({ in: 4, stored: 2, rejected: 2, duplicates: 0 });
    expect(await exported(city, 0)).toEqual([]);
  });

  it('what is refused, record or not, is on disk when its ticket settles', async () => {
    const city = await startCity({ journal: { folder, onFatal, minFreeBytes: 0 } });
    closing.push(() => city.api.close());
    await city.api.take(describeKind(bus));
    const refused = [
      frame('sensors/kitchen/temp', '1'),
      frame('city/elsewhere/bus/b-1/telemetry', '1'),
      frame('city/wuxi/kinds/tram', '1'),
      frame('city/wuxi/clock', '1'),
      frame('city/wuxi/bus/b-1/ack', '1'),
      telemetry('b-1', '1'),
    ];
    for (const [at, one] of refused.entries()) {
      await city.api.take(one);
      expect(await exported(city)).toHaveLength(at + 1);
    }
  });

  it('a replay is over when all that it handed on is kept, whichever comes last', async () => {
    const bench = await open(createTestStore());
    await bench.send('b-1', { ts: NOW, seq: 1, colour: 'red' });
    await bench.send('b-1', { ts: NOW, seq: 2, colour: 'red' });
    const first = Promise.withResolvers<void>();
    const tickets = [first.promise, Promise.resolve()];
    const replayed = bench.quarantine.replay(() => tickets.shift());
    await until(() => tickets.length === 0);
    expect(await Promise.race([replayed, new Promise((resolve) => setTimeout(resolve, 50))])).toBeUndefined();
    first.resolve();
    expect(await replayed).toBe(2);
  });

  it('replays one cause only, and keeps the others', async () => {
    const bench = await open(createTestStore());
    await bench.send('b-1', { ts: NOW, seq: 1, colour: 'red' });
    await bench.send('b-1', { ts: NOW, seq: 2, speedMps: 'fast' });
    const taken: string[] = [];
    const take = ({ payload }: Frame) => void taken.push(Buffer.from(payload).toString());
    expect(await bench.quarantine.replay(take, 'wrong-type')).toBe(1);
    expect(taken.map((text) => (JSON.parse(text) as { seq: number }).seq)).toEqual([2]);
    const left = [];
    for await (const { cause } of bench.quarantine.items()) left.push(cause);
    expect(left).toEqual(['unknown-field']);
  });
});
