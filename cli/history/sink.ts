// Where an export goes: one file, a folder of files or stdout. A file has its name only once it is complete; until then it is `….partial`.
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { RecordingHeader } from '../../telemetry/ndjson.ts';
import { UsageError } from '../options.ts';
import type { Message } from './source.ts';

export interface Written {
  readonly file: string;
  readonly bytes: number;
  /** Absent: of several kinds. */
  readonly kind?: string;
  readonly records: number;
  readonly events: number;
}

/** Takes messages in the order of time and makes files of them. */
export interface Sink {
  begin(header: RecordingHeader): Promise<void>;
  write(messages: readonly Message[]): Promise<void>;
  finish(): Promise<Written[]>;
  /** Ends early; the output removes what there is. */
  abandon(): Promise<void>;
}

export interface ClaimedFile {
  /** Its name once everything is complete. */
  readonly file: string;
  /** Written to until then. */
  readonly partial: string;
}

export const STDOUT = '-';

/** The place named by `--out`. */
export class Output {
  readonly path: string;
  readonly isFolder: boolean;
  readonly #extension: string;
  readonly #claimed: ClaimedFile[] = [];

  /** @param extension of the files of a folder, `.csv`. @throws UsageError when the place cannot be written */
  constructor(path: string, isFolder: boolean, extension: string) {
    this.path = path;
    this.isFolder = isFolder;
    this.#extension = extension;
    if (path === STDOUT) return;
    try {
      mkdirSync(isFolder ? path : dirname(path), { recursive: true });
    } catch (error) {
      throw new UsageError(`cannot write to ${path}: ${(error as Error).message}`);
    }
    if (!isFolder && existsSync(path) && statSync(path).isDirectory())
      throw new UsageError(`${path} is a folder, expected a file`);
  }

  /** @param table its name in a folder; a single file has the name that was asked for */
  claim(table: string): ClaimedFile {
    const file = this.isFolder ? join(this.path, `${table}${this.#extension}`) : this.path;
    const claimed = { file, partial: `${file}.partial` };
    rmSync(claimed.partial, { force: true });
    this.#claimed.push(claimed);
    return claimed;
  }

  /** For a database that is needed on the way; removed at the end. */
  get scratch(): string {
    return this.isFolder ? join(this.path, '.scratch.partial') : `${this.path}.scratch.partial`;
  }

  /** All files are complete: they get their names. */
  keep(): void {
    for (const { file, partial } of this.#claimed.splice(0)) renameSync(partial, file);
  }

  /** Removes what is not complete. */
  abandon(): void {
    for (const { partial } of this.#claimed) rmSync(partial, { force: true });
    if (this.path === STDOUT) return;
    for (const file of [this.scratch, `${this.scratch}.wal`]) rmSync(file, { force: true });
  }
}

/** A text that grows, into a file or stdout, compressed when the file's name ends in `.gz`. */
export class TextFile {
  readonly #file: ClaimedFile | undefined;
  readonly #stream: Writable;
  readonly #end: Promise<void>;
  #bytes = 0;
  #failure: Error | undefined;

  constructor(output: Output, table: string) {
    if (output.path === STDOUT) {
      this.#stream = process.stdout;
      this.#end = Promise.resolve();
      process.stdout.once('error', (error) => (this.#failure = error));
      return;
    }
    this.#file = output.claim(table);
    // Opened at once: an open that is under way would bring the file back after `Output.abandon` has removed it.
    const file = createWriteStream(this.#file.partial, { fd: openSync(this.#file.partial, 'w') });
    this.#end = finished(file);
    this.#end.catch((error: Error) => (this.#failure = error));
    this.#stream = file;
    if (!output.path.endsWith('.gz')) return;
    const gzip = createGzip();
    gzip.pipe(file);
    this.#stream = gzip;
  }

  /** @throws Error when the disk is full, or whoever read stdout is gone */
  async write(text: string): Promise<void> {
    if (this.#failure) throw this.#failure;
    const bytes = Buffer.from(text);
    this.#bytes += bytes.length;
    if (!this.#stream.write(bytes)) await Promise.race([once(this.#stream, 'drain'), this.#failed()]);
  }

  async finish(): Promise<{ file: string; bytes: number }> {
    if (this.#file === undefined) return { file: STDOUT, bytes: this.#bytes };
    this.#stream.end();
    await this.#end;
    return { file: this.#file.file, bytes: statSync(this.#file.partial).size };
  }

  async abandon(): Promise<void> {
    if (this.#file === undefined) return;
    this.#stream.end();
    await this.#end.catch(() => undefined);
  }

  async #failed(): Promise<void> {
    if (this.#file === undefined) await once(process.stdout, 'close');
    else await this.#end;
    throw this.#failure ?? new Error('the output was closed');
  }
}
