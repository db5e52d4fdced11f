// How far a backfill has come, in a small file beside the data: a simulator that was killed goes on from there.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BackfillOptions } from '../simulator/backfill.ts';
import { UsageError } from './options.ts';
import { monotonicMs } from './wiring.ts';

/** What must be the same for two attempts to be one backfill. */
interface Identity {
  readonly scenarioHash: string;
  readonly seed: number;
  readonly fleets: { readonly [kind: string]: number };
  readonly utcOffsetMin: number;
}

export interface BackfillProgress extends Identity {
  readonly fromMs: number;
  /** The store has everything up to this simulated time. */
  readonly settledMs: number;
  readonly done: boolean;
}

interface Task {
  readonly scenario: { readonly hash: string };
  readonly fleets: { readonly [kind: string]: number };
  readonly seed: number;
  readonly startMs: number;
  readonly utcOffsetMin: number;
}

export const progressFile = (dataFolder: string): string => join(dataFolder, 'backfill.json');

/** What the file tells; undefined when there is none. @throws UsageError when it cannot be read */
export function noted(file: string): BackfillProgress | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BackfillProgress;
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}; delete it to begin anew`);
  }
}

/** The attempt that the file tells of and that has not ended; undefined when there is none. @throws UsageError for another run's */
export function unfinishedBackfill(
  file: string,
  task: Omit<Task, 'startMs' | 'utcOffsetMin'>,
): BackfillProgress | undefined {
  const progress = noted(file);
  if (progress === undefined || progress.done) return undefined;
  const same =
    progress.scenarioHash === task.scenario.hash &&
    progress.seed === task.seed &&
    JSON.stringify(progress.fleets) === JSON.stringify(task.fleets);
  if (!same) {
    throw new UsageError(
      `${file} is of an unfinished backfill with seed ${progress.seed} and other settings; a store holds one run at a time: go on with those, or use another --data folder`,
    );
  }
  return progress;
}

/** For a simulator: where it begins, what is stored already, and where it notes its progress. */
export function openBackfill(file: string, task: Task, presentMs: () => number): BackfillOptions {
  const before = unfinishedBackfill(file, task);
  const fromMs = before?.fromMs ?? task.startMs;
  const identity = {
    scenarioHash: task.scenario.hash,
    seed: task.seed,
    fleets: task.fleets,
    utcOffsetMin: task.utcOffsetMin,
  };
  mkdirSync(dirname(file), { recursive: true });
  const write = (settledMs: number, done: boolean) => {
    const progress: BackfillProgress = { ...identity, fromMs, settledMs, done };
    writeFileSync(`${file}.new`, JSON.stringify(progress), { flush: true });
    renameSync(`${file}.new`, file);
  };
  const settledMs = before?.settledMs ?? fromMs;
  return { fromMs, settledMs, presentMs, now: monotonicMs, onSettled: write };
}
