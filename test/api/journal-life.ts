// Journals of tests: a folder of their own, entries whose content follows from their number, everything that is read back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry, Group } from '../../api/journal/entry.ts';
import { Journal } from '../../api/journal/journal.ts';
import type { JournalOptions } from '../../api/journal/journal.ts';
import type { Logger } from '../../api/logger.ts';

export const MB: number = 1 << 20;

/** What is logged is thrown away. */
export const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'citytwin-journal-'));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** A fatal error ends the test as an unhandled one. */
export function openJournal(folder: string, options: Partial<JournalOptions> = {}): Promise<Journal> {
  const onFatal = (error: Error) => {
    throw error;
  };
  return Journal.open({ folder, minFreeBytes: 0, lingerMs: 0, log: quiet, onFatal, ...options });
}

/** The `number`-th; `bytes` of payload, at least 16. */
export function entryOf(number: number, bytes = 100): Entry {
  const payload = Buffer.alloc(Math.max(16, bytes), number % 251);
  payload.write(String(number).padStart(16, '0'), 'latin1');
  return {
    topic: `city/wuxi/bus/bus-${number % 97}/telemetry`,
    payload,
    receivedMs: 1.8e12 + number / 4,
    flags: number % 256,
  };
}

/** Appends entries numbered from `from` on and waits until all of them are durable. */
export async function appendAll(journal: Journal, from: number, count: number, bytes?: number): Promise<void> {
  let durable = Promise.resolve();
  for (let number = from; number < from + count; number++) ({ durable } = journal.append(entryOf(number, bytes)));
  await durable;
}

export interface Numbered extends Entry {
  readonly sequence: number;
}

/** @throws Error when a group's numbers do not fit its entries, or do not ascend */
export async function readAll(groups: AsyncIterable<Group>): Promise<Numbered[]> {
  const all: Numbered[] = [];
  for await (const { first, last, entries } of groups) {
    const before = all.at(-1)?.sequence ?? 0;
    if (last !== first + entries.length - 1 || first <= before)
      throw new Error(`a group of ${entries.length} entries says ${first} … ${last}, after ${before}`);
    for (const [index, entry] of entries.entries()) all.push({ sequence: first + index, ...entry });
  }
  return all;
}

/** Whether it is what `entryOf` made. */
export function isEntryOf(number: number, entry: Entry): boolean {
  const expected = entryOf(number, entry.payload.length);
  return (
    entry.topic === expected.topic &&
    entry.receivedMs === expected.receivedMs &&
    entry.flags === expected.flags &&
    Buffer.compare(entry.payload, expected.payload) === 0
  );
}
