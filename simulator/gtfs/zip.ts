// Reads single files out of a zip archive without unpacking the rest: finds them by the archive's directory, unpacks as a stream, and stops
// at the size that the directory declares. No encryption, no archives of 4 GB and more (Zip64), no writing.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';

/** APPNOTE.TXT 6.3.10, 4.3.16, 4.3.12, 4.3.7. */
const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const COMMENT_MAX_BYTES = 65_535;
const DIRECTORY_MAX_BYTES = 16_000_000;
const READ_BYTES = 256 * 1024;

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
/** Says that the true size is in a Zip64 record. */
const ZIP64 = 0xffffffff;

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly atByte: number;
}

/** A file that is no zip archive, or a damaged one. */
export class ZipError extends Error {}

export class Zip {
  readonly entries: readonly ZipEntry[];
  readonly #file: FileHandle;

  private constructor(file: FileHandle, entries: readonly ZipEntry[]) {
    this.#file = file;
    this.entries = entries;
  }

  /** @throws ZipError when it is no zip archive */
  static async open(path: string): Promise<Zip> {
    const file = await open(path);
    try {
      return new Zip(file, await directoryOf(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** The unpacked bytes, in pieces. @throws ZipError when the archive is damaged or holds more than it declares */
  async *read(entry: ZipEntry): AsyncGenerator<Uint8Array> {
    if (entry.encrypted) throw new ZipError('is encrypted');
    if (entry.method !== STORED && entry.method !== DEFLATED)
      throw new ZipError(`is packed by method ${entry.method}, expected stored or deflated`);
    const header = await bytesAt(this.#file, entry.atByte, LOCAL_BYTES);
    if (header.readUInt32LE(0) !== LOCAL_HEADER) throw new ZipError('is not where the directory of the archive says');
    const fromByte = entry.atByte + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
    const packed = this.#pieces(fromByte, entry.packedBytes);
    let bytes = 0;
    for await (const piece of entry.method === STORED ? packed : inflated(packed)) {
      bytes += piece.length;
      if (bytes > entry.bytes) throw new ZipError(`unpacks to more than the ${entry.bytes} bytes that it declares`);
      yield piece;
    }
    if (bytes < entry.bytes) throw new ZipError(`ends after ${bytes} of ${entry.bytes} bytes`);
  }

  async *#pieces(fromByte: number, length: number): AsyncGenerator<Uint8Array> {
    for (let done = 0; done < length;) {
      const piece = await bytesAt(this.#file, fromByte + done, Math.min(READ_BYTES, length - done));
      done += piece.length;
      yield piece;
    }
  }
}

async function* inflated(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw();
  const feeding = feed(packed, inflate);
  // What goes wrong on the way in comes out as the stream's own error.
  feeding.catch(() => undefined);
  try {
    for await (const piece of inflate) yield piece as Uint8Array;
    await feeding;
  } catch (error) {
    if (error instanceof ZipError) throw error;
    throw new ZipError(`cannot be unpacked: ${(error as Error).message}`);
  } finally {
    inflate.destroy();
  }
}

async function feed(packed: AsyncIterable<Uint8Array>, inflate: ReturnType<typeof createInflateRaw>): Promise<void> {
  try {
    for await (const piece of packed) {
      if (inflate.destroyed) return;
      if (!inflate.write(piece)) await drained(inflate);
    }
    inflate.end();
  } catch (error) {
    inflate.destroy(error as Error);
  }
}

function drained(inflate: ReturnType<typeof createInflateRaw>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      inflate.off('drain', done);
      inflate.off('close', done);
      resolve();
    };
    inflate.on('drain', done);
    inflate.on('close', done);
  });
}

async function directoryOf(file: FileHandle): Promise<ZipEntry[]> {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, END_BYTES + COMMENT_MAX_BYTES);
  const tail = await bytesAt(file, size - tailBytes, tailBytes);
  const end = endOfDirectory(tail);
  const count = tail.readUInt16LE(end + 10);
  const length = tail.readUInt32LE(end + 12);
  const fromByte = tail.readUInt32LE(end + 16);
  if (fromByte === ZIP64 || length === ZIP64) throw new ZipError('is a zip archive of 4 GB or more');
  if (length > DIRECTORY_MAX_BYTES || fromByte + length > size) throw new ZipError('is a damaged zip archive');
  const directory = await bytesAt(file, fromByte, length);
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count;) {
    if (at + ENTRY_BYTES > length || directory.readUInt32LE(at) !== DIRECTORY_ENTRY)
      throw new ZipError('is a damaged zip archive');
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes),
      encrypted: (directory.readUInt16LE(at + 8) & ENCRYPTED_FLAG) !== 0,
      method: directory.readUInt16LE(at + 10),
      packedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      atByte: directory.readUInt32LE(at + 42),
    });
    at += ENTRY_BYTES + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** The end record is the last thing in the file but for a comment. */
function endOfDirectory(tail: Buffer): number {
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) === END_OF_DIRECTORY && at + END_BYTES + tail.readUInt16LE(at + 20) <= tail.length)
      return at;
  }
  throw new ZipError('is not a zip archive');
}

async function bytesAt(file: FileHandle, atByte: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, atByte + done);
    if (bytesRead === 0) throw new ZipError('ends too early');
    done += bytesRead;
  }
  return buffer;
}
