// Writes groups into segment files, synchronously: group → write → fdatasync, a new file when the last one has its size. Only the end of a
// full disk is survived (NoRoom); after any other error nobody knows what is on the disk, so its caller must stop.
import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeHeader, HEADER_BYTES, signRecords } from './format.ts';
import { syncFolderNow } from './sync-folder.ts';

export interface SegmentWriterOptions {
  readonly folder: string;
  /** A segment that has reached it is followed by a new one. */
  readonly segmentBytes: number;
  /** The newest sequence there is. */
  readonly last: number;
}

/** Nothing was written; the same may be tried again. */
export class NoRoom extends Error {}

interface OpenSegment {
  readonly file: number;
  readonly first: number;
  readonly salt: number;
  endBytes: number;
}

export function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}.log`;
}

export class SegmentWriter {
  readonly #folder: string;
  readonly #segmentBytes: number;
  #last: number;
  #segment: OpenSegment | undefined;

  constructor({ folder, segmentBytes, last }: SegmentWriterOptions) {
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#last = last;
  }

  /** Returns when it is durable. @throws NoRoom; any other error is final */
  append(group: Buffer, first: number, last: number): { segment: number; endBytes: number } {
    const segment = this.#segmentFor(first);
    signRecords(group, segment.salt);
    try {
      writeAll(segment.file, group, segment.endBytes);
    } catch (error) {
      ftruncateSync(segment.file, segment.endBytes);
      throw asNoRoom(error);
    }
    // A failed sync may have thrown the pages away: whoever syncs again is told that all is well.
    fdatasyncSync(segment.file);
    segment.endBytes += group.length;
    this.#last = last;
    return { segment: segment.first, endBytes: segment.endBytes };
  }

  close(): void {
    if (this.#segment) closeSync(this.#segment.file);
    this.#segment = undefined;
  }

  #segmentFor(first: number): OpenSegment {
    if (this.#segment && this.#segment.endBytes < this.#segmentBytes) return this.#segment;
    this.close();
    this.#segment = this.#create(first);
    return this.#segment;
  }

  #create(first: number): OpenSegment {
    const path = join(this.#folder, segmentName(first));
    const salt = randomBytes(8);
    let file: number | undefined;
    try {
      file = openSync(path, 'wx');
      writeAll(file, encodeHeader(salt, first, this.#last), 0);
    } catch (error) {
      if (file !== undefined) {
        closeSync(file);
        unlinkSync(path);
      }
      throw asNoRoom(error);
    }
    fdatasyncSync(file);
    syncFolderNow(this.#folder);
    return { file, first, salt: salt.readUInt32LE(0), endBytes: HEADER_BYTES };
  }
}

function writeAll(file: number, bytes: Buffer, at: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, at + done);
}

function asNoRoom(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' ? new NoRoom(message) : error;
}
