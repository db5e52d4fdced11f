// From a frame to a durable record: decode, check the time, tell duplicates, write to the journal, and only then say so: tickets settle and the
// rest of the api sees a record when it is on disk. in = stored + rejected + duplicates + dropped + backlog holds at every moment.
import { MAX_PAYLOAD_BYTES } from '../telemetry/json-codec.ts';
import type { CityClock } from './city-clock.ts';
import type { DeviceEvent, Frame, TelemetryRecord } from '../telemetry/messages.ts';
import { NoRoom } from '../telemetry/no-room.ts';
import { deviceTopic } from '../telemetry/topics.ts';
import { MAX_BATCH_BYTES, addTo, emptyBatch, sizeOf } from './batch.ts';
import type { Batch, Taken, WaitingBatch } from './batch.ts';
import { checkTime } from './believable-time.ts';
import { SUSPECT, causeOf, decode, decodeEntry } from './decoding.ts';
import type { Channel } from './decoding.ts';
import { Held } from './held.ts';
import type { Entry } from './journal/entry.ts';
import type { Journal } from './journal/journal.ts';
import type { Verdict } from './identity.ts';
import type { Kind, Kinds } from './kinds.ts';
import type { Logger } from './logger.ts';
import { Recall } from './recall.ts';
import type { Rejected } from './rejected.ts';
import type { Store } from './store.ts';
import { StoreWriter } from './store-writer.ts';
import type { Stored } from './store-writer.ts';
import { WaitingRoom } from './waiting-room.ts';
import type { Waiting } from './waiting-room.ts';

const MAX_BATCH = 20_000;
const DEFAULT_MAX_BACKLOG = 200_000;
/** Records that may wait for descriptions that have not come. */
const MAX_WAITING = 10_000;
/** The same in bytes, also of descriptions that the store is making room for. */
const MAX_WAITING_BYTES = 33_554_432;

export interface IngestOptions {
  readonly city: string;
  readonly store: Store;
  /** What is acknowledged is in it; absent: in the store. */
  readonly journal?: Journal;
  readonly kinds: Kinds;
  readonly rejected: Rejected;
  readonly log: Logger;
  /** Wall time, ms since 1970. */
  readonly now: () => number;
  /** The city's clock, when there is one. */
  readonly cityClock: Pick<CityClock, 'message' | 'latestMs'>;
  /** Told of what is durable, in order. */
  readonly onDurable: (batch: Batch) => void;
  /** The store is of no use to this process any more, whatever is tried. */
  readonly onFatal: (error: Error) => void;
  /** So much waits for room in the journal that nobody who sends should be read, or half of it is gone. */
  readonly onCrowd?: (isCrowded: boolean) => void;
  /** QoS 0 beyond it is dropped while acknowledgements wait for the store. */
  readonly maxBacklog?: number;
}

export interface IngestCounters {
  readonly in: number;
  /** Of those, from before the start: the journal had them, the store had not. */
  readonly recalled: number;
  readonly stored: number;
  readonly rejected: number;
  readonly duplicates: number;
  readonly dropped: number;
  readonly gaps: number;
  readonly restarts: number;
  readonly backlog: number;
}

/** A batch that still grows, and what its senders wait for. */
interface Filling {
  readonly batch: Batch;
  readonly ticket: Promise<void>;
}

/** When it is stored. */
interface Owed {
  readonly batch: Batch;
  readonly settle: () => void;
}

export class Ingest {
  readonly #options: IngestOptions;
  readonly #maxBacklog: number;
  readonly #waiting: WaitingRoom;
  readonly #writer: StoreWriter;
  readonly #recall = new Recall();
  /** The newest batch, also when it is closed: a duplicate waits for it. */
  #filling: Filling | undefined;
  /** Of batches on their way into the store, oldest first; without a journal. */
  readonly #owed = new Map<WaitingBatch, Owed>();
  /** Waits for room in the journal. */
  readonly #held: Held;
  #in = 0;
  #recalled = 0;
  #stored = 0;
  #rejected = 0;
  #duplicates = 0;
  #dropped = 0;
  #backlog = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#maxBacklog = options.maxBacklog ?? DEFAULT_MAX_BACKLOG;
    const { kinds, now, store, log, journal } = options;
    this.#held = new Held((isCrowded) => options.onCrowd?.(isCrowded));
    this.#waiting = new WaitingRoom(
      now,
      (kind) => !kinds.isDescribing(kind),
      (expired) => this.#expire(expired),
    );
    kinds.onSettled((name) => this.#release(name));
    this.#writer = new StoreWriter({
      store,
      log,
      ...(journal && { journal }),
      decode: this.#decode,
      onStored: (stored) => this.#account(stored),
      onUnusable: (entry, error) => this.#giveUp(entry, error),
      onLost: (count) => this.#lose(count),
      onFatal: options.onFatal,
    });
    journal?.onRoom(() => this.#letIn());
  }

  get storeFails(): boolean {
    return this.#writer.fails;
  }

  counters(): IngestCounters {
    return {
      in: this.#in,
      recalled: this.#recalled,
      stored: this.#stored,
      rejected: this.#rejected,
      duplicates: this.#duplicates,
      dropped: this.#dropped,
      ...this.#options.kinds.sequences,
      backlog: this.#backlog,
    };
  }

  /**
   * What the journal has after `position` counts, is shown, is known when it comes again, and is stored. Before `take`; rejects for what the
   * disk refuses. Resolves early: all of it is shown when `shown` resolves.
   */
  async recall(position: number): Promise<{ readonly shown: Promise<void> }> {
    const { journal, log, onDurable } = this.#options;
    const until = journal!.state.durableSequence;
    const from = Math.max(position, journal!.keptFrom);
    this.#recalled = until - from;
    this.#in += until - from;
    this.#backlog += until - from;
    await this.#writer.begin(position);
    if (until === from) return { shown: Promise.resolve() };
    const show = (batch: Batch): void => this.#tell(batch, onDurable);
    const shown = this.#recall.run(journal!.read(from), until, this.#decode, show).catch((error: unknown) => {
      log.error({ error: (error as Error).message }, 'the journal cannot be read: copies are found by the store only');
    });
    return { shown };
  }

  /** One telemetry or event message. Names are checked against the grammar. @throws NoRoom, and it is as if it had not come */
  take(channel: Channel, kind: string, device: string, frame: Frame): Promise<void> | undefined {
    if (frame.qos > 0 && this.#held.isFull) throw new NoRoom('too many records wait for room in the journal');
    this.#in++;
    const { length } = frame.payload;
    if (length > MAX_PAYLOAD_BYTES) {
      const detail = `payload must be at most ${MAX_PAYLOAD_BYTES} bytes, got ${length}`;
      return this.#reject('too-large', detail, kind, device, frame);
    }
    return this.#enter(channel, kind, device, frame);
  }

  /** Resolves when everything taken is stored or `deadlineMs` is over; what is left is in the journal, or never acknowledged. */
  async close(deadlineMs: number): Promise<void> {
    await this.#writer.close(deadlineMs);
    this.#waiting.close();
  }

  readonly #decode = (entry: Entry): Taken => decodeEntry(this.#options.kinds, entry);

  get #isFull(): boolean {
    const { journal } = this.#options;
    return journal ? journal.isFull || this.#held.size > 0 : this.#backlog >= this.#maxBacklog;
  }

  /** Now, or when the journal has room. */
  #enter(channel: Channel, kind: string, device: string, frame: Frame): Promise<void> | undefined {
    if (frame.qos === 0 && this.#isFull) {
      this.#dropped++;
      return undefined;
    }
    if (this.#held.size > 0 || this.#options.journal?.isFull) {
      this.#backlog++;
      return this.#held.add({ channel, kind, device, frame });
    }
    return this.#admit(channel, kind, device, frame);
  }

  #letIn(): void {
    const { journal } = this.#options;
    this.#held.letIn(
      () => !journal!.isFull,
      ({ channel, kind, device, frame }) => {
        this.#backlog--;
        return this.#admit(channel, kind, device, frame);
      },
    );
  }

  /** There is room: now, or when its kind is described. */
  #admit(channel: Channel, name: string, device: string, frame: Frame): Promise<void> | undefined {
    const kind = this.#options.kinds.get(name);
    if (kind && !kind.describing) return this.#accept(channel, kind, device, frame);
    return this.#wait(channel, name, device, frame);
  }

  /** Until the kind's description is there. */
  #wait(channel: Channel, kind: string, device: string, frame: Frame): Promise<void> | undefined {
    const { size, bytes } = this.#waiting;
    const isDescribing = this.#options.kinds.isDescribing(kind);
    if (frame.qos === 0 && isDescribing && size >= MAX_WAITING) {
      this.#dropped++;
      return undefined;
    }
    if (bytes >= MAX_WAITING_BYTES || (size >= MAX_WAITING && !isDescribing)) {
      const detail = `${size} records wait for descriptions already, ${bytes} bytes, and this one for that of ${kind}`;
      return this.#reject('unknown-kind', detail, kind, device, frame);
    }
    this.#backlog++;
    const settled = this.#waiting.add(channel, kind, device, frame);
    return frame.qos === 0 ? undefined : settled;
  }

  #accept(channel: Channel, kind: Kind, device: string, frame: Frame): Promise<void> | undefined {
    let message: TelemetryRecord | DeviceEvent;
    try {
      message = decode(channel, kind, device, frame.payload);
      checkTime(message.ts, this.#options.now(), this.#options.cityClock);
    } catch (error) {
      return this.#reject(causeOf(error), (error as Error).message, kind.description.kind, device, frame);
    }
    const handle = kind.devices.handleOf(device) ?? kind.devices.add(device);
    const verdict = this.#judge(kind, handle, message);
    // What the store refused is known here, and not stored.
    if (verdict === 'duplicate' && !frame.again) {
      this.#duplicates++;
      // Its first copy may still be on its way: acknowledged means durable, so this one waits for all that is.
      return frame.qos === 0 ? undefined : this.#filling?.ticket;
    }
    this.#backlog++;
    const taken = { channel, message, kind, handle, suspect: verdict !== 'new' };
    const ticket = this.#options.journal ? this.#write(taken, frame) : this.#append(taken, frame);
    return frame.qos === 0 ? undefined : ticket;
  }

  #judge(kind: Kind, handle: number, message: TelemetryRecord | DeviceEvent): Verdict {
    if (!this.#recall.isRunning) return kind.identity.judge(handle, message.ts, message.seq);
    this.#recall.defer(kind, handle, message);
    return 'suspect';
  }

  /** Into the journal, and with its group into the store afterwards. */
  #write(taken: Taken, { topic, payload }: Frame): Promise<void> {
    const { journal, now, onDurable } = this.#options;
    const flags = taken.suspect ? SUSPECT : 0;
    const { sequence, durable } = journal!.append({ topic, payload, receivedMs: now(), flags });
    let filling = this.#filling;
    if (filling === undefined || filling.ticket !== durable) {
      const batch = emptyBatch();
      filling = { batch, ticket: durable };
      this.#filling = filling;
      void durable.then(() => {
        this.#tell(batch, onDurable);
        this.#writer.add(batch);
      });
    }
    const { batch } = filling;
    addTo(batch, taken, payload.length);
    batch.last = sequence;
    return durable;
  }

  /** Into the store: the ticket settles with its batch. */
  #append(taken: Taken, { payload }: Frame): Promise<void> {
    let filling = this.#filling;
    if (filling === undefined || filling.batch.closed || isFull(filling.batch)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      filling = { batch: emptyBatch(), ticket: promise };
      this.#filling = filling;
      this.#owed.set(filling.batch, { batch: filling.batch, settle: resolve });
      this.#writer.add(filling.batch);
    }
    addTo(filling.batch, taken, payload.length);
    return filling.ticket;
  }

  #reject(
    cause: string,
    detail: string,
    kind: string,
    device: string,
    { topic, payload, qos }: Frame,
  ): Promise<void> | undefined {
    this.#rejected++;
    const origin = { topic, kind, device, payload };
    if (qos > 0) return this.#options.rejected.add(cause, detail, origin);
    this.#options.rejected.addFleeting(cause, detail, origin);
    return undefined;
  }

  /** It was good when it was written. */
  #giveUp(entry: Entry, error: Error): void {
    this.#backlog--;
    this.#rejected++;
    void this.#options.rejected.add(causeOf(error), error.message, entry);
  }

  #lose(count: number): void {
    this.#backlog -= count;
    this.#dropped += count;
  }

  async #account({ batch, duplicates, refused }: Stored): Promise<void> {
    const count = sizeOf(batch);
    this.#backlog -= count;
    this.#stored += count - duplicates - refused.length;
    this.#duplicates += duplicates;
    const kept = refused.flatMap(({ record, event, reason }) => {
      const message = record === undefined ? batch.events[event!]! : batch.records.at(record)!;
      return this.#refuse(message, reason) ?? [];
    });
    await Promise.all(kept);
    const owed = this.#owed.get(batch);
    if (owed === undefined) return;
    this.#owed.delete(batch);
    owed.settle();
    this.#tell(owed.batch, this.#options.onDurable);
  }

  /** The database will never take it as it is: kept as its device sent it, to be taken again. */
  #refuse(message: TelemetryRecord | DeviceEvent, reason: string): Promise<void> | undefined {
    this.#rejected++;
    const { kind, device, fields, ...head } = message;
    const topic = deviceTopic(this.#options.city, kind, device, 'name' in head ? 'event' : 'telemetry');
    const payload = Buffer.from(JSON.stringify({ ...head, ...fields }));
    return this.#options.rejected.add('store', reason, { topic, kind, device, payload });
  }

  #tell(batch: Batch, listener: (batch: Batch) => void): void {
    try {
      listener(batch);
    } catch (error) {
      this.#options.log.error({ error: (error as Error).stack }, 'a batch was not shown');
    }
  }

  /** The kind's description settled: what waited for it is taken, or goes on waiting when it was refused. */
  #release(name: string): void {
    if (!this.#options.kinds.get(name)) return;
    for (const { channel, kind, device, frame, settle } of this.#waiting.release(name)) {
      this.#backlog--;
      const ticket = this.#enter(channel, kind, device, frame);
      if (ticket) void ticket.then(settle);
      else settle();
    }
  }

  #expire(expired: readonly Waiting[]): void {
    for (const { kind, device, frame, settle } of expired) {
      this.#backlog--;
      const detail = `no description of kind ${kind} came, expected it on kinds/${kind}`;
      const kept = this.#reject('unknown-kind', detail, kind, device, frame);
      if (kept) void kept.then(settle);
      else settle();
    }
  }
}

function isFull(batch: Batch): boolean {
  return sizeOf(batch) >= MAX_BATCH || batch.bytes >= MAX_BATCH_BYTES;
}
