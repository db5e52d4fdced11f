// Brings batches into the store, in order, one append in flight, for as long as it takes. With a journal it keeps only so much in memory: what
// is beyond it, or from before a restart, is read from the journal when its turn comes. It acknowledges nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import { addTo, emptyBatch, joined, sizeOf } from './batch.ts';
import type { Batch, Taken } from './batch.ts';
import type { Entry } from './journal/entry.ts';
import type { Journal } from './journal/journal.ts';
import type { Logger } from './logger.ts';
import { StoreBusy } from './store.ts';
import type { AppendResult, Refusal, Store } from './store.ts';

/** What one append carries at most. */
const MAX_BATCH = 20_000;
/** Appends begin at least this far apart while acknowledgements do not wait for them: a database likes few and large ones. */
const PACE_MS = 250;
/** Records in memory that wait for the store while the journal has them too. */
const MAX_QUEUED = 100_000;

export interface Stored {
  readonly batch: Batch;
  readonly duplicates: number;
  readonly refused: readonly Refusal[];
}

export interface StoreWriterOptions {
  readonly store: Store;
  readonly log: Logger;
  /** Absent: acknowledgements wait for the store, so it is given everything at once. */
  readonly journal?: Journal;
  /** An entry of the journal, decoded again; undefined when it was refused meanwhile. */
  readonly decode: (entry: Entry) => Taken | undefined;
  readonly onStored: (stored: Stored) => void;
}

export class StoreWriter {
  readonly #options: StoreWriterOptions;
  readonly #stop = new AbortController();
  /** Oldest first. */
  #queue: Batch[] = [];
  /** Of the journal: everything up to here is stored. */
  #position = 0;
  /** What follows the queue is in the journal only. */
  #behind = false;
  #running: Promise<void> | undefined;
  #hurried = false;
  #begunMs = -Infinity;
  #fails = false;

  constructor(options: StoreWriterOptions) {
    this.#options = options;
  }

  /** The last attempt failed. */
  get fails(): boolean {
    return this.#fails;
  }

  /** Durable, and next in the journal's order where there is one; else it may still grow until it is closed here. */
  add(batch: Batch): void {
    this.#behind ||= this.#options.journal !== undefined && this.#queued + sizeOf(batch) > MAX_QUEUED;
    if (!this.#behind) this.#queue.push(batch);
    this.#start();
  }

  /** Gives everything after `position` of the journal to the store: from before a restart, or once more. */
  readFrom(position: number): void {
    this.#queue = [];
    this.#position = position;
    this.#behind = true;
    this.#start();
  }

  /** Stores what is queued, as far as `deadlineMs` allows. */
  async close(deadlineMs: number): Promise<void> {
    this.#hurried = true;
    const timer = new AbortController();
    await Promise.race([this.#running, sleep(deadlineMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    this.#stop.abort();
  }

  get #queued(): number {
    return this.#queue.reduce((sum, batch) => sum + sizeOf(batch), 0);
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // What one turn of the event loop brings goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#stop.signal.aborted && (this.#queue.length > 0 || this.#behind)) {
      if (this.#queue.length === 0) await this.#catchUp();
      else {
        await this.#pace();
        await this.#store(this.#next());
      }
    }
    this.#running = undefined;
  }

  async #pace(): Promise<void> {
    if (this.#options.journal === undefined || this.#hurried || this.#queued >= MAX_BATCH) return;
    const waitMs = this.#begunMs + PACE_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  /** As many queued batches as one append may carry, at least one. */
  #next(): Batch {
    let size = 0;
    const end = this.#queue.findIndex((batch, at) => (size += sizeOf(batch)) > MAX_BATCH && at > 0);
    const batches = this.#queue.splice(0, end === -1 ? this.#queue.length : end);
    for (const batch of batches) batch.closed = true;
    return joined(batches);
  }

  /** Reads on in the journal, to its end. */
  async #catchUp(): Promise<void> {
    const journal = this.#options.journal!;
    let batch = emptyBatch();
    for await (const { first, entries } of journal.read(this.#position)) {
      for (const [at, entry] of entries.entries()) {
        const taken = this.#options.decode(entry);
        if (taken) addTo(batch, taken);
        batch.last = first + at;
        if (sizeOf(batch) < MAX_BATCH) continue;
        await this.#store(batch);
        if (this.#stop.signal.aborted) return;
        batch = emptyBatch();
      }
    }
    if (batch.last > 0) await this.#store(batch);
    // What became durable since is read in another round; what does so from now on comes by `add`.
    this.#behind = journal.state.durableSequence > this.#position;
  }

  async #store(batch: Batch): Promise<void> {
    const { journal, log, onStored } = this.#options;
    this.#begunMs = performance.now();
    const result = sizeOf(batch) > 0 ? await this.#append(batch) : { duplicates: 0 };
    if (result === undefined) return;
    if (journal) {
      this.#position = batch.last;
      await journal.stored(batch.last, true);
    }
    try {
      onStored({ batch, duplicates: result.duplicates, refused: result.refused ?? [] });
    } catch (error) {
      log.error({ error: (error as Error).stack }, 'a stored batch was not shown');
    }
  }

  /** Until it succeeds. @returns undefined when the api closes first */
  async #append({ records, suspects, events, suspectEvents, last }: Batch): Promise<AppendResult | undefined> {
    const { store, log, journal } = this.#options;
    const backoff = new Backoff();
    let suspected: readonly number[] = suspects;
    for (let failed = false; ; failed = true) {
      try {
        const batch = { records, suspects: suspected, events, ...(journal && { position: last }) };
        const { duplicates, ...more } = await store.append(batch);
        this.#fails = false;
        // After an attempt that failed there may be more than were suspected: it had stored them after all.
        return { ...more, duplicates: failed ? Math.min(duplicates, suspects.length + suspectEvents) : duplicates };
      } catch (error) {
        this.#fails = true;
        suspected = [...records.keys()];
        const waitMs = Math.max(backoff.nextMs(), error instanceof StoreBusy ? error.retryAfterMs : 0);
        log.warn({ error: (error as Error).message, waitMs }, 'the store took no batch, trying again');
        if (this.#stop.signal.aborted) return undefined;
        await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
        if (this.#stop.signal.aborted) return undefined;
      }
    }
  }
}
