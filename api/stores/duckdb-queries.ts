// Answers the queries of the DuckDB store on connections of their own, so that a slow query holds no append up. Names are checked
// before they enter a query text, values are parameters.
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { FieldType, Value } from '../../telemetry/description.ts';
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
import { QuestionTooLong } from '../store.ts';
import type { DuckDbEngine } from './duckdb-engine.ts';
import { isRolledGroup, rolledAggregateSql, rolledHistorySql, runsOf, wholeHours } from './duckdb-rollup-queries.ts';
import type { HourRuns } from './duckdb-rollup-queries.ts';
import {
  bucketOffsetMs,
  checkAggregateOfType,
  checkAggregateQuery,
  checkCount,
  checkGroupField,
  checkHistoryQuery,
  checkLatestQuery,
  checkRange,
  checkRecordQuery,
  emptySeries,
  fillGaps,
  fillGroups,
} from './query.ts';
import type { FieldTypes } from './query.ts';

/** DuckDB's calls share four threads of Node with files and names: two are left for the appends. */
const CONNECTIONS = 2;
const MAX_WAITING = 1_000;
const ANSWER_WITHIN_MS = 60_000;

export async function createReader(engine: DuckDbEngine, answerWithinMs = ANSWER_WITHIN_MS): Promise<DuckDbReader> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => engine.connect()));
  return new DuckDbReader(engine.types, connections, answerWithinMs);
}

export class DuckDbReader {
  readonly #types: ReadonlyMap<string, FieldTypes>;
  readonly #connections: DuckDBConnection[];
  readonly #free: DuckDBConnection[];
  readonly #answerWithinMs: number;
  readonly #waiting: ((connection: DuckDBConnection) => void)[] = [];

  /** answerWithinMs: a question that takes longer is given up: others wait for its connection */
  constructor(types: ReadonlyMap<string, FieldTypes>, connections: DuckDBConnection[], answerWithinMs: number) {
    this.#types = types;
    this.#connections = connections;
    this.#free = [...connections];
    this.#answerWithinMs = answerWithinMs;
  }

  async history(query: HistoryQuery): Promise<Series> {
    checkHistoryQuery(query);
    const { kind, device, bucket, limit } = query;
    const types = this.#types.get(kind);
    const series: { ts: number[]; columns: { [field: string]: (Value | null)[] } } = emptySeries(query.fields) as never;
    const fields = [...new Set(query.fields)].filter((field) => types?.has(field));
    if (bucket) for (const field of fields) checkAggregateOfType(kind, field, types!.get(field), bucket.agg);
    if (!types || (bucket && fields.length === 0)) return series;
    const columns = await this.#inSnapshot(async (read) => {
      if (!bucket) return read(rawSql(query, fields), [device]);
      const runs = await rolledRuns(read, kind, wholeHours(query, bucket));
      if (runs) return read(rolledHistorySql(query, fields, types, bucket, runs), [device]);
      return read(bucketSql(query, fields, types, bucket), [device]);
    });
    let ts = (columns[0] as number[]).toReversed();
    let values = fields.map((_, at) => (columns[at + 1] as (Value | null)[]).toReversed());
    if (bucket) ({ ts, columns: values } = fillGaps(ts, values, bucket.everyMs, limit));
    const found = new Map(fields.map((field, at) => [field, values[at]!]));
    // A field that the kind does not have is a column of nulls.
    for (const field of query.fields) series.columns[field] = found.get(field) ?? ts.map(() => null);
    return { ts, columns: series.columns };
  }

  async aggregate(query: AggregateQuery): Promise<AggregateGroup[]> {
    checkAggregateQuery(query);
    const { kind, field, bucket, groupBy } = query;
    const types = this.#types.get(kind);
    if (!types) return [];
    checkAggregateOfType(kind, field, types.get(field), bucket.agg);
    if (typeof groupBy === 'object') checkGroupField(kind, groupBy.field, types.get(groupBy.field));
    if (!types.has(field) || (typeof groupBy === 'object' && !types.has(groupBy.field))) return [];
    const type = types.get(field)!;
    const [keys = [], starts = [], values = []] = await this.#inSnapshot(async (read) => {
      const hours = isRolledGroup(query) ? wholeHours(query, bucket) : undefined;
      const runs = await rolledRuns(read, kind, hours);
      const buckets = runs ? rolledAggregateSql(query, type, runs) : aggregateSql(query, type);
      // To floating point after the grouping: integers group in half the time.
      return read(`SELECT key, start::DOUBLE, value FROM (${buckets}) ORDER BY key, start`, []);
    });
    const groups = new Map<string, { ts: number[]; value: (Value | null)[] }>();
    for (const [row, key] of (keys as string[]).entries()) {
      const group = groups.get(key) ?? { ts: [], value: [] };
      groups.set(key, group);
      group.ts.push(starts[row] as number);
      group.value.push(values[row] as Value | null);
    }
    return fillGroups(groups, bucket.everyMs);
  }

  async events(query: EventQuery): Promise<DeviceEvent[]> {
    checkRange(query.fromMs, query.toMs);
    checkCount('limit', query.limit);
    const [ts = [], seq = [], kind = [], device = [], name = [], state = [], fields = []] = await this.#columns(
      `SELECT ts::DOUBLE, seq::DOUBLE, kind, device, name, state, fields FROM "_event"
       WHERE ts >= ${query.fromMs} AND ts < ${query.toMs} AND ($1::VARCHAR IS NULL OR kind = $1) AND ($2::VARCHAR IS NULL OR device = $2)
         AND ($3::VARCHAR IS NULL OR name = $3)
       ORDER BY ts DESC, seq DESC, kind DESC, device DESC LIMIT ${query.limit}`,
      [query.kind ?? null, query.device ?? null, query.name ?? null],
    );
    const events = ts.map((_, row) => ({
      kind: kind[row] as string,
      device: device[row] as string,
      ts: ts[row] as number,
      seq: seq[row] as number,
      fields: JSON.parse(fields[row] as string) as { [name: string]: Value },
      name: name[row] as string,
      ...(state[row] === null ? {} : { state: state[row] as 'raised' | 'cleared' }),
    }));
    return events.toReversed();
  }

  async records(query: RecordQuery): Promise<TelemetryRecord[]> {
    checkRecordQuery(query);
    const { kind, fromMs, toMs, limit, after } = query;
    const types = this.#types.get(kind);
    if (!types) return [];
    const fields = [...types.keys()];
    // The first condition lets DuckDB skip what lies before; the second is for the few of the same ms.
    const following = after
      ? `ts >= ${after.ts} AND (ts > ${after.ts} OR device > $1 OR (device = $1 AND seq > ${after.seq}))`
      : 'true';
    const columns = await this.#columns(
      `SELECT device, ts::DOUBLE, seq::DOUBLE${fields.map((field) => `, "${field}"`).join('')} FROM "${kind}"
       WHERE ts >= ${fromMs} AND ts < ${toMs} AND ${following} ORDER BY ts, device, seq LIMIT ${limit}`,
      after ? [after.device] : [],
    );
    return toRecords(kind, fields, columns);
  }

  async latest(kind: string, among?: LatestQuery): Promise<TelemetryRecord[]> {
    checkLatestQuery(kind, among);
    const types = this.#types.get(kind);
    if (!types || among?.having.some((field) => !types.has(field))) return [];
    const fields = [...types.keys()];
    const where = among
      ? [`ts >= ${among.fromMs}`, `ts < ${among.toMs}`, ...among.having.map((field) => `"${field}" IS NOT NULL`)]
      : ['true'];
    const rows = `(SELECT * FROM "${kind}" WHERE ${where.join(' AND ')})`;
    // Two passes: the first reads device and ts only, the second the few rows that are left.
    const columns = await this.#columns(
      `SELECT t.device, t.ts::DOUBLE, t.seq::DOUBLE${fields.map((field) => `, t."${field}"`).join('')} FROM ${rows} t
       JOIN (SELECT device, max(ts) AS ts FROM ${rows} GROUP BY device) newest ON t.device = newest.device AND t.ts = newest.ts
       QUALIFY row_number() OVER (PARTITION BY t.device ORDER BY t.seq DESC) = 1`,
      [],
    );
    return toRecords(kind, fields, columns);
  }

  async ping(): Promise<boolean> {
    const [[one] = []] = await this.#columns('SELECT 1', []);
    return one === 1;
  }

  async close(): Promise<void> {
    const all = this.#connections.map(() => this.#take());
    for (const connection of await Promise.all(all)) connection.closeSync();
  }

  /** [column][row]; converted piece by piece, so that appends come in between. */
  #columns(sql: string, values: DuckDBValue[]): Promise<DuckDBValue[][]> {
    return this.#inTime((connection) => columnsOf(connection, sql, values));
  }

  /** Both questions of `ask` see the same moment: a late record may take an hour's rollup away between them. */
  #inSnapshot(ask: (read: Read) => Promise<DuckDBValue[][]>): Promise<DuckDBValue[][]> {
    return this.#inTime(async (connection) => {
      await connection.run('BEGIN TRANSACTION READ ONLY');
      try {
        return await ask((sql, values) => columnsOf(connection, sql, values));
      } finally {
        await connection.run('ROLLBACK').catch(() => undefined);
      }
    });
  }

  /** @throws QuestionTooLong */
  async #inTime<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      connection.interrupt();
    }, this.#answerWithinMs);
    try {
      return await work(connection);
    } catch (error) {
      throw isLate ? new QuestionTooLong(`no answer within ${this.#answerWithinMs / 1000} s`) : error;
    } finally {
      clearTimeout(late);
      this.#give(connection);
    }
  }

  #take(): Promise<DuckDBConnection> {
    const connection = this.#free.pop();
    if (connection) return Promise.resolve(connection);
    if (this.#waiting.length >= MAX_WAITING)
      return Promise.reject(new Error(`more than ${MAX_WAITING} queries are waiting`));
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #give(connection: DuckDBConnection): void {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#free.push(connection);
  }
}

/** [column][row]; columns without rows too. */
async function columnsOf(connection: DuckDBConnection, sql: string, values: DuckDBValue[]): Promise<DuckDBValue[][]> {
  const result = await connection.run(sql, values);
  const columns: DuckDBValue[][] = Array.from({ length: result.columnCount }, () => []);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return columns;
    chunk.appendToColumns(columns);
  }
}

type Read = (sql: string, values: DuckDBValue[]) => Promise<DuckDBValue[][]>;

async function rolledRuns(
  read: Read,
  kind: string,
  hours: readonly [from: number, to: number] | undefined,
): Promise<HourRuns | undefined> {
  if (!hours) return undefined;
  const [rolled = []] = await read(
    `SELECT hour::DOUBLE FROM "_rolled" WHERE kind = $1 AND used AND hour >= ${hours[0]} AND hour < ${hours[1]} ORDER BY 1`,
    [kind],
  );
  return runsOf(rolled as number[]);
}

/** [device, ts, seq, …fields][row] */
function toRecords(
  kind: string,
  fields: readonly string[],
  [device = [], ts = [], seq = [], ...columns]: readonly DuckDBValue[][],
): TelemetryRecord[] {
  return device.map((_, row) => {
    const values: { [name: string]: Value } = {};
    for (const [at, field] of fields.entries()) {
      const value = columns[at]![row];
      if (value !== null) values[field] = value as Value;
    }
    return { kind, device: device[row] as string, ts: ts[row] as number, seq: seq[row] as number, fields: values };
  });
}

function rawSql({ kind, fromMs, toMs, limit }: HistoryQuery, fields: readonly string[]): string {
  const columns = ['ts::DOUBLE', ...fields.map((field) => `"${field}"`)];
  return `SELECT ${columns.join(', ')} FROM "${kind}" WHERE device = $1 AND ts >= ${fromMs} AND ts < ${toMs}
    ORDER BY ts DESC, seq DESC LIMIT ${limit}`;
}

function bucketSql(query: HistoryQuery, fields: readonly string[], types: FieldTypes, bucket: Bucket): string {
  const values = fields.map((field) => aggregateOf(field, types.get(field)!, bucket.agg));
  const some = fields.map((field) => `"${field}" IS NOT NULL`).join(' OR ');
  return `SELECT ${startOf(bucket, query.fromMs)}::DOUBLE AS start, ${values.join(', ')} FROM "${query.kind}"
    WHERE device = $1 AND ts >= ${query.fromMs} AND ts < ${query.toMs} AND (${some}) GROUP BY 1 ORDER BY 1 DESC LIMIT ${query.limit}`;
}

function aggregateSql(
  { kind, field, fromMs, toMs, bucket, groupBy, maxGroups }: AggregateQuery,
  type: FieldType,
): string {
  const key = groupBy === 'kind' ? `'${kind}'` : groupBy === 'device' ? 'device' : `"${groupBy.field}"`;
  const where = `"${field}" IS NOT NULL AND ts >= ${fromMs} AND ts < ${toMs} AND ${key} IS NOT NULL`;
  const groups = `SELECT DISTINCT ${key} FROM "${kind}" WHERE ${where} ORDER BY 1 LIMIT ${maxGroups}`;
  return `SELECT ${key} AS key, ${startOf(bucket, fromMs)} AS start, ${aggregateOf(field, type, bucket.agg)} AS value FROM "${kind}"
    WHERE ${where} ${groupBy === 'kind' || maxGroups === undefined ? '' : `AND ${key} IN (${groups})`} GROUP BY 1, 2`;
}

/** Start of the civil bucket a row is in, by integers. */
function startOf(bucket: Bucket, fromMs: number): string {
  const { everyMs } = bucket;
  const offset = bucketOffsetMs(bucket);
  const local = `(ts + ${offset})`;
  // Division cuts towards zero, % takes the sign of the dividend.
  return fromMs + offset >= 0
    ? `(${local} // ${everyMs} * ${everyMs} - ${offset})`
    : `(ts - ((${local} % ${everyMs}) + ${everyMs}) % ${everyMs})`;
}

function aggregateOf(field: string, type: FieldType, agg: Aggregate): string {
  const column = `"${field}"`;
  const number = type === 'boolean' ? `${column}::INTEGER::DOUBLE` : column;
  if (agg === 'count') return `nullif(count(${column}), 0)::DOUBLE`;
  if (agg === 'last') return `arg_max(${column}, ts::HUGEINT * 4294967296 + seq)`;
  if (agg === 'p50') return `quantile_cont(${number}, 0.5)`;
  if (agg === 'p95') return `quantile_cont(${number}, 0.95)`;
  return `${agg === 'mean' ? 'avg' : agg}(${number})`;
}
