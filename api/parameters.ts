// Query parameters from text to meaning: times, boxes, intervals, lists of fields. Each refuses with a problem document.
import { show } from '../telemetry/description.ts';
import type { Description } from '../telemetry/description.ts';
import type { Kind, Kinds } from './kinds.ts';
import type { Box } from './latest.ts';
import { Problem, unknownName } from './problems.ts';
import { canAggregate } from './store.ts';
import type { Aggregate } from './store.ts';
import { AGGREGATES } from './stores/query.ts';

const UNIT_MS: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_EVERY_MS = 366 * 86_400_000;
const LATEST_MS = 8.64e15;

/** ISO 8601 or ms since 1970. */
export function parseTime(name: string, text: string): number {
  const ms = /^-?\d+$/.test(text) ? Number(text) : /^\d{4}-/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms) || Math.abs(ms) > LATEST_MS) {
    throw new Problem(400, `${name} must be ISO 8601 or ms since 1970, got ${show(text)}`, { value: text });
  }
  return ms;
}

/** `10s`, `1m`, `1h`, `1d` … → ms */
export function parseEvery(text: string, name = 'every'): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = count === undefined ? 0 : Number(count) * UNIT_MS[unit!]!;
  if (ms < 1000 || ms > LONGEST_EVERY_MS) {
    throw new Problem(400, `${name} must be 1s … 366d, like 10s, 1m, 1h or 1d, got ${show(text)}`, { value: text });
  }
  return ms;
}

export function parseAgg(text: string): Aggregate {
  if (AGGREGATES.includes(text as Aggregate)) return text as Aggregate;
  throw unknownName(400, 'agg', text, AGGREGATES);
}

/** west,south,east,north */
export function parseBox(text: string): Box {
  const parts = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const box = boxOf(parts);
  if (!box) throw new Problem(400, `bbox must be west,south,east,north in degrees, got ${show(text)}`, { value: text });
  return box;
}

/** undefined when it is none. */
export function boxOf(value: unknown): Box | undefined {
  if (!Array.isArray(value) || value.length !== 4 || !value.every((part) => Number.isFinite(part))) return undefined;
  const [west, south, east, north] = value as unknown as Box;
  const sane = Math.abs(west) <= 180 && Math.abs(east) <= 180 && Math.abs(south) <= 90 && Math.abs(north) <= 90;
  return sane && west <= east && south <= north ? [west, south, east, north] : undefined;
}

/** status: 404 where the kind is in the path, 400 where it is a parameter. */
export function kindNamed(kinds: Kinds, name: string, status: 400 | 404): Kind {
  const kind = kinds.get(name);
  if (!kind) throw unknownName(status, 'kind', name, kinds.names());
  return kind;
}

/** `a,b` → names of fields; all when absent. */
export function fieldsNamed(description: Description, text: string | undefined): string[] {
  const all = Object.keys(description.fields);
  if (text === undefined) return all;
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  for (const name of names) {
    if (!Object.hasOwn(description.fields, name)) throw unknownName(400, `field of ${description.kind}`, name, all);
  }
  return names;
}

export function checkAggOfField(description: Description, field: string, agg: Aggregate): void {
  if (!canAggregate(description.fields[field]?.type, agg)) {
    throw new Problem(400, `${field} is a text: agg must be count or last, got ${show(agg)}`, {
      value: agg,
      expected: 'count, last',
    });
  }
}
