// The journal's segment files as they are known in memory: sizes, sequence numbers, age; and their removal, oldest first. It reads none.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentName } from './segment-writer.ts';
import { syncFolder } from './sync-folder.ts';

export interface Segment {
  /** Sequences of its first and its newest entry. */
  readonly first: number;
  last: number;
  /** All of it is durable. */
  bytes: number;
  /** When it last grew, wall ms. */
  changedMs: number;
}

export class Segments {
  readonly folder: string;
  /** Oldest first. */
  readonly #list: Segment[];
  #bytes: number;

  constructor(folder: string, list: readonly Segment[]) {
    this.folder = folder;
    this.#list = [...list];
    this.#bytes = list.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#list.length;
  }

  get oldest(): Segment | undefined {
    return this.#list[0];
  }

  pathOf({ first }: Segment): string {
    return join(this.folder, segmentName(first));
  }

  /** The oldest that has entries after `sequence`. */
  after(sequence: number): Segment | undefined {
    return this.#list.find(({ last }) => last > sequence);
  }

  has(segment: Segment): boolean {
    return this.#list.includes(segment);
  }

  /** A group up to `last` was appended to the segment that begins at `first`. */
  grow(first: number, last: number, endBytes: number, nowMs: number): void {
    let segment = this.#list.at(-1);
    if (segment?.first !== first) {
      segment = { first, last, bytes: 0, changedMs: nowMs };
      this.#list.push(segment);
    }
    this.#bytes += endBytes - segment.bytes;
    segment.last = last;
    segment.bytes = endBytes;
    segment.changedMs = nowMs;
  }

  /** Removes the oldest while `mayGo` says so; never the newest, which may still grow. @returns how many went */
  async remove(mayGo: (segment: Segment) => boolean): Promise<number> {
    let gone = 0;
    for (;;) {
      const [segment, next] = this.#list;
      if (!segment || !next || !mayGo(segment)) break;
      this.#list.shift();
      this.#bytes -= segment.bytes;
      await rm(this.pathOf(segment), { force: true });
      gone++;
    }
    if (gone > 0) await syncFolder(this.folder);
    return gone;
  }
}
