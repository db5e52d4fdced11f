// The embedded store: DuckDB in a worker thread. Here, on the main thread, records are only packed into columns and answers handed
// out; what happens to the file is in duckdb-engine.ts.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Description } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type {
  AggregateGroup,
  AggregateQuery,
  AppendResult,
  EventQuery,
  HistoryQuery,
  LatestQuery,
  RecordQuery,
  Series,
  Store,
  StoreBatch,
} from '../store.ts';
import { QuestionTooLong, StoreFatal } from '../store.ts';
import { packBatch, transferables } from './columns.ts';
import type { FieldTypes } from './query.ts';
import type { Answer, Operation, Request } from './duckdb-worker.ts';

export interface DuckDbStoreOptions {
  /** The database file; its folder is created when missing. Only one process can own it. */
  readonly file: string;
  /** What DuckDB may use, default 512 MB. */
  readonly memoryLimitMb?: number;
  /** Default one for every two processors, at most 2. */
  readonly threads?: number;
  /** Records and events older than this, before the newest one, are deleted by whole days. Absent: kept for ever. */
  readonly keepMs?: number;
}

/** Of the thread's garbage that keeps DuckDB's own memory alive: at 80,000 rows/s this saves 100 MB. */
const YOUNG_MB = 8;

/**
 * A checkpoint, every few seconds at 80,000 rows/s, works half a second: on all processors at once nobody else gets on meanwhile. With two of two the
 * slowest hundredth of acknowledgements took 95 ms, with one it takes 15.
 */
const THREADS = availableParallelism() < 4 ? 1 : 2;

/** Files that DuckDB gave up in this process: to open one again has crashed it. */
const lost = new Map<string, StoreFatal>();

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A store in one DuckDB file. One transaction per batch: all of it is stored or nothing. */
export function createDuckDbStore(options: DuckDbStoreOptions): Store {
  return new DuckDbStore(options);
}

class DuckDbStore implements Store {
  readonly name = 'duckdb';
  readonly #options: DuckDbStoreOptions;
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  /** Fields of every kind, as the file has them. */
  #types = new Map<string, FieldTypes>();
  #failure: Error | undefined;

  constructor(options: DuckDbStoreOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    if (this.#worker) throw new Error(`the store ${this.#options.file} is open already`);
    const { file, memoryLimitMb = 512, threads = THREADS, keepMs } = this.#options;
    const fatal = lost.get(file);
    if (fatal) throw fatal;
    this.#failure = undefined;
    const worker = new Worker(new URL('./duckdb-worker.ts', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker = worker;
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => this.#fail(new Error(`the DuckDB thread of ${file} failed: ${String(error)}`)));
    worker.on('exit', () => this.#fail(new Error(`the store ${file} is closed`)));
    try {
      this.#types = await this.#call('open', { file, memoryLimitMb, threads, ...(keepMs !== undefined && { keepMs }) });
    } catch (error) {
      this.#worker = undefined;
      await worker.terminate();
      throw error;
    }
  }

  async describe(description: Description): Promise<void> {
    const types = await this.#call<FieldTypes>('describe', description);
    this.#types.set(description.kind, types);
  }

  descriptions(): Promise<Description[]> {
    return this.#call('descriptions', undefined);
  }

  async append(batch: StoreBatch): Promise<AppendResult> {
    const { batch: packed, refused } = packBatch(batch, this.#types);
    const result = await this.#call<AppendResult>('append', packed, transferables(packed));
    return refused.length === 0 ? result : { ...result, refused };
  }

  position(): Promise<number | undefined> {
    return this.#call('position', undefined);
  }

  history(query: HistoryQuery): Promise<Series> {
    return this.#call('history', query);
  }

  aggregate(query: AggregateQuery): Promise<AggregateGroup[]> {
    return this.#call('aggregate', query);
  }

  events(query: EventQuery): Promise<DeviceEvent[]> {
    return this.#call('events', query);
  }

  records(query: RecordQuery): Promise<TelemetryRecord[]> {
    return this.#call('records', query);
  }

  latest(kind: string, among?: LatestQuery): Promise<TelemetryRecord[]> {
    return this.#call('latest', { kind, among });
  }

  async ping(): Promise<boolean> {
    try {
      return await this.#call('ping', undefined);
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    // Of a lost file nothing is closed: the process has to end.
    if (!worker || lost.has(this.#options.file)) return;
    await this.#call('close', undefined);
    this.#worker = undefined;
    await worker.terminate();
  }

  #call<T>(operation: Operation, argument: unknown, transfer: ArrayBuffer[] = []): Promise<T> {
    const worker = this.#worker;
    const fatal = lost.get(this.#options.file);
    if (fatal) return Promise.reject(fatal);
    if (!worker) return Promise.reject(this.#failure ?? new Error(`the store ${this.#options.file} is not open`));
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      worker.postMessage({ id, operation, argument } satisfies Request, transfer);
    });
  }

  #settle(answer: Answer): void {
    if ('error' in answer && answer.isFatal) {
      this.#lose(answer.error);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer)
      waiting?.reject(answer.isTooLong ? new QuestionTooLong(answer.error) : new Error(answer.error));
    else waiting?.resolve(answer.value);
  }

  #lose(reason: string): void {
    const { file } = this.#options;
    const fatal = new StoreFatal(`DuckDB gave the file ${file} up: ${reason}. End this process and start it again`);
    lost.set(file, fatal);
    this.#worker?.unref();
    this.#fail(fatal);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#worker = undefined;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
