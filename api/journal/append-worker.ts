// The thread that appends: one group in, one write and one fdatasync, one answer. After an error that leaves open what is on the disk it
// never answers that anything is durable again.
import { parentPort, workerData } from 'node:worker_threads';
import { NoRoom, SegmentWriter } from './segment-writer.ts';
import type { SegmentWriterOptions } from './segment-writer.ts';

export interface AppendRequest {
  /** Records that lack their crc; comes back with the answer. */
  readonly buffer: ArrayBuffer;
  readonly bytes: number;
  /** Sequences of its entries. */
  readonly first: number;
  readonly last: number;
}

export type AppendAnswer =
  | {
      readonly kind: 'durable';
      readonly buffer: ArrayBuffer;
      /** First sequence of the segment it went to, and where that ends now. */
      readonly segment: number;
      readonly endBytes: number;
      readonly tookMs: number;
    }
  | { readonly kind: 'no-room'; readonly buffer: ArrayBuffer; readonly reason: string }
  | { readonly kind: 'fatal'; readonly reason: string };

const port = parentPort!;
const writer = new SegmentWriter(workerData as SegmentWriterOptions);
let isPoisoned = false;

function append({ buffer, bytes, first, last }: AppendRequest): AppendAnswer {
  const startedMs = performance.now();
  try {
    const { segment, endBytes } = writer.append(Buffer.from(buffer, 0, bytes), first, last);
    return { kind: 'durable', buffer, segment, endBytes, tookMs: performance.now() - startedMs };
  } catch (error) {
    const reason = (error as Error).message;
    if (error instanceof NoRoom) return { kind: 'no-room', buffer, reason };
    isPoisoned = true;
    return { kind: 'fatal', reason };
  }
}

port.on('message', (request: AppendRequest | 'close') => {
  if (request === 'close') {
    writer.close();
    port.close();
  } else if (!isPoisoned) {
    const answer = append(request);
    port.postMessage(answer, answer.kind === 'fatal' ? [] : [answer.buffer]);
  }
});
