// Answers the queries of both InfluxDB stores in InfluxQL, which 2.x understands at its 1.x-compatible address. Names are checked before they enter a query text, values are parameters.
// What InfluxQL cannot do is done here: booleans are folded from two counts, percentiles from the values as long as they are few.
import type { Description, FieldType, Value } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type {
  Aggregate,
  AggregateGroup,
  AggregateQuery,
  Bucket,
  EventQuery,
  HistoryQuery,
  LatestQuery,
  RecordQuery,
  Series,
} from '../store.ts';
import type { InfluxConnection, InfluxSeries } from './influx-connection.ts';
import { EVENT_MEASUREMENT, KIND_MEASUREMENT, MAX_TS_MS } from './line-protocol.ts';
import {
  bucketOffsetMs,
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
  fillGaps,
  fillGroups,
  foldValues,
} from './query.ts';
import type { FieldTypes } from './query.ts';

interface Buckets {
  ts: number[];
  value: (Value | null)[];
}
interface Selection {
  readonly kind: string;
  readonly field: string;
  readonly type: FieldType;
  /** InfluxQL after WHERE. */
  readonly where: string;
  readonly parameters: { readonly [name: string]: string };
  readonly byDevice: boolean;
  readonly bucket: Bucket;
}

/** Percentiles of more values are the server's own, which takes the nearest rank and does not interpolate. */
const MAX_EXACT_VALUES = 200_000;
const FUNCTIONS: { readonly [agg in Aggregate]: (field: string) => string } = {
  mean: (field) => `mean("${field}")`,
  min: (field) => `min("${field}")`,
  max: (field) => `max("${field}")`,
  sum: (field) => `sum("${field}")`,
  count: (field) => `count("${field}")`,
  last: (field) => `last("${field}")`,
  p50: (field) => `percentile("${field}", 50)`,
  p95: (field) => `percentile("${field}", 95)`,
};
const FIELD_TYPES = new Map<string, FieldType>([
  ['float', 'number'],
  ['boolean', 'boolean'],
  ['string', 'string'],
]);

export class InfluxReader {
  readonly #connection: Pick<InfluxConnection, 'query'>;
  readonly #city: string;
  readonly #types: ReadonlyMap<string, FieldTypes>;

  constructor(connection: Pick<InfluxConnection, 'query'>, city: string, types: ReadonlyMap<string, FieldTypes>) {
    this.#connection = connection;
    this.#city = city;
    this.#types = types;
  }

  /** Types of the fields that were ever written. */
  async storedTypes(): Promise<Map<string, Map<string, FieldType>>> {
    const types = new Map<string, Map<string, FieldType>>();
    for (const { name = '', values } of await this.#query('SHOW FIELD KEYS', {})) {
      if (name.startsWith('_')) continue;
      const fields = values.filter(([field, type]) => field !== 'seq' && FIELD_TYPES.has(String(type)));
      types.set(name, new Map(fields.map(([field, type]) => [String(field), FIELD_TYPES.get(String(type))!])));
    }
    return types;
  }

  async storedDescriptions(): Promise<Description[]> {
    const series = await this.#query(
      `SELECT last("description") FROM "${KIND_MEASUREMENT}" WHERE "city" = $city GROUP BY "kind"`,
      {},
    );
    return series.map(({ values }) => JSON.parse(String(values[0]![1])) as Description);
  }

  async history(query: HistoryQuery): Promise<Series> {
    checkHistoryQuery(query);
    const { kind, device, fields, bucket, limit } = query;
    const types = this.#types.get(kind);
    const known = [...new Set(fields)].filter((field) => types?.has(field));
    if (bucket) for (const field of known) checkAggregateOfType(kind, field, types!.get(field), bucket.agg);
    if (!types) return toSeries([], fields, new Map());
    const where = `${range(query)} AND "device" = $device`;
    if (!bucket) {
      const columns = ['"seq"', ...known.map((field, at) => `"${field}" AS "f${at}"`)].join(', ');
      const [series] = await this.#query(
        `SELECT ${columns} FROM "${kind}" WHERE ${where} ORDER BY time DESC LIMIT ${limit}`,
        { device },
      );
      const rows = series?.values.toReversed() ?? [];
      const values = new Map(known.map((field, at) => [field, rows.map((row) => row[at + 2]!)]));
      return toSeries(
        rows.map(([ts]) => ts as number),
        fields,
        values,
      );
    }
    const found: Buckets[] = [];
    for (const field of known) {
      const selection = {
        kind,
        field,
        type: types.get(field)!,
        where,
        parameters: { device },
        byDevice: false,
        bucket,
      };
      found.push((await this.#buckets(selection)).get('') ?? { ts: [], value: [] });
    }
    const starts = [...new Set(found.flatMap(({ ts }) => ts))].sort((a, b) => a - b);
    const columns = found.map(({ ts, value }) => {
      const byStart = new Map(ts.map((start, at) => [start, value[at]!]));
      return starts.map((start) => byStart.get(start) ?? null);
    });
    const filled = fillGaps(starts, columns, bucket.everyMs, limit);
    return toSeries(filled.ts, fields, new Map(known.map((field, at) => [field, filled.columns[at]!])));
  }

  async aggregate(query: AggregateQuery): Promise<AggregateGroup[]> {
    checkAggregateQuery(query);
    const { kind, field, bucket, groupBy, maxGroups } = query;
    const types = this.#types.get(kind);
    checkAggregateOfType(kind, field, types?.get(field), bucket.agg);
    if (typeof groupBy === 'object') checkGroupField(kind, groupBy.field, types?.get(groupBy.field));
    const type = types?.get(field);
    if (!type || (typeof groupBy === 'object' && !types?.has(groupBy.field))) return [];
    const selection = {
      kind,
      field,
      type,
      where: range(query),
      parameters: {},
      byDevice: groupBy === 'device',
      bucket,
    };
    let groups: Map<string, Buckets>;
    if (typeof groupBy === 'object') groups = await this.#byText(selection, groupBy.field, maxGroups);
    else {
      groups = await this.#buckets(selection);
      if (groupBy === 'kind') groups = new Map([...groups].map(([, buckets]) => [kind, buckets]));
    }
    const newest = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, maxGroups);
    return fillGroups(new Map(newest), bucket.everyMs);
  }

  async events(query: EventQuery): Promise<DeviceEvent[]> {
    checkRange(query.fromMs, query.toMs);
    checkCount('limit', query.limit);
    const { kind, device, name } = query;
    const given = Object.entries({ kind, device, name }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const where = [range(query), ...given.map(([column]) => `"${column}" = $${column}`)].join(' AND ');
    const [series] = await this.#query(
      `SELECT "kind", "device", "seq", "name", "state", "fields" FROM "${EVENT_MEASUREMENT}" WHERE ${where}
       ORDER BY time DESC LIMIT ${query.limit}`,
      Object.fromEntries(given),
    );
    const events = (series?.values ?? []).map(([ts, kind, device, seq, name, state, fields]) => ({
      kind: kind as string,
      device: device as string,
      ts: ts as number,
      seq: seq as number,
      fields: JSON.parse(fields as string) as { [name: string]: Value },
      name: name as string,
      ...(typeof state === 'string' && { state: state as 'raised' | 'cleared' }),
    }));
    // Points of the same ns come in no particular order.
    const keyOf = (event: DeviceEvent): string => `${event.kind}/${event.device}`;
    return events.sort((a, b) => a.ts - b.ts || a.seq - b.seq || (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  async records(query: RecordQuery): Promise<TelemetryRecord[]> {
    checkRecordQuery(query);
    const { kind, toMs, limit, after } = query;
    const found: TelemetryRecord[] = [];
    let { fromMs } = query;
    if (after) {
      const ofTheMs = await this.#recordsOf(kind, after.ts, after.ts + 1);
      if (after.ts >= fromMs) found.push(...ofTheMs.filter((record) => comparePlaces(record, after) > 0));
      fromMs = Math.max(fromMs, after.ts + 1);
    }
    const missing = limit - found.length;
    if (missing > 0 && fromMs < toMs) {
      const rows = await this.#recordsOf(kind, fromMs, toMs, missing);
      found.push(...rows);
      if (rows.length === missing) {
        // The server knows no order of devices: the last ms may be cut anywhere, so it is read as a whole.
        const lastMs = rows.at(-1)!.ts;
        while (found.length > 0 && found.at(-1)!.ts === lastMs) found.pop();
        found.push(...(await this.#recordsOf(kind, lastMs, lastMs + 1)));
      }
    }
    return found.sort(comparePlaces).slice(0, limit);
  }

  async latest(kind: string, among?: LatestQuery): Promise<TelemetryRecord[]> {
    checkLatestQuery(kind, among);
    const types = this.#types.get(kind);
    if (!types || among?.having.some((field) => !types.has(field))) return [];
    const fields = [...types.keys()];
    const having = among?.having.map((field) => isThere(field, types.get(field)!)) ?? [];
    const where = [among ? range(among) : '"city" = $city', ...having].join(' AND ');
    const columns = ['"seq"', ...fields.map((field, at) => `"${field}" AS "f${at}"`)].join(', ');
    const series = await this.#query(
      `SELECT ${columns} FROM "${kind}" WHERE ${where} GROUP BY "device" ORDER BY time DESC LIMIT 1`,
      {},
    );
    return series.map(({ tags, values: [row = []] }) => toRecord(kind, tags!.device!, fields, row));
  }

  /** Of [fromMs, toMs), the oldest `limit`, ascending in time. */
  async #recordsOf(kind: string, fromMs: number, toMs: number, limit?: number): Promise<TelemetryRecord[]> {
    const types = this.#types.get(kind);
    if (!types) return [];
    const fields = [...types.keys()];
    const columns = ['"seq"', ...fields.map((field, at) => `"${field}" AS "f${at}"`), '"device"'].join(', ');
    const [series] = await this.#query(
      `SELECT ${columns} FROM "${kind}" WHERE ${range({ fromMs, toMs })} ORDER BY time ASC${limit === undefined ? '' : ` LIMIT ${limit}`}`,
      {},
    );
    return (series?.values ?? []).map((row) => toRecord(kind, row.at(-1) as string, fields, row));
  }

  /** InfluxQL groups by tags only: one query for each text. */
  async #byText(selection: Selection, by: string, maxGroups?: number): Promise<Map<string, Buckets>> {
    const [texts] = await this.#query(`SELECT distinct("${by}") FROM "${selection.kind}" WHERE ${selection.where}`, {});
    const groups = new Map<string, Buckets>();
    for (const text of (texts?.values ?? []).map(([, text]) => String(text)).sort()) {
      if (groups.size === maxGroups) break;
      const where = `${selection.where} AND "${by}" = $text`;
      const buckets = (await this.#buckets({ ...selection, where, parameters: { text } })).get('');
      if (buckets) groups.set(text, buckets);
    }
    return groups;
  }

  /** Buckets with a value, ascending, by device or under ''. */
  async #buckets(selection: Selection): Promise<Map<string, Buckets>> {
    const { type, bucket } = selection;
    if (bucket.agg === 'count' || bucket.agg === 'last') return this.#fold(selection, bucket.agg);
    if (type === 'boolean') return this.#foldBooleans(selection);
    if (bucket.agg !== 'p50' && bucket.agg !== 'p95') return this.#fold(selection, bucket.agg);
    const [count] = await this.#query(
      `SELECT count("${selection.field}") FROM "${selection.kind}" WHERE ${selection.where}`,
      selection.parameters,
    );
    const values = Number(count?.values[0]?.[1] ?? 0);
    return values > MAX_EXACT_VALUES ? this.#fold(selection, bucket.agg) : this.#foldHere(selection);
  }

  async #fold(selection: Selection, agg: Aggregate, condition = ''): Promise<Map<string, Buckets>> {
    const { everyMs } = selection.bucket;
    const offset = (((-bucketOffsetMs(selection.bucket) % everyMs) + everyMs) % everyMs).toFixed(0);
    const series = await this.#query(
      `SELECT ${FUNCTIONS[agg](selection.field)} FROM "${selection.kind}" WHERE ${selection.where}${condition}
       GROUP BY time(${everyMs}ms, ${offset}ms)${selection.byDevice ? ', "device"' : ''} fill(none)`,
      selection.parameters,
    );
    const groups = series.map(({ tags, values }): [string, Buckets] => {
      const some = values.filter(([, value]) => value !== null && !(agg === 'count' && value === 0));
      return [tags?.device ?? '', { ts: some.map(([ts]) => ts as number), value: some.map(([, value]) => value!) }];
    });
    return new Map(groups.filter(([, { ts }]) => ts.length > 0));
  }

  /** Of booleans the server can only count: all of them and the true ones say the rest. */
  async #foldBooleans(selection: Selection): Promise<Map<string, Buckets>> {
    const all = await this.#fold(selection, 'count');
    const trues = await this.#fold(selection, 'count', ` AND "${selection.field}" = true`);
    const groups = [...all].map(([key, { ts, value }]): [string, Buckets] => {
      const set = trues.get(key);
      const trueAt = new Map(set?.ts.map((start, at) => [start, Number(set.value[at])]));
      return [
        key,
        { ts, value: ts.map((start, at) => ofCounts(Number(value[at]), trueAt.get(start) ?? 0, selection.bucket.agg)) },
      ];
    });
    return new Map(groups);
  }

  async #foldHere(selection: Selection): Promise<Map<string, Buckets>> {
    const { bucket } = selection;
    const series = await this.#query(
      `SELECT "${selection.field}" FROM "${selection.kind}" WHERE ${selection.where}${selection.byDevice ? ' GROUP BY "device"' : ''}`,
      selection.parameters,
    );
    const groups = series.map(({ tags, values }): [string, Buckets] => {
      const rows = Map.groupBy(values, ([ts]) => bucketStart(ts as number, bucket));
      const folded = [...rows.values()].map((row) =>
        foldValues(
          row.map(([, value]) => value!),
          bucket.agg,
        ),
      );
      return [tags?.device ?? '', { ts: [...rows.keys()], value: folded }];
    });
    return new Map(groups);
  }

  #query(sql: string, parameters: { readonly [name: string]: string }): Promise<InfluxSeries[]> {
    return this.#connection.query(sql, { city: this.#city, ...parameters });
  }
}

/** row: time, seq, …fields, anything */
function toRecord(
  kind: string,
  device: string,
  fields: readonly string[],
  row: readonly (Value | null)[],
): TelemetryRecord {
  const present = fields.flatMap((field, at): [string, Value][] => {
    const value = row[at + 2];
    return value === null || value === undefined ? [] : [[field, value]];
  });
  return { kind, device, ts: row[0] as number, seq: row[1] as number, fields: Object.fromEntries(present) };
}

/** InfluxQL knows no NOT NULL; what is absent compares as false. */
function isThere(field: string, type: FieldType): string {
  if (type === 'number') return `("${field}" > 0 OR "${field}" <= 0)`;
  return type === 'boolean' ? `("${field}" = true OR "${field}" = false)` : `"${field}" =~ /^/`;
}

function range({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): string {
  const clamp = (ms: number): number => Math.min(Math.max(ms, 0), MAX_TS_MS + 1);
  return `"city" = $city AND time >= ${clamp(fromMs)}ms AND time < ${clamp(toMs)}ms`;
}

function ofCounts(count: number, trues: number, agg: Aggregate): number {
  if (agg === 'sum') return trues;
  if (agg === 'mean') return trues / count;
  if (agg === 'min') return trues === count ? 1 : 0;
  if (agg === 'max') return trues > 0 ? 1 : 0;
  // In order, the zeros come first: linear between the two nearest ranks.
  const at = (count - 1) * (agg === 'p50' ? 0.5 : 0.95);
  return Math.min(1, Math.max(0, at - (count - trues) + 1));
}

function toSeries(ts: number[], fields: readonly string[], found: ReadonlyMap<string, (Value | null)[]>): Series {
  return { ts, columns: Object.fromEntries(fields.map((field) => [field, found.get(field) ?? ts.map(() => null)])) };
}
