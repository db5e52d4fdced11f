// One file of a feed as rows with named values, and what a value may be. Defects go to the collector with file, line, field and value.
import { nearestChoice } from '../../telemetry/names.ts';
import { CsvError, readCsv } from './csv.ts';
import type { Problems } from './problems.ts';
import type { FeedFiles } from './source.ts';

/** More rows than this are no city's. */
const ROWS_MAX = 20_000_000;

/** The row that is read now; the same object for all rows of a file. */
export interface Row {
  readonly file: string;
  /** From 1, the header. */
  readonly line: number;
  /** '' where the column is missing or the value is blank. */
  get(field: string): string;
}

/** Reads a file that is there, row by row; a file without the required columns has none. @throws GtfsError for what is no text */
export async function readTable(
  files: FeedFiles,
  file: string,
  required: readonly string[],
  problems: Problems,
  onRow: (row: Row) => void,
): Promise<void> {
  let columns: { readonly [field: string]: number } | undefined;
  let width = 0;
  let values: readonly string[] = [];
  let rows = 0;
  const row = {
    file,
    line: 0,
    get: (field: string): string => {
      const at = columns![field];
      return at === undefined ? '' : (values[at] ?? '');
    },
  };
  const take = (cells: readonly string[], line: number): void => {
    if (columns === undefined) {
      width = cells.length;
      columns = columnsOf(cells);
      for (const field of required) if (columns[field] === undefined) missingColumn(field, file, cells, problems);
      return;
    }
    if (++rows > ROWS_MAX) throw new CsvError(line, `at most ${ROWS_MAX} rows`);
    if (cells.length > width && cells.slice(width).some((value) => value !== '')) {
      problems.add({ file, line, expected: `${width} values as in the header, got ${cells.length}` });
      return;
    }
    values = cells;
    row.line = line;
    if (required.every((field) => columns![field] !== undefined)) onRow(row);
  };
  try {
    await readCsv(files.read(file), take);
  } catch (error) {
    if (error instanceof CsvError) problems.fail({ file, line: error.line, expected: error.message });
    throw error;
  }
  if (columns === undefined) problems.add({ file, expected: 'a header, but the file is empty' });
}

function columnsOf(header: readonly string[]): { [field: string]: number } {
  const columns: { [field: string]: number } = Object.create(null);
  for (const [at, field] of header.entries()) columns[field.toLowerCase()] ??= at;
  return columns;
}

function missingColumn(field: string, file: string, header: readonly string[], problems: Problems): void {
  const near = nearestChoice(field, header);
  const instead = near === undefined ? '' : `, there is ${JSON.stringify(near)}`;
  problems.add({ file, line: 1, field, expected: `a column of this name${instead}` });
}

/** The value, which must not be blank; undefined when it is, and said. */
export function needed(row: Row, field: string, problems: Problems): string | undefined {
  const value = row.get(field);
  if (value !== '') return value;
  problems.add({ ...place(row, field), expected: 'a value, but it is blank' });
  return undefined;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number from min to max; undefined when it is none, and said. */
export function numberIn(row: Row, field: string, min: number, max: number, problems: Problems): number | undefined {
  const text = row.get(field);
  const value = NUMBER.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  problems.add({ ...place(row, field), expected: `a number from ${min} to ${max}` });
  return undefined;
}

const WHOLE = /^\d{1,9}$/;

/** A whole number from 0 to 999,999,999; undefined when it is none, and said. */
export function wholeNumber(row: Row, field: string, problems: Problems): number | undefined {
  const text = row.get(field);
  if (WHOLE.test(text)) return Number(text);
  problems.add({ ...place(row, field), expected: 'a whole number from 0 to 999999999' });
  return undefined;
}

/** Three days and nights: some railways count on, no bus does. */
const TIME_MAX_S = 72 * 3600;
export const BLANK = -1;
const BAD = -2;

/** H:MM:SS as seconds from the start of the service day; BLANK where blank; undefined when it is no time, and said. */
export function timeS(row: Row, field: string, problems: Problems): number | undefined {
  const text = row.get(field);
  const seconds = secondsOf(text);
  if (seconds !== BAD) return seconds;
  problems.add({ ...place(row, field), expected: 'a time H:MM:SS up to 72:00:00' });
  return undefined;
}

function secondsOf(text: string): number {
  if (text === '') return BLANK;
  const length = text.length;
  if (length < 7 || length > 8 || text[length - 3] !== ':' || text[length - 6] !== ':') return BAD;
  const hours = length === 7 ? digit(text, 0) : 10 * digit(text, 0) + digit(text, 1);
  const minutes = 10 * digit(text, length - 5) + digit(text, length - 4);
  const seconds = 10 * digit(text, length - 2) + digit(text, length - 1);
  const total = hours * 3600 + minutes * 60 + seconds;
  return minutes < 60 && seconds < 60 && total <= TIME_MAX_S ? total : BAD;
}

/** NaN where there is none; every comparison with it is false. */
function digit(text: string, at: number): number {
  const code = text.charCodeAt(at) - 48;
  return code >= 0 && code <= 9 ? code : NaN;
}

const DAY_MS = 86_400_000;

/** YYYYMMDD as days since 1970; undefined when it is no date, and said. */
export function dayOf(row: Row, field: string, problems: Problems): number | undefined {
  const text = row.get(field);
  if (/^(19|20|21)\d{6}$/.test(text)) {
    const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(4, 6)), Number(text.slice(6))];
    const date = new Date(Date.UTC(year, month - 1, day));
    if (date.getUTCMonth() === month - 1 && date.getUTCDate() === day) return date.getTime() / DAY_MS;
  }
  problems.add({ ...place(row, field), expected: 'a date YYYYMMDD' });
  return undefined;
}

/** Where a value stands, for a defect. */
export function place(row: Row, field: string): { file: string; line: number; field: string; value: string } {
  return { file: row.file, line: row.line, field, value: row.get(field) };
}

/** Things by their id; the second of an id is a defect. */
export class Ids<Thing> {
  readonly #things = new Map<string, Thing>();

  get size(): number {
    return this.#things.size;
  }

  get(id: string): Thing | undefined {
    return this.#things.get(id);
  }

  has(id: string): boolean {
    return this.#things.has(id);
  }

  /** @returns false when there is one already, and says so */
  add(row: Row, field: string, thing: Thing, problems: Problems): boolean {
    const id = row.get(field);
    if (this.#things.has(id)) {
      problems.add({ ...place(row, field), expected: 'an id that no earlier row has' });
      return false;
    }
    this.#things.set(id, thing);
    return true;
  }

  /** The thing that a row refers to; undefined when there is none, and said. file: where it should be. */
  find(row: Row, field: string, file: string, problems: Problems): Thing | undefined {
    const thing = this.#things.get(row.get(field));
    if (thing === undefined) problems.add({ ...place(row, field), expected: `an id that stands in ${file}` });
    return thing;
  }
}
