// A thread that helps to live an experiment: takes lives from the shared board until none is left.
import { workerData } from 'node:worker_threads';
import type { Experiment } from './experiment.ts';
import { TaskBoard } from './task-board.ts';
import type { Assignment } from './task-board.ts';

export interface WorkerTask extends Assignment {
  /** Address of a module that exports EXPERIMENTS. */
  readonly catalog: string;
  readonly name: string;
  readonly memory: SharedArrayBuffer;
}

const task = workerData as WorkerTask;
const { EXPERIMENTS } = (await import(task.catalog)) as { readonly EXPERIMENTS: readonly Experiment[] };
const experiment = EXPERIMENTS.find(({ name }) => name === task.name);
if (experiment === undefined) throw new Error(`${task.catalog} has no experiment ${task.name}`);
const board = new TaskBoard(experiment, task, task.memory);
while (board.liveNext());
