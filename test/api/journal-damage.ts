// Segments of tests as a journal writes them, without its thread; what is found in them after damage, and what must be.
import { closeSync, openSync, readdirSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { HEADER_BYTES } from '../../api/journal/format.ts';
import { FillingGroup } from '../../api/journal/filling-group.ts';
import { readGroups } from '../../api/journal/reader.ts';
import { recover } from '../../api/journal/recovery.ts';
import type { Recovery } from '../../api/journal/recovery.ts';
import type { Hole } from '../../api/journal/scan.ts';
import { segmentName, SegmentWriter } from '../../api/journal/segment-writer.ts';
import { Segments } from '../../api/journal/segments.ts';
import { entryOf, isEntryOf, MB, quiet, readAll, removeFolder, temporaryFolder } from './journal-life.ts';

export interface WrittenRecord {
  readonly segment: string;
  /** Its bytes in the file, [from, to). */
  readonly from: number;
  readonly to: number;
  /** Numbers of its entries, which are those of their content too. */
  readonly first: number;
  readonly last: number;
}

/** Each group by the payload sizes of its entries, small ones: it becomes one record. */
export function writeSegments(
  folder: string,
  segmentBytes: number,
  groups: readonly (readonly number[])[],
): WrittenRecord[] {
  const writer = new SegmentWriter({ folder, segmentBytes, last: 0 });
  const group = new FillingGroup(MB);
  const written: WrittenRecord[] = [];
  let last = 0;
  for (const sizes of groups) {
    for (const size of sizes) group.put(entryOf(++last, size), last);
    group.closeRecord();
    const { bytes, first } = group;
    const { segment, endBytes } = writer.append(Buffer.from(group.buffer, 0, bytes), first, last);
    written.push({ segment: segmentName(segment), from: endBytes - bytes, to: endBytes, first, last });
    group.settle();
  }
  writer.close();
  return written;
}

export interface Findings {
  readonly recovery: Recovery;
  /** Numbers of the entries that were read. */
  readonly numbers: readonly number[];
  /** Of recovery and reading. */
  readonly holes: readonly Hole[];
}

/** Recovers and reads everything. @throws Error when an entry is not what was written */
export async function findAll(folder: string): Promise<Findings> {
  const recovery = await recover(folder, quiet);
  const holes = [...recovery.recovered.holes];
  const segments = new Segments(folder, recovery.segments);
  const known = (hole: Hole) => holes.some(({ segment, from }) => segment === hole.segment && from === hole.from);
  const entries = await readAll(readGroups(segments, 0, (hole) => void (known(hole) || holes.push(hole))));
  for (const entry of entries)
    if (!isEntryOf(entry.sequence, entry)) throw new Error(`entry ${entry.sequence} was invented`);
  return { recovery, numbers: entries.map(({ sequence }) => sequence), holes };
}

/** Changes bytes of a file in place. */
export function damage(path: string, at: number, change: (bytes: Buffer) => void, count = 1): void {
  const file = openSync(path, 'r+');
  try {
    const bytes = Buffer.alloc(Math.min(count, statSync(path).size - at));
    readSync(file, bytes, 0, bytes.length, at);
    change(bytes);
    writeSync(file, bytes, 0, bytes.length, at);
  } finally {
    closeSync(file);
  }
}

export function numbersOf(records: readonly WrittenRecord[]): number[] {
  return records.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

/** The last one's size is what it is before any damage. */
export function segmentsOf(
  folder: string,
  records: readonly WrittenRecord[],
): { path: string; name: string; bytes: number }[] {
  const names = [...new Set(records.map(({ segment }) => segment))];
  return names.map((name) => ({ name, path: join(folder, name), bytes: statSync(join(folder, name)).size }));
}

interface Story {
  readonly segmentBytes: number;
  readonly groups: number[][];
}

const story: fc.Arbitrary<Story> = fc.record({
  segmentBytes: fc.integer({ min: 500, max: 6000 }),
  groups: fc.array(fc.array(fc.integer({ min: 16, max: 300 }), { minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 30,
  }),
});
/** A place as a share of what there is; any is as likely as any other. */
const share = fc.noBias(fc.integer({ min: 0, max: 999_999 })).map((millionths) => millionths / 1e6);

async function withSegments(
  { segmentBytes, groups }: Story,
  body: (folder: string, records: readonly WrittenRecord[]) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  try {
    await body(folder, writeSegments(folder, segmentBytes, groups));
  } finally {
    removeFolder(folder);
  }
}

/** The last segment is cut: exactly the groups before the cut are there. */
export async function cutAnywhere(numRuns: number): Promise<void> {
  const property = fc.asyncProperty(story, share, (written, place) =>
    withSegments(written, async (folder, records) => {
      const last = segmentsOf(folder, records).at(-1)!;
      const at = Math.floor(place * (last.bytes + 1));
      truncateSync(last.path, at);
      const whole = records.filter(({ segment, to }) => segment !== last.name || to <= at);
      const end = whole.findLast(({ segment }) => segment === last.name)?.to ?? HEADER_BYTES;
      const { recovery, numbers, holes } = await findAll(folder);
      expect(numbers).toEqual(numbersOf(whole));
      expect(holes).toEqual([]);
      expect(recovery.recovered.entries).toBe(numbers.length);
      if (at >= HEADER_BYTES) expect(recovery.recovered.cutBytes).toBe(at - end);
      expect(recovery.last).toBe(numbers.at(-1) ?? 0);
      const left = segmentsOf(folder, whole).find(({ name }) => name === last.name);
      expect(left?.bytes).toBe(end > HEADER_BYTES ? end : undefined);
    }),
  );
  await fc.assert(property, { numRuns });
}

/** One bit of any segment is flipped: only the group around it is lost, and reported. */
export async function flipAnywhere(numRuns: number): Promise<void> {
  const property = fc.asyncProperty(story, share, share, fc.nat(7), (written, which, place, bit) =>
    withSegments(written, async (folder, records) => {
      const segments = segmentsOf(folder, records);
      const hit = segments[Math.floor(which * segments.length)]!;
      const at = Math.floor(place * hit.bytes);
      damage(hit.path, at, (bytes) => void (bytes[0]! ^= 1 << bit));
      const isHit = ({ segment, from, to }: WrittenRecord) => segment === hit.name && at >= from && at < to;
      const lost = records.filter(isHit);
      const { recovery, numbers, holes } = await findAll(folder);
      expect(numbers).toEqual(numbersOf(records.filter((record) => !isHit(record))));
      const isTorn = lost[0] !== undefined && lost[0] === records.at(-1);
      expect(holes.map(({ first, lostEntries }) => ({ first, lostEntries }))).toEqual(
        isTorn ? [] : lost.map(({ first, last }) => ({ first, lostEntries: last - first + 1 })),
      );
      expect(recovery.recovered.cutBytes).toBe(isTorn ? lost[0]!.to - lost[0]!.from : 0);
      if (lost.length > 0) expect(readdirSync(join(folder, 'damaged'))).toEqual([hit.name]);
    }),
  );
  await fc.assert(property, { numRuns });
}

/** Garbage in up to five places, behind the headers: all groups that it does not touch are there, all others are counted. */
export async function garbageAnywhere(numRuns: number): Promise<void> {
  const spot = fc.tuple(share, share, fc.uint8Array({ minLength: 1, maxLength: 200 }));
  const spots = fc.array(spot, { minLength: 1, maxLength: 5 });
  const property = fc.asyncProperty(story, spots, (written, places) =>
    withSegments(written, async (folder, records) => {
      const segments = segmentsOf(folder, records);
      const hits = places.map(([which, place, garbage]) => {
        const { name, path, bytes } = segments[Math.floor(which * segments.length)]!;
        const from = HEADER_BYTES + Math.floor(place * (bytes - HEADER_BYTES));
        damage(path, from, (old) => old.set(garbage.subarray(0, old.length)), garbage.length);
        return { segment: name, from, to: from + garbage.length };
      });
      const isHit = (record: WrittenRecord) =>
        hits.some(({ segment, from, to }) => segment === record.segment && from < record.to && to > record.from);
      const { numbers, holes, recovery } = await findAll(folder);
      const untouched = numbersOf(records.filter((record) => !isHit(record)));
      expect(untouched.filter((number) => !numbers.includes(number))).toEqual([]);
      const lost = holes.reduce((sum, { lostEntries }) => sum + lostEntries, 0);
      expect(numbers.length + lost).toBe(recovery.last);
    }),
  );
  await fc.assert(property, { numRuns });
}
