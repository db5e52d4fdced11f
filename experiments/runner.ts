// Lives all arms of an experiment with all seeds, on this thread and on others. The numbers do not depend on how many there are; what they
// come to is said elsewhere.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Experiment } from './experiment.ts';
import type { WorkerTask } from './runner-worker.ts';
import type { Samples } from './statistics.ts';
import { TaskBoard } from './task-board.ts';
import type { Assignment } from './task-board.ts';

/** A thread takes some 80 ms to start: less work than this is done sooner without, ms. */
const WORTH_THREADS_MS = 120;

export interface RunOptions extends Assignment {
  /** Threads in all, this one included; from 1. */
  readonly threads: number;
  /** Address of the module whose EXPERIMENTS has this one: other threads can be given a name, not functions. */
  readonly catalog?: string;
  /** Other threads help when there is more work than this. */
  readonly worthThreadsMs?: number;
  readonly onProgress?: (done: number, tasks: number) => void;
  readonly interrupted?: AbortSignal;
}

export interface Lived {
  /** 0 where a life was not lived. */
  readonly samples: Samples;
  /** Seeds by arm: all of them unless it was interrupted. */
  readonly done: { readonly [arm: string]: number };
  readonly complete: boolean;
}

/** Lives every arm with every seed, or as many as there is time for. @throws Error that names arm and seed when a life fails */
export async function runExperiment(experiment: Experiment, options: RunOptions): Promise<Lived> {
  const { interrupted, onProgress } = options;
  const board = new TaskBoard(experiment, options);
  const stopped = () => interrupted?.aborted === true;
  let crew: Crew | undefined;
  try {
    const startedMs = performance.now();
    while (!stopped() && board.liveNext()) {
      crew ??= hire(experiment, options, board, performance.now() - startedMs);
      onProgress?.(livesDone(board), board.tasks);
      // Lets Ctrl-C and the failures of others in.
      await nextTurn();
      crew.check();
    }
    await crew?.ended;
  } finally {
    await crew?.dismiss();
  }
  return { samples: board.samples(), done: board.done, complete: livesDone(board) === board.tasks };
}

const livesDone = (board: TaskBoard) => Object.values(board.done).reduce((sum, seeds) => sum + seeds, 0);

/** The other threads. */
interface Crew {
  /** @throws Error of one that failed */
  check(): void;
  /** When all have nothing left to do, or Ctrl-C ended them; rejects as soon as one fails. */
  readonly ended: Promise<unknown>;
  dismiss(): Promise<unknown>;
}

/** firstMs: how long one life took. */
function hire(experiment: Experiment, options: RunOptions, board: TaskBoard, firstMs: number): Crew {
  const { settings, firstSeed, seeds, threads, worthThreadsMs = WORTH_THREADS_MS, interrupted } = options;
  const { catalog = new URL('./catalog.ts', import.meta.url).href } = options;
  const left = board.tasks - 1;
  const size = firstMs * left > worthThreadsMs ? Math.min(threads - 1, left) : 0;
  const workerData: WorkerTask = { catalog, name: experiment.name, settings, firstSeed, seeds, memory: board.memory };
  const file = new URL('./runner-worker.ts', import.meta.url);
  const team = Array.from({ length: size }, () => new Worker(file, { workerData }));
  let failure: Error | undefined;
  const ended = Promise.all(team.map(endOf));
  ended.catch((error: Error) => (failure = error));
  const dismiss = () => Promise.all(team.map((worker) => worker.terminate()));
  interrupted?.addEventListener('abort', () => void dismiss());
  return {
    check() {
      if (failure !== undefined) throw failure;
    },
    ended,
    dismiss,
  };
}

function endOf(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}
