// Which rows of a batch are left out: those that come twice in it, and those that are stored already. What is stored the engine asks.
export interface Keys {
  readonly owners: readonly string[];
  readonly ts: Float64Array;
  readonly seq: Float64Array;
}

/** Suspected rows whose key another row of the same batch has, except for the first where all are suspected. */
export function repeated(suspects: readonly number[], keys: Keys): Set<number> {
  const suspected = new Set(suspects);
  const seen = new Set<string>();
  const keyOf = (row: number): string => `${keys.owners[row]}/${keys.ts[row]}/${keys.seq[row]}`;
  for (const row of keys.owners.keys()) if (!suspected.has(row)) seen.add(keyOf(row));
  const dropped = new Set<number>();
  for (const row of suspects) {
    const key = keyOf(row);
    if (seen.has(key)) dropped.add(row);
    else seen.add(key);
  }
  return dropped;
}

/** Rows 0…count-1 that are not dropped. */
export function without(count: number, dropped: ReadonlySet<number>): Int32Array {
  const rows = new Int32Array(count - dropped.size);
  let at = 0;
  for (let row = 0; row < count; row++) if (!dropped.has(row)) rows[at++] = row;
  return rows;
}
