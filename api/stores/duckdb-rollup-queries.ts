// History and aggregates from hourly rollups, where they say exactly what the records say: whole hours are read rolled up, the rest of the
// range from the records. Percentiles, groups by a text and buckets that cut hours are left to the records.
import type { FieldType } from '../../telemetry/description.ts';
import type { Aggregate, AggregateQuery, Bucket, HistoryQuery } from '../store.ts';
import { HOUR_MS, partsOf, tableOf } from './duckdb-rollups.ts';
import { bucketOffsetMs } from './query.ts';
import type { FieldTypes } from './query.ts';

/** Hours since 1970, [from, to) each, ascending. */
export type HourRuns = readonly (readonly [from: number, to: number])[];

const ROLLED: ReadonlySet<Aggregate> = new Set(['mean', 'min', 'max', 'sum', 'count', 'last']);
/** Pieces of a range; more are a sign that records are read anyway. */
const MAX_RUNS = 40;

/** Whole hours of the range that a bucket like this may read rolled up; undefined when the records are needed. */
export function wholeHours(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  { everyMs, agg, ...bucket }: Bucket,
): readonly [from: number, to: number] | undefined {
  const offsetMs = bucketOffsetMs({ everyMs, agg, ...bucket });
  if (!ROLLED.has(agg) || everyMs % HOUR_MS !== 0 || offsetMs % HOUR_MS !== 0) return undefined;
  const from = Math.ceil(fromMs / HOUR_MS);
  const to = Math.floor(toMs / HOUR_MS);
  return from >= 0 && from < to ? [from, to] : undefined;
}

/** In the newest record of many devices the rollups have no order between them. */
export function isRolledGroup({ bucket, groupBy }: AggregateQuery): boolean {
  return groupBy === 'device' || (groupBy === 'kind' && bucket.agg !== 'last');
}

/** Ascending hours to runs; undefined when there are none, or too many pieces. */
export function runsOf(hours: readonly number[]): HourRuns | undefined {
  const runs: [number, number][] = [];
  for (const hour of hours) {
    const last = runs.at(-1);
    if (last?.[1] === hour) last[1]++;
    else runs.push([hour, hour + 1]);
  }
  return runs.length === 0 || runs.length > MAX_RUNS ? undefined : runs;
}

export function rolledHistorySql(
  query: HistoryQuery,
  fields: readonly string[],
  types: FieldTypes,
  bucket: Bucket,
  runs: HourRuns,
): string {
  const values = fields.map((field) => foldOf(field, bucket.agg));
  const some = fields.map((field) => `"${field}.n" > 0`).join(' OR ');
  return `SELECT ${startOf(bucket)}::DOUBLE AS start, ${values.join(', ')} FROM (${partials(query, fields, types, runs, 'device = $1')})
    WHERE ${some} GROUP BY 1 ORDER BY 1 DESC LIMIT ${query.limit}`;
}

export function rolledAggregateSql(query: AggregateQuery, type: FieldType, runs: HourRuns): string {
  const { kind, field, bucket, groupBy, maxGroups } = query;
  const types = new Map([[field, type]]);
  const key = groupBy === 'kind' ? `'${kind}'` : 'device';
  const groups = `SELECT DISTINCT ${key} FROM parts ORDER BY 1 LIMIT ${maxGroups}`;
  return `WITH parts AS (SELECT * FROM (${partials(query, [field], types, runs, 'true')}) WHERE "${field}.n" > 0)
    SELECT ${key} AS key, ${startOf(bucket)} AS start, ${foldOf(field, bucket.agg)} AS value FROM parts
    ${groupBy === 'kind' || maxGroups === undefined ? '' : `WHERE device IN (${groups})`} GROUP BY 1, 2`;
}

/** One row for each device and hour: of the runs from the rollups, of the rest of the range folded now. */
function partials(
  { kind, fromMs, toMs }: { readonly kind: string; readonly fromMs: number; readonly toMs: number },
  fields: readonly string[],
  types: FieldTypes,
  runs: HourRuns,
  where: string,
): string {
  const parts = fields.flatMap((field) => partsOf(field, types.get(field)!));
  const rolled = runs.map(([from, to]) => `(hour >= ${from} AND hour < ${to})`).join(' OR ');
  const gaps: [number, number][] = [];
  let at = fromMs;
  for (const [from, to] of runs) {
    if (from * HOUR_MS > at) gaps.push([at, from * HOUR_MS]);
    at = to * HOUR_MS;
  }
  if (toMs > at) gaps.push([at, toMs]);
  const columns = parts.map(({ name }) => `, "${name}"`).join('');
  const fromRollups = `SELECT hour, device${columns} FROM "${tableOf(kind)}" WHERE ${where} AND (${rolled})`;
  // A branch for each gap, so that each one skips what lies outside by the range of its blocks.
  const fromRecords = gaps.map(
    ([from, to]) =>
      `SELECT ts // ${HOUR_MS} AS hour, device${parts.map(({ name, fold }) => `, ${fold} AS "${name}"`).join('')} FROM "${kind}"
       WHERE ${where} AND ts >= ${from} AND ts < ${to} GROUP BY ALL`,
  );
  return [fromRollups, ...fromRecords].join(' UNION ALL ');
}

/** Buckets begin at whole hours. */
function startOf(bucket: Bucket): string {
  const offset = bucketOffsetMs(bucket);
  const local = `(hour * ${HOUR_MS} + ${offset})`;
  return `(hour * ${HOUR_MS} - ((${local} % ${bucket.everyMs}) + ${bucket.everyMs}) % ${bucket.everyMs})`;
}

function foldOf(field: string, agg: Aggregate): string {
  if (agg === 'count') return `nullif(sum("${field}.n"), 0)::DOUBLE`;
  if (agg === 'mean') return `sum("${field}.sum") / nullif(sum("${field}.n"), 0)`;
  if (agg === 'last') return `arg_max("${field}.last", hour)`;
  return `${agg}("${field}.${agg}")`;
}
