// The binary frame of `ws /live`: the newest state of many devices of one kind, as little-endian columns (layout in docs/live.md).
// Encoding and decoding only; who gets which frame when is the api's business.
import type { Description, FieldDescription, Value } from './description.ts';

export const LIVE_VERSION = 1;
const HEADER_BYTES = 24;
const ABSENT_I32 = -2_147_483_648;
const ABSENT_BOOL = 255;
const ABSENT_TEXT = 0xffff;
const DEGREES_TO_I32 = 1e7;
/** Largest integer up to which float32 is exact. */
const F32_EXACT = 2 ** 24;

export type ColumnType = 'i32e7' | 'f32' | 'f64' | 'bool' | 'text';

export interface LiveColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** One device's newest state; `handle` is the number that stands for its id on this connection. */
export interface LiveRow {
  readonly handle: number;
  readonly ts: number;
  readonly fields: { readonly [name: string]: Value | undefined };
}

export interface LiveFrame {
  readonly kindIndex: number;
  /** True when states were skipped before this frame because the client was slow. */
  readonly skipped: boolean;
  readonly rows: LiveRow[];
}

/** Columns of a kind, in the description's order; `only` keeps those fields. */
export function liveColumns(description: Description, only?: ReadonlySet<string>): LiveColumn[] {
  return Object.entries(description.fields)
    .filter(([name]) => only === undefined || only.has(name))
    .map(([name, field]) => ({ name, type: columnType(name, field) }));
}

function columnType(name: string, field: FieldDescription): ColumnType {
  if (field.type === 'boolean') return 'bool';
  if (field.type === 'string') return 'text';
  if (name === 'lat' || name === 'lon') return 'i32e7';
  const { min, max, resolution } = field;
  const exact = min !== undefined && max !== undefined && resolution !== undefined;
  return exact && Math.max(Math.abs(min), Math.abs(max)) / resolution < F32_EXACT ? 'f32' : 'f64';
}

/** rows: at least one. ts must lie within ±24 days of the first row's. */
export function encodeLiveFrame(
  kindIndex: number,
  columns: readonly LiveColumn[],
  rows: readonly LiveRow[],
  skipped: boolean,
): Uint8Array {
  const count = rows.length;
  const texts = new Map<string, number>();
  const starts = columnStarts(columns, count);
  const textStart = starts.at(-1)!;
  for (const column of columns) if (column.type === 'text') collectTexts(column.name, rows, texts);
  const textBytes = new TextEncoder().encode(JSON.stringify([...texts.keys()]));
  const bytes = new Uint8Array(textStart + textBytes.length);
  const view = new DataView(bytes.buffer);
  const baseTs = rows[0]!.ts;
  view.setUint8(0, LIVE_VERSION);
  view.setUint8(1, skipped ? 1 : 0);
  view.setUint16(2, kindIndex, true);
  view.setUint32(4, count, true);
  view.setFloat64(8, baseTs, true);
  view.setUint16(16, columns.length, true);
  view.setUint32(20, textBytes.length, true);
  for (let row = 0; row < count; row++) {
    view.setUint32(starts[0]! + 4 * row, rows[row]!.handle, true);
    view.setInt32(starts[1]! + 4 * row, rows[row]!.ts - baseTs, true);
  }
  columns.forEach((column, index) => {
    const at = starts[index + 2]!;
    for (let row = 0; row < count; row++) writeCell(view, at, row, column.type, rows[row]!.fields[column.name], texts);
  });
  bytes.set(textBytes, textStart);
  return bytes;
}

/** Throws a RangeError for a frame of another version or one that is too short. */
export function decodeLiveFrame(bytes: Uint8Array, columnsOf: (kindIndex: number) => readonly LiveColumn[]): LiveFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== LIVE_VERSION)
    throw new RangeError(`live frame version ${view.getUint8(0)}, expected ${LIVE_VERSION}`);
  const kindIndex = view.getUint16(2, true);
  const columns = columnsOf(kindIndex);
  const count = view.getUint32(4, true);
  const baseTs = view.getFloat64(8, true);
  if (view.getUint16(16, true) !== columns.length) {
    throw new RangeError(`live frame has ${view.getUint16(16, true)} columns, expected ${columns.length}`);
  }
  const starts = columnStarts(columns, count);
  const textStart = starts.at(-1)!;
  const texts = JSON.parse(
    new TextDecoder().decode(bytes.subarray(textStart, textStart + view.getUint32(20, true))),
  ) as string[];
  const rows: LiveRow[] = [];
  for (let row = 0; row < count; row++) {
    const fields: { [name: string]: Value } = {};
    columns.forEach((column, index) => {
      const value = readCell(view, starts[index + 2]!, row, column.type, texts);
      if (value !== undefined) fields[column.name] = value;
    });
    const ts = baseTs + view.getInt32(starts[1]! + 4 * row, true);
    rows.push({ handle: view.getUint32(starts[0]! + 4 * row, true), ts, fields });
  }
  return { kindIndex, skipped: (view.getUint8(1) & 1) === 1, rows };
}

const CELL_BYTES: { readonly [type in ColumnType]: number } = { i32e7: 4, f32: 4, f64: 8, bool: 1, text: 2 };

/** Start of handles, times, each column, then of the texts. Columns begin at multiples of 8. */
function columnStarts(columns: readonly LiveColumn[], count: number): number[] {
  const starts = [HEADER_BYTES];
  for (const bytes of [4, 4, ...columns.map((column) => CELL_BYTES[column.type])]) {
    starts.push(Math.ceil((starts.at(-1)! + bytes * count) / 8) * 8);
  }
  return starts;
}

function collectTexts(name: string, rows: readonly LiveRow[], texts: Map<string, number>): void {
  for (const row of rows) {
    const text = row.fields[name];
    if (typeof text === 'string' && !texts.has(text) && texts.size < ABSENT_TEXT) texts.set(text, texts.size);
  }
}

function writeCell(
  view: DataView,
  start: number,
  row: number,
  type: ColumnType,
  value: Value | undefined,
  texts: Map<string, number>,
): void {
  if (type === 'f64') view.setFloat64(start + 8 * row, typeof value === 'number' ? value : NaN, true);
  else if (type === 'f32') view.setFloat32(start + 4 * row, typeof value === 'number' ? value : NaN, true);
  else if (type === 'i32e7') {
    view.setInt32(start + 4 * row, typeof value === 'number' ? Math.round(value * DEGREES_TO_I32) : ABSENT_I32, true);
  } else if (type === 'bool') view.setUint8(start + row, typeof value === 'boolean' ? Number(value) : ABSENT_BOOL);
  else view.setUint16(start + 2 * row, (typeof value === 'string' ? texts.get(value) : undefined) ?? ABSENT_TEXT, true);
}

function readCell(
  view: DataView,
  start: number,
  row: number,
  type: ColumnType,
  texts: readonly string[],
): Value | undefined {
  if (type === 'bool') {
    const value = view.getUint8(start + row);
    return value === ABSENT_BOOL ? undefined : value === 1;
  }
  if (type === 'text') return texts[view.getUint16(start + 2 * row, true)];
  if (type === 'i32e7') {
    const value = view.getInt32(start + 4 * row, true);
    return value === ABSENT_I32 ? undefined : value / DEGREES_TO_I32;
  }
  const value = type === 'f64' ? view.getFloat64(start + 8 * row, true) : view.getFloat32(start + 4 * row, true);
  return Number.isNaN(value) ? undefined : value;
}
