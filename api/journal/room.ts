// How much more may be written: quota and free disk, as one of three words. It measures the disk, and removes nothing.
import { statfs } from 'node:fs/promises';

/** Of the disk, for everything else on it. */
export const MIN_FREE_BYTES = 500e6;
/** Parts of the quota. */
const DEGRADED_SHARE = 0.7;
const FULL_SHARE = 0.9;

/** degraded: the store is behind, more than 70 % of the quota is used. full: more than 90 %, or the disk is. */
export type Level = 'ok' | 'degraded' | 'full';

export class Room {
  readonly maxBytes: number;
  readonly #folder: string;
  readonly #minFreeBytes: number;
  #freeBytes = Infinity;

  private constructor(folder: string, maxBytes: number, minFreeBytes: number) {
    this.#folder = folder;
    this.maxBytes = maxBytes;
    this.#minFreeBytes = minFreeBytes;
  }

  static async open(folder: string, maxBytes: number, minFreeBytes: number): Promise<Room> {
    const room = new Room(folder, maxBytes, minFreeBytes);
    await room.look();
    return room;
  }

  /** Of the disk, for us, when `look` was last called. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  get isShort(): boolean {
    return this.#freeBytes < this.#minFreeBytes;
  }

  level(bytes: number): Level {
    if (this.isShort || bytes > FULL_SHARE * this.maxBytes) return 'full';
    return bytes > DEGRADED_SHARE * this.maxBytes ? 'degraded' : 'ok';
  }

  async look(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    this.#freeBytes = bavail * bsize;
  }
}
