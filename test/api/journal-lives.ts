// Processes that append to a journal and are killed: what they said is durable, and what is found in the folder afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isEntryOf, openJournal, readAll } from './journal-life.ts';

const CHILD = fileURLToPath(new URL('./journal-child.ts', import.meta.url));

export interface Life {
  /** Highest number that it said is durable, 0 without any. */
  readonly durable: number;
  /** Highest number that it was about to call stored: up to here segments may be gone. */
  readonly stored: number;
  /** Lines as they came. */
  readonly lines: readonly string[];
  readonly code: number | null;
  /** From its line `fatal` to its end. */
  readonly endedMs: number;
}

/** Runs a child under `command`, by default none, until it ends or has said `lines` lines: then it is killed at once. */
export async function live(
  folder: string,
  { entries = 1e9, lines = Infinity, command = [] }: { entries?: number; lines?: number; command?: readonly string[] },
): Promise<Life> {
  const [program = process.execPath, ...before] = command;
  const args = command.length > 0 ? [...before, process.execPath] : [];
  const child = spawn(program, [...args, CHILD, folder, String(entries)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const said: string[] = [];
  let fatalMs = Number.NaN;
  const reader = createInterface(child.stdout);
  reader.on('line', (line) => {
    said.push(line);
    if (line.startsWith('fatal')) fatalMs = performance.now();
    if (said.length === lines) child.kill('SIGKILL');
  });
  const closed = once(reader, 'close');
  const [code] = (await exited) as [number | null];
  const endedMs = performance.now() - fatalMs;
  await closed;
  const numbers = (prefix: RegExp) => said.flatMap((line) => prefix.exec(line)?.[1] ?? []).map(Number);
  return {
    durable: Math.max(0, ...numbers(/^\d+ (\d+)$/)),
    stored: Math.max(0, ...numbers(/^stored (\d+)$/)),
    lines: said,
    code,
    endedMs,
  };
}

/** Opens the folder as its next owner does. @returns the newest number. @throws Error when an entry is missing that had been durable */
export async function checkLife(folder: string, { durable, stored }: Life, storedBefore: number): Promise<number> {
  const journal = await openJournal(folder);
  const { keptFrom, recovered } = journal;
  const entries = await readAll(journal.read(0));
  await journal.close();
  const last = entries.at(-1)?.sequence ?? 0;
  const wrong = entries.find(
    (entry, index) => entry.sequence !== keptFrom + 1 + index || !isEntryOf(entry.sequence, entry),
  );
  if (wrong) throw new Error(`entry ${wrong.sequence} is not what was appended, or one before it is missing`);
  if (last < durable) throw new Error(`${durable} was durable, the newest there is ${last}`);
  if (keptFrom > Math.max(stored, storedBefore)) throw new Error(`stored up to ${stored}, deleted up to ${keptFrom}`);
  if (recovered.holes.length > 0) throw new Error(`holes without damage: ${JSON.stringify(recovered.holes)}`);
  return last;
}

/** Lives one after the other in one folder, each killed after `linesOf(life)` lines. @returns durable entries in all */
export async function killAgainAndAgain(
  folder: string,
  lives: number,
  linesOf: (life: number) => number,
): Promise<number> {
  let stored = 0;
  let last = 0;
  for (let count = 0; count < lives; count++) {
    const life = await live(folder, { lines: linesOf(count) });
    if (life.durable <= last) throw new Error(`a life said ${life.durable} after ${last}`);
    last = await checkLife(folder, life, stored);
    stored = Math.max(stored, life.stored);
  }
  return last;
}
