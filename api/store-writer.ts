// Brings batches into the store, in order, one append in flight. With a journal it keeps only so much in memory: what is beyond it, from
// before a restart, or lost by the database, is read from the journal when its turn comes. It acknowledges nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import { MAX_BATCH_BYTES, emptyQueuedBatch, join, packInto, sizeOf } from './batch.ts';
import type { Batch, QueuedBatch, Taken, WaitingBatch } from './batch.ts';
import type { Entry } from './journal/entry.ts';
import type { Journal } from './journal/journal.ts';
import type { Logger } from './logger.ts';
import { PackedRecords } from './packed-records.ts';
import { PatientStore } from './patient-store.ts';
import type { Refusal, Store } from './store.ts';
import { StoreLife } from './store-life.ts';

/** What one append carries at most: the further behind the store is, the less each record costs it. */
const MAX_BATCH = 50_000;
/** So many do not wait for more. */
const PROMPT_BATCH = 20_000;
/** Appends begin at least this far apart while acknowledgements do not wait for them: a database likes few and large ones. */
const PACE_MS = 250;
/** Records in memory that wait for the store while the journal has them too. */
const MAX_QUEUED = 250_000;
/** Of their payloads, as received. */
const MAX_QUEUED_BYTES = 64 << 20;
/** A database may have been started again between two appends. */
const LOOK_MS = 10_000;

export interface Stored {
  readonly batch: WaitingBatch;
  readonly duplicates: number;
  readonly refused: readonly Refusal[];
}

export interface StoreWriterOptions {
  readonly store: Store;
  readonly log: Logger;
  /** Absent: acknowledgements wait for the store, so it is given everything at once. */
  readonly journal?: Journal;
  /** An entry of the journal. @throws when it is of no use any more */
  readonly decode: (entry: Entry) => Taken;
  /** What is kept of it elsewhere, of refused ones, is kept before the journal forgets it. */
  readonly onStored: (stored: Stored) => Promise<void>;
  /** One that `decode` threw for. */
  readonly onUnusable: (entry: Entry, error: Error) => void;
  /** So many entries are damaged on disk. */
  readonly onLost: (count: number) => void;
  /** The process must end. */
  readonly onFatal: (error: Error) => void;
}

export class StoreWriter {
  readonly #options: StoreWriterOptions;
  readonly #stop = new AbortController();
  readonly #store: PatientStore;
  #life: StoreLife | undefined;
  #lookedMs = -Infinity;
  /** Oldest first. */
  #queue: WaitingBatch[] = [];
  /** The newest of the queue while it may grow; with a journal. */
  #growing: QueuedBatch | undefined;
  /** Of one that is stored, to be used again. */
  #spare: PackedRecords | undefined;
  #queued = 0;
  #queuedBytes = 0;
  /** Of the journal: everything up to here is stored. */
  #position = 0;
  /** Of the journal: what is up to here was told before; the database is given it once more. */
  #told = 0;
  /** What follows the queue is in the journal only. */
  #behind = false;
  #running: Promise<void> | undefined;
  #hurried = false;
  #begunMs = -Infinity;

  constructor(options: StoreWriterOptions) {
    this.#options = options;
    const { store, log } = options;
    const onFatal = (error: Error): void => {
      this.#stop.abort();
      options.onFatal(error);
    };
    this.#store = new PatientStore({ store, log, onFatal, stop: this.#stop.signal });
  }

  /** The last attempt failed. */
  get fails(): boolean {
    return this.#store.fails;
  }

  /** Durable, and next in the journal's order where there is one; else it may still grow until it is closed here. */
  add(batch: Batch): void {
    if (this.#options.journal === undefined) this.#queue.push(batch);
    else {
      this.#behind ||= !this.#hasRoom(batch);
      if (!this.#behind) this.#pack(batch);
    }
    this.#start();
  }

  /** Gives the store what the journal has after `position`; all that is still there, when the database was started again meanwhile. */
  async begin(position: number): Promise<void> {
    const { store, journal } = this.#options;
    this.#life = await StoreLife.open(store, journal!.folder);
    this.#position = position;
    this.#told = position;
    this.#behind = true;
    if (position > 0) await this.#look(false, false);
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

  #hasRoom(batch: Batch): boolean {
    return this.#queued + sizeOf(batch) <= MAX_QUEUED && this.#queuedBytes + batch.bytes <= MAX_QUEUED_BYTES;
  }

  /** At once: as objects, hundreds of milliseconds of records are what keeps the collector of garbage busy. */
  #pack(batch: Batch): void {
    if (this.#growing === undefined || !hasRoom(this.#growing, batch)) {
      this.#growing = emptyQueuedBatch(this.#spare);
      this.#spare = undefined;
      this.#queue.push(this.#growing);
    }
    join(this.#growing, batch);
    this.#count(batch, 1);
  }

  #count(batch: WaitingBatch, sign: 1 | -1): void {
    this.#queued += sign * sizeOf(batch);
    this.#queuedBytes += sign * batch.bytes;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    const backoff = new Backoff();
    // What one turn of the event loop brings goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#stop.signal.aborted && (this.#queue.length > 0 || this.#behind)) {
      if (this.#queue.length > 0) {
        await this.#pace();
        await this.#write(this.#next());
        continue;
      }
      try {
        await this.#catchUp();
      } catch (error) {
        log.error({ error: (error as Error).message }, 'the journal cannot be read, trying again');
        await this.#wait(backoff.nextMs());
      }
    }
    this.#running = undefined;
  }

  async #pace(): Promise<void> {
    if (this.#options.journal === undefined || this.#hurried) return;
    if (this.#queued >= PROMPT_BATCH || this.#queuedBytes >= MAX_BATCH_BYTES) return;
    const waitMs = this.#begunMs + PACE_MS - performance.now();
    if (waitMs > 0) await this.#wait(waitMs);
  }

  async #wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  /** The oldest, which grows no more. */
  #next(): WaitingBatch {
    const batch = this.#queue.shift()!;
    batch.closed = true;
    if (this.#options.journal) this.#count(batch, -1);
    return batch;
  }

  /** Reads on in the journal, to what is its end now. */
  async #catchUp(): Promise<void> {
    const journal = this.#options.journal!;
    const until = journal.state.durableSequence;
    let batch = emptyQueuedBatch();
    let next = Math.max(this.#position, journal.keptFrom) + 1;
    batch.last = next - 1;
    for await (const { first, last, entries } of journal.read(this.#position)) {
      this.#miss(next, first - 1);
      for (const [at, entry] of entries.entries()) {
        this.#take(batch, first + at, entry);
        if (sizeOf(batch) < MAX_BATCH && batch.bytes < MAX_BATCH_BYTES && batch.last !== this.#told) continue;
        if (!(await this.#write(batch))) return;
        batch = emptyQueuedBatch();
      }
      batch.last = last;
      next = last + 1;
    }
    if (next <= until) {
      this.#miss(next, until);
      batch.last = until;
    }
    if (batch.last > this.#position && !(await this.#write(batch))) return;
    // What became durable since is read in another round; what does so from now on comes by `add`.
    this.#behind = journal.state.durableSequence > this.#position;
  }

  #take(batch: QueuedBatch, sequence: number, entry: Entry): void {
    batch.last = sequence;
    try {
      packInto(batch, this.#options.decode(entry), entry.payload.length);
    } catch (error) {
      if (sequence > this.#told) this.#options.onUnusable(entry, error as Error);
    }
  }

  /** Entries `first` … `last` are damaged. */
  #miss(first: number, last: number): void {
    const count = last - Math.max(first - 1, this.#told);
    if (count > 0) this.#options.onLost(count);
  }

  /** → false: what follows in the journal is not what follows for the store. */
  async #write(batch: WaitingBatch): Promise<boolean> {
    const { journal } = this.#options;
    const isTold = journal !== undefined && batch.last <= this.#told;
    this.#begunMs = performance.now();
    const nothing = { duplicates: 0, failed: false, away: false, refused: [] };
    const result = sizeOf(batch) > 0 ? await this.#store.append(batch, journal && batch.last) : nothing;
    if (result === undefined) return false;
    if (!isTold) await this.#tell({ batch, duplicates: result.duplicates, refused: result.refused ?? [] });
    if (journal) {
      this.#position = batch.last;
      this.#told = Math.max(this.#told, batch.last);
      await journal.stored(batch.last, true);
    }
    this.#useAgain(batch);
    // Given once more it is not begun again on a guess: with a failure now and then that would never end.
    return !(await this.#look(result.failed, result.away && !isTold));
  }

  #useAgain({ records }: WaitingBatch): void {
    if (!(records instanceof PackedRecords)) return;
    records.clear();
    this.#spare = records;
  }

  async #tell(stored: Stored): Promise<void> {
    try {
      await this.#options.onStored(stored);
    } catch (error) {
      this.#options.log.error({ error: (error as Error).stack }, 'a stored batch was not shown');
    }
  }

  /** Begins again with all that the journal still has when the database has begun another life. → whether it has */
  async #look(failed: boolean, mayBe: boolean): Promise<boolean> {
    const { journal, log } = this.#options;
    const nowMs = performance.now();
    if (!journal || !this.#life || (!failed && nowMs < this.#lookedMs + LOOK_MS)) return false;
    this.#lookedMs = nowMs;
    if (!(await this.#life.isAnother(mayBe))) {
      await this.#life.note();
      return false;
    }
    const from = Math.min(journal.keptFrom, this.#position);
    log.info(
      { entries: this.#position - from },
      'the database was started again: it is given once more what the journal has',
    );
    this.#queue = [];
    this.#growing = undefined;
    this.#queued = 0;
    this.#queuedBytes = 0;
    this.#position = from;
    this.#behind = true;
    await journal.stored(from, true);
    await this.#life.note();
    return true;
  }
}

function hasRoom(growing: QueuedBatch, more: Batch): boolean {
  if (growing.closed) return false;
  return sizeOf(growing) + sizeOf(more) <= MAX_BATCH && growing.bytes + more.bytes <= MAX_BATCH_BYTES;
}
