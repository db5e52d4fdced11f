// Walks the records of one segment file in pieces of about 1 MB: intact ones in order, and where bytes are damaged, on to the next intact
// record. It changes nothing; what stands at the end and is no record is left to its caller.
import type { FileHandle } from 'node:fs/promises';
import { decodeHead, HEAD_BYTES, HEADER_BYTES, isIntact, RECORD_MAGIC_BYTES } from './format.ts';
import type { RecordHead } from './format.ts';

const READ_BYTES = 1 << 20;

export interface FoundRecord {
  readonly first: number;
  readonly count: number;
  /** A view: it stays as it is. */
  readonly body: Buffer;
}

/** Damaged bytes [from, to) of a segment, and the entries that were in them. */
export interface Hole {
  /** Name of the file. */
  readonly segment: string;
  readonly from: number;
  readonly to: number;
  /** Sequence number of the first lost entry. */
  readonly first: number;
  readonly lostEntries: number;
}

/** Where a scan begins, and after it where it stands. */
export interface ScanPlace {
  /** Of the next record, in the file. */
  at: number;
  /** Sequence of its first entry. */
  sequence: number;
}

export interface ScanOptions {
  readonly file: FileHandle;
  readonly name: string;
  readonly salt: number;
  /** Where the bytes to scan end. */
  readonly endBytes: number;
  readonly onHole: (hole: Hole) => void;
}

export function segmentStart(first: number): ScanPlace {
  return { at: HEADER_BYTES, sequence: first };
}

/** Records from `place` on, which moves behind each of them; afterwards `place.at` < endBytes when the end is no record. */
export async function* scan(options: ScanOptions, place: ScanPlace): AsyncGenerator<FoundRecord[]> {
  const { name, onHole } = options;
  const window = new Window(options);
  let found: FoundRecord[] = [];
  let foundBytes = 0;
  /** Where the next record is looked for: ahead of the place inside a hole. */
  let at = place.at;
  while (at + HEAD_BYTES <= options.endBytes) {
    if (foundBytes >= READ_BYTES) {
      yield found;
      found = [];
      foundBytes = 0;
    }
    const head = await window.recordAt(at, place.sequence);
    if (!head) {
      at = await window.nextMagic(at + 1);
      continue;
    }
    if (at !== place.at || head.first !== place.sequence)
      onHole({
        segment: name,
        from: place.at,
        to: at,
        first: place.sequence,
        lostEntries: head.first - place.sequence,
      });
    found.push({ first: head.first, count: head.count, body: window.slice(at + HEAD_BYTES, head.bodyBytes) });
    foundBytes += head.bodyBytes;
    at += HEAD_BYTES + head.bodyBytes;
    place.at = at;
    place.sequence = head.first + head.count;
  }
  if (found.length > 0) yield found;
}

/** A piece of the file in memory. A piece is never written over: views of it stay good. */
class Window {
  readonly #file: FileHandle;
  readonly #salt: number;
  readonly #endBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  /** Of its first byte, in the file. */
  #from = 0;

  constructor({ file, salt, endBytes }: ScanOptions) {
    this.#file = file;
    this.#salt = salt;
    this.#endBytes = endBytes;
  }

  holds(at: number, size: number): boolean {
    return at >= this.#from && at + size <= this.#from + this.#bytes.length;
  }

  slice(at: number, size: number): Buffer {
    return this.#bytes.subarray(at - this.#from, at - this.#from + size);
  }

  /** @returns undefined where no intact record with sequence numbers from `sequence` on begins */
  async recordAt(at: number, sequence: number): Promise<RecordHead | undefined> {
    if (!this.holds(at, HEAD_BYTES)) await this.#load(at, HEAD_BYTES);
    const head = decodeHead(this.#bytes, at - this.#from);
    if (!head || head.first < sequence) return undefined;
    const size = HEAD_BYTES + head.bodyBytes;
    if (at + size > this.#endBytes) return undefined;
    if (!this.holds(at, size)) await this.#load(at, size);
    return isIntact(this.#bytes, at - this.#from, head, this.#salt) ? head : undefined;
  }

  /** Where the next record may begin, at or after `at`; the end when nowhere. */
  async nextMagic(at: number): Promise<number> {
    let from = at;
    while (from + HEAD_BYTES <= this.#endBytes) {
      if (!this.holds(from, HEAD_BYTES)) await this.#load(from, HEAD_BYTES);
      const found = this.#bytes.indexOf(RECORD_MAGIC_BYTES, from - this.#from);
      if (found >= 0) return this.#from + found;
      from = this.#from + this.#bytes.length - RECORD_MAGIC_BYTES.length + 1;
    }
    return this.#endBytes;
  }

  /** So that `size` bytes from `at` on are there. @throws Error when the file is shorter than it was */
  async #load(at: number, size: number): Promise<void> {
    const length = Math.min(Math.max(size, READ_BYTES), this.#endBytes - at);
    const bytes = Buffer.allocUnsafeSlow(length);
    const kept = at >= this.#from ? this.#bytes.subarray(at - this.#from) : this.#bytes.subarray(0, 0);
    let filled = kept.copy(bytes);
    while (filled < length) {
      const { bytesRead } = await this.#file.read(bytes, filled, length - filled, at + filled);
      if (bytesRead === 0) throw new Error(`the file ends at byte ${at + filled}, expected ${this.#endBytes} bytes`);
      filled += bytesRead;
    }
    this.#bytes = bytes;
    this.#from = at;
  }
}
