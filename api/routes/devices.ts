// Devices as they are now: lists by kind and place, and one device.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Kind } from '../kinds.ts';
import type { DeviceRow } from '../latest.ts';
import { kindNamed, parseBox } from '../parameters.ts';
import type { Parts } from '../parts.ts';
import { badCursor, unknownName } from '../problems.ts';
import type { Store } from '../store.ts';
import { CURSOR, DEVICE_PARAMS, KIND, VALUE, answers, limitOf } from './schemas.ts';

const LIST_QUERY = Type.Object(
  {
    kind: Type.Optional(KIND),
    bbox: Type.Optional(Type.String({ description: 'west,south,east,north in degrees', maxLength: 200 })),
    limit: limitOf(1000, 10_000),
    cursor: Type.Optional(CURSOR),
  },
  { additionalProperties: false },
);
const DEVICE_ROW = Type.Object({
  kind: Type.String(),
  device: Type.String(),
  ts: Type.Integer(),
  seq: Type.Integer(),
  lat: Type.Optional(Type.Number()),
  lon: Type.Optional(Type.Number()),
  online: Type.Optional(Type.Boolean()),
  fields: Type.Record(Type.String(), VALUE),
});
const LIST = Type.Object({ items: Type.Array(DEVICE_ROW), next: Type.Union([Type.String(), Type.Null()]) });
const LATEST_TIME_MS = 8.64e15;
/** Ids looked through for a suggestion. */
const NAMES_COMPARED = 2000;

export function deviceRoutes(app: FastifyInstance, parts: Parts): void {
  app.get<{ Querystring: Static<typeof LIST_QUERY> }>(
    '/api/devices',
    {
      schema: {
        tags: ['devices'],
        summary: 'Newest records',
        querystring: LIST_QUERY,
        response: answers({ 200: LIST }),
      },
    },
    ({ query: { kind, bbox, limit, cursor } }) => {
      const kinds = kind === undefined ? parts.kinds.all() : [kindNamed(parts.kinds, kind, 400)];
      return page(kinds, bbox === undefined ? undefined : parseBox(bbox), limit, parseCursor(cursor));
    },
  );
  app.get<{ Params: Static<typeof DEVICE_PARAMS> }>(
    '/api/devices/:kind/:device',
    {
      schema: {
        tags: ['devices'],
        summary: 'One device',
        params: DEVICE_PARAMS,
        response: answers({ 200: DEVICE_ROW }),
      },
    },
    ({ params }) => newestRow(parts.store, kindNamed(parts.kinds, params.kind, 404), params.device),
  );
}

/**
 * The device's newest record, from memory or, where devices were forgotten, from the store. A device that has sent events only is a
 * row without fields. @throws Problem 404
 */
export async function newestRow(store: Store, kind: Kind, device: string): Promise<DeviceRow> {
  const handle = kind.devices.handleOf(device);
  if (handle !== undefined && kind.latest.has(kind.devices.slotOf(handle))) {
    return kind.latest.row(kind.devices.slotOf(handle));
  }
  const stored = kind.devices.overflowed ? await storedRow(store, kind, device) : undefined;
  if (stored) return stored;
  const isKnown = handle !== undefined || kind.devices.overflowed;
  const reported = isKnown ? await eventRow(store, kind, device) : undefined;
  if (reported) return reported;
  throw unknownName(404, kind.description.kind, device, namesWithRecord(kind));
}

/** Names that a question for one device finds. */
function namesWithRecord({ devices, latest }: Kind): string[] {
  const names: string[] = [];
  for (let slot = 0; slot < devices.slots && names.length < NAMES_COMPARED; slot++) {
    if (latest.has(slot)) names.push(devices.idAt(slot));
  }
  return names;
}

async function eventRow(store: Store, kind: Kind, device: string): Promise<DeviceRow | undefined> {
  const name = kind.description.kind;
  const [newest] = await store.events({ kind: name, device, fromMs: 0, toMs: LATEST_TIME_MS, limit: 1 });
  return newest && { kind: name, device, ts: newest.ts, seq: newest.seq, fields: {} };
}

async function storedRow(store: Store, kind: Kind, device: string): Promise<DeviceRow | undefined> {
  const names = Object.keys(kind.description.fields);
  const range = { fromMs: 0, toMs: LATEST_TIME_MS, limit: 1 };
  const { ts, columns } = await store.history({ kind: kind.description.kind, device, fields: names, ...range });
  if (ts.length === 0) return undefined;
  const fields = Object.fromEntries(names.map((name) => [name, columns[name]?.[0] ?? null] as const).filter(hasValue));
  const { lat, lon } = fields;
  const position = typeof lat === 'number' && typeof lon === 'number' ? { lat, lon } : {};
  // History has no sequence numbers; 0 means "not counted".
  return { kind: kind.description.kind, device, ts: ts[0]!, seq: 0, ...position, fields };
}

function hasValue<Value>(entry: readonly [string, Value | null]): entry is readonly [string, Value] {
  return entry[1] !== null;
}

interface Cursor {
  readonly kind: number;
  readonly slot: number;
}

function page(kinds: readonly Kind[], box: Parameters<Kind['latest']['changed']>[2], limit: number, from: Cursor) {
  const items: DeviceRow[] = [];
  for (const kind of kinds) {
    if (kind.index < from.kind) continue;
    const found: number[] = [];
    const start = kind.index === from.kind ? from.slot : 0;
    const next = kind.latest.changed(0, start, box, limit - items.length, found);
    items.push(...found.map((slot) => kind.latest.row(slot)));
    if (next < kind.devices.slots) return { items, next: `${kind.index}.${next}` };
    if (items.length >= limit && kind !== kinds.at(-1)) return { items, next: `${kind.index + 1}.0` };
  }
  return { items, next: null };
}

function parseCursor(text: string | undefined): Cursor {
  if (text === undefined) return { kind: 0, slot: 0 };
  const [, kind, slot] = /^(\d{1,4})\.(\d{1,8})$/.exec(text) ?? [];
  if (kind === undefined) throw badCursor(text);
  return { kind: Number(kind), slot: Number(slot) };
}
