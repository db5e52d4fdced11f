// Copies of damaged segments, kept for whoever wants to see what happened; a few of them, so that damage cannot fill the disk.
import { constants, copyFile, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER = 'damaged';
const MAX_KEPT = 4;

/** Copies a segment into the folder `damaged` unless it is there, or enough others are. Where it cannot, there is no copy. */
export async function keepAside(folder: string, name: string): Promise<void> {
  const target = join(folder, FOLDER);
  try {
    await mkdir(target, { recursive: true });
    const kept = await readdir(target);
    if (kept.includes(name) || kept.length >= MAX_KEPT) return;
    await copyFile(join(folder, name), join(target, name), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch {
    // A copy is a convenience; the damage itself is reported by who found it.
  }
}

/** A segment of which nothing can be read goes there itself. */
export async function moveAside(folder: string, name: string): Promise<void> {
  await mkdir(join(folder, FOLDER), { recursive: true });
  await rename(join(folder, name), join(folder, FOLDER, name));
}
