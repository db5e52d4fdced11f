// Keeps records in memory, bounded: for `run`, for tests and for a look without a disk. Nothing survives the process.
import { show } from '../../telemetry/description.ts';
import type { Description, Value } from '../../telemetry/description.ts';
import type { FieldType } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type {
  AggregateGroup,
  AggregateQuery,
  AppendResult,
  EventQuery,
  HistoryQuery,
  LatestQuery,
  RecordQuery,
  Refusal,
  Series,
  Store,
  StoreBatch,
} from '../store.ts';
import {
  bucketStart,
  checkAggregateOfType,
  checkAggregateQuery,
  checkCount,
  checkGroupField,
  checkHistoryQuery,
  checkLatestQuery,
  checkRange,
  checkRecordQuery,
  comparePlaces,
  emptySeries,
  fillGaps,
  fillGroups,
  foldValues,
  newFields,
  wrongValue,
} from './query.ts';

export interface MemoryStoreOptions {
  readonly maxRecordsPerDevice?: number;
  readonly maxRecords?: number;
  readonly maxEvents?: number;
}

export interface MemoryStore extends Store {
  /** Records and events that made room for newer ones. */
  readonly dropped: number;
}

/** A record takes about 0.3 KB. */
const DEFAULTS = { maxRecordsPerDevice: 5_000, maxRecords: 1_000_000, maxEvents: 100_000 };
/** How far the search for a device with more than one record goes before any record may be dropped. */
const SPARE_SEARCH = 64;

/** A bounded store in memory; the oldest records make room. @throws RangeError when a limit is no integer above 0 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const limits = { ...DEFAULTS, ...options };
  for (const [name, limit] of Object.entries(limits)) checkCount(name, limit);
  return new Memory(limits);
}

interface Kind {
  description: Description;
  readonly types: Map<string, FieldType>;
  readonly logs: Map<string, Log<TelemetryRecord>>;
}

class Memory implements MemoryStore {
  readonly name = 'memory';
  dropped = 0;
  readonly #limits: Required<MemoryStoreOptions>;
  readonly #kinds = new Map<string, Kind>();
  readonly #events: Log<DeviceEvent>;
  /** Every log of every kind: who gives up a record when the total is reached, in turn. */
  readonly #logs: { kind: Kind; device: string; log: Log<TelemetryRecord> }[] = [];
  #turn = 0;
  #total = 0;

  constructor(limits: Required<MemoryStoreOptions>) {
    this.#limits = limits;
    this.#events = new Log(compareEvents);
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}
  async ping(): Promise<boolean> {
    return true;
  }

  async describe(description: Description): Promise<void> {
    const kind = this.#kinds.get(description.kind) ?? { description, types: new Map(), logs: new Map() };
    for (const [name, type] of newFields(kind.types, description)) kind.types.set(name, type);
    kind.description = description;
    this.#kinds.set(description.kind, kind);
  }

  async descriptions(): Promise<Description[]> {
    return [...this.#kinds.values()].map((kind) => kind.description);
  }

  /** None: what it holds ends with the process. */
  async position(): Promise<undefined> {
    return undefined;
  }

  async append(batch: StoreBatch): Promise<AppendResult> {
    for (const { kind } of batch.records) this.#known(kind);
    let duplicates = 0;
    const refused: Refusal[] = [];
    let index = 0;
    for (const record of batch.records) {
      const reason = wrongValue(record, this.#known(record.kind).types);
      if (reason !== undefined) refused.push({ record: index, reason });
      else if (!this.#add(record)) duplicates++;
      index++;
    }
    for (const event of batch.events) {
      if (!this.#events.add(event)) duplicates++;
      else if (this.#events.length > this.#limits.maxEvents) this.#drop(this.#events);
    }
    return refused.length === 0 ? { duplicates } : { duplicates, refused };
  }

  async history(query: HistoryQuery): Promise<Series> {
    checkHistoryQuery(query);
    const kind = this.#kinds.get(query.kind);
    const records = kind?.logs.get(query.device)?.range(query.fromMs, query.toMs) ?? [];
    const { bucket, fields, limit } = query;
    if (bucket) for (const field of fields) checkAggregateOfType(query.kind, field, kind?.types.get(field), bucket.agg);
    if (records.length === 0) return emptySeries(fields);
    if (!bucket) {
      const newest = records.slice(-limit);
      return toSeries(
        newest.map((record) => record.ts),
        fields,
        fields.map((field) => newest.map((record) => record.fields[field] ?? null)),
      );
    }
    const telling = records.filter((record) => fields.some((field) => record.fields[field] !== undefined));
    const buckets = Map.groupBy(telling, (record) => bucketStart(record.ts, bucket));
    const columns = fields.map((field) =>
      [...buckets.values()].map((rows) => foldValues(valuesOf(rows, field), bucket.agg)),
    );
    const filled = fillGaps([...buckets.keys()], columns, bucket.everyMs, limit);
    return toSeries(filled.ts, fields, filled.columns);
  }

  async aggregate(query: AggregateQuery): Promise<AggregateGroup[]> {
    checkAggregateQuery(query);
    const { bucket, field, groupBy } = query;
    const kind = this.#kinds.get(query.kind);
    if (!kind) return [];
    checkAggregateOfType(query.kind, field, kind.types.get(field), bucket.agg);
    if (typeof groupBy === 'object') checkGroupField(query.kind, groupBy.field, kind.types.get(groupBy.field));
    const records = [...kind.logs.values()].flatMap((log) => log.range(query.fromMs, query.toMs));
    const keyed = Map.groupBy(
      records.filter((record) => record.fields[field] !== undefined).sort(compareRecords),
      (record) =>
        groupBy === 'kind' ? record.kind : groupBy === 'device' ? record.device : record.fields[groupBy.field],
    );
    const keys = [...keyed.keys()].filter((key) => typeof key === 'string').sort();
    const groups = keys.slice(0, query.maxGroups).map((key) => {
      const buckets = Map.groupBy(keyed.get(key)!, (record) => bucketStart(record.ts, bucket));
      const value = [...buckets.values()].map((rows) => foldValues(valuesOf(rows, field), bucket.agg));
      return [key, { ts: [...buckets.keys()], value }] as const;
    });
    return fillGroups(new Map(groups), bucket.everyMs);
  }

  async events(query: EventQuery): Promise<DeviceEvent[]> {
    checkRange(query.fromMs, query.toMs);
    checkCount('limit', query.limit);
    return this.#events
      .range(query.fromMs, query.toMs)
      .filter(
        (event) =>
          (query.kind === undefined || event.kind === query.kind) &&
          (query.device === undefined || event.device === query.device) &&
          (query.name === undefined || event.name === query.name),
      )
      .slice(-query.limit);
  }

  async records(query: RecordQuery): Promise<TelemetryRecord[]> {
    checkRecordQuery(query);
    const { kind, limit, after, toMs } = query;
    const logs = [...(this.#kinds.get(kind)?.logs.values() ?? [])];
    const fromMs = after ? Math.max(query.fromMs, after.ts) : query.fromMs;
    const count = (untilMs: number) => logs.reduce((sum, log) => sum + log.count(fromMs, untilMs), 0);
    // Only as many as are wanted are put in order: those of the earliest ms that hold them.
    const wanted = limit + (after ? count(after.ts + 1) : 0);
    let [tooEarlyMs, untilMs] = [fromMs, Math.max(toMs, fromMs)];
    while (untilMs - tooEarlyMs > 1) {
      const middleMs = Math.floor((tooEarlyMs + untilMs) / 2);
      if (count(middleMs) >= wanted) untilMs = middleMs;
      else tooEarlyMs = middleMs;
    }
    const found = logs.flatMap((log) => log.range(fromMs, untilMs));
    const following = after ? found.filter((record) => comparePlaces(record, after) > 0) : found;
    return following.sort(comparePlaces).slice(0, limit);
  }

  async latest(kind: string, among?: LatestQuery): Promise<TelemetryRecord[]> {
    checkLatestQuery(kind, among);
    const logs = [...(this.#kinds.get(kind)?.logs.values() ?? [])];
    if (!among) return logs.flatMap((log) => log.last() ?? []);
    const { fromMs, toMs, having } = among;
    const isAmong = ({ fields }: TelemetryRecord) => having.every((name) => fields[name] !== undefined);
    return logs.flatMap((log) => log.range(fromMs, toMs).findLast(isAmong) ?? []);
  }

  #known(name: string): Kind {
    const kind = this.#kinds.get(name);
    if (!kind) throw new Error(`a record of a kind that was not described: ${show(name)}`);
    return kind;
  }

  #add(record: TelemetryRecord): boolean {
    const kind = this.#known(record.kind);
    let log = kind.logs.get(record.device);
    if (!log) {
      log = new Log(compareRecords);
      kind.logs.set(record.device, log);
      this.#logs.push({ kind, device: record.device, log });
    }
    if (!log.add(record)) return false;
    this.#total++;
    if (log.length > this.#limits.maxRecordsPerDevice) {
      this.#drop(log);
      this.#total--;
    }
    if (this.#total > this.#limits.maxRecords) this.#makeRoom();
    return true;
  }

  /** Devices give up their oldest record in turn; the only record of one as late as possible, it is its latest value. */
  #makeRoom(): void {
    for (let tries = 0; tries < SPARE_SEARCH; tries++) {
      this.#turn = (this.#turn + 1) % this.#logs.length;
      if (this.#logs[this.#turn]!.log.length > 1) break;
    }
    const { kind, device, log } = this.#logs[this.#turn]!;
    this.#drop(log);
    this.#total--;
    if (log.length > 0) return;
    kind.logs.delete(device);
    const moved = this.#logs.pop()!;
    if (this.#turn < this.#logs.length) this.#logs[this.#turn] = moved;
  }

  #drop(log: { dropOldest(): void }): void {
    log.dropOldest();
    this.dropped++;
  }
}

/** Records in order without duplicates. Appending at the end and dropping at the start cost O(1). */
class Log<T extends TelemetryRecord> {
  #items: T[] = [];
  #start = 0;
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get length(): number {
    return this.#items.length - this.#start;
  }

  last(): T | undefined {
    return this.length > 0 ? this.#items[this.#items.length - 1] : undefined;
  }

  /** False when an equal one is there. */
  add(item: T): boolean {
    const last = this.last();
    const order = last === undefined ? 1 : this.#compare(item, last);
    if (order > 0) this.#items.push(item);
    else {
      const at = this.#search((other) => this.#compare(other, item) >= 0);
      if (this.#compare(this.#items[at]!, item) === 0) return false;
      this.#items.splice(at, 0, item);
    }
    return true;
  }

  dropOldest(): void {
    this.#start++;
    if (this.#start < 32 || this.#start * 2 < this.#items.length) {
      // Only the slot is freed now; the array is cut when half of it is empty.
      this.#items[this.#start - 1] = undefined as unknown as T;
      return;
    }
    this.#items.splice(0, this.#start);
    this.#start = 0;
  }

  range(fromMs: number, toMs: number): T[] {
    const from = this.#search((item) => item.ts >= fromMs);
    return this.#items.slice(from, from + this.count(fromMs, toMs));
  }

  /** How many `range` would give. */
  count(fromMs: number, toMs: number): number {
    const from = this.#search((item) => item.ts >= fromMs);
    return Math.max(0, this.#search((item) => item.ts >= toMs) - from);
  }

  /** First index from which `passes` holds; it is false before and true after. */
  #search(passes: (item: T) => boolean): number {
    let low = this.#start;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (passes(this.#items[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function compareRecords(a: TelemetryRecord, b: TelemetryRecord): number {
  return a.ts - b.ts || a.seq - b.seq;
}

/** Events of all kinds share one log. */
function compareEvents(a: DeviceEvent, b: DeviceEvent): number {
  return compareRecords(a, b) || compareText(a.kind, b.kind) || compareText(a.device, b.device);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function valuesOf(records: readonly TelemetryRecord[], field: string): Value[] {
  return records.flatMap((record) => record.fields[field] ?? []);
}

function toSeries(ts: number[], fields: readonly string[], columns: (Value | null)[][]): Series {
  return { ts, columns: Object.fromEntries(fields.map((field, at) => [field, columns[at]!])) };
}
