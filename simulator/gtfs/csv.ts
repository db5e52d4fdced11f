// Comma-separated text, RFC 4180, as a stream: rows out of bytes, a piece at a time. Takes what publishers write: a byte order mark, CRLF,
// spaces around values, empty lines, a comma at the end. Knows nothing of columns.

/** A row that is longer has a quote that nobody closed. */
const ROW_MAX = 1_000_000;

/** line: of the row's beginning, from 1. values: trimmed. */
export type OnRow = (values: readonly string[], line: number) => void;

export class CsvError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Calls back for each row in order. @throws CsvError for bytes that are not UTF-8 and quotes that are not closed */
export async function readCsv(pieces: AsyncIterable<Uint8Array>, onRow: OnRow): Promise<void> {
  const rows = new Rows(onRow);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const piece of pieces) rows.take(decoder.decode(piece, { stream: true }));
    rows.take(decoder.decode());
  } catch (error) {
    if (error instanceof TypeError) throw new CsvError(rows.line, 'text in UTF-8');
    throw error;
  }
  rows.end();
}

class Rows {
  /** Of the row that comes next. */
  line = 1;
  readonly #onRow: OnRow;
  #rest = '';
  /** What `#rest` has of a quoted value that goes on in the next line; these are its lines so far. */
  #open = '';
  #openLines = 0;

  constructor(onRow: OnRow) {
    this.#onRow = onRow;
  }

  take(text: string): void {
    const all = this.#rest + text;
    let from = 0;
    for (let to = all.indexOf('\n'); to >= 0; to = all.indexOf('\n', from)) {
      this.#takeLine(all.slice(from, to));
      from = to + 1;
    }
    this.#rest = all.slice(from);
    if (this.#rest.length > ROW_MAX) throw new CsvError(this.line, `rows of at most ${ROW_MAX} characters`);
  }

  end(): void {
    if (this.#rest !== '') this.#takeLine(this.#rest);
    if (this.#openLines > 0) throw new CsvError(this.line, 'every quote to be closed');
  }

  #takeLine(raw: string): void {
    if (this.#openLines === 0 && !raw.includes('"')) {
      const text = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (text.trim() !== '') this.#onRow(plainValues(text), this.line);
      this.line++;
      return;
    }
    const text = this.#openLines === 0 ? raw : `${this.#open}\n${raw}`;
    this.#openLines++;
    if (text.length > ROW_MAX) throw new CsvError(this.line, 'every quote to be closed');
    if (hasOpenQuote(text)) {
      this.#open = text;
      return;
    }
    this.#onRow(quotedValues(text.endsWith('\r') ? text.slice(0, -1) : text), this.line);
    this.line += this.#openLines;
    this.#open = '';
    this.#openLines = 0;
  }
}

function hasOpenQuote(text: string): boolean {
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
  return quotes % 2 === 1;
}

function plainValues(text: string): string[] {
  const values = text.split(',');
  for (let i = 0; i < values.length; i++) values[i] = values[i]!.trim();
  return values;
}

/** A value in quotes may hold commas and line ends; two quotes in it are one. A quote inside a plain value is a letter. */
function quotedValues(text: string): string[] {
  const values: string[] = [];
  let at = 0;
  while (at <= text.length) {
    let start = at;
    while (text[start] === ' ' || text[start] === '\t') start++;
    if (text[start] !== '"') {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length : comma;
      values.push(text.slice(at, end).trim());
      at = end + 1;
      continue;
    }
    let end = start + 1;
    while (end < text.length && (text[end] !== '"' || text[end + 1] === '"')) end += text[end] === '"' ? 2 : 1;
    const value = text.slice(start + 1, end).replaceAll('""', '"');
    const comma = text.indexOf(',', end + 1);
    const after = text.slice(end + 1, comma < 0 ? text.length : comma).trim();
    values.push((value + after).trim());
    at = comma < 0 ? text.length + 1 : comma + 1;
  }
  return values;
}
