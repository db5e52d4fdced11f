// After a restart: which records the journal holds that the store does not have yet, so that they are shown, and their copies and gaps
// between them known again. It takes its time beside new messages; until it is done the store finds out which of those it has already.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { addTo, emptyBatch, sizeOf } from './batch.ts';
import type { Batch, Taken } from './batch.ts';
import type { Entry, Group } from './journal/entry.ts';
import type { Kind } from './kinds.ts';

/** Then it is the turn of new messages. */
const SLICE_MS = 3;

interface Unjudged {
  readonly kind: Kind;
  readonly handle: number;
  readonly ts: number;
  readonly seq: number;
}

export class Recall {
  #running = false;
  /** Taken meanwhile: they are judged in their turn. */
  #since: Unjudged[] = [];

  get isRunning(): boolean {
    return this.#running;
  }

  /** `groups` up to and with sequence `until`. Rejects when they cannot be read; then it goes on running, and nothing is taken for certainly new. */
  async run(
    groups: AsyncIterable<Group>,
    until: number,
    decode: (entry: Entry) => Taken,
    show: (batch: Batch) => void,
  ): Promise<void> {
    this.#running = true;
    let begunMs = performance.now();
    for await (const { first, entries } of groups) {
      const batch = emptyBatch();
      for (const entry of entries.slice(0, Math.max(0, until - first + 1))) judge(entry, decode, batch);
      if (sizeOf(batch) > 0) show(batch);
      if (first + entries.length > until) break;
      if (performance.now() < begunMs + SLICE_MS) continue;
      await nextTurn();
      begunMs = performance.now();
    }
    for (const { kind, handle, ts, seq } of this.#since) kind.identity.judge(handle, ts, seq);
    this.#since = [];
    this.#running = false;
  }

  /** One that came in while it runs. */
  defer(kind: Kind, handle: number, { ts, seq }: { readonly ts: number; readonly seq: number }): void {
    this.#since.push({ kind, handle, ts, seq });
  }
}

function judge(entry: Entry, decode: (entry: Entry) => Taken, batch: Batch): void {
  try {
    const taken = decode(entry);
    const { kind, handle, message } = taken;
    kind.identity.judge(handle, message.ts, message.seq);
    addTo(batch, taken, entry.payload.length);
  } catch {
    // What is wrong with it is told when its turn to be stored comes.
  }
}
