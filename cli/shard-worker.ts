// A shard in its own thread: builds it from the first message, then advances as it is told.
import { parentPort, workerData } from 'node:worker_threads';
import { loadModels } from '../simulator/kinds.ts';
import { cityOf } from './city.ts';
import { Shard } from './shard.ts';
import type { Companions, RunTask, ShardResult } from './shard.ts';

export interface ShardWorkerData {
  readonly task: RunTask;
  readonly kinds: readonly string[];
  readonly companions: Companions;
}

export type ShardMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'advanced'; readonly simTimeMs: number }
  | { readonly type: 'result'; readonly result: ShardResult };

const port = parentPort!;
const { task, kinds, companions } = workerData as ShardWorkerData;
const shard = new Shard(task, kinds, { city: await cityOf(task), models: await loadModels(), companions });
const say = (message: ShardMessage) => port.postMessage(message);

port.on('message', (order: { readonly advanceTo: number } | 'result') => {
  if (order === 'result') {
    say({ type: 'result', result: shard.result() });
    port.close();
    return;
  }
  shard.advanceTo(order.advanceTo);
  say({ type: 'advanced', simTimeMs: shard.simTimeMs });
});
say({ type: 'ready' });
