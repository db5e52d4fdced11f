// `gtfs.zip`: made when it is asked for and the timetables have changed, a little at a time so that nothing else waits, and kept until
// they change again. The same timetables make the same bytes.
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { Zip, ZipDeflate } from 'fflate';
import { csvLines } from './csv.ts';
import { feedOf, tablesOf } from './gtfs-tables.ts';
import type { Table } from './gtfs-tables.ts';
import type { Timetables } from './timetables.ts';

/** Text between two breaths: about 5 ms of compression. */
const CHUNK_CHARACTERS = 262_144;
/** The earliest time that a ZIP archive can tell, so that the bytes depend on the timetables only. */
const EPOCH = new Date(1980, 0, 1);

export interface Archive {
  readonly bytes: Uint8Array;
  /** Of the content, quoted as HTTP wants it. */
  readonly etag: string;
}

export class GtfsArchive {
  readonly #city: string;
  readonly #timetables: Timetables;
  #version = 0;
  #archive: Promise<Archive> | undefined;

  constructor(city: string, timetables: Timetables) {
    this.#city = city;
    this.#timetables = timetables;
  }

  /** undefined while there is no timetable. Everyone who asks for the same version waits for the same work. */
  current(): Promise<Archive> | undefined {
    const { newest, version } = this.#timetables;
    if (newest === undefined) return undefined;
    if (this.#archive === undefined || this.#version !== version) {
      this.#version = version;
      this.#archive = this.#make(newest.utcOffsetMin);
      this.#archive.catch(() => (this.#archive = undefined));
    }
    return this.#archive;
  }

  async #make(utcOffsetMin: number): Promise<Archive> {
    const all = this.#timetables.all();
    const version = digest([JSON.stringify([utcOffsetMin, all])]);
    const bytes = await zipOf(tablesOf(feedOf(this.#city, version, utcOffsetMin, all)));
    return { bytes, etag: `"${digest([bytes])}"` };
  }
}

/** → a ZIP archive with a file for each table. */
export async function zipOf(tables: readonly Table[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let failure: Error | undefined;
  const zip = new Zip((error, chunk) => {
    failure ??= error ?? undefined;
    chunks.push(chunk);
  });
  for (const { file, columns, rows } of tables) {
    const entry = new ZipDeflate(file, { level: 6 });
    entry.mtime = EPOCH;
    zip.add(entry);
    for (const text of chunked(csvLines(columns, rows()))) {
      entry.push(Buffer.from(text));
      await breathe();
    }
    entry.push(new Uint8Array(0), true);
  }
  zip.end();
  if (failure) throw failure;
  return Buffer.concat(chunks);
}

function* chunked(lines: Iterable<string>): Generator<string> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < CHUNK_CHARACTERS) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function digest(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64url').slice(0, 22);
}
