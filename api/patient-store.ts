// Hands batches to a store for as long as it takes: the store may be away, slow or full. It keeps no order of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import type { WaitingBatch } from './batch.ts';
import type { Logger } from './logger.ts';
import { StoreAway, StoreBusy, StoreFatal } from './store.ts';
import type { AppendResult, Store } from './store.ts';

export interface PatientStoreOptions {
  readonly store: Store;
  readonly log: Logger;
  /** Gives up. */
  readonly stop: AbortSignal;
  /** The store is of no use to this process any more. */
  readonly onFatal: (error: Error) => void;
}

export interface Appended extends AppendResult {
  /** An attempt failed before it succeeded. */
  readonly failed: boolean;
  /** One of them because the database was not there. */
  readonly away: boolean;
}

export class PatientStore {
  readonly #options: PatientStoreOptions;
  #fails = false;

  constructor(options: PatientStoreOptions) {
    this.#options = options;
  }

  /** The last attempt failed. */
  get fails(): boolean {
    return this.#fails;
  }

  /** Until it succeeds. position: of the journal, for a store that keeps it. → undefined when it gives up */
  async append(waiting: WaitingBatch, position?: number): Promise<Appended | undefined> {
    const { records, suspects, events, suspectEvents } = waiting;
    const { store, stop } = this.#options;
    const backoff = new Backoff();
    let suspected: readonly number[] = suspects;
    let away = false;
    for (let failed = false; ; failed = true) {
      try {
        const batch = { records, suspects: suspected, events, ...(position !== undefined && { position }) };
        const { duplicates, ...more } = await store.append(batch);
        this.#fails = false;
        // After an attempt that failed there may be more than were suspected: it had stored them after all.
        const certain = failed ? Math.min(duplicates, suspects.length + suspectEvents) : duplicates;
        return { ...more, duplicates: certain, failed, away };
      } catch (error) {
        this.#fails = true;
        away ||= error instanceof StoreAway;
        suspected = Array.from({ length: records.length }, (_, index) => index);
        if (!(await this.#rest(error as Error, backoff.nextMs())) || stop.aborted) return undefined;
      }
    }
  }

  /** → false when it is of no use to go on. */
  async #rest(error: Error, backoffMs: number): Promise<boolean> {
    const { log, stop, onFatal } = this.#options;
    if (error instanceof StoreFatal) {
      onFatal(error);
      return false;
    }
    const waitMs = Math.max(backoffMs, error instanceof StoreBusy ? error.retryAfterMs : 0);
    log.warn({ error: error.message, waitMs }, 'the store took no batch, trying again');
    if (!stop.aborted) await sleep(waitMs, undefined, { signal: stop }).catch(() => {});
    return true;
  }
}
