// Whatever happens to the journal's files, what comes back is what was written: all but what lay in the damaged bytes, and that is reported.
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FillingGroup } from '../../api/journal/filling-group.ts';
import { encodeHeader, HEADER_BYTES, signRecords } from '../../api/journal/format.ts';
import {
  cutAnywhere,
  damage,
  findAll,
  flipAnywhere,
  garbageAnywhere,
  numbersOf,
  segmentsOf,
  writeSegments,
} from './journal-damage.ts';
import type { WrittenRecord } from './journal-damage.ts';
import { appendAll, entryOf, isEntryOf, openJournal, readAll, removeFolder, temporaryFolder } from './journal-life.ts';

const GOLDEN = fileURLToPath(new URL('../fixtures/journal-format-1', import.meta.url));
/** A thousand of each in test/long. */
const RUNS = 25;

let folder: string;
let records: WrittenRecord[];

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => removeFolder(folder));

describe('damaged files of a journal', { timeout: 60_000 }, () => {
  it('cut anywhere: exactly the groups before the cut are there, and the torn bytes are counted', () =>
    cutAnywhere(RUNS));

  it('one flipped bit anywhere: only the group with it is lost, and reported by its numbers or as a torn end', () =>
    flipAnywhere(RUNS));

  it('garbage in several places: everything else is there, nothing is invented, nothing throws', () =>
    garbageAnywhere(RUNS));

  it('do not keep a journal from going on', async () => {
    records = writeSegments(
      folder,
      1000,
      Array.from({ length: 30 }, () => [100, 100]),
    );
    truncateSync(segmentsOf(folder, records).at(-1)!.path, HEADER_BYTES + 10);
    const journal = await openJournal(folder, { storedSequence: 60 });
    expect(journal.append(entryOf(61)).sequence).toBe(61);
    await journal.close();
    const { numbers, holes } = await findAll(folder);
    expect(numbers.at(-1)).toBe(61);
    expect(holes).toEqual([]);
  });

  it('one bad byte in either copy of a header costs nothing', async () => {
    records = writeSegments(
      folder,
      1000,
      Array.from({ length: 10 }, () => [100, 100]),
    );
    for (const at of [2, 6, 10, 18, 30, 34, HEADER_BYTES - 10]) {
      const [first] = segmentsOf(folder, records);
      damage(first!.path, at, (bytes) => void (bytes[0]! ^= 0x10));
      const { numbers, holes } = await findAll(folder);
      expect(numbers).toEqual(numbersOf(records));
      expect(holes).toEqual([]);
      damage(first!.path, at, (bytes) => void (bytes[0]! ^= 0x10));
    }
  });

  it('a segment whose header is gone twice is put aside, and its entries are counted as lost', async () => {
    records = writeSegments(
      folder,
      1000,
      Array.from({ length: 30 }, () => [100, 100]),
    );
    const [, second] = segmentsOf(folder, records);
    damage(second!.path, 0, (bytes) => void bytes.fill(0), HEADER_BYTES);
    const { numbers, holes } = await findAll(folder);
    const lost = numbersOf(records.filter(({ segment }) => segment === second!.name));
    expect(numbers).toEqual(numbersOf(records.filter(({ segment }) => segment !== second!.name)));
    expect(holes[0]).toMatchObject({ segment: second!.name, first: lost[0], lostEntries: lost.length });
    expect(readdirSync(join(folder, 'damaged'))).toEqual([second!.name]);
  });

  it('a payload that imitates a record is never taken for one', async () => {
    const forged = new FillingGroup(1 << 20);
    forged.put(entryOf(7), 2);
    forged.closeRecord();
    const bytes = Buffer.from(forged.buffer, 0, forged.bytes);
    // All but the salt is right.
    signRecords(bytes, 12_345);
    const journal = await openJournal(folder);
    await journal.append({ ...entryOf(1), payload: bytes }).durable;
    await journal.append(entryOf(2)).durable;
    await journal.close();
    damage(join(folder, '0000000000000001.log'), HEADER_BYTES + 4, (length) => void (length[0]! ^= 1));
    const { numbers, holes } = await findAll(folder);
    expect(numbers).toEqual([2]);
    expect(holes).toMatchObject([{ first: 1, lostEntries: 1 }]);
  });

  it('are reported by the journal, which goes on with what there is', async () => {
    records = writeSegments(
      folder,
      1000,
      Array.from({ length: 30 }, () => [100, 100]),
    );
    const older = records.find(({ segment }) => segment === segmentsOf(folder, records)[2]!.name)!;
    damage(join(folder, older.segment), older.from + 50, (bytes) => void (bytes[0]! ^= 4));
    const journal = await openJournal(folder);
    expect(journal.recovered.holes).toEqual([]);
    const numbers = (await readAll(journal.read(0))).map(({ sequence }) => sequence);
    expect(numbers).toEqual(numbersOf(records.filter((record) => record !== older)));
    await readAll(journal.read(0));
    expect(journal.state.lostEntries).toBe(2);
    await appendAll(journal, 61, 1);
    await journal.close();
    expect((await findAll(folder)).numbers).toHaveLength(59);
  });
});

describe('the format of the journal', () => {
  it('of version 1 is read', async () => {
    cpSync(GOLDEN, folder, { recursive: true });
    const journal = await openJournal(folder);
    expect(journal.cursor()).toBe(4);
    const entries = await readAll(journal.read(0));
    expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(entries.every((entry) => isEntryOf(entry.sequence, entry))).toBe(true);
    expect(journal.recovered).toEqual({ entries: 10, cutBytes: 0, holes: [] });
    await journal.close();
  });

  it('of version 1 is still what is written, byte for byte', () => {
    const name = '0000000000000007.log';
    const golden = readFileSync(join(GOLDEN, name));
    const salt = golden.subarray(8, 16);
    const group = new FillingGroup(1 << 20);
    for (let number = 7; number <= 10; number++) group.put(entryOf(number, 16), number);
    group.closeRecord();
    const written = Buffer.from(group.buffer, 0, group.bytes);
    signRecords(written, salt.readUInt32LE(0));
    expect(Buffer.concat([encodeHeader(salt, 7, 6), written])).toEqual(golden);
  });

  it('of a newer version is refused by name, and the files stay as they are', async () => {
    records = writeSegments(
      folder,
      1000,
      Array.from({ length: 30 }, () => [100, 100]),
    );
    const [first] = segmentsOf(folder, records);
    damage(first!.path, 4, (bytes) => bytes.writeUInt32LE(2), 4);
    damage(first!.path, 44, (bytes) => bytes.writeUInt32LE(2), 4);
    const before = readdirSync(folder);
    await expect(openJournal(folder)).rejects.toThrow(
      `${first!.path} was written by a newer version of citytwin: format 2, expected 1; start that version instead`,
    );
    expect(readdirSync(folder).filter((name) => name !== 'lock')).toEqual(before);
    rmSync(first!.path);
    const file = Buffer.from('CTLG');
    writeFileSync(first!.path, Buffer.concat([file, Buffer.from([3, 0, 0, 0]), Buffer.alloc(10, 1)]));
    await expect(openJournal(folder)).rejects.toThrow('format 3, expected 1');
  });
});
