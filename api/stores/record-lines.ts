// Writes packed records as InfluxDB line protocol, straight from columns into bytes: no text is made of a number, and nothing is left over for
// the collector of garbage. One record is one point: measurement = kind, tags city and device, all else fields.
import { ByteWriter } from '../../telemetry/byte-writer.ts';
import type { FieldColumn, KindRows } from '../packed-records.ts';
import { NS_PER_MS, checkTs, fieldStart, recordStart, text } from './line-protocol.ts';

/** Bounded, since names come from outside. */
const MAX_KNOWN_NAMES = 100_000;
const [TRUE, FALSE] = [Buffer.from('true'), Buffer.from('false')];
const SPACE = 0x20;
const NEWLINE = 0x0a;
/** Of a timestamp, behind its ms. */
const NS_DIGITS = 6;

/** Lines one behind the other, each with a newline at its end. */
export interface Lines {
  readonly bytes: ByteWriter;
  /** Of each line, without its newline. */
  readonly ends: number[];
  /** Places of their records, or events, among all. */
  readonly indices: number[];
}

interface WrittenColumn {
  readonly column: FieldColumn;
  /** Or why its name cannot be written. */
  readonly start: Buffer | Error;
  /** Of the number before: most likely enough for the next one. */
  decimals: number;
}

export function noLines(capacity: number): Lines {
  return { bytes: new ByteWriter(capacity), ends: [], indices: [] };
}

/** One that is made already. */
export function addLine({ bytes, ends, indices }: Lines, line: string, index: number): void {
  bytes.text(line);
  ends.push(bytes.length);
  indices.push(index);
  bytes.byte(NEWLINE);
}

export class RecordLines {
  readonly #city: string;
  /** By kind and device. */
  readonly #starts = new Map<string, Map<string, Buffer>>();
  readonly #fields = new Map<string, Buffer>();
  #names = 0;

  constructor(city: string) {
    this.#city = city;
  }

  /** Rows `from` … `to` − 1. Of one that cannot be written nothing is, and `refuse` is told its place among all. */
  write(
    rows: KindRows,
    from: number,
    to: number,
    { bytes, ends, indices }: Lines,
    refuse: (index: number, reason: string) => void,
  ): void {
    const { kind, devices, deviceOf } = rows;
    const starts = this.#starts.get(kind) ?? new Map<string, Buffer>();
    this.#starts.set(kind, starts);
    const columns = rows.columns.map((column) => ({ column, start: this.#field(column.name), decimals: 0 }));
    for (let row = from; row < to; row++) {
      const begun = bytes.length;
      const index = rows.indices[row]!;
      try {
        const device = devices[deviceOf[row]!]!;
        bytes.bytes(starts.get(device) ?? this.#learn(starts, kind, device));
        writeRow(bytes, rows, row, columns);
      } catch (error) {
        bytes.cut(begun);
        refuse(index, (error as Error).message);
        continue;
      }
      ends.push(bytes.length);
      indices.push(index);
      bytes.byte(NEWLINE);
    }
  }

  #learn(starts: Map<string, Buffer>, kind: string, device: string): Buffer {
    const start = Buffer.from(recordStart(this.#city, kind, device));
    this.#count();
    starts.set(device, start);
    return start;
  }

  #field(name: string): Buffer | Error {
    const known = this.#fields.get(name);
    if (known) return known;
    try {
      const start = Buffer.from(fieldStart(name));
      this.#count();
      this.#fields.set(name, start);
      return start;
    } catch (error) {
      return error as Error;
    }
  }

  #count(): void {
    if (++this.#names <= MAX_KNOWN_NAMES) return;
    for (const starts of this.#starts.values()) starts.clear();
    this.#fields.clear();
    this.#names = 1;
  }
}

/** All behind `seq=`. @throws Error naming what cannot be written */
function writeRow(bytes: ByteWriter, { ts, seq }: KindRows, row: number, columns: readonly WrittenColumn[]): void {
  bytes.number(seq[row]!);
  for (const one of columns) {
    const { column, start } = one;
    const { type } = column;
    if (type === 'string') {
      const value = column.texts[row];
      if (value === undefined) continue;
      writeStart(bytes, start);
      bytes.text(text(value));
    } else {
      const value = column.numbers[row]!;
      if (Number.isNaN(value)) continue;
      writeStart(bytes, start);
      // A number without a suffix is a float, also where it happens to be whole.
      if (type === 'number') one.decimals = bytes.number(value, one.decimals);
      else bytes.bytes(value === 1 ? TRUE : FALSE);
    }
  }
  bytes.byte(SPACE);
  checkTs(ts[row]!);
  if (ts[row]! > 0) bytes.integer(ts[row]!);
  bytes.integer(seq[row]! % NS_PER_MS, ts[row]! > 0 ? NS_DIGITS : 1);
}

function writeStart(bytes: ByteWriter, start: Buffer | Error): void {
  if (start instanceof Error) throw start;
  bytes.bytes(start);
}
