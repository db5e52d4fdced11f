// From a frame to a stored record: decode, check the time, tell duplicates, batch, append, and only then say so: tickets settle and the
// rest of the api sees a record when it is durable. in = stored + rejected + duplicates + dropped + backlog holds at every moment.
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_PAYLOAD_BYTES, Rejection } from '../telemetry/json-codec.ts';
import type { CityClock } from './city-clock.ts';
import type { DeviceEvent, Frame, TelemetryRecord } from '../telemetry/messages.ts';
import { Backoff } from './backoff.ts';
import type { Kind, Kinds } from './kinds.ts';
import type { Logger } from './logger.ts';
import type { Rejected } from './rejected.ts';
import type { Store } from './store.ts';
import { WaitingRoom } from './waiting-room.ts';
import type { Waiting } from './waiting-room.ts';

const MAX_BATCH = 20_000;
const DEFAULT_MAX_BACKLOG = 200_000;
/** Records that may wait for descriptions that have not come. */
const MAX_WAITING = 10_000;
const PAST_MS = 7 * 86_400_000;
const FUTURE_MS = 5 * 60_000;

/** What one append carries; columns of equal length beside `records` and `events`. */
export interface Batch {
  readonly records: TelemetryRecord[];
  readonly recordKinds: Kind[];
  readonly recordHandles: number[];
  readonly suspects: number[];
  readonly events: DeviceEvent[];
  /** How many of the events may be stored already. */
  suspectEvents: number;
  /** Shared by all its senders. */
  readonly ticket: Promise<void>;
  readonly settle: () => void;
}

export interface IngestOptions {
  readonly store: Store;
  readonly kinds: Kinds;
  readonly rejected: Rejected;
  readonly log: Logger;
  /** Wall time, ms since 1970. */
  readonly now: () => number;
  /** The city's clock, when there is one. */
  readonly cityClock: Pick<CityClock, 'message' | 'latestMs'>;
  /** Told after each commit. */
  readonly onStored: (batch: Batch) => void;
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

export class Ingest {
  readonly #options: IngestOptions;
  readonly #maxBacklog: number;
  readonly #waiting: WaitingRoom;
  readonly #stop = new AbortController();
  /** Oldest first; the last one is still filling. */
  readonly #queue: Batch[] = [];
  #running: Promise<void> | undefined;
  #inFlight: Batch | undefined;
  #storeFails = false;
  #in = 0;
  #stored = 0;
  #rejected = 0;
  #duplicates = 0;
  #dropped = 0;
  #backlog = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#maxBacklog = options.maxBacklog ?? DEFAULT_MAX_BACKLOG;
    const { kinds, now } = options;
    this.#waiting = new WaitingRoom(
      now,
      (kind) => !kinds.isDescribing(kind),
      (expired) => this.#expire(expired),
    );
    kinds.onSettled((name) => this.#release(name));
  }

  get storeFails(): boolean {
    return this.#storeFails;
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

  /** One telemetry or event message. Names are checked against the grammar. */
  take(channel: 'telemetry' | 'event', kindName: string, device: string, frame: Frame): Promise<void> | undefined {
    this.#in++;
    const kind = this.#options.kinds.get(kindName);
    if (this.#backlog >= this.#maxBacklog && frame.qos === 0) {
      this.#dropped++;
      return undefined;
    }
    if (kind && !kind.describing) return this.#accept(channel, kind, device, frame);
    return this.#wait(channel, kindName, device, frame);
  }

  /** Resolves when everything taken is stored or `deadlineMs` is over; what is left is never acknowledged. */
  async close(deadlineMs: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([this.#running, sleep(deadlineMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    this.#stop.abort();
    this.#waiting.close();
  }

  /** Until the kind's description is there. */
  #wait(channel: 'telemetry' | 'event', kind: string, device: string, frame: Frame): Promise<void> | undefined {
    const { length } = frame.payload;
    if (length > MAX_PAYLOAD_BYTES) {
      const detail = `payload must be at most ${MAX_PAYLOAD_BYTES} bytes, got ${length}`;
      this.#reject('too-large', detail, kind, device, frame);
      return undefined;
    }
    if (this.#waiting.size >= MAX_WAITING) {
      if (!this.#options.kinds.isDescribing(kind)) {
        this.#reject('unknown-kind', `${MAX_WAITING} records wait for descriptions already`, kind, device, frame);
        return undefined;
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
      message =
        channel === 'telemetry'
          ? kind.decoder.decode(device, frame.payload)
          : kind.decoder.decodeEvent(device, frame.payload);
      this.#checkTime(message.ts);
    } catch (error) {
      const cause = error instanceof Rejection ? error.reason : 'internal';
      this.#reject(cause, (error as Error).message, kind.description.kind, device, frame);
      return undefined;
    }
    const handle = kind.devices.handleOf(device) ?? kind.devices.add(device);
    const verdict = kind.identity.judge(handle, message.ts, message.seq);
    if (verdict === 'duplicate') {
      this.#duplicates++;
      // Its first copy may still be on its way: acknowledged means stored, so this one waits for all that is queued.
      return frame.qos === 0 ? undefined : (this.#queue.at(-1) ?? this.#inFlight)?.ticket;
    }
    this.#backlog++;
    const batch = this.#fillingBatch();
    if (channel === 'event') {
      if (verdict === 'suspect') batch.suspectEvents++;
      batch.events.push(message as DeviceEvent);
    } else {
      if (verdict === 'suspect') batch.suspects.push(batch.records.length);
      batch.records.push(message);
      batch.recordKinds.push(kind);
      batch.recordHandles.push(handle);
    }
    return frame.qos === 0 ? undefined : batch.ticket;
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

  #reject(cause: string, detail: string, kind: string, device: string, { topic, payload }: Frame): void {
    this.#rejected++;
    this.#options.rejected.add(cause, detail, { topic, kind, device, payload });
  }

  #fillingBatch(): Batch {
    const last = this.#queue.at(-1);
    if (last && last.records.length + last.events.length < MAX_BATCH) return last;
    const { promise, resolve } = Promise.withResolvers<void>();
    const columns = { records: [], recordKinds: [], recordHandles: [], suspects: [], events: [] };
    const batch: Batch = { ...columns, suspectEvents: 0, ticket: promise, settle: resolve };
    this.#queue.push(batch);
    this.#running ??= this.#run();
    return batch;
  }

  /** One append in flight; what arrives meanwhile is the next batch. */
  async #run(): Promise<void> {
    // What one turn of the event loop brings goes together.
    await new Promise((resolve) => setImmediate(resolve));
    for (let batch = this.#queue.shift(); batch; batch = this.#queue.shift()) {
      this.#inFlight = batch;
      const duplicates = await this.#append(batch);
      if (duplicates === undefined) return;
      this.#inFlight = undefined;
      const count = batch.records.length + batch.events.length;
      this.#backlog -= count;
      this.#stored += count - duplicates;
      this.#duplicates += duplicates;
      batch.settle();
      try {
        this.#options.onStored(batch);
      } catch (error) {
        this.#options.log.error({ error: (error as Error).stack }, 'a stored batch was not shown');
      }
    }
    this.#running = undefined;
  }

  /** Until it succeeds. @returns duplicates; undefined when the api closes first */
  async #append(batch: Batch): Promise<number | undefined> {
    const backoff = new Backoff();
    let suspects: readonly number[] = batch.suspects;
    let failed = false;
    for (;;) {
      try {
        const { duplicates } = await this.#options.store.append({
          records: batch.records,
          suspects,
          events: batch.events,
        });
        this.#storeFails = false;
        // After an attempt that failed there may be more than were suspected: it had stored them after all.
        return failed ? Math.min(duplicates, batch.suspects.length + batch.suspectEvents) : duplicates;
      } catch (error) {
        this.#storeFails = true;
        failed = true;
        suspects = [...batch.records.keys()];
        const waitMs = backoff.nextMs();
        this.#options.log.warn({ error: (error as Error).message, waitMs }, 'the store took no batch, trying again');
        if (this.#stop.signal.aborted) return undefined;
        await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
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
      this.#reject(
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
