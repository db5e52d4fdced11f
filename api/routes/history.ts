// The past: history of a device, records of a kind, aggregates over it, events.
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Description } from '../../telemetry/description.ts';
import type { DeviceEvent } from '../../telemetry/messages.ts';
import type { Kind } from '../kinds.ts';
import { checkAggOfField, fieldsNamed, kindNamed, parseAgg, parseEvery, parseTime } from '../parameters.ts';
import type { Parts } from '../parts.ts';
import { Problem, badCursor } from '../problems.ts';
import { canAggregate } from '../store.ts';
import type { AggregateQuery, Bucket, RecordPlace, Series } from '../store.ts';
import { AGGREGATES } from '../stores/query.ts';
import { newestRow } from './devices.ts';
import { CURSOR, DEVICE, DEVICE_PARAMS, KIND, TIME, VALUE, answers, limitOf } from './schemas.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Of a Date. */
const LATEST_MS = 8.64e15;
/** Values of one field in one answer, over all groups of an aggregate. */
const MAX_VALUES = 2_000_000;
const MAX_GROUPS = 1000;
/** Rows written between two turns of the event loop. */
const ROWS_PER_TURN = 10_000;

const RANGE = {
  from: Type.Optional(TIME),
  to: Type.Optional(TIME),
};
const EVERY = Type.String({ description: '10s, 1m, 1h, 1d …; days in civil time', maxLength: 10 });
const AGG = Type.String({ description: AGGREGATES.join(', '), maxLength: 10 });
const HISTORY_QUERY = Type.Object(
  {
    field: Type.Optional(Type.String({ description: 'a,b; when absent all that agg fits', maxLength: 4000 })),
    ...RANGE,
    limit: limitOf(10_000, 1_000_000),
    every: Type.Optional(EVERY),
    agg: Type.Optional(AGG),
  },
  { additionalProperties: false },
);
const AGGREGATE_QUERY = Type.Object(
  {
    kind: KIND,
    field: Type.String({ maxLength: 64 }),
    ...RANGE,
    every: Type.Optional(EVERY),
    agg: Type.Optional(AGG),
    groupBy: Type.Optional(Type.String({ description: 'kind, device or a text field', maxLength: 64 })),
    limit: limitOf(100, MAX_GROUPS),
  },
  { additionalProperties: false },
);
const RECORDS_QUERY = Type.Object(
  { kind: KIND, ...RANGE, limit: limitOf(1000, 10_000), cursor: Type.Optional(CURSOR) },
  { additionalProperties: false },
);
const RECORD = Type.Object({
  kind: Type.String(),
  device: Type.String(),
  ts: Type.Integer(),
  seq: Type.Integer(),
  fields: Type.Record(Type.String(), VALUE),
});
const RECORDS = Type.Object({ items: Type.Array(RECORD), next: Type.Union([Type.String(), Type.Null()]) });
const EVENTS_QUERY = Type.Object(
  {
    kind: Type.Optional(KIND),
    device: Type.Optional(DEVICE),
    ...RANGE,
    limit: limitOf(1000, 100_000),
    cursor: Type.Optional(CURSOR),
  },
  { additionalProperties: false },
);
const CELLS = Type.Array(Type.Union([VALUE, Type.Null()]));
const SERIES = Type.Object({ ts: Type.Array(Type.Integer()) }, { additionalProperties: CELLS });
const GROUPS = Type.Object({
  groups: Type.Array(Type.Object({ key: Type.String(), ts: Type.Array(Type.Integer()), value: CELLS })),
});

export function historyRoutes(app: FastifyInstance, parts: Parts): void {
  const { store, kinds, clock } = parts;

  app.get<{ Params: Static<typeof DEVICE_PARAMS>; Querystring: Static<typeof HISTORY_QUERY> }>(
    '/api/devices/:kind/:device/history',
    {
      schema: {
        tags: ['devices'],
        summary: 'Records of a device in [from, to), or one value per bucket',
        params: DEVICE_PARAMS,
        querystring: HISTORY_QUERY,
        response: answers({ 200: SERIES }),
      },
    },
    async ({ params: { kind: kindName, device }, query }, reply) => {
      const kind = kindNamed(kinds, kindName, 404);
      const bucket = bucketOf(query, clock.utcOffsetMin);
      const fields = fieldsOf(kind.description, query.field, bucket);
      if (bucket) for (const field of fields) checkAggOfField(kind.description, field, bucket.agg);
      const { ts } = await newestRow(store, kind, device);
      const range = rangeOf(query, ts, HOUR_MS);
      if (bucket) checkBuckets(range, bucket, 1);
      const { limit } = query;
      const series = await store.history({
        kind: kindName,
        device,
        fields,
        ...range,
        limit,
        ...(bucket && { bucket }),
      });
      return reply.type('application/json').send(Readable.from(seriesText(series, fields)));
    },
  );

  app.get<{ Querystring: Static<typeof AGGREGATE_QUERY> }>(
    '/api/aggregate',
    {
      schema: {
        tags: ['devices'],
        summary: 'One value per bucket over all devices of a kind, or per group',
        querystring: AGGREGATE_QUERY,
        response: answers({ 200: GROUPS }),
      },
    },
    async ({ query }) => {
      const kind = kindNamed(kinds, query.kind, 400);
      const [field] = fieldsNamed(kind.description, query.field);
      const bucket = bucketOf({ every: '1m', ...query }, clock.utcOffsetMin)!;
      checkAggOfField(kind.description, field!, bucket.agg);
      const groupBy = groupOf(kind.description, query.groupBy);
      const range = rangeOf(query, newestOf(kind, parts), HOUR_MS);
      checkBuckets(range, bucket, mostGroups(kind, groupBy, query.limit));
      const wanted = { kind: query.kind, field: field!, ...range, bucket, groupBy, maxGroups: query.limit };
      return { groups: await store.aggregate(wanted) };
    },
  );

  app.get<{ Querystring: Static<typeof RECORDS_QUERY> }>(
    '/api/records',
    {
      schema: {
        tags: ['devices'],
        summary: 'Oldest records of a kind in [from, to), ascending by ts, device, seq; next leads to newer ones',
        querystring: RECORDS_QUERY,
        response: answers({ 200: RECORDS }),
      },
    },
    async ({ query: { kind: kindName, limit, cursor, ...times } }) => {
      const kind = kindNamed(kinds, kindName, 400);
      const range = rangeOf(times, newestOf(kind, parts), HOUR_MS);
      const { toMs, after } = recordPlaceOf(cursor, range.toMs);
      const wanted = { kind: kindName, fromMs: range.fromMs, toMs, limit };
      const items = await store.records(after ? { ...wanted, fromMs: after.ts, after } : wanted);
      const last = items.length < limit ? undefined : items.at(-1)!;
      return { items, next: last ? `${toMs}~${last.ts}~${last.seq}~${last.device}` : null };
    },
  );

  app.get<{ Querystring: Static<typeof EVENTS_QUERY> }>(
    '/api/events',
    {
      schema: {
        tags: ['devices'],
        summary: 'Newest events of [from, to), ascending in time; next leads to older ones',
        querystring: EVENTS_QUERY,
      },
    },
    async ({ query: { kind, device, limit, cursor, ...times } }) => {
      if (kind !== undefined) kindNamed(kinds, kind, 400);
      const newest = Math.max(parts.now(), clock.message?.simTimeMs ?? 0);
      const place = placeOf(cursor, rangeOf(times, newest, DAY_MS));
      const wanted = {
        fromMs: place.fromMs,
        toMs: place.toMs,
        // One more tells whether the list is cut here.
        limit: limit + place.given + 1,
        ...(kind === undefined ? {} : { kind }),
        ...(device === undefined ? {} : { device }),
      };
      return eventsPage(await store.events(wanted), limit, place);
    },
  );
}

/** [from, to); by default the `spanMs` up to and with `newestTs`. */
export function rangeOf(
  query: { from?: string; to?: string },
  newestTs: number,
  spanMs: number,
): { fromMs: number; toMs: number } {
  const toMs = query.to === undefined ? newestTs + 1 : parseTime('to', query.to);
  const fromMs = query.from === undefined ? toMs - spanMs : parseTime('from', query.from);
  if (query.from !== undefined && query.to === undefined && fromMs >= toMs) return { fromMs, toMs: fromMs };
  if (fromMs > toMs) {
    const shown = `${new Date(fromMs).toISOString()} … ${new Date(toMs).toISOString()}`;
    throw new Problem(400, `from must not be later than to, got ${shown}`, { value: query.from ?? query.to });
  }
  return { fromMs, toMs };
}

/** The fields named; when none is named all that can be folded. Where none can, all, to be refused by name. */
function fieldsOf(description: Description, text: string | undefined, bucket: Bucket | undefined): string[] {
  const names = fieldsNamed(description, text);
  if (text !== undefined || !bucket) return names;
  const folded = names.filter((name) => canAggregate(description.fields[name]?.type, bucket.agg));
  return folded.length > 0 ? folded : names;
}

function bucketOf({ every, agg }: { every?: string; agg?: string }, utcOffsetMin: number): Bucket | undefined {
  if (every === undefined) {
    if (agg !== undefined) throw new Problem(400, `agg needs every, like every=1m, got agg=${agg}`, { value: agg });
    return undefined;
  }
  return { everyMs: parseEvery(every), agg: parseAgg(agg ?? 'mean'), utcOffsetMin };
}

function checkBuckets({ fromMs, toMs }: { fromMs: number; toMs: number }, { everyMs }: Bucket, groups: number): void {
  const count = Math.ceil((toMs - fromMs) / everyMs) * groups;
  if (count <= MAX_VALUES) return;
  const cure = 'use a longer every, a shorter range or a smaller limit';
  throw new Problem(400, `at most ${MAX_VALUES} values, this may become ${count}: ${cure}`, { value: count });
}

function mostGroups(kind: Kind, groupBy: AggregateQuery['groupBy'], limit: number): number {
  if (groupBy === 'kind') return 1;
  return groupBy === 'device' ? Math.min(limit, kind.devices.slots) : limit;
}

function groupOf(description: Description, text = 'kind'): AggregateQuery['groupBy'] {
  if (text === 'kind' || text === 'device') return text;
  const [field] = fieldsNamed(description, text);
  if (description.fields[field!]?.type !== 'string') {
    throw new Problem(400, `groupBy must be kind, device or a text field, got ${text}`, { value: text });
  }
  return { field: field! };
}

export function newestOf(kind: Kind, parts: Parts): number {
  return kind.latest.newestTs || parts.now();
}

/** A cursor carries the end of its range and the record that it follows. */
function recordPlaceOf(cursor: string | undefined, toMs: number): { toMs: number; after?: RecordPlace } {
  if (cursor === undefined) return { toMs };
  const [, to, ts, seq, device] = /^(-?\d{1,16})~(\d{1,16})~(\d{1,10})~([A-Za-z0-9_.:-]{1,64})$/.exec(cursor) ?? [];
  const isTime = (text: string | undefined) => text !== undefined && Math.abs(Number(text)) <= LATEST_MS;
  if (!isTime(to) || !isTime(ts)) throw badCursor(cursor);
  return { toMs: Number(to), after: { ts: Number(ts), seq: Number(seq), device: device! } };
}

/** Where a page of events ends. */
interface Place {
  readonly fromMs: number;
  readonly toMs: number;
  /** Events of the last ms before `toMs` that earlier pages had. */
  readonly given: number;
}

/** A cursor carries its range: the default one moves on while pages are read. */
function placeOf(cursor: string | undefined, range: { fromMs: number; toMs: number }): Place {
  if (cursor === undefined) return { ...range, given: 0 };
  const [fromMs, toMs, given] = (/^(-?\d{1,16})~(-?\d{1,16})~(\d{1,7})$/.exec(cursor) ?? []).slice(1).map(Number);
  const isTime = (ms: number | undefined) => ms !== undefined && Math.abs(ms) <= LATEST_MS;
  if (!isTime(fromMs) || !isTime(toMs) || fromMs! > toMs!) throw badCursor(cursor);
  return { fromMs: fromMs!, toMs: toMs!, given: given! };
}

/** found: ascending, those that earlier pages had at its end */
function eventsPage(found: readonly DeviceEvent[], limit: number, { fromMs, toMs, given }: Place) {
  const left = found.slice(0, Math.max(0, found.length - given));
  const items = left.slice(-limit);
  const oldest = items[0];
  if (left.length <= limit || !oldest) return { items, next: null };
  const same = items.filter(({ ts }) => ts === oldest.ts).length + (oldest.ts === toMs - 1 ? given : 0);
  return { items, next: `${fromMs}~${oldest.ts + 1}~${same}` };
}

/** `{"ts":[…],"a":[…]}`, in pieces so that a million rows do not stop the city. */
async function* seriesText({ ts, columns }: Series, fields: readonly string[]): AsyncGenerator<string> {
  let opening = '{';
  for (const name of ['ts', ...fields]) {
    const cells = name === 'ts' ? ts : (columns[name] ?? []);
    yield `${opening}${JSON.stringify(name)}:[`;
    for (let from = 0; from < cells.length; from += ROWS_PER_TURN) {
      yield (from > 0 ? ',' : '') + JSON.stringify(cells.slice(from, from + ROWS_PER_TURN)).slice(1, -1);
      if (cells.length > ROWS_PER_TURN) await nextTurn();
    }
    yield ']';
    opening = ',';
  }
  yield '}';
}
