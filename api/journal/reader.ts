// Reads durable entries out of the segment files, piece by piece, beside the thread that appends. Damage that it meets is reported and passed.
import { open } from 'node:fs/promises';
import { takeEntries } from './entry.ts';
import type { Entry, Group } from './entry.ts';
import { keepAside } from './damaged.ts';
import { readHeader } from './recovery.ts';
import { scan, segmentStart } from './scan.ts';
import type { FoundRecord, Hole, ScanPlace } from './scan.ts';
import { segmentName } from './segment-writer.ts';
import type { Segment, Segments } from './segments.ts';

/** Everything durable after `after`, also what becomes durable meanwhile; ends when there is no more. */
export async function* readGroups(
  segments: Segments,
  after: number,
  onHole: (hole: Hole) => void,
): AsyncGenerator<Group> {
  let position = after;
  let place: ScanPlace | undefined;
  let current: Segment | undefined;
  for (let segment = segments.after(position); segment; segment = segments.after(position)) {
    if (segment !== current) place = segmentStart(segment.first);
    current = segment;
    const { last } = segment;
    try {
      for await (const records of readSegment(segments, segment, place!, onHole)) yield* groupsOf(records, position);
    } catch (error) {
      // Stored and removed just now.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || segments.has(segment)) throw error;
    }
    position = last;
  }
}

/** What the segment holds now, from `place` on. */
async function* readSegment(
  segments: Segments,
  segment: Segment,
  place: ScanPlace,
  onHole: (hole: Hole) => void,
): AsyncGenerator<FoundRecord[]> {
  const { last, bytes: endBytes } = segment;
  const path = segments.pathOf(segment);
  const name = segmentName(segment.first);
  const holes: Hole[] = [];
  const report = (hole: Hole) => {
    holes.push(hole);
    onHole(hole);
  };
  const header = await readHeader(path);
  if (header) {
    const file = await open(path, 'r');
    try {
      yield* scan({ file, name, salt: header.salt, endBytes, onHole: report }, place);
    } finally {
      await file.close();
    }
  }
  if (place.sequence <= last) {
    const lostEntries = last - place.sequence + 1;
    report({ segment: name, from: place.at, to: endBytes, first: place.sequence, lostEntries });
    place.at = endBytes;
    place.sequence = last + 1;
  }
  if (holes.length > 0) await keepAside(segments.folder, name);
}

/** Entries after `after`, one group for each run of numbers. */
function* groupsOf(records: readonly FoundRecord[], after: number): Generator<Group> {
  let entries: Entry[] = [];
  let first = 0;
  for (const record of records) {
    const skip = Math.max(0, after + 1 - record.first);
    if (skip >= record.count) continue;
    if (entries.length > 0 && first + entries.length !== record.first) {
      yield { first, last: first + entries.length - 1, entries };
      entries = [];
    }
    if (entries.length === 0) first = record.first + skip;
    takeEntries(record.body, record.count, skip, entries);
  }
  if (entries.length > 0) yield { first, last: first + entries.length - 1, entries };
}
