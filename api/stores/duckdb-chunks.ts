// Writes columns into DuckDB's data chunks. The fastest public way in: a third of the time of appending value by value.
import {
  BOOLEAN,
  DOUBLE,
  DuckDBBooleanVector,
  DuckDBDataChunk,
  DuckDBDoubleVector,
  DuckDBVarCharVector,
  VARCHAR,
} from '@duckdb/node-api';
import type { DuckDBAppender, DuckDBType } from '@duckdb/node-api';
import type { FieldType } from '../../telemetry/description.ts';

/** Numbers and booleans (0, 1; NaN is NULL) or texts (null and missing are NULL). */
export type Column =
  | { readonly type: 'number' | 'boolean'; readonly numbers: Float64Array }
  | { readonly type: FieldType; readonly texts: readonly (string | null)[] };

/** Rows of a DuckDB vector. */
const CHUNK_ROWS = 2048;
const CHUNK_TYPES: { readonly [type in FieldType]: DuckDBType } = { number: DOUBLE, boolean: BOOLEAN, string: VARCHAR };

/** @param rows which rows, ascending; absent: the first `count` */
export function appendColumns(
  appender: DuckDBAppender,
  columns: readonly Column[],
  count: number,
  rows?: Int32Array,
): void {
  const types = columns.map(({ type }) => CHUNK_TYPES[type]);
  const total = rows ? rows.length : count;
  for (let start = 0; start < total; start += CHUNK_ROWS) {
    const size = Math.min(CHUNK_ROWS, total - start);
    const chunk = DuckDBDataChunk.create(types, size);
    for (const [at, column] of columns.entries()) {
      const vector = chunk.getColumnVector(at);
      if (vector instanceof DuckDBDoubleVector && 'numbers' in column)
        fillNumbers(vector, column.numbers, start, size, rows);
      else if (vector instanceof DuckDBBooleanVector && 'numbers' in column)
        fillBooleans(vector, column.numbers, start, size, rows);
      else if (vector instanceof DuckDBVarCharVector && 'texts' in column)
        fillTexts(vector, column.texts, start, size, rows);
      else for (let row = 0; row < size; row++) vector.setItem(row, null);
      vector.flush();
    }
    appender.appendDataChunk(chunk);
  }
  appender.flushSync();
}

// One function per type, so that V8 keeps each inner loop to one kind of vector.
function fillNumbers(
  vector: DuckDBDoubleVector,
  numbers: Float64Array,
  start: number,
  size: number,
  rows?: Int32Array,
): void {
  for (let at = 0; at < size; at++) {
    const value = numbers[rows ? rows[start + at]! : start + at]!;
    vector.setItem(at, Number.isNaN(value) ? null : value);
  }
}

function fillBooleans(
  vector: DuckDBBooleanVector,
  numbers: Float64Array,
  start: number,
  size: number,
  rows?: Int32Array,
): void {
  for (let at = 0; at < size; at++) {
    const value = numbers[rows ? rows[start + at]! : start + at]!;
    vector.setItem(at, Number.isNaN(value) ? null : value !== 0);
  }
}

function fillTexts(
  vector: DuckDBVarCharVector,
  texts: readonly (string | null)[],
  start: number,
  size: number,
  rows?: Int32Array,
): void {
  for (let at = 0; at < size; at++) vector.setItem(at, texts[rows ? rows[start + at]! : start + at] ?? null);
}
