// The main thread's end of the simulator's worker.
import { Worker } from 'node:worker_threads';
import type { LiveResult } from '../simulator/live.ts';
import type { CitySource } from './city.ts';
import type { Logger } from './log.ts';
import type { Sample, StartMessage, WorkerMessage } from './simulator-worker.ts';

export interface ThreadListeners {
  /** The simulator cannot go on. */
  onFailed(message: string): void;
  onProgress?(simTimeMs: number): void;
  onSent?(sample: Sample): void;
  /** The broker has acknowledged a sampled message: it is stored. */
  onStored?(key: string, atMs: number): void;
}

export interface Ending extends LiveResult {
  readonly out: number;
  readonly dropped: number;
}

export interface SimulatorThread {
  /** Resolves when the descriptions are published and time runs. */
  start(message: StartMessage): Promise<void>;
  /** Settles at the end of the scenario, or when it is stopped. */
  readonly ended: Promise<Ending>;
  /** Settles when the thread is gone, also when it is gone already. */
  stop(): Promise<void>;
}

/** Starts the thread; it builds the city right away. */
export function startSimulatorThread(
  log: Logger,
  listeners: ThreadListeners,
  { gtfs, city }: CitySource = {},
): SimulatorThread {
  const worker = new Worker(
    new URL(`simulator-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
    { workerData: { gtfs, city } },
  );
  let stopping = false;
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Ending>();
  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'log') log[message.level](message.message);
    else if (message.type === 'failed') listeners.onFailed(message.message);
    else if (message.type === 'progress') listeners.onProgress?.(message.simTimeMs);
    else if (message.type === 'sent') listeners.onSent?.(message.sample);
    else if (message.type === 'stored') listeners.onStored?.(message.key, message.atMs);
    else if (message.type === 'started') started.resolve();
    else if (message.type === 'ended') ended.resolve({ ...message.result, out: message.out, dropped: message.dropped });
  });
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.on('error', (error) => listeners.onFailed((error as Error).stack ?? String(error)));
  return {
    start: (message) => {
      worker.postMessage(message);
      return started.promise;
    },
    ended: ended.promise,
    stop: () => {
      if (!stopping) worker.postMessage('stop');
      stopping = true;
      return gone;
    },
  };
}
