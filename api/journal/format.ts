// Format 1 of the journal's files, byte by byte, little-endian. A segment: its header twice, then records; a record: a head, then the
// entries of a group or of a part of one. It touches no file.
//   header  40 B  "CTLG", u32 version, u64 salt, u64 first sequence, u64 last sequence before it, u32 crc of these, u32 0
//   head    24 B  u32 magic, u32 body bytes, u32 crc, u32 entries, u64 sequence of the first; crc: of what follows it, salted
//   entry   u32 bytes after this, u8 flags, f64 receivedMs, u16 topic bytes, topic (UTF-8), payload
// Checksums are CRC-32 (IEEE, as in zlib). Magic and version stay where they are in every format to come.
import { crc32 } from 'node:zlib';

export const VERSION = 1;
/** Beyond it lies damage, not the future. */
const MAX_VERSION = 1000;
const HEADER_COPY_BYTES = 40;
/** Twice: without its salt no record of a segment could be told from garbage, and one bad byte must not cost a segment. */
export const HEADER_BYTES = 2 * HEADER_COPY_BYTES;
export const HEAD_BYTES = 24;
export const ENTRY_HEAD_BYTES = 15;
/** Head, topic and payload of one entry; a topic is counted with three bytes for each of its UTF-16 units. */
export const MAX_ENTRY_BYTES = 512 << 10;
/** A writer closes a record long before: what is longer is damaged. */
export const MAX_BODY_BYTES = 2 << 20;
const FILE_MAGIC = 'CTLG';
/** "LCRG" read as text. */
const RECORD_MAGIC = 0x4752434c;
export const RECORD_MAGIC_BYTES: Buffer = Buffer.from([0x4c, 0x43, 0x52, 0x47]);
const UINT32 = 2 ** 32;

export interface Header {
  readonly salt: number;
  /** Sequence of the first entry. */
  readonly first: number;
  /** The last one before it: first − 1, or less where numbers were left out on purpose. */
  readonly previous: number;
}

export interface RecordHead {
  readonly bodyBytes: number;
  readonly crc: number;
  readonly count: number;
  readonly first: number;
}

export class NewerFormat extends Error {
  readonly version: number;

  constructor(version: number) {
    super(`format ${version}, expected ${VERSION}`);
    this.version = version;
  }
}

/** value: integer ≥ 0 below 2^53 */
function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % UINT32, true);
  view.setUint32(at + 4, Math.floor(value / UINT32), true);
}

/** @returns NaN where the number is no safe integer */
function getUint64(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at + 4) * UINT32 + bytes.readUInt32LE(at);
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}

/** `salt`: 8 random bytes */
export function encodeHeader(salt: Uint8Array, first: number, previous: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const view = new DataView(header.buffer, header.byteOffset);
  header.write(FILE_MAGIC, 0, 'latin1');
  header.writeUInt32LE(VERSION, 4);
  header.set(salt, 8);
  setUint64(view, 16, first);
  setUint64(view, 24, previous);
  header.writeUInt32LE(crc32(header.subarray(0, 32)), 32);
  header.copy(header, HEADER_COPY_BYTES, 0, HEADER_COPY_BYTES);
  return header;
}

/** @returns undefined when both copies are damaged. @throws NewerFormat */
export function decodeHeader(bytes: Buffer): Header | undefined {
  const found = [0, HEADER_COPY_BYTES].map((at) => headerAt(bytes, at));
  const good = found.find((header) => typeof header === 'object');
  if (good) return good;
  // A header of another format may be of any length: its first copy is what counts. One flipped bit leaves a good second copy of ours, and
  // what overwrites both rarely leaves a version that could be one.
  const [version] = found;
  if (typeof version === 'number' && version < MAX_VERSION) throw new NewerFormat(version);
  return undefined;
}

/** @returns the version where that is not ours, undefined where the bytes are no header */
function headerAt(bytes: Buffer, at: number): Header | number | undefined {
  if (bytes.length < at + 8 || bytes.toString('latin1', at, at + 4) !== FILE_MAGIC) return undefined;
  const version = bytes.readUInt32LE(at + 4);
  if (version !== VERSION) return version;
  if (bytes.length < at + HEADER_COPY_BYTES) return undefined;
  if (crc32(bytes.subarray(at, at + 32)) !== bytes.readUInt32LE(at + 32)) return undefined;
  return {
    salt: bytes.readUInt32LE(at + 8),
    first: getUint64(bytes, at + 16),
    previous: getUint64(bytes, at + 24),
  };
}

/** All of a record's head but the crc, which needs the salt of the segment. */
export function startRecord(view: DataView, at: number, bodyBytes: number, count: number, first: number): void {
  view.setUint32(at, RECORD_MAGIC, true);
  view.setUint32(at + 4, bodyBytes, true);
  view.setUint32(at + 12, count, true);
  setUint64(view, at + 16, first);
}

/** Puts the crc into every record of a group. */
export function signRecords(group: Buffer, salt: number): void {
  for (let at = 0; at < group.length;) {
    const bodyBytes = group.readUInt32LE(at + 4);
    group.writeUInt32LE(crcOf(group, at, bodyBytes, salt), at + 8);
    at += HEAD_BYTES + bodyBytes;
  }
}

/** @returns undefined where no record can begin; what is returned may still fail its crc */
export function decodeHead(bytes: Buffer, at: number): RecordHead | undefined {
  if (bytes.readUInt32LE(at) !== RECORD_MAGIC) return undefined;
  const bodyBytes = bytes.readUInt32LE(at + 4);
  const count = bytes.readUInt32LE(at + 12);
  const first = getUint64(bytes, at + 16);
  const isPlausible = count > 0 && bodyBytes >= count * ENTRY_HEAD_BYTES && bodyBytes <= MAX_BODY_BYTES && first > 0;
  return isPlausible ? { bodyBytes, crc: bytes.readUInt32LE(at + 8), count, first } : undefined;
}

/** The whole record must be within `bytes`. */
export function isIntact(bytes: Buffer, at: number, { bodyBytes, crc }: RecordHead, salt: number): boolean {
  return crcOf(bytes, at, bodyBytes, salt) === crc;
}

/** Salted, so that a payload that imitates a record is never taken for one. */
function crcOf(bytes: Buffer, at: number, bodyBytes: number, salt: number): number {
  return crc32(bytes.subarray(at + 12, at + HEAD_BYTES + bodyBytes), (salt ^ bodyBytes) >>> 0);
}
