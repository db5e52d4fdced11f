// What the journal promises whoever hands entries in, without any fault.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal, JournalOptions } from '../../api/journal/journal.ts';
import {
  appendAll,
  entryOf,
  isEntryOf,
  MB,
  openJournal,
  readAll,
  removeFolder,
  temporaryFolder,
} from './journal-life.ts';

let folder: string;
let open: Journal[];

beforeEach(() => {
  folder = temporaryFolder();
  open = [];
});
afterEach(async () => {
  for (const journal of open) await journal.close();
  removeFolder(folder);
});

async function start(options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal(folder, options);
  open.push(journal);
  return journal;
}

async function restart(journal: Journal, options: Partial<JournalOptions> = {}): Promise<Journal> {
  await journal.close();
  return start(options);
}

const segmentFiles = () => readdirSync(folder).filter((name) => name.endsWith('.log'));

describe('the journal', () => {
  it('gives back what was appended, in order, with numbers that go on after a restart', async () => {
    let journal = await start();
    await appendAll(journal, 1, 3000);
    journal = await restart(journal);
    expect(journal.recovered).toEqual({ entries: 3000, cutBytes: 0, holes: [] });
    expect(journal.append(entryOf(3001)).sequence).toBe(3001);
    await appendAll(journal, 3002, 999);
    const entries = await readAll(journal.read(0));
    expect(entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 4000 }, (_, index) => index + 1));
    expect(entries.every((entry) => isEntryOf(entry.sequence, entry))).toBe(true);
    expect((await readAll(journal.read(3990))).map(({ sequence }) => sequence)).toHaveLength(10);
  });

  it('lies in a folder that only its owner reads', async () => {
    const missing = join(folder, 'data', 'journal');
    open.push(await openJournal(missing));
    for (const made of [missing, join(folder, 'data')]) expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  it('keeps any topic, payload, time and flags', async () => {
    const journal = await start();
    const odd = [
      { topic: '', payload: new Uint8Array(0), receivedMs: 0, flags: 0 },
      { topic: '城市/无锡/🚌', payload: new Uint8Array([0, 255, 10]), receivedMs: 1e12 + 0.123, flags: 255 },
      { topic: 't'.repeat(65_535), payload: new Uint8Array(256 << 10).fill(7), receivedMs: -1, flags: 128 },
    ];
    const durable = odd.map((entry) => journal.append(entry).durable);
    await Promise.all(durable);
    const entries = await readAll(journal.read(0));
    expect(
      entries.map(({ topic, payload, receivedMs, flags }) => ({
        topic,
        payload: new Uint8Array(payload),
        receivedMs,
        flags,
      })),
    ).toEqual(odd);
  });

  it('shares one promise among the entries of a group, and settles groups in order', async () => {
    const journal = await start();
    const first = journal.append(entryOf(1));
    expect(journal.append(entryOf(2)).durable).toBe(first.durable);
    const settled: number[] = [];
    const groups: Promise<void>[] = [];
    for (let number = 3; number < 40; number++) {
      const { durable } = journal.append(entryOf(number, 300_000));
      groups.push(durable.then(() => void settled.push(number)));
    }
    await Promise.all(groups);
    expect(settled).toEqual(settled.toSorted((a, b) => a - b));
    expect(journal.state).toMatchObject({ durableSequence: 39, waitingEntries: 0 });
  });

  it('reads on to what becomes durable meanwhile', async () => {
    const journal = await start();
    await appendAll(journal, 1, 10);
    const seen: number[] = [];
    for await (const { last } of journal.read(0)) {
      seen.push(last);
      if (last < 30) await appendAll(journal, last + 1, 10);
    }
    expect(seen).toEqual([10, 20, 30]);
  });

  it('refuses an entry that is too large, and far more entries than it asked for', async () => {
    const journal = await start();
    expect(() => journal.append(entryOf(1, 600_000))).toThrow(
      /an entry of the journal takes at most 524288 bytes, got 600\d\d\d/,
    );
    expect(() => journal.append({ ...entryOf(1), topic: 'é'.repeat(32_768) })).toThrow(
      'a topic in the journal takes at most 65535 bytes, got 65536',
    );
    expect(journal.state.waitingEntries).toBe(0);
    const flood = () => {
      for (;;) journal.append(entryOf(1, 400_000));
    };
    expect(flood).toThrow('the journal is full, and 8 groups of entries wait for room already');
    expect(journal.isFull).toBe(true);
  });

  it('syncs what was taken when it closes, and takes nothing afterwards', async () => {
    const journal = await start();
    for (let number = 1; number <= 100; number++) journal.append(entryOf(number, 100_000));
    await journal.close();
    const { sequence } = journal.append(entryOf(101));
    expect(sequence).toBe(100);
    expect(journal.isFull).toBe(true);
    expect(await readAll((await start()).read(0))).toHaveLength(100);
  });
});

describe('room in the journal', () => {
  it('is over at 90 % of the quota, and is there again when entries are stored', async () => {
    const journal = await start({ maxBytes: 16 * MB });
    let rooms = 0;
    journal.onRoom(() => void rooms++);
    let number = 1;
    const levels = new Set<string>();
    while (!journal.isFull) {
      await appendAll(journal, number, 100, 1000);
      number += 100;
      levels.add(journal.state.level);
    }
    expect([...levels]).toEqual(['ok', 'degraded', 'full']);
    const { bytes, durableSequence } = journal.state;
    expect(bytes).toBeGreaterThan(0.9 * 16 * MB);
    expect(bytes).toBeLessThan(16 * MB);
    await journal.stored(durableSequence / 2, false);
    expect(journal.isFull).toBe(false);
    expect(rooms).toBe(1);
    expect(journal.state.firstSequence).toBeLessThanOrEqual(durableSequence / 2 + 1);
    const entries = await readAll(journal.read(durableSequence / 2));
    expect(entries.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: durableSequence / 2 }, (_, index) => durableSequence / 2 + 1 + index),
    );
  });

  it('is never written beyond the quota: what was taken all the same waits', async () => {
    const journal = await start({ maxBytes: 16 * MB });
    while (journal.state.bytes + 0.5 * MB <= 16 * MB) await appendAll(journal, 1, 450, 1000);
    const held = appendAll(journal, 1, 950, 1000);
    const { durableSequence } = journal.state;
    // Much slower than a write would be.
    expect(await readAll(journal.read(0))).toHaveLength(durableSequence);
    expect(journal.state).toMatchObject({ durableSequence, waitingEntries: 950 });
    await journal.stored(durableSequence, false);
    await held;
    expect(journal.state.bytes).toBeLessThan(16 * MB);
    expect(journal.state.durableSequence).toBe(durableSequence + 950);
  });

  it('is over below the least free disk', async () => {
    const journal = await start({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    expect(journal.isFull).toBe(true);
    expect(journal.state.level).toBe('full');
  });

  it('keeps stored segments for their time, but not when they take half of the quota', async () => {
    const journal = await start({ maxBytes: 16 * MB, keepMs: 3_600_000 });
    for (let number = 1; number <= 6000; number += 100) await appendAll(journal, number, 100, 1000);
    await journal.stored(6000, false);
    expect(journal.keptFrom).toBe(0);
    expect(await readAll(journal.read(journal.keptFrom))).toHaveLength(6000);
    for (let number = 6001; number <= 12_000; number += 100) await appendAll(journal, number, 100, 1000);
    await journal.stored(12_000, false);
    expect(journal.keptFrom).toBeGreaterThan(0);
    expect(journal.state.bytes).toBeLessThanOrEqual(8 * MB);
    expect((await readAll(journal.read(0)))[0]!.sequence).toBe(journal.keptFrom + 1);
  });

  it('says which quota is too small', async () => {
    await expect(start({ maxBytes: 1000 })).rejects.toThrow('maxBytes must be at least 16777216, got 1000');
  });
});

describe('the position of the store', () => {
  it('is kept in the cursor file only when the store keeps none', async () => {
    let journal = await start();
    await appendAll(journal, 1, 20);
    await journal.stored(10, false);
    expect(journal.cursor()).toBeUndefined();
    await journal.stored(12, true);
    journal = await restart(journal);
    expect(journal.cursor()).toBe(12);
    expect(journal.state.storedSequence).toBe(12);
    expect((await readAll(journal.read(journal.cursor()!))).map(({ sequence }) => sequence)[0]).toBe(13);
  });

  it('survives one bad slot of the cursor file, whichever; with two there is none', async () => {
    let journal = await start();
    await appendAll(journal, 1, 20);
    for (const sequence of [5, 6, 7]) await journal.stored(sequence, true);
    await journal.close();
    const path = join(folder, 'cursor');
    const whole = readFileSync(path);
    const cursors: (number | undefined)[] = [];
    for (const damaged of [[0], [32], [0, 32]]) {
      const bytes = Buffer.from(whole);
      for (const at of damaged) bytes[at + 20]! ^= 1;
      writeFileSync(path, bytes);
      journal = await start();
      cursors.push(journal.cursor());
      await journal.close();
    }
    expect(cursors.slice(0, 2).toSorted((a, b) => a! - b!)).toEqual([6, 7]);
    expect(cursors[2]).toBeUndefined();
  });

  it('may go back, but not beyond what is durable', async () => {
    const journal = await start();
    await appendAll(journal, 1, 20);
    await journal.stored(15, true);
    await journal.stored(10, true);
    expect(journal.cursor()).toBe(10);
    await expect(journal.stored(21, true)).rejects.toThrow('stored must be 0 … 20, which is durable, got 21');
  });

  it('is never passed by new numbers, even when all files are gone', async () => {
    const journal = await start({ storedSequence: 5000 });
    expect(journal.append(entryOf(1)).sequence).toBe(5001);
    await appendAll(journal, 2, 9);
    expect((await readAll(journal.read(5000))).map(({ sequence }) => sequence)[0]).toBe(5001);
    const again = await restart(journal, { storedSequence: 9000 });
    await appendAll(again, 1, 5);
    expect((await readAll(again.read(0))).map(({ sequence }) => sequence)).toEqual([
      5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008, 5009, 5010, 9001, 9002, 9003, 9004, 9005,
    ]);
    expect(again.state.lostEntries).toBe(0);
  });
});

describe('the folder of a journal', () => {
  it('belongs to one process: a second one is refused, and let in when the first has closed', async () => {
    const journal = await start();
    await expect(openJournal(folder)).rejects.toThrow(
      `the journal ${folder} is in use by another process, expected one that nobody else has open`,
    );
    const child = fileURLToPath(new URL('./journal-child.ts', import.meta.url));
    const second = () => spawnSync(process.execPath, [child, folder, '10'], { encoding: 'utf8' });
    expect(second()).toMatchObject({ status: 2, stderr: expect.stringContaining('is in use by another process') });
    await journal.close();
    expect(second()).toMatchObject({ status: 0 });
  });

  it('that cannot be written is named', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(openJournal(join(folder, 'file'))).rejects.toThrow(
      `the journal ${join(folder, 'file')} is not writable`,
    );
    if (process.getuid?.() === 0) return;
    mkdirSync(join(folder, 'locked'));
    chmodSync(join(folder, 'locked'), 0o500);
    await expect(openJournal(join(folder, 'locked'))).rejects.toThrow('is not writable');
  });

  it('loses its oldest segments only, and none that has anything to store', async () => {
    const journal = await start({ segmentBytes: 10_000 });
    for (let number = 1; number <= 2000; number += 50) await appendAll(journal, number, 50);
    const before = segmentFiles().length;
    await journal.stored(1000, false);
    const after = segmentFiles();
    expect(after.length).toBeLessThan(before);
    expect(Number.parseInt(after[0]!, 10)).toBeLessThanOrEqual(1001);
    expect(Number.parseInt(after[1]!, 10)).toBeGreaterThan(1001);
    expect((await readAll(journal.read(1000))).length).toBe(1000);
    expect(existsSync(join(folder, 'damaged'))).toBe(false);
  });
});
