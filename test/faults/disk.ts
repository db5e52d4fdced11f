// A small disk of our own in memory, that fills up and gets room again. Linux, root.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MB = 1 << 20;

export class Disk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws Error where a tmpfs cannot be mounted */
  static async mount(sizeMb: number): Promise<Disk> {
    const folder = await mkdtemp(join(tmpdir(), 'citytwin-disk-'));
    run('mount', '-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder);
    return new Disk(folder);
  }

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }

  /** Nothing can be written any more. */
  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (let chunk = Buffer.alloc(MB); chunk.length >= 4096;) {
        try {
          if (writeSync(file, chunk) < chunk.length) chunk = chunk.subarray(0, chunk.length >> 1);
        } catch {
          chunk = chunk.subarray(0, chunk.length >> 1);
        }
      }
    } finally {
      closeSync(file);
    }
  }

  /** Makes it larger, and keeps what fills it. */
  grow(sizeMb: number): void {
    run('mount', '-o', `remount,size=${sizeMb}m`, this.folder);
  }

  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  async unmount(): Promise<void> {
    run('umount', '-l', this.folder);
    await rm(this.folder, { recursive: true, force: true });
  }
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
