// From a frame to a durable record: decode, check the time, tell duplicates, write to the journal, and only then say so: tickets settle and the
// rest of the api sees a record when it is on disk. in = stored + rejected + duplicates + dropped + backlog holds at every moment.
import { MAX_PAYLOAD_BYTES, Rejection } from '../telemetry/json-codec.ts';
import type { CityClock } from './city-clock.ts';
import type { DeviceEvent, Frame, TelemetryRecord } from '../telemetry/messages.ts';
import { parseTopic } from '../telemetry/topics.ts';
import { addTo, emptyBatch, sizeOf } from './batch.ts';
import type { Batch, Taken } from './batch.ts';
import type { Entry } from './journal/entry.ts';
import type { Journal } from './journal/journal.ts';
import type { Kind, Kinds } from './kinds.ts';
import type { Logger } from './logger.ts';
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
const PAST_MS = 7 * 86_400_000;
const FUTURE_MS = 5 * 60_000;
/** A journal's entry that may be stored already. */
const SUSPECT = 1;

export interface IngestOptions {
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
  /** QoS 0 beyond it is dropped while acknowledgements wait for the store. */
  readonly maxBacklog?: number;
}

export interface IngestCounters {
  readonly in: number;
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
  /** Of a batch that waits for the store. */
  readonly settle?: () => void;
}

export class Ingest {
  readonly #options: IngestOptions;
  readonly #maxBacklog: number;
  readonly #waiting: WaitingRoom;
  readonly #writer: StoreWriter;
  /** The newest batch, also when it is closed: a duplicate waits for it. */
  #filling: Filling | undefined;
  /** Of batches on their way into the store, oldest first; without a journal. */
  readonly #owed = new Map<Batch, () => void>();
  /** Waits for room in the journal, oldest first. */
  #held: Waiting[] = [];
  #in = 0;
  #stored = 0;
  #rejected = 0;
  #duplicates = 0;
  #dropped = 0;
  #backlog = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#maxBacklog = options.maxBacklog ?? DEFAULT_MAX_BACKLOG;
    const { kinds, now, store, log, journal } = options;
    this.#waiting = new WaitingRoom(
      now,
      (kind) => !kinds.isDescribing(kind),
      (expired) => this.#expire(expired),
    );
    kinds.onSettled((name) => this.#release(name));
    const decode = (entry: Entry) => this.#decodeAgain(entry);
    const onStored = (stored: Stored) => this.#account(stored);
    this.#writer = new StoreWriter({ store, log, ...(journal && { journal }), decode, onStored });
    journal?.onRoom(() => this.#letIn());
  }

  get storeFails(): boolean {
    return this.#writer.fails;
  }

  counters(): IngestCounters {
    return {
      in: this.#in,
      stored: this.#stored,
      rejected: this.#rejected,
      duplicates: this.#duplicates,
      dropped: this.#dropped,
      ...this.#options.kinds.sequences,
      backlog: this.#backlog,
    };
  }

  /** What was durable before a restart and is not stored, after `position`: counts, is known when it comes again, and is stored. Before `take`. */
  async recall(position: number): Promise<void> {
    for await (const { entries } of this.#options.journal!.read(position)) {
      for (const entry of entries) this.#remember(entry);
    }
    this.#writer.readFrom(position);
  }

  /** One telemetry or event message. Names are checked against the grammar. */
  take(channel: 'telemetry' | 'event', kindName: string, device: string, frame: Frame): Promise<void> | undefined {
    this.#in++;
    const kind = this.#options.kinds.get(kindName);
    if (frame.qos === 0 && this.#isFull) {
      this.#dropped++;
      return undefined;
    }
    if (this.#held.length > 0 || this.#options.journal?.isFull) return this.#hold(channel, kindName, device, frame);
    if (kind && !kind.describing) return this.#accept(channel, kind, device, frame);
    return this.#wait(channel, kindName, device, frame);
  }

  /** Resolves when everything taken is stored or `deadlineMs` is over; what is left is in the journal, or never acknowledged. */
  async close(deadlineMs: number): Promise<void> {
    await this.#writer.close(deadlineMs);
    this.#waiting.close();
  }

  #remember(entry: Entry): void {
    this.#in++;
    this.#backlog++;
    try {
      const { kind, handle, message } = this.#decode(entry);
      kind.identity.judge(handle, message.ts, message.seq);
    } catch {
      // What is wrong with it is told when its turn to be stored comes.
    }
  }

  get #isFull(): boolean {
    const { journal } = this.#options;
    return journal ? journal.isFull || this.#held.length > 0 : this.#backlog >= this.#maxBacklog;
  }

  /** Until the journal has room: nothing is acknowledged, and its sender is not read any further. */
  #hold(channel: 'telemetry' | 'event', kind: string, device: string, frame: Frame): Promise<void> {
    this.#backlog++;
    const copy = { ...frame, payload: Uint8Array.from(frame.payload) };
    return new Promise((settle) => {
      this.#held.push({ channel, kind, device, frame: copy, since: this.#options.now(), settle });
    });
  }

  #letIn(): void {
    let count = 0;
    for (; count < this.#held.length && !this.#options.journal!.isFull; count++) {
      const { channel, kind: name, device, frame, settle } = this.#held[count]!;
      this.#backlog--;
      const kind = this.#options.kinds.get(name);
      const ready = kind && !kind.describing;
      const ticket = ready ? this.#accept(channel, kind, device, frame) : this.#wait(channel, name, device, frame);
      if (ticket) void ticket.then(settle);
      else settle();
    }
    this.#held = this.#held.slice(count);
  }

  /** Until the kind's description is there. */
  #wait(channel: 'telemetry' | 'event', kind: string, device: string, frame: Frame): Promise<void> | undefined {
    const { length } = frame.payload;
    if (length > MAX_PAYLOAD_BYTES) {
      const detail = `payload must be at most ${MAX_PAYLOAD_BYTES} bytes, got ${length}`;
      return this.#reject('too-large', detail, kind, device, frame);
    }
    if (this.#waiting.size >= MAX_WAITING) {
      if (!this.#options.kinds.isDescribing(kind)) {
        const detail = `${MAX_WAITING} records wait for descriptions already`;
        return this.#reject('unknown-kind', detail, kind, device, frame);
      }
      if (frame.qos === 0) {
        this.#dropped++;
        return undefined;
      }
    }
    this.#backlog++;
    const settled = this.#waiting.add(channel, kind, device, frame);
    return frame.qos === 0 ? undefined : settled;
  }

  #accept(channel: 'telemetry' | 'event', kind: Kind, device: string, frame: Frame): Promise<void> | undefined {
    let message: TelemetryRecord | DeviceEvent;
    try {
      message = decode(channel, kind, device, frame.payload);
      this.#checkTime(message.ts);
    } catch (error) {
      const cause = error instanceof Rejection ? error.reason : 'internal';
      return this.#reject(cause, (error as Error).message, kind.description.kind, device, frame);
    }
    const handle = kind.devices.handleOf(device) ?? kind.devices.add(device);
    const verdict = kind.identity.judge(handle, message.ts, message.seq);
    if (verdict === 'duplicate') {
      this.#duplicates++;
      // Its first copy may still be on its way: acknowledged means durable, so this one waits for all that is.
      return frame.qos === 0 ? undefined : this.#filling?.ticket;
    }
    this.#backlog++;
    const taken = { channel, message, kind, handle, suspect: verdict === 'suspect' };
    const ticket = this.#options.journal ? this.#write(taken, frame) : this.#append(taken);
    return frame.qos === 0 ? undefined : ticket;
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
    addTo(batch, taken);
    batch.last = sequence;
    return durable;
  }

  /** Into the store: the ticket settles with its batch. */
  #append(taken: Taken): Promise<void> {
    let filling = this.#filling;
    if (filling === undefined || filling.batch.closed || sizeOf(filling.batch) >= MAX_BATCH) {
      const { promise, resolve } = Promise.withResolvers<void>();
      filling = { batch: emptyBatch(), ticket: promise };
      this.#filling = filling;
      this.#owed.set(filling.batch, resolve);
      this.#writer.add(filling.batch);
    }
    addTo(filling.batch, taken);
    return filling.ticket;
  }

  #checkTime(ts: number): void {
    const wall = this.#options.now();
    if (ts >= wall - PAST_MS && ts <= wall + FUTURE_MS) return;
    const { cityClock } = this.#options;
    const city = cityClock.message;
    const latestMs = cityClock.latestMs(wall);
    if (city && latestMs !== undefined) {
      const { simTimeMs, backfillFromMs = Infinity } = city;
      // A backfill runs ahead of its own clock where that comes on another connection; what it brings lies in the past either way.
      const newestMs = backfillFromMs === Infinity ? latestMs : Math.max(latestMs, wall);
      if (ts >= Math.min(simTimeMs - PAST_MS, backfillFromMs) && ts <= newestMs + FUTURE_MS) return;
    }
    const shown = ts <= 8.64e15 ? new Date(ts).toISOString() : String(ts);
    throw new Rejection(
      'clock',
      `ts must lie within -7 days … +5 minutes of the city's clock or wall time, got ${shown}`,
    );
  }

  #reject(
    cause: string,
    detail: string,
    kind: string,
    device: string,
    { topic, payload, qos }: Frame,
  ): Promise<void> | undefined {
    this.#rejected++;
    const kept = this.#options.rejected.add(cause, detail, { topic, kind, device, payload });
    return qos === 0 ? undefined : kept;
  }

  #decode({ topic: text, payload, flags }: Entry): Taken {
    const topic = parseTopic(text);
    if (topic?.type !== 'telemetry' && topic?.type !== 'event') throw new Error(`not a topic of records: ${text}`);
    const kind = this.#options.kinds.get(topic.kind);
    if (!kind) throw new Rejection('unknown-kind', `the store has no description of kind ${topic.kind}`);
    const message = decode(topic.type, kind, topic.device, payload);
    const handle = kind.devices.handleOf(topic.device) ?? kind.devices.add(topic.device);
    return { channel: topic.type, message, kind, handle, suspect: (flags & SUSPECT) > 0 };
  }

  /** An entry that was good when it was written. */
  #decodeAgain(entry: Entry): Taken | undefined {
    try {
      return this.#decode(entry);
    } catch (error) {
      this.#backlog--;
      this.#rejected++;
      const cause = error instanceof Rejection ? error.reason : 'internal';
      void this.#options.rejected.add(cause, (error as Error).message, entry);
      return undefined;
    }
  }

  #account({ batch, duplicates, refused }: Stored): void {
    const count = sizeOf(batch);
    this.#backlog -= count;
    this.#stored += count - duplicates - refused.length;
    this.#duplicates += duplicates;
    for (const { record, event, reason } of refused) {
      const message = record === undefined ? batch.events[event!]! : batch.records[record]!;
      this.#refuse(message, reason);
    }
    const settle = this.#owed.get(batch);
    if (settle === undefined) return;
    this.#owed.delete(batch);
    settle();
    this.#tell(batch, this.#options.onDurable);
  }

  /** The database will never take it. */
  #refuse(message: TelemetryRecord | DeviceEvent, reason: string): void {
    this.#rejected++;
    const { kind, device } = message;
    const topic = `${kind}/${device}`;
    void this.#options.rejected.add('store', reason, {
      topic,
      kind,
      device,
      payload: Buffer.from(JSON.stringify(message)),
    });
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
    const kind = this.#options.kinds.get(name);
    if (!kind) return;
    for (const { channel, device, frame, settle } of this.#waiting.release(name)) {
      this.#backlog--;
      const ticket = this.#accept(channel, kind, device, frame);
      if (ticket) void ticket.then(settle);
      else settle();
    }
  }

  #expire(expired: readonly Waiting[]): void {
    for (const { kind, device, frame, settle } of expired) {
      this.#backlog--;
      void this.#reject(
        'unknown-kind',
        `no description of kind ${kind} came, expected it on kinds/${kind}`,
        kind,
        device,
        frame,
      );
      settle();
    }
  }
}

function decode(channel: 'telemetry' | 'event', { decoder }: Kind, device: string, payload: Uint8Array) {
  return channel === 'telemetry' ? decoder.decode(device, payload) : decoder.decodeEvent(device, payload);
}
