// The journal when its process is killed, its disk fills up or fails: what was promised is there, and nothing more is promised than that.
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canTrace, itWith } from '../parts.ts';
import { checkLife, killAgainAndAgain, live } from './journal-lives.ts';
import {
  appendAll,
  entryOf,
  isEntryOf,
  MB,
  openJournal,
  readAll,
  removeFolder,
  temporaryFolder,
} from './journal-life.ts';

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => removeFolder(folder));

function mount(...args: string[]): boolean {
  return spawnSync('mount', args).status === 0;
}

function unmount(at: string): void {
  spawnSync('umount', ['-l', at]);
}

function canMount(): boolean {
  const at = temporaryFolder();
  try {
    return process.platform === 'linux' && mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at);
  } finally {
    unmount(at);
    removeFolder(at);
  }
}

describe('a journal whose process is killed', { timeout: 60_000 }, () => {
  it('has everything that was durable, in order and nothing else, three times in one folder', async () => {
    expect(await killAgainAndAgain(folder, 3, (life) => 5 + 40 * life)).toBeGreaterThan(1000);
  });
});

describe('a journal whose disk fails', { timeout: 60_000 }, () => {
  itWith({ strace: canTrace() }, 'promises nothing after a sync that failed, and says so within a second', async () => {
    // The first sync of the thread is that of a new segment, then there is one for each group.
    const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=4+'];
    const life = await live(folder, { command: ['strace', '-f', '-qq', '-o', '/dev/null', ...inject] });
    const fatal = life.lines.findIndex((line) => line.startsWith('fatal'));
    expect(life.lines[fatal]).toMatch(/can promise nothing any more: EIO/);
    expect(life.lines.slice(fatal + 1)).toEqual([]);
    expect(life.lines.filter((line) => /^\d/.test(line)).length).toBeLessThanOrEqual(2);
    expect(life).toMatchObject({ code: 70 });
    expect(life.endedMs).toBeLessThan(1000);
    expect(life.durable).toBeGreaterThan(0);
    expect(await checkLife(folder, life, 0)).toBeGreaterThanOrEqual(life.durable);
  });

  itWith({ strace: canTrace() }, 'does not call a failed write a full disk', async () => {
    const inject = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=EIO:when=20+'];
    const life = await live(folder, { command: ['strace', '-f', '-qq', '-o', '/dev/null', ...inject] });
    expect(life).toMatchObject({ code: 70 });
    await checkLife(folder, life, 0);
  });
});

describe('a journal whose disk is full', { timeout: 60_000 }, () => {
  itWith({ 'root to mount a tmpfs': canMount() }, 'stops, and goes on by itself when the disk grows', () =>
    onDisk(16, async () => {
      const journal = await openJournal(folder);
      const count = await fill(journal);
      expect(journal.state).toMatchObject({ level: 'full', waitsForDisk: true });
      const { durableSequence } = journal.state;
      expect(durableSequence).toBeGreaterThan(10_000);
      expect((await readAll(journal.read(0))).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: durableSequence }, (_, index) => index + 1),
      );
      const room = new Promise<void>((resolve) => journal.onRoom(resolve));
      expect(mount('-o', 'remount,size=64m', folder)).toBe(true);
      await room;
      await appendAll(journal, count + 1, 100);
      const entries = await readAll(journal.read(0));
      expect(entries).toHaveLength(count + 100);
      expect(entries.every((entry, index) => entry.sequence === index + 1 && isEntryOf(index + 1, entry))).toBe(true);
      await journal.close();
    }),
  );

  itWith(
    { 'root to mount a tmpfs': canMount() },
    'goes on when entries are stored, opens and closes while it is full',
    () =>
      onDisk(16, async () => {
        let journal = await openJournal(folder, { segmentBytes: MB });
        await fill(journal);
        const { durableSequence } = journal.state;
        await journal.close();
        journal = await openJournal(folder, { segmentBytes: MB });
        const { sequence, durable } = journal.append(entryOf(1, 500_000));
        expect(sequence).toBe(durableSequence + 1);
        await journal.stored(durableSequence - 1000, true);
        await durable;
        expect(journal.cursor()).toBe(durableSequence - 1000);
        expect(await readAll(journal.read(durableSequence - 1000))).toHaveLength(1001);
        await journal.close();
      }),
  );
});

async function onDisk(sizeMb: number, body: () => Promise<void>): Promise<void> {
  expect(mount('-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder)).toBe(true);
  try {
    await body();
  } finally {
    unmount(folder);
  }
}

/** Appends until the disk takes no more. @returns entries handed in */
async function fill(journal: Awaited<ReturnType<typeof openJournal>>): Promise<number> {
  let number = 0;
  while (!journal.state.waitsForDisk) {
    for (let turn = 0; turn < 200 && !journal.isFull; turn++) journal.append(entryOf(++number, 400));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return number;
}
