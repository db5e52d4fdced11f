// What every store does the same way: checks names, places buckets, fills gaps, folds values. It reads and writes no database.
import { DEVICE_PATTERN, isField, isKind, isObject, show } from '../../telemetry/description.ts';
import type { Description, FieldType, Value } from '../../telemetry/description.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { canAggregate } from '../store.ts';
import type {
  Aggregate,
  AggregateGroup,
  AggregateQuery,
  Bucket,
  HistoryQuery,
  LatestQuery,
  RecordPlace,
  RecordQuery,
  Series,
} from '../store.ts';

/** Field types of a kind by name, everything it ever had. */
export type FieldTypes = ReadonlyMap<string, FieldType>;

export const AGGREGATES: readonly Aggregate[] = ['mean', 'min', 'max', 'sum', 'count', 'last', 'p50', 'p95'];
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MAX_OFFSET_MIN = 24 * 60;
/** Values of one aggregate answer over all groups; more is refused, not cut. */
const MAX_AGGREGATE_VALUES = 2_000_000;
const IDENTITY_NAMES = ['time', 'ts', 'seq', 'city', 'kind', 'device'];

/** Civil offset of bucket borders: the query's for buckets of a day or more, else 0. */
export function bucketOffsetMs(bucket: Bucket): number {
  return bucket.everyMs >= DAY_MS ? bucket.utcOffsetMin * MINUTE_MS : 0;
}

export function bucketStart(ts: number, bucket: Bucket): number {
  const offset = bucketOffsetMs(bucket);
  return Math.floor((ts + offset) / bucket.everyMs) * bucket.everyMs - offset;
}

/** @throws Error for a name outside the grammar: names go into query texts. Unknown ones are fine and find nothing. */
export function checkHistoryQuery(query: HistoryQuery): void {
  checkKind(query.kind);
  if (!DEVICE_PATTERN.test(query.device))
    throw new Error(`device must match ${DEVICE_PATTERN.source}, got ${show(query.device)}`);
  for (const field of query.fields) checkField(field);
  checkRange(query.fromMs, query.toMs);
  checkCount('limit', query.limit);
  if (query.bucket) checkBucket(query.bucket);
}

/** @throws Error, see checkHistoryQuery */
export function checkAggregateQuery(query: AggregateQuery): void {
  checkKind(query.kind);
  checkField(query.field);
  if (typeof query.groupBy === 'object') checkField(query.groupBy.field);
  checkRange(query.fromMs, query.toMs);
  if (query.maxGroups !== undefined) checkCount('maxGroups', query.maxGroups);
  checkBucket(query.bucket);
}

/** @throws Error, see checkHistoryQuery */
export function checkLatestQuery(kind: string, among: LatestQuery | undefined): void {
  checkKind(kind);
  if (!among) return;
  for (const field of among.having) checkField(field);
  checkRange(among.fromMs, among.toMs);
}

/** @throws Error, see checkHistoryQuery */
export function checkRecordQuery({ kind, fromMs, toMs, limit, after }: RecordQuery): void {
  checkKind(kind);
  checkRange(fromMs, toMs);
  checkCount('limit', limit);
  if (after && !(Number.isSafeInteger(after.ts) && Number.isSafeInteger(after.seq)))
    throw new Error(`after must have an integer ts and seq, got ${show(after)}`);
}

/** What no store takes: a value that is not of its field's type, a time or number that is no integer. → the reason; undefined: all is well */
export function wrongValue({ kind, device, ts, seq, fields }: TelemetryRecord, types: FieldTypes): string | undefined {
  if (!Number.isSafeInteger(ts)) return `ts of ${kind} ${device} must be an integer, got ${show(ts)}`;
  if (!Number.isSafeInteger(seq)) return `seq of ${kind} ${device} must be an integer, got ${show(seq)}`;
  if (!isObject(fields)) return `fields of ${kind} ${device} must be an object, got ${show(fields)}`;
  for (const name in fields) {
    const type = types.get(name);
    const value = fields[name];
    if (type === undefined || (type === 'number' ? Number.isFinite(value) : typeof value === type)) continue;
    return `${kind}.${name} of ${device} must be a ${type === 'number' ? 'finite number' : type}, got ${show(value)}`;
  }
  return undefined;
}

/** The order of `Store.records`. */
export function comparePlaces(a: RecordPlace, b: RecordPlace): number {
  return a.ts - b.ts || (a.device < b.device ? -1 : a.device > b.device ? 1 : a.seq - b.seq);
}

export function checkKind(kind: string): void {
  if (!isKind(kind)) throw new Error(`kind must match [a-z0-9-]{1,64} and not be reserved, got ${show(kind)}`);
}

export function checkField(field: string): void {
  if (!isField(field))
    throw new Error(`field must match [A-Za-z][A-Za-z0-9_]{0,63} and not be reserved, got ${show(field)}`);
}

export function checkRange(fromMs: number, toMs: number): void {
  if (!Number.isSafeInteger(fromMs)) throw new Error(`fromMs must be an integer, got ${show(fromMs)}`);
  if (!Number.isSafeInteger(toMs)) throw new Error(`toMs must be an integer, got ${show(toMs)}`);
}

export function checkCount(name: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`${name} must be an integer above 0, got ${show(count)}`);
}

function checkBucket(bucket: Bucket): void {
  checkCount('everyMs', bucket.everyMs);
  if (!AGGREGATES.includes(bucket.agg))
    throw new Error(`agg must be one of ${AGGREGATES.join(', ')}, got ${show(bucket.agg)}`);
  if (!Number.isInteger(bucket.utcOffsetMin) || Math.abs(bucket.utcOffsetMin) > MAX_OFFSET_MIN) {
    throw new Error(`utcOffsetMin must be an integer in ±${MAX_OFFSET_MIN}, got ${show(bucket.utcOffsetMin)}`);
  }
}

/** @throws Error when a text field is to be averaged. */
export function checkAggregateOfType(kind: string, field: string, type: FieldType | undefined, agg: Aggregate): void {
  if (!canAggregate(type, agg)) {
    throw new Error(`${kind}.${field} is a text field, expected agg last or count, got ${show(agg)}`);
  }
}

/** @throws Error when the field to group by holds no texts. */
export function checkGroupField(kind: string, field: string, type: FieldType | undefined): void {
  if (type !== undefined && type !== 'string')
    throw new Error(`groupBy needs a text field, ${kind}.${field} is a ${type}`);
}

/**
 * The fields of a description that a kind does not have yet.
 * @throws Error naming the field when one changes its type, or differs from another column in case only.
 */
export function newFields(known: FieldTypes, description: Description): Map<string, FieldType> {
  checkKind(description.kind);
  const added = new Map<string, FieldType>();
  const byFolded = new Map([...known.keys(), ...IDENTITY_NAMES].map((name) => [name.toLowerCase(), name]));
  for (const [name, { type = 'number' }] of Object.entries(description.fields)) {
    const before = known.get(name);
    if (before === undefined) checkField(name);
    if (before !== undefined && before !== type) {
      throw new Error(
        `${description.kind}.${name} is stored as ${before} and cannot become ${type}: choose another name`,
      );
    }
    const twin = byFolded.get(name.toLowerCase());
    if (twin !== undefined && twin !== name) {
      throw new Error(
        `${description.kind}.${name} differs from the stored column ${twin} in case only: choose another name`,
      );
    }
    byFolded.set(name.toLowerCase(), name);
    if (before === undefined) added.set(name, type);
  }
  return added;
}

export function emptySeries(fields: readonly string[]): Series {
  return { ts: [], columns: Object.fromEntries(fields.map((field) => [field, []])) };
}

/**
 * Puts the empty buckets between the first and the last one in, as null, and keeps the newest `limit`.
 * @param ts bucket starts, ascending
 * @param columns [field][bucket]
 */
export function fillGaps(
  ts: readonly number[],
  columns: readonly (readonly (Value | null)[])[],
  everyMs: number,
  limit: number,
): { ts: number[]; columns: (Value | null)[][] } {
  if (ts.length === 0) return { ts: [], columns: columns.map(() => []) };
  const last = ts[ts.length - 1]!;
  const count = Math.min(limit, Math.round((last - ts[0]!) / everyMs) + 1);
  const first = last - (count - 1) * everyMs;
  const starts: number[] = [];
  for (let at = 0; at < count; at++) starts.push(first + at * everyMs);
  return { ts: starts, columns: columns.map((column) => withGaps(column, ts, first, everyMs)) };
}

function withGaps(
  column: readonly (Value | null)[],
  ts: readonly number[],
  first: number,
  everyMs: number,
): (Value | null)[] {
  const filled: (Value | null)[] = [];
  for (let row = 0; row < ts.length; row++) {
    const at = Math.round((ts[row]! - first) / everyMs);
    if (at < 0) continue;
    while (filled.length < at) filled.push(null);
    filled.push(column[row]!);
  }
  return filled;
}

/** Buckets of many groups, each filled between its first and its last. @throws Error when the answer would be too large. */
export function fillGroups(
  groups: ReadonlyMap<string, Omit<AggregateGroup, 'key'>>,
  everyMs: number,
): AggregateGroup[] {
  let total = 0;
  for (const { ts } of groups.values()) total += Math.round((ts[ts.length - 1]! - ts[0]!) / everyMs) + 1;
  if (total > MAX_AGGREGATE_VALUES) {
    throw new Error(
      `an aggregate answers at most ${MAX_AGGREGATE_VALUES} values, this one has ${total}: use a longer every or a shorter range`,
    );
  }
  return [...groups].map(([key, { ts, value }]) => {
    const filled = fillGaps(ts, [value], everyMs, Infinity);
    return { key, ts: filled.ts, value: filled.columns[0]! };
  });
}

/**
 * Folds the values of one bucket, given in (ts, seq) order; null when there is none. Booleans count as 0 and 1 (`last` keeps them),
 * percentiles interpolate linearly between the two nearest ranks.
 */
export function foldValues(values: readonly Value[], agg: Aggregate): Value | null {
  if (values.length === 0) return null;
  if (agg === 'count') return values.length;
  if (agg === 'last') return values[values.length - 1]!;
  const numbers = values.map(Number);
  if (agg === 'p50') return percentile(numbers, 0.5);
  if (agg === 'p95') return percentile(numbers, 0.95);
  if (agg === 'min') return numbers.reduce((a, b) => Math.min(a, b));
  if (agg === 'max') return numbers.reduce((a, b) => Math.max(a, b));
  const sum = numbers.reduce((a, b) => a + b);
  return agg === 'sum' ? sum : sum / numbers.length;
}

function percentile(numbers: number[], ratio: number): number {
  numbers.sort((a, b) => a - b);
  const at = (numbers.length - 1) * ratio;
  const low = numbers[Math.floor(at)]!;
  return low + (numbers[Math.ceil(at)]! - low) * (at - Math.floor(at));
}
