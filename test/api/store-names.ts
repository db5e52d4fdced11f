// Names that a database, a language or a query of ours has a meaning of its own for: as kinds and as fields every store takes them all.
import { expect } from 'vitest';
import type { Aggregate, Store } from '../../api/store.ts';
import type { Description, FieldType, Value } from '../../telemetry/description.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { batch, description, record } from './records.ts';

const T0 = Date.UTC(2026, 10, 20, 3);
const HOUR_MS = 3_600_000;
const ALL = { fromMs: 0, toMs: 9_000_000_000_000, limit: 1_000 };
const AGGREGATES: readonly Aggregate[] = ['mean', 'max', 'count', 'last'];
const TYPES: readonly FieldType[] = ['number', 'boolean', 'string'];

const KINDS =
  'suspect select table order t s parts newest main temp event kind meta hour-bus information-schema sqlite-master 0 - -- autogen'.split(
    ' ',
  );
const FIELDS = [
  ...'select from where order group by limit offset table index column and or not null true false nan infinity as in is like'.split(
    ' ',
  ),
  ...'value values key start hour used t s n f0 f1 parts newest row rowid position owner text name state fields event'.split(
    ' ',
  ),
  ...'description last first count sum min max mean avg distinct percentile fill tag tags measurement field now interval'.split(
    ' ',
  ),
  ...'timestamp date numbers records suspect length prototype then toJSON excluded current_date session_user user'.split(
    ' ',
  ),
];

/** Each third one is a number, a boolean, a text. */
const typeOf = (field: string): FieldType => TYPES[FIELDS.indexOf(field) % TYPES.length]!;

function valueOf(field: string, n: number): Value {
  const type = typeOf(field);
  return type === 'number' ? n + 0.5 : type === 'boolean' ? n % 2 === 0 : `${field} ${n}`;
}

/** All those fields. */
export function named(kind: string): Description {
  const fields = FIELDS.map((field) => [field, { label: field, unit: '', type: typeOf(field) }]);
  return { kind, label: kind, fields: Object.fromEntries(fields) };
}

/** Of one hour and device. */
export function namedRecords(kind: string, count: number): TelemetryRecord[] {
  return Array.from({ length: count }, (_, n) => {
    const fields = Object.fromEntries(FIELDS.map((field) => [field, valueOf(field, n)]));
    return { kind, device: 'd-1', ts: T0 + n, seq: n + 1, fields };
  });
}

/** `store` is new and open. */
export async function takesAnyName(store: Store): Promise<void> {
  const [first = '', ...others] = KINDS;
  await store.describe(named(first));
  for (const kind of others) await store.describe(description(kind));
  const ofOthers = others.map((kind) => ({ ...record('d-1', T0, 1, { speedMps: 3 }), kind }));
  const records = [...namedRecords(first, 2), ...ofOthers];
  expect(await store.append(batch(records))).toEqual({ duplicates: 0 });
  // What may be stored already is looked for.
  expect((await store.append({ records, suspects: [...records.keys()], events: [] })).refused).toBeUndefined();
  expect(await store.latest(first, { ...ALL, having: FIELDS })).toEqual([records[1]]);
  for (const kind of KINDS)
    expect(await store.records({ ...ALL, kind })).toEqual(records.filter((record) => record.kind === kind));
  await answersAnyName(store, first, 2);
}

/** It has `namedRecords(kind, count)`. */
export async function answersAnyName(
  store: Pick<Store, 'history' | 'aggregate'>,
  kind: string,
  count: number,
): Promise<void> {
  const valuesOf = (field: string): Value[] => Array.from({ length: count }, (_, n) => valueOf(field, n));
  const raw = await store.history({ ...ALL, kind, device: 'd-1', fields: FIELDS });
  for (const field of FIELDS) expect([field, raw.columns[field]]).toEqual([field, valuesOf(field)]);
  for (const agg of AGGREGATES) {
    const folded = FIELDS.filter((field) => typeOf(field) !== 'string' || agg === 'count' || agg === 'last');
    const bucket = { everyMs: HOUR_MS, agg, utcOffsetMin: 0 };
    const { columns } = await store.history({ ...ALL, kind, device: 'd-1', fields: folded, bucket });
    for (const field of folded) {
      const expected = folds(agg, valuesOf(field));
      expect([field, agg, columns[field]]).toEqual([field, agg, [expected]]);
      if (agg !== 'last' && agg !== 'max') continue;
      const groupBy = agg === 'last' ? 'device' : 'kind';
      const groups = await store.aggregate({ ...ALL, kind, field, bucket, groupBy, maxGroups: 2 });
      const key = groupBy === 'kind' ? kind : 'd-1';
      expect([field, agg, groups]).toEqual([field, agg, [{ key, ts: [T0], value: [expected] }]]);
    }
  }
  const bucket = { everyMs: HOUR_MS, agg: 'count', utcOffsetMin: 0 } as const;
  for (const field of FIELDS.filter((field) => typeOf(field) === 'string')) {
    const groups = await store.aggregate({ ...ALL, kind, field: FIELDS[0]!, bucket, groupBy: { field }, maxGroups: 5 });
    expect(groups.map(({ key }) => key)).toEqual(valuesOf(field));
  }
}

function folds(agg: Aggregate, values: readonly Value[]): Value {
  if (agg === 'count') return values.length;
  if (agg === 'last') return values.at(-1)!;
  const numbers = values.map(Number);
  return agg === 'max' ? Math.max(...numbers) : numbers.reduce((a, b) => a + b) / numbers.length;
}
