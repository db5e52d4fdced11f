// What of a batch a store can take whose fields have types already: all of it, nearly always. It writes nothing.
import { show } from '../../telemetry/description.ts';
import { PackedRecords } from '../packed-records.ts';
import type { RecordList } from '../packed-records.ts';
import type { Refusal } from '../store.ts';
import { wrongValue } from './query.ts';
import type { FieldTypes } from './query.ts';

export interface Fitting {
  /** At the places that they had. */
  readonly records: PackedRecords;
  /** Records with a value that is not of its field's type. */
  readonly refused: readonly Refusal[];
}

/** types: by kind. @throws Error for a record of a kind that is not in it */
export function fitting(records: RecordList, types: ReadonlyMap<string, FieldTypes>): Fitting {
  if (records instanceof PackedRecords && fits(records, types)) return { records, refused: [] };
  for (const { kind } of records) checkDescribed(kind, types);
  const packed = new PackedRecords();
  const refused: Refusal[] = [];
  let index = 0;
  for (const record of records) {
    try {
      const wrong = wrongValue(record, types.get(record.kind)!);
      if (wrong !== undefined) throw new TypeError(wrong);
      packed.add(record, index);
    } catch (error) {
      refused.push({ record: index, reason: (error as Error).message });
    }
    index++;
  }
  return { records: packed, refused };
}

function fits(records: PackedRecords, types: ReadonlyMap<string, FieldTypes>): boolean {
  for (const { kind, columns } of records.kinds) {
    checkDescribed(kind, types);
    const fields = types.get(kind)!;
    if (columns.some(({ name, type }) => (fields.get(name) ?? type) !== type)) return false;
  }
  return true;
}

function checkDescribed(kind: string, types: ReadonlyMap<string, FieldTypes>): void {
  if (!types.has(kind)) throw new Error(`a record of a kind that was not described: ${show(kind)}`);
}
