// Copies packed records into columns that travel to the store's worker thread: what is copied once more when a batch is given once more.
// Numbers and booleans become one Float64Array with NaN for "absent", texts stay arrays.
import type { DeviceEvent } from '../../telemetry/messages.ts';
import type { FieldColumn, KindRows } from '../packed-records.ts';
import type { Refusal, StoreBatch } from '../store.ts';
import { fitting } from './fitting.ts';
import type { FieldTypes } from './query.ts';

/** Rows of one kind. */
export interface RecordColumns {
  readonly kind: string;
  readonly count: number;
  /** Column-major: ts, seq, then `numeric` in order; `count` values each. Booleans are 0 and 1, NaN is absent. */
  readonly numbers: Float64Array;
  readonly numeric: readonly string[];
  /** Each name once, and of every row which one: a text costs far more to hand over than a number. */
  readonly devices: readonly string[];
  readonly deviceOf: Uint32Array;
  readonly textual: readonly string[];
  /** [textual field][row] */
  readonly texts: readonly (readonly (string | null)[])[];
  /** Ascending rows that may be stored already. */
  readonly suspects: readonly number[];
}

export interface PackedBatch {
  readonly kinds: readonly RecordColumns[];
  readonly events: readonly DeviceEvent[];
  readonly position?: number;
}

interface Packed {
  readonly batch: PackedBatch;
  /** Records with a value that no column takes; all others are packed. */
  readonly refused: readonly Refusal[];
}

/** Fields that are not in `types` are left out. @throws Error for a record of a kind that is not in it. */
export function packBatch(batch: StoreBatch, types: ReadonlyMap<string, FieldTypes>): Packed {
  const { records, refused } = fitting(batch.records, types);
  const suspects = new Set(batch.suspects);
  const kinds = records.kinds.map((rows) => packRows(rows, types.get(rows.kind)!, suspects));
  const { events, position } = batch;
  return { batch: { kinds, events, ...(position !== undefined && { position }) }, refused };
}

/** Of every row. */
export function devicesOf({ count, devices, deviceOf }: RecordColumns): string[] {
  return Array.from({ length: count }, (_, row) => devices[deviceOf[row]!]!);
}

/** What may be transferred instead of copied. */
export function transferables(batch: PackedBatch): ArrayBuffer[] {
  return batch.kinds.flatMap(({ numbers, deviceOf }) => [numbers.buffer, deviceOf.buffer] as ArrayBuffer[]);
}

function packRows(rows: KindRows, types: FieldTypes, suspects: ReadonlySet<number>): RecordColumns {
  const { kind, count, ts, seq, devices, deviceOf } = rows;
  const known = rows.columns.filter(({ name }) => types.has(name));
  const numeric = known.filter(({ type }) => type !== 'string');
  const textual = known.filter(({ type }) => type === 'string');
  const numbers = new Float64Array((numeric.length + 2) * count);
  numbers.set(ts.subarray(0, count));
  numbers.set(seq.subarray(0, count), count);
  for (const [at, column] of numeric.entries()) numbers.set(column.numbers.subarray(0, count), (at + 2) * count);
  return {
    kind,
    count,
    numbers,
    numeric: namesOf(numeric),
    devices,
    deviceOf: deviceOf.slice(0, count),
    textual: namesOf(textual),
    texts: textual.map(({ texts }) => Array.from({ length: count }, (_, row) => texts[row] ?? null)),
    suspects:
      suspects.size === 0
        ? []
        : [...rows.indices.subarray(0, count).keys()].filter((row) => suspects.has(rows.indices[row]!)),
  };
}

function namesOf(columns: readonly FieldColumn[]): string[] {
  return columns.map(({ name }) => name);
}
