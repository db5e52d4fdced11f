// The one contract of every database behind the api: append batches, answer history. Files in `stores/` implement it; one test suite
// (test/api/store-contract.ts) runs over all of them.
import type { Description, FieldType, Value } from '../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../telemetry/messages.ts';
import type { RecordList } from './packed-records.ts';

export interface StoreBatch {
  /** Records of described kinds; `fields` are checked and finite. Not to be looked at any more once `append` has settled. */
  readonly records: RecordList;
  /** Indices into `records` of those that may be stored already (late, or seen before a restart). The store drops what it has. */
  readonly suspects: readonly number[];
  readonly events: readonly DeviceEvent[];
  /** Of the journal: everything up to here is stored with this batch. A store with transactions keeps it in the same one. */
  readonly position?: number;
}

export interface AppendResult {
  /** Suspects and events that were stored already; events are always checked. A store whose writes are idempotent by key answers 0. */
  readonly duplicates: number;
  /** What the database will never take, found out one by one while all the rest was stored. Absent: nothing. */
  readonly refused?: readonly Refusal[];
}

export interface Refusal {
  /** Index into the batch's records, or into its events. */
  readonly record?: number;
  readonly event?: number;
  /** In the database's words. */
  readonly reason: string;
}

/** The database answered that it wants to be left alone for a while; any other error of `append` is tried again when its caller likes. */
export class StoreBusy extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The database was not there, no connection or one that broke off: it may have been started again. An answer, or a late one, is no sign of that. */
export class StoreAway extends Error {}

/** The store is of no use to this process any more, whatever is tried: end the process and start it again. Nothing acknowledged is lost. */
export class StoreFatal extends Error {}

/** A question was given up because its answer took too long; the store is well. */
export class QuestionTooLong extends Error {}

export type Aggregate = 'mean' | 'min' | 'max' | 'sum' | 'count' | 'last' | 'p50' | 'p95';

/** Texts can only be counted or shown, everything else can be folded in any way. */
export function canAggregate(type: FieldType | undefined, agg: Aggregate): boolean {
  return type !== 'string' || agg === 'count' || agg === 'last';
}

export interface HistoryQuery {
  readonly kind: string;
  readonly device: string;
  readonly fields: readonly string[];
  /** [fromMs, toMs) */
  readonly fromMs: number;
  readonly toMs: number;
  /** Newest `limit` rows of the range, answered ascending. */
  readonly limit: number;
  /** Absent: raw records. */
  readonly bucket?: Bucket;
}

export interface Bucket {
  readonly everyMs: number;
  readonly agg: Aggregate;
  /** Civil offset for buckets of a day or more, minutes. */
  readonly utcOffsetMin: number;
}

/** Columns of equal length, ascending in time; null where a record or bucket has no value. */
export interface Series {
  readonly ts: readonly number[];
  readonly columns: { readonly [field: string]: readonly (Value | null)[] };
}

export interface AggregateQuery {
  readonly kind: string;
  readonly field: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bucket: Bucket;
  readonly groupBy: 'kind' | 'device' | { readonly field: string };
  /** The first so many by key; absent: all. */
  readonly maxGroups?: number;
}

export interface AggregateGroup {
  readonly key: string;
  readonly ts: readonly number[];
  readonly value: readonly (Value | null)[];
}

/** Records of a kind in the order of (ts, device, seq), page by page: whoever reads on after the last one misses none. */
export interface RecordQuery {
  readonly kind: string;
  /** [fromMs, toMs) */
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  /** Only what follows it. */
  readonly after?: RecordPlace;
}

export interface RecordPlace {
  readonly ts: number;
  readonly device: string;
  readonly seq: number;
}

/** Records of [fromMs, toMs) that have all these fields. */
export interface LatestQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly having: readonly string[];
}

export interface EventQuery {
  readonly kind?: string;
  readonly device?: string;
  readonly name?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

export interface Store {
  readonly name: 'memory' | 'duckdb' | 'influx1' | 'influx2';
  /** Creates what is missing. Throws an Error whose message names the address or file and what is wrong. */
  open(): Promise<void>;
  /** Makes room for a kind, or for new fields of one. A field never changes its type: throws then, naming it. */
  describe(description: Description): Promise<void>;
  descriptions(): Promise<Description[]>;
  /** The newest position that was stored; undefined for a store that keeps none, or has had none. */
  position(): Promise<number | undefined>;
  /**
   * Resolves when the batch is durable; idempotent on (kind, device, ts, seq). Rejects when nothing of it can be promised, with StoreBusy
   * when the database said how long to wait.
   */
  append(batch: StoreBatch): Promise<AppendResult>;
  history(query: HistoryQuery): Promise<Series>;
  aggregate(query: AggregateQuery): Promise<AggregateGroup[]>;
  /** Ascending in time, newest `limit`. */
  events(query: EventQuery): Promise<DeviceEvent[]>;
  /** Oldest `limit` that match, ascending by ts, device, seq. */
  records(query: RecordQuery): Promise<TelemetryRecord[]>;
  /** Newest record of each device of a kind, or the newest of those `among` all, any order. */
  latest(kind: string, among?: LatestQuery): Promise<TelemetryRecord[]>;
  /** True when the store answers now. */
  ping(): Promise<boolean>;
  /** Another text after each start of a server that may lose what it had acknowledged; undefined when it does not say now. */
  life?(): Promise<string | undefined>;
  close(): Promise<void>;
}
