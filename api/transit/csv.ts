// One CSV file of a GTFS feed: RFC 4180 quoting, lines that end in CR LF, UTF-8 without a mark. Rows come one by one; none is kept.

export type Cell = string | number | undefined;

/** columns: the header. rows: cells in that order; undefined is empty. */
export function* csvLines(columns: readonly string[], rows: Iterable<readonly Cell[]>): Generator<string> {
  yield line(columns);
  for (const row of rows) yield line(row);
}

function line(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

/** GTFS allows no line breaks and tabs inside a value. */
function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  const text = String(cell).replace(/\s+/g, ' ').trim();
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
