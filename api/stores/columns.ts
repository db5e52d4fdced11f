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
  for (const { kind } of batch.records)
    if (!types.has(kind)) throw new Error(`a record of a kind that was not described: ${show(kind)}`);
  try {
    return { batch: pack(batch, types), refused: [] };
  } catch {
    // Which record it was is found out when there is one: each is packed alone.
    const refused = new Map<number, Refusal>();
    for (const [record, one] of batch.records.entries()) {
      const reason = refusalOf(one, types.get(one.kind)!);
      if (reason !== undefined) refused.set(record, { record, reason });
    }
    return { batch: pack(batch, types, refused), refused: [...refused.values()] };
  }
}

function refusalOf(record: TelemetryRecord, fields: FieldTypes): string | undefined {
  try {
    packRecords(record.kind, [record], [], fields);
    return undefined;
  } catch (error) {
    return wrongValue(record, fields) ?? (error as Error).message;
  }
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
    kinds.push(packRecords(kind, group.records, group.suspects, types.get(kind)!));
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
    if (!Number.isSafeInteger(record.ts) || !Number.isSafeInteger(record.seq))
      throw new TypeError('ts or seq is no integer');
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
    const { fields } = records[row]!;
    const value = fields[name];
    if (type === 'number' ? Number.isFinite(value) : typeof value === 'boolean') numbers[offset + row] = Number(value);
    else if (isAbsent(fields, name)) numbers[offset + row] = NaN;
    else throw new TypeError(`${name} is no ${type}`);
  }
}

function textOf({ fields }: TelemetryRecord, name: string): string | null {
  const value = fields[name];
  if (typeof value === 'string') return value;
  if (isAbsent(fields, name)) return null;
  throw new TypeError(`${name} is no string`);
}

/** What every object has, such as `constructor`, is no value of a record. */
function isAbsent(fields: TelemetryRecord['fields'], name: string): boolean {
  return fields[name] === undefined || !Object.hasOwn(fields, name);
}
