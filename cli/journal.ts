// Where what is acknowledged waits for the store: beside the data. A store in memory has none.
import { join } from 'node:path';
import type { JournalOptions } from '../api/journal/journal.ts';
import type { Settings } from './options.ts';

/** A database that acknowledges before its disk has the data may have lost its newest minutes when it answers again. */
const KEEP_MS = 15 * 60_000;
/** Not to be restarted in the same process; sysexits.h: EX_IOERR. */
const EXIT_IO_ERROR = 74;

export function journalOf({ store, data }: Pick<Settings, 'store' | 'data'>): Omit<JournalOptions, 'log'> | undefined {
  if (store === 'memory') return undefined;
  return {
    folder: join(data, 'journal'),
    keepMs: store === 'duckdb' ? 0 : KEEP_MS,
    // Nothing more is acknowledged; whoever started it starts it again, and what is on disk is there.
    onFatal: () => setTimeout(() => process.exit(EXIT_IO_ERROR), 100),
  };
}
