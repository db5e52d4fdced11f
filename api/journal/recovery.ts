// What a process finds that opens the folder: every segment's header is read, the last segment is scanned, its torn tail cut off. Damage in
// older segments is found by who reads them. It appends nothing: a new life begins a new segment.
import { access, constants, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../logger.ts';
import { keepAside, moveAside } from './damaged.ts';
import { decodeHeader, ENTRY_HEAD_BYTES, HEADER_BYTES, NewerFormat } from './format.ts';
import type { Header } from './format.ts';
import { scan, segmentStart } from './scan.ts';
import type { Hole } from './scan.ts';
import { segmentName } from './segment-writer.ts';
import { syncFolder } from './sync-folder.ts';
import type { Segment } from './segments.ts';

export interface Recovered {
  /** Entries there, in older segments as far as their numbers tell. */
  readonly entries: number;
  /** Cut off at the end: a group whose write was interrupted, so nobody was promised it. */
  readonly cutBytes: number;
  readonly holes: readonly Hole[];
}

export interface Recovery {
  readonly recovered: Recovered;
  readonly segments: readonly Segment[];
  /** The newest sequence that was ever given to an entry, as far as the files tell; 0 without any. */
  readonly last: number;
}

interface Candidate extends Segment {
  readonly header: Header | undefined;
}

const NAME = /^\d{16}\.log$/;

/** What devices send, and what was refused of it, is its owner's. */
const OWNER_ONLY_FOLDER = 0o700;

/** Makes the folder where it is missing. @throws Error naming the folder and what is wrong with it */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`the journal ${folder} is not writable: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws Error when a newer version wrote a segment */
export async function recover(folder: string, log: Logger): Promise<Recovery> {
  const candidates = await findSegments(folder);
  const holes: Hole[] = [];
  const { cutBytes, last } = await recoverLast(folder, candidates, holes);
  const segments = await keepReadable(folder, candidates, holes);
  for (const hole of holes) log.error({ ...hole, folder }, 'entries of the journal are damaged and lost');
  if (cutBytes > 0) log.warn({ folder, cutBytes }, 'the journal had a torn end, cut off');
  const lost = holes.filter(({ segment }) => segments.some(({ first }) => segmentName(first) === segment));
  const entries =
    segments.reduce((sum, { first, last }) => sum + last - first + 1, 0) -
    lost.reduce((sum, { lostEntries }) => sum + lostEntries, 0);
  return { recovered: { entries, cutBytes, holes }, segments, last };
}

async function findSegments(folder: string): Promise<Candidate[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  const found: Candidate[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const { size, mtimeMs } = await stat(path);
    const first = Number.parseInt(name, 10);
    const header = await readHeader(path);
    const before = found.at(-1);
    if (before) before.last = header?.previous ?? first - 1;
    found.push({ first, last: first - 1, bytes: size, changedMs: mtimeMs, header });
  }
  return found;
}

/** @returns undefined when it is damaged. @throws Error when a newer version wrote it */
export async function readHeader(path: string): Promise<Header | undefined> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(bytes, 0, HEADER_BYTES, 0);
    return decodeHeader(bytes.subarray(0, bytesRead));
  } catch (error) {
    if (!(error instanceof NewerFormat)) throw error;
    throw new Error(
      `${path} was written by a newer version of citytwin: ${error.message}; start that version instead`,
      { cause: error },
    );
  } finally {
    await file.close();
  }
}

/** Scans the last segment that has entries and cuts its torn tail; empty ones behind it are removed from folder and list. */
async function recoverLast(
  folder: string,
  candidates: Candidate[],
  holes: Hole[],
): Promise<{ cutBytes: number; last: number }> {
  let cutBytes = 0;
  for (let segment = candidates.at(-1); segment; segment = candidates.at(-1)) {
    if (segment.header) cutBytes += await scanLast(folder, segment, segment.header, holes);
    // All that was in it is damaged: it cannot have held more entries than this.
    else if (segment.bytes > HEADER_BYTES) segment.last = segment.first + Math.floor(segment.bytes / ENTRY_HEAD_BYTES);
    if (segment.last >= segment.first) return { cutBytes, last: segment.last };
    candidates.pop();
    await unlink(join(folder, segmentName(segment.first)));
    await syncFolder(folder);
  }
  return { cutBytes, last: 0 };
}

/** @returns bytes cut off */
async function scanLast(folder: string, segment: Candidate, header: Header, holes: Hole[]): Promise<number> {
  const name = segmentName(segment.first);
  const place = segmentStart(header.first);
  const found: Hole[] = [];
  const file = await open(join(folder, name), 'r+');
  try {
    const { salt } = header;
    const onHole = (hole: Hole) => found.push(hole);
    const records = scan({ file, name, salt, endBytes: segment.bytes, onHole }, place);
    for await (const _ of records);
    const cutBytes = Math.max(0, segment.bytes - place.at);
    if (cutBytes > 0 || found.length > 0) await keepAside(folder, name);
    if (cutBytes > 0) await cut(file, place.at);
    segment.bytes = place.at;
    segment.last = place.sequence - 1;
    holes.push(...found);
    return cutBytes;
  } finally {
    await file.close();
  }
}

async function cut(file: FileHandle, at: number): Promise<void> {
  await file.truncate(at);
  await file.datasync();
}

/** Segments without a header can't be read: they are put aside. */
async function keepReadable(folder: string, candidates: Candidate[], holes: Hole[]): Promise<Segment[]> {
  const readable: Segment[] = [];
  for (const { header, ...segment } of candidates) {
    if (header) {
      readable.push(segment);
      continue;
    }
    const name = segmentName(segment.first);
    const lostEntries = segment.last - segment.first + 1;
    holes.push({ segment: name, from: 0, to: segment.bytes, first: segment.first, lostEntries });
    await moveAside(folder, name);
  }
  if (readable.length < candidates.length) await syncFolder(folder);
  return readable;
}
