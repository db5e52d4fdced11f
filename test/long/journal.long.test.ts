// The journal at length: a thousand damages of each sort, ten kills under load, a backlog of a gigabyte.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cutAnywhere, flipAnywhere, garbageAnywhere } from '../api/journal-damage.ts';
import { appendAll, isEntryOf, MB, openJournal, removeFolder, temporaryFolder } from '../api/journal-life.ts';
import { killAgainAndAgain } from '../api/journal-lives.ts';

const RUNS = 1000;
const BACKLOG_BYTES = 1 << 30;
const OPEN_MS = 5000;

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => removeFolder(folder));

describe('the journal, at length', { timeout: 600_000 }, () => {
  it('gives back all that no damage has touched: cuts', () => cutAnywhere(RUNS));
  it('gives back all that no damage has touched: flipped bits', () => flipAnywhere(RUNS));
  it('gives back all that no damage has touched: garbage', () => garbageAnywhere(RUNS));

  it('has everything that was durable after ten kills under load', async () => {
    const last = await killAgainAndAgain(folder, 10, (life) => 3 + ((life * 37) % 90));
    console.log(`${last} entries were durable, none is missing`);
    expect(last).toBeGreaterThan(10_000);
  });

  it('opens with a backlog of 1 GB in less than five seconds, and gives all of it back', async () => {
    const journal = await openJournal(folder, { maxBytes: 2 * BACKLOG_BYTES });
    let next = 1;
    while (journal.state.bytes < BACKLOG_BYTES) {
      await appendAll(journal, next, 4000, 250);
      next += 4000;
    }
    await journal.close();
    const startedMs = performance.now();
    const again = await openJournal(folder, { maxBytes: 2 * BACKLOG_BYTES });
    await appendAll(again, next, 1);
    const openMs = performance.now() - startedMs;
    let number = 0;
    const before = process.memoryUsage().rss;
    let mostBytes = 0;
    for await (const { first, entries } of again.read(0)) {
      expect(first).toBe(number + 1);
      for (const entry of entries) if (!isEntryOf(++number, entry)) throw new Error(`entry ${number} is another one`);
      mostBytes = Math.max(mostBytes, process.memoryUsage().rss - before);
    }
    const readMs = performance.now() - startedMs - openMs;
    await again.close();
    const shown = [openMs, readMs].map((ms) => Math.round(ms));
    console.log(`1 GB, ${number} entries: first durable after ${shown[0]} ms, read and checked in ${shown[1]} ms`);
    expect(number).toBe(next);
    expect(openMs).toBeLessThan(OPEN_MS);
    expect(mostBytes).toBeLessThan(200 * MB);
  });
});
