// Records that wait for a store, as columns of numbers and texts: a hundred thousand of them are a few arrays to the collector of garbage, not
// a million objects that it copies and marks. It asks no store what it takes.
import { show } from '../telemetry/description.ts';
import type { FieldType, Value } from '../telemetry/description.ts';
import type { TelemetryRecord } from '../telemetry/messages.ts';

/** As an array of records has it. */
export interface RecordList extends Iterable<TelemetryRecord> {
  readonly length: number;
  at(index: number): TelemetryRecord | undefined;
}

/** A field of all rows of a kind. */
export interface FieldColumn {
  readonly name: string;
  readonly type: FieldType;
  /** Of a number or boolean (0, 1), at least as long as there are rows; NaN: absent. */
  numbers: Float64Array;
  /** Of a text; missing: absent. */
  readonly texts: (string | undefined)[];
}

const FIRST_CAPACITY = 32;
const NONE = new Float64Array(0);

/** Records in the order of their arrival. */
export class PackedRecords implements RecordList {
  readonly #kinds = new Map<string, KindRows>();
  #last: KindRows | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** By kind, none of them empty. */
  get kinds(): KindRows[] {
    return [...this.#kinds.values()].filter(({ count }) => count > 0);
  }

  /** index: its place among all, above those before; default the next. @throws TypeError for a value that its field has not had */
  add(record: TelemetryRecord, index = this.#length): void {
    const { kind } = record;
    let rows = this.#last;
    if (rows?.kind !== kind) {
      rows = this.#kinds.get(kind) ?? new KindRows(kind);
      this.#kinds.set(kind, rows);
      this.#last = rows;
    }
    rows.add(record, index);
    this.#length = index + 1;
  }

  /** Empty again, with room for as much as it had: what is used again costs the collector nothing. */
  clear(): void {
    for (const [kind, rows] of this.#kinds) {
      if (rows.count > 0) rows.clear();
      else this.#kinds.delete(kind);
    }
    this.#last = undefined;
    this.#length = 0;
  }

  at(index: number): TelemetryRecord | undefined {
    for (const rows of this.kinds) {
      const row = rows.rowOf(index);
      if (row >= 0) return rows.record(row);
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<TelemetryRecord> {
    const next = this.kinds.map((rows) => ({ rows, row: 0 }));
    for (let index = 0; index < this.#length; index++) {
      const one = next.find(({ rows, row }) => row < rows.count && rows.indices[row] === index);
      if (one) yield one.rows.record(one.row++);
    }
  }
}

/** Records of one kind. */
export class KindRows {
  readonly kind: string;
  readonly columns: FieldColumn[] = [];
  /** Each device once, and of every row which one. */
  readonly devices: string[] = [];
  /** These are at least as long as there are rows. */
  ts: Float64Array = new Float64Array(FIRST_CAPACITY);
  seq: Float64Array = new Float64Array(FIRST_CAPACITY);
  deviceOf: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  /** Places of the rows among the records of all kinds, ascending. */
  indices: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  readonly #deviceNumbers = new Map<string, number>();
  #count = 0;

  constructor(kind: string) {
    this.kind = kind;
  }

  get count(): number {
    return this.#count;
  }

  add({ device, ts, seq, fields }: TelemetryRecord, index: number): void {
    const row = this.#count;
    if (row === this.ts.length) this.#grow();
    let place = 0;
    for (const name in fields) {
      const value = fields[name]!;
      let column = this.columns[place];
      // The next record has the same fields in the same order, most likely.
      if (column?.name !== name) column = this.#column(name, value);
      if (column.type !== typeof value) this.#refuse(row, column, value);
      if (typeof value === 'string') column.texts[row] = value;
      else {
        const number = Number(value);
        if (!Number.isFinite(number)) this.#refuse(row, column, value);
        column.numbers[row] = number;
      }
      place++;
    }
    this.ts[row] = ts;
    this.seq[row] = seq;
    this.deviceOf[row] = this.#deviceNumber(device);
    this.indices[row] = index;
    this.#count++;
  }

  /** Its columns stay, so that a field that was seen once has its type for good. */
  clear(): void {
    for (const { numbers, texts } of this.columns) {
      numbers.fill(NaN, 0, this.#count);
      texts.length = 0;
    }
    this.devices.length = 0;
    this.#deviceNumbers.clear();
    this.#count = 0;
  }

  /** Of the record with this place among all; -1 when it is of another kind. */
  rowOf(index: number): number {
    let [from, to] = [0, this.#count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.indices[middle]! < index) from = middle + 1;
      else to = middle;
    }
    return from < this.#count && this.indices[from] === index ? from : -1;
  }

  record(row: number): TelemetryRecord {
    const fields: { [name: string]: Value } = {};
    for (const { name, type, numbers, texts } of this.columns) {
      const value = type === 'string' ? texts[row] : numbers[row]!;
      if (value === undefined || Number.isNaN(value)) continue;
      fields[name] = type === 'boolean' ? value === 1 : value;
    }
    const device = this.devices[this.deviceOf[row]!]!;
    return { kind: this.kind, device, ts: this.ts[row]!, seq: this.seq[row]!, fields };
  }

  #column(name: string, value: Value): FieldColumn {
    const known = this.columns.find((column) => column.name === name);
    if (known) return known;
    const type = typeof value as FieldType;
    if (type !== 'string' && type !== 'number' && type !== 'boolean') throw new TypeError(`${name} is no value`);
    const numbers = type === 'string' ? NONE : new Float64Array(this.ts.length).fill(NaN);
    const column = { name, type, numbers, texts: [] };
    this.columns.push(column);
    return column;
  }

  #deviceNumber(device: string): number {
    const known = this.#deviceNumbers.get(device);
    if (known !== undefined) return known;
    this.#deviceNumbers.set(device, this.devices.length);
    return this.devices.push(device) - 1;
  }

  /** Nothing of the row stays. */
  #refuse(row: number, { name, type }: FieldColumn, value: Value): never {
    for (const { numbers, texts } of this.columns) {
      if (row < numbers.length) numbers[row] = NaN;
      if (row < texts.length) texts.length = row;
    }
    throw new TypeError(
      `${name} of ${this.kind} must be a ${type === 'number' ? 'finite number' : type}, got ${show(value)}`,
    );
  }

  #grow(): void {
    const capacity = 2 * this.ts.length;
    this.ts = grown(this.ts, new Float64Array(capacity));
    this.seq = grown(this.seq, new Float64Array(capacity));
    this.deviceOf = grown(this.deviceOf, new Uint32Array(capacity));
    this.indices = grown(this.indices, new Uint32Array(capacity));
    for (const column of this.columns) {
      if (column.type !== 'string') column.numbers = grown(column.numbers, new Float64Array(capacity).fill(NaN));
    }
  }
}

function grown<Numbers extends Float64Array | Uint32Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
