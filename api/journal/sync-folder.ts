// Names that were created or removed in a folder are durable after this.
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Windows cannot sync a folder; NTFS keeps names in a journal of its own. */
const CAN_SYNC = process.platform !== 'win32';

export async function syncFolder(folder: string): Promise<void> {
  if (!CAN_SYNC) return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same, for a thread that has nothing else to do. */
export function syncFolderNow(folder: string): void {
  if (!CAN_SYNC) return;
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
