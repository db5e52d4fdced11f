// Turns records into columns that travel to the store's worker thread without being copied: this is all the main thread does per
// record. Numbers and booleans become one Float64Array with NaN for "absent", texts stay arrays.
import { show } from '../../telemetry/description.ts';
import type { FieldType } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type { Refusal, StoreBatch } from '../store.ts';
import { wrongValue } from './query.ts';
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

/** @throws Error for a record of a kind that is not in `types`. */
export function packBatch(batch: StoreBatch, types: ReadonlyMap<string, FieldTypes>): Packed {
  try {
    return { batch: pack(batch, types), refused: [] };
  } catch (error) {
    if (!(error instanceof WrongValue)) throw error;
  }
  const refused = new Map<number, Refusal>();
  for (const [record, one] of batch.records.entries()) {
    const reason = wrongValue(one, types.get(one.kind)!);
    if (reason !== undefined) refused.set(record, { record, reason });
  }
  return { batch: pack(batch, types, refused), refused: [...refused.values()] };
}

function pack(
  batch: StoreBatch,
  types: ReadonlyMap<string, FieldTypes>,
  refused?: ReadonlyMap<number, Refusal>,
): PackedBatch {
  const suspects = new Set(batch.suspects);
  const rows = new Map<string, { records: TelemetryRecord[]; suspects: number[] }>();
  for (let index = 0; index < batch.records.length; index++) {
    if (refused?.has(index)) continue;
    const record = batch.records[index]!;
    let group = rows.get(record.kind);
    if (!group) rows.set(record.kind, (group = { records: [], suspects: [] }));
    if (suspects.size > 0 && suspects.has(index)) group.suspects.push(group.records.length);
    group.records.push(record);
  }
  const kinds: RecordColumns[] = [];
  for (const [kind, group] of rows) {
    const fields = types.get(kind);
    if (!fields) throw new Error(`a record of a kind that was not described: ${show(kind)}`);
    kinds.push(packRecords(kind, group.records, group.suspects, fields));
  }
  return { kinds, events: batch.events, ...(batch.position !== undefined && { position: batch.position }) };
}

/** Of every row. */
export function devicesOf({ count, devices, deviceOf }: RecordColumns): string[] {
  return Array.from({ length: count }, (_, row) => devices[deviceOf[row]!]!);
}

/** What may be transferred instead of copied. */
export function transferables(batch: PackedBatch): ArrayBuffer[] {
  return batch.kinds.flatMap(({ numbers, deviceOf }) => [numbers.buffer, deviceOf.buffer] as ArrayBuffer[]);
}

function packRecords(
  kind: string,
  records: readonly TelemetryRecord[],
  suspects: number[],
  fields: FieldTypes,
): RecordColumns {
  const count = records.length;
  const names = [...fields.keys()];
  const numeric = names.filter((name) => fields.get(name) !== 'string');
  const textual = names.filter((name) => fields.get(name) === 'string');
  const numbers = new Float64Array((numeric.length + 2) * count);
  const devices = new Map<string, number>();
  const deviceOf = new Uint32Array(count);
  for (let row = 0; row < count; row++) {
    const record = records[row]!;
    if (!Number.isSafeInteger(record.ts) || !Number.isSafeInteger(record.seq)) throw new WrongValue();
    numbers[row] = record.ts;
    numbers[count + row] = record.seq;
    let device = devices.get(record.device);
    if (device === undefined) devices.set(record.device, (device = devices.size));
    deviceOf[row] = device;
  }
  for (const [at, name] of numeric.entries()) packNumbers(records, name, fields.get(name)!, numbers, (at + 2) * count);
  const texts = textual.map((name) => records.map((record) => textOf(record, name)));
  return { kind, count, numbers, numeric, devices: [...devices.keys()], deviceOf, textual, texts, suspects };
}

function packNumbers(
  records: readonly TelemetryRecord[],
  name: string,
  type: FieldType,
  numbers: Float64Array,
  offset: number,
): void {
  for (let row = 0; row < records.length; row++) {
    const value = records[row]!.fields[name];
    if (value === undefined) numbers[offset + row] = NaN;
    else if (type === 'number' ? Number.isFinite(value) : typeof value === 'boolean')
      numbers[offset + row] = Number(value);
    else throw new WrongValue();
  }
}

function textOf(record: TelemetryRecord, name: string): string | null {
  const value = record.fields[name];
  if (value === undefined) return null;
  if (typeof value !== 'string') throw new WrongValue();
  return value;
}

/** Nobody sees it: which record it was is found out when there is one. */
class WrongValue extends Error {}
