// The main thread's end of the simulator's worker.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Logger } from './log.ts';
import type { StartMessage, WorkerMessage } from './simulator-worker.ts';

export interface SimulatorThread {
  /** Resolves when the descriptions are published and time runs. */
  start(message: StartMessage): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the thread; it builds the city right away. onFailed: the simulator cannot go on. */
export function startSimulatorThread(log: Logger, onFailed: (message: string) => void): SimulatorThread {
  const worker = new Worker(
    new URL(`simulator-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
  );
  const waiting = { started: () => {}, stopped: () => {} };
  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'log') log[message.level](message.message);
    else if (message.type === 'failed') onFailed(message.message);
    else waiting[message.type]();
  });
  worker.on('error', (error) => onFailed((error as Error).stack ?? String(error)));
  return {
    start: (message) =>
      new Promise((resolve) => {
        waiting.started = resolve;
        worker.postMessage(message);
      }),
    stop: async () => {
      const gone = once(worker, 'exit');
      worker.postMessage('stop');
      await gone;
    },
  };
}
