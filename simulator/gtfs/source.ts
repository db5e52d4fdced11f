// Where a feed's files come from: a zip archive or a folder. Bounds what is unpacked; knows nothing of what stands in the files.
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GtfsError } from './problems.ts';
import { Zip, ZipError } from './zip.ts';
import type { ZipEntry } from './zip.ts';

/** Of one file, unpacked. */
const FILE_MAX_BYTES = 500_000_000;
/** A text packs to a tenth or a fortieth; what packs better than this is no timetable. */
const PACKED_AT_MOST = 250;
/** Small files may pack well. */
const ALWAYS_FINE_BYTES = 1_000_000;
const ANY_FILE = /^[^/]+\.txt$/i;

export interface FeedFiles {
  /** As the user named it. */
  readonly path: string;
  has(file: string): boolean;
  /** The file's bytes in pieces. @throws GtfsError when it cannot be read */
  read(file: string): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** path: a zip archive or a folder of .txt files. @throws GtfsError that says why it is neither */
export async function openFeed(path: string): Promise<FeedFiles> {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new GtfsError(path, [
      { file: path, expected: missing ? 'a zip archive or a folder, but there is none' : (error as Error).message },
    ]);
  }
  return isFolder ? folder(path) : await archive(path);
}

function folder(path: string): FeedFiles {
  const names = new Map(readdirSync(path).map((name) => [name.toLowerCase(), name]));
  return {
    path,
    has: (file) => names.has(file),
    read: (file) => fromDisk(path, file, names.get(file)!),
    close: async () => undefined,
  };
}

async function* fromDisk(path: string, file: string, name: string): AsyncGenerator<Uint8Array> {
  try {
    const { size } = statSync(join(path, name));
    if (size > FILE_MAX_BYTES) throw new GtfsError(path, [tooBig(file, size)]);
    for await (const piece of createReadStream(join(path, name), { highWaterMark: 256 * 1024 })) yield piece as Buffer;
  } catch (error) {
    if (error instanceof GtfsError) throw error;
    throw new GtfsError(path, [{ file, expected: `a file that can be read: ${(error as Error).message}` }]);
  }
}

async function archive(path: string): Promise<FeedFiles> {
  let zip: Zip;
  try {
    zip = await Zip.open(path);
  } catch (error) {
    throw new GtfsError(path, [{ file: path, expected: `a GTFS zip archive, but it ${reasonOf(error)}` }]);
  }
  const entries = entriesOf(zip);
  return {
    path,
    has: (file) => entries.has(file),
    read: (file) => fromZip(path, file, zip, entries.get(file)!),
    close: () => zip.close(),
  };
}

/** The .txt files at the top, or else in the one folder that has them: some publishers pack a folder. */
function entriesOf(zip: Zip): Map<string, ZipEntry> {
  const named = zip.entries.filter(({ name }) => !name.startsWith('__MACOSX/'));
  const home = named.find(({ name }) => /(^|\/)stop_times\.txt$/i.test(name))?.name.replace(/[^/]+$/, '') ?? '';
  const files = named.flatMap((entry) => {
    const name = entry.name.startsWith(home) ? entry.name.slice(home.length) : '';
    return ANY_FILE.test(name) ? [[name.toLowerCase(), entry] as const] : [];
  });
  return new Map(files);
}

async function* fromZip(path: string, file: string, zip: Zip, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  if (entry.bytes > FILE_MAX_BYTES) throw new GtfsError(path, [tooBig(file, entry.bytes)]);
  if (entry.bytes > ALWAYS_FINE_BYTES && entry.bytes > PACKED_AT_MOST * entry.packedBytes) {
    const times = Math.round(entry.bytes / Math.max(1, entry.packedBytes));
    const expected = `text that packs to no less than 1/${PACKED_AT_MOST}, but it unpacks to ${times} times its size`;
    throw new GtfsError(path, [{ file, expected }]);
  }
  try {
    yield* zip.read(entry);
  } catch (error) {
    throw new GtfsError(path, [{ file, expected: `a whole file, but it ${reasonOf(error)}` }]);
  }
}

function tooBig(file: string, bytes: number) {
  return { file, expected: `at most ${FILE_MAX_BYTES / 1e6} MB unpacked, got ${Math.round(bytes / 1e6)} MB` };
}

function reasonOf(error: unknown): string {
  return error instanceof ZipError ? error.message : `cannot be read: ${(error as Error).message}`;
}
