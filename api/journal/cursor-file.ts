// Where a store stands that keeps no position itself: two slots of one small file, written in turn, so that one of them is always whole.
//   slot  32 B  "CTCU", u32 version, u64 generation, u64 sequence, u32 crc of these, u32 0
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { NewerFormat, VERSION } from './format.ts';
import { syncFolder } from './sync-folder.ts';

const SLOT_BYTES = 32;
const MAGIC = 'CTCU';
const NAME = 'cursor';

interface Slot {
  readonly generation: bigint;
  readonly sequence: number;
}

export class CursorFile {
  readonly #file: FileHandle;
  #newest: Slot | undefined;

  private constructor(file: FileHandle, newest: Slot | undefined) {
    this.#file = file;
    this.#newest = newest;
  }

  /** A file without a whole slot is as good as none: the store is filled again. @throws NewerFormat */
  static async open(folder: string): Promise<CursorFile> {
    const file = await openOrCreate(folder);
    try {
      const bytes = await file.readFile();
      const slots = [0, SLOT_BYTES].map((at) => decodeSlot(bytes.subarray(at, at + SLOT_BYTES)));
      const [newest] = slots
        .filter((slot) => slot !== undefined)
        .toSorted((a, b) => (a.generation < b.generation ? 1 : -1));
      return new CursorFile(file, newest);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get sequence(): number | undefined {
    return this.#newest?.sequence;
  }

  /** Resolves when it is durable; one at a time. */
  async write(sequence: number): Promise<void> {
    const slot = { generation: (this.#newest?.generation ?? 0n) + 1n, sequence };
    await this.#file.write(encodeSlot(slot), 0, SLOT_BYTES, Number(slot.generation % 2n) * SLOT_BYTES);
    await this.#file.datasync();
    this.#newest = slot;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Its bytes are there from the start: a full disk must not keep anybody from saying what may be deleted. */
async function openOrCreate(folder: string): Promise<FileHandle> {
  const path = join(folder, NAME);
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return open(path, 'w+');
    throw error;
  });
  if ((await file.stat()).size > 0) return file;
  await file.write(Buffer.alloc(2 * SLOT_BYTES), 0, 2 * SLOT_BYTES, 0).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC') throw error;
  });
  await syncFolder(folder);
  return file;
}

function encodeSlot({ generation, sequence }: Slot): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES);
  slot.write(MAGIC, 0, 'latin1');
  slot.writeUInt32LE(VERSION, 4);
  slot.writeBigUInt64LE(generation, 8);
  slot.writeBigUInt64LE(BigInt(sequence), 16);
  slot.writeUInt32LE(crc32(slot.subarray(0, 24)), 24);
  return slot;
}

function decodeSlot(slot: Buffer): Slot | undefined {
  if (slot.length < SLOT_BYTES || slot.toString('latin1', 0, 4) !== MAGIC) return undefined;
  if (crc32(slot.subarray(0, 24)) !== slot.readUInt32LE(24)) return undefined;
  const version = slot.readUInt32LE(4);
  if (version !== VERSION) throw new NewerFormat(version);
  return { generation: slot.readBigUInt64LE(8), sequence: Number(slot.readBigUInt64LE(16)) };
}
