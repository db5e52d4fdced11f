// One process at a time in a folder. Node has no file lock, SQLite has: the lock of its file is the kernel's, so it is free the moment its
// process is gone, however that ended and whatever process has its number now. Nothing is ever written into the file.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/** @returns what releases it. @throws Error naming the folder */
export function lockFolder(folder: string): () => void {
  const database = new DatabaseSync(join(folder, 'lock'));
  try {
    // SQLite's own journal stays in memory.
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const { errcode, message } = error as { errcode?: number; message: string };
    throw new Error(
      errcode === SQLITE_BUSY
        ? `the journal ${folder} is in use by another process, expected one that nobody else has open`
        : `the journal ${folder} cannot be locked: ${message}`,
      { cause: error },
    );
  }
  return () => database.close();
}
