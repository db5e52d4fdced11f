import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Taken } from '../../api/batch.ts';
import type { Entry, Group } from '../../api/journal/entry.ts';
import { Journal } from '../../api/journal/journal.ts';
import { StoreAway, StoreFatal } from '../../api/store.ts';
import type { StoreBatch } from '../../api/store.ts';
import { StoreWriter } from '../../api/store-writer.ts';
import type { StoreWriterOptions } from '../../api/store-writer.ts';
import { createTestStore, onFatal, quiet } from './city.ts';
import type { TestStore } from './city.ts';

let folder = '';
let journal: Journal;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citytwin-writer-'));
  journal = await Journal.open({ folder, minFreeBytes: 0, log: quiet, onFatal });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await journal.close();
  await rm(folder, { recursive: true });
});

const entry = (seq: number): Entry => ({ topic: 't', payload: Buffer.from(String(seq)), receivedMs: 0, flags: 0 });
const seqOf = ({ payload }: Entry): number => Number(Buffer.from(payload).toString());

async function journalled(count: number): Promise<void> {
  const appended = Array.from({ length: count }, (_, at) => journal.append(entry(at + 1)));
  await Promise.all(appended.map(({ durable }) => durable));
}

/** What the journal reads when only these of its entries are whole. */
function wholeOnly(...seqs: number[]) {
  return vi.spyOn(journal, 'read').mockImplementation(async function* (after): AsyncGenerator<Group> {
    for (const seq of seqs) if (seq > after) yield { first: seq, last: seq, entries: [entry(seq)] };
  });
}

function open(store: TestStore, options: Partial<StoreWriterOptions> = {}) {
  const given: number[] = [];
  store.append = async ({ records }: StoreBatch) => {
    if (store.failing) throw new Error('away');
    given.push(...Array.from(records, ({ seq }) => seq));
    return { duplicates: 0 };
  };
  const told: number[] = [];
  const unusable: number[] = [];
  const lost: number[] = [];
  const decode = (read: Entry): Taken => {
    const seq = seqOf(read);
    if (seq === 4) throw new Error('a kind that nobody knows');
    const message = { kind: 'bus', device: 'b-1', ts: 1000 + seq, seq, fields: {} };
    return { channel: 'telemetry', message, kind: {} as Taken['kind'], handle: 0, suspect: false };
  };
  const writer = new StoreWriter({
    store,
    journal,
    log: quiet,
    decode,
    onStored: async ({ batch }) => void told.push(...Array.from(batch.records, ({ seq }) => seq)),
    onUnusable: (read) => unusable.push(seqOf(read)),
    onLost: (count) => lost.push(count),
    onFatal,
    ...options,
  });
  const stored = (sequence: number) =>
    vi.waitUntil(() => journal.state.storedSequence === sequence, { timeout: 5000, interval: 2 });
  return { writer, given, told, unusable, lost, stored };
}

describe('entries that are damaged', () => {
  it('at the end: they are counted as lost, and the writer comes to rest behind them', async () => {
    await journalled(3);
    const read = wholeOnly(1);
    const { writer, given, lost, stored } = open(createTestStore());
    await writer.begin(0);
    await stored(3);
    expect([given, lost]).toEqual([[1], [2]]);
    await writer.close(1000);
    expect(read.mock.calls.length).toBe(1);
  });

  it('in the middle: the others are stored', async () => {
    await journalled(6);
    wholeOnly(1, 3, 6);
    const { writer, given, lost, stored } = open(createTestStore());
    await writer.begin(0);
    await stored(6);
    expect([given, lost]).toEqual([
      [1, 3, 6],
      [1, 2],
    ]);
  });

  it('or of no use any more: told, the others are stored', async () => {
    await journalled(5);
    const { writer, given, unusable, stored } = open(createTestStore());
    await writer.begin(0);
    await stored(5);
    expect([given, unusable]).toEqual([[1, 2, 3, 5], [4]]);
  });

  it('a file that cannot be read is tried again', async () => {
    await journalled(2);
    const read = vi.spyOn(journal, 'read').mockImplementationOnce(() => {
      throw new Error('EIO');
    });
    const { writer, given, stored } = open(createTestStore());
    await writer.begin(0);
    await stored(2);
    expect(given).toEqual([1, 2]);
    expect(read.mock.calls.length).toBe(2);
  });
});

it('the journal forgets a batch when what was refused of it is kept elsewhere, no earlier', async () => {
  await journalled(2);
  const { promise: kept, resolve: keep } = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const onStored = (): Promise<void> => {
    told.resolve();
    return kept;
  };
  const { writer, stored } = open(createTestStore(), { onStored });
  await writer.begin(0);
  await told.promise;
  expect(journal.state.storedSequence).toBe(0);
  keep();
  await stored(2);
  await writer.close(1000);
});

describe('large records', () => {
  const MB = 1 << 20;

  /** How many records each append had. */
  function appended(store: TestStore): number[] {
    const append = store.append.bind(store);
    const counts: number[] = [];
    store.append = (batch) => {
      counts.push(batch.records.length);
      return append(batch);
    };
    return counts;
  }

  it('are read from the journal 16 MB at a time', async () => {
    const padded = (seq: number): Entry => ({ ...entry(seq), payload: Buffer.from(String(seq).padEnd(16_000)) });
    for (let last = 100; last <= 2_500; last += 100) {
      const appended = Array.from({ length: 100 }, (_, at) => journal.append(padded(last + at)));
      await Promise.all(appended.map(({ durable }) => durable));
    }
    const store = createTestStore();
    const { writer, stored } = open(store);
    const counts = appended(store);
    await writer.begin(0);
    await stored(2_500);
    const most = Math.ceil((16 * MB) / 16_000);
    expect(counts).toEqual([most, most, 2_500 - 2 * most]);
  });

  it('leave memory at 16 MB an append; what is beyond 64 MB waits in the journal only', async () => {
    await journalled(12);
    const read = vi.spyOn(journal, 'read');
    const store = createTestStore();
    const { writer, given, stored } = open(store);
    const counts = appended(store);
    for (let last = 1; last <= 12; last++) writer.add({ ...batchOf(last), bytes: 6 * MB, last });
    await stored(12);
    expect(counts).toEqual([2, 2, 2, 2, 2, 2]);
    expect(read.mock.calls).toEqual([[10]]);
    expect(given).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });
});

describe('a database that was started again', () => {
  const living = (life: () => string | undefined): TestStore => ({ ...createTestStore(), life: async () => life() });

  it('is given all that the journal still has, which is told once', async () => {
    await journalled(5);
    let life: string | undefined = 'first';
    const store = living(() => life);
    const before = open(store);
    await before.writer.begin(0);
    await before.stored(5);
    await before.writer.close(1000);
    expect(before.given).toEqual([1, 2, 3, 5]);

    life = 'second';
    const after = open(store);
    await after.writer.begin(5);
    await after.writer.close(1000);
    expect([after.given, after.told, after.unusable]).toEqual([[1, 2, 3, 5], [], []]);
    expect(journal.state.storedSequence).toBe(5);

    const later = open(store);
    await later.writer.begin(5);
    await later.writer.close(1000);
    expect(later.given).toEqual([]);
  });

  it('while it is written to: what it had comes once more, before what is new', async () => {
    await journalled(3);
    let life = 'first';
    const store = living(() => life);
    const { writer, given, told, stored } = open(store);
    await writer.begin(0);
    await stored(3);
    store.failing = true;
    const { durable } = journal.append(entry(5));
    await durable;
    const batch = { ...batchOf(5), last: 4 };
    writer.add(batch);
    await vi.waitUntil(() => writer.fails, { timeout: 5000, interval: 2 });
    life = 'second';
    store.failing = false;
    await vi.waitUntil(() => given.length === 8, { timeout: 5000, interval: 2 });
    await writer.close(1000);
    expect(given).toEqual([1, 2, 3, 5, 1, 2, 3, 5]);
    expect(told).toEqual([1, 2, 3, 5]);
  });

  it('and does not say so: it may have been when it was not there', async () => {
    await journalled(2);
    const { writer, given, told } = opening((call) => (call === 1 ? new StoreAway('no connection') : undefined));
    await writer.begin(0);
    await writer.close(2000);
    expect(given).toEqual([1, 2, 1, 2]);
    expect(told).toEqual([1, 2]);
  });

  it('nor does it when it answered, however badly', async () => {
    await journalled(2);
    const { writer, given } = opening((call) => (call === 1 ? new Error('503') : undefined));
    await writer.begin(0);
    await writer.close(2000);
    expect(given).toEqual([1, 2]);
  });

  it('is given all of it to the end, when it is not there now and then meanwhile', async () => {
    await journalled(2);
    const { writer, given } = opening((call) => (call % 2 === 1 ? new StoreAway('no connection') : undefined));
    await writer.begin(0);
    await writer.close(2000);
    expect(given).toEqual([1, 2, 1, 2]);
    expect(journal.state.storedSequence).toBe(2);
  });

  /** What the first, second … append fails with. */
  function opening(fails: (call: number) => Error | undefined) {
    const store = living(() => undefined);
    const opened = open(store);
    const append = store.append.bind(store);
    let calls = 0;
    store.append = async (batch) => {
      const error = fails(++calls);
      if (error) throw error;
      return append(batch);
    };
    return opened;
  }
});

it('a store that is of no use any more ends it, and nothing after the batch is stored', async () => {
  await journalled(1);
  const fatal: string[] = [];
  const store = createTestStore();
  const { writer } = open(store, { onFatal: (error) => fatal.push(error.message) });
  const append = vi.fn(() => Promise.reject(new StoreFatal('the file is given up')));
  store.append = append;
  await writer.begin(0);
  await vi.waitUntil(() => fatal.length > 0, { timeout: 5000, interval: 2 });
  writer.add({ ...batchOf(2), last: 1 });
  await writer.close(1000);
  expect(fatal).toEqual(['the file is given up']);
  expect(append.mock.calls.length).toBe(1);
  expect(journal.state.storedSequence).toBe(0);
});

function batchOf(seq: number) {
  const record = { kind: 'bus', device: 'b-1', ts: 1000 + seq, seq, fields: {} };
  const columns = {
    records: [record],
    recordKinds: [{} as Taken['kind']],
    recordHandles: [0],
    suspects: [],
    events: [],
  };
  return { ...columns, suspectEvents: 0, bytes: 0, last: 0, closed: false };
}
