// Percentiles of any number of values in a few kilobytes. Buckets are cut from the bits of a number, eight bits of it at a time per power of
// two, so the result does not depend on the order of values, and two sketches can be merged. It never forgets and never samples.

/** Buckets per power of two: half a bucket is 0.2 … 0.4 % of a value. */
const COLUMNS = 128;
/** Of the upper 32 bits of a double: sign and exponent above, then the mantissa, of which seven bits count. */
const ROW_SHIFT = 20;
const COLUMN_SHIFT = 13;
const NEGATIVE_ROWS = 2048;

const float64 = new Float64Array(1);
const words = new Uint32Array(float64.buffer);
const UPPER = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Values of one sign and one power of two. */
interface Row {
  readonly counts: Float64Array;
  /** Least and greatest value of each bucket: where all are equal, the answer is exact. */
  readonly least: Float64Array;
  readonly greatest: Float64Array;
}

/** Relative error of a percentile ≤ 0.4 % (of numbers above 1e-300, which have all their bits); exact where the values of a bucket are all the same. */
export class Sketch {
  readonly #rows: (Row | undefined)[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** value: finite */
  add(value: number): void {
    // −0 is 0.
    float64[0] = value + 0;
    const upper = words[UPPER]!;
    const row = this.#row(upper >>> ROW_SHIFT);
    const column = (upper >>> COLUMN_SHIFT) & (COLUMNS - 1);
    row.counts[column]!++;
    if (value < row.least[column]!) row.least[column] = value;
    if (value > row.greatest[column]!) row.greatest[column] = value;
    this.#count++;
  }

  merge(other: Sketch): void {
    other.#rows.forEach((from, index) => {
      if (from === undefined) return;
      const row = this.#row(index);
      for (let column = 0; column < COLUMNS; column++) {
        row.counts[column]! += from.counts[column]!;
        row.least[column] = Math.min(row.least[column]!, from.least[column]!);
        row.greatest[column] = Math.max(row.greatest[column]!, from.greatest[column]!);
      }
    });
    this.#count += other.#count;
  }

  /** The value that `share` (0…1) of the values do not exceed (nearest rank); undefined when there is none. */
  quantile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let below = 0;
    for (const { row, column } of this.#ascending()) {
      below += row.counts[column]!;
      if (below >= rank) return (row.least[column]! + row.greatest[column]!) / 2;
    }
    return undefined;
  }

  /** Negative numbers sort backwards by their bits. */
  *#ascending(): Generator<{ row: Row; column: number }> {
    for (let index = this.#rows.length - 1; index >= NEGATIVE_ROWS; index--) {
      const row = this.#rows[index];
      if (row !== undefined) for (let column = COLUMNS - 1; column >= 0; column--) yield { row, column };
    }
    for (let index = 0; index < Math.min(NEGATIVE_ROWS, this.#rows.length); index++) {
      const row = this.#rows[index];
      if (row !== undefined) for (let column = 0; column < COLUMNS; column++) yield { row, column };
    }
  }

  #row(index: number): Row {
    return (this.#rows[index] ??= {
      counts: new Float64Array(COLUMNS),
      least: new Float64Array(COLUMNS).fill(Infinity),
      greatest: new Float64Array(COLUMNS).fill(-Infinity),
    });
  }
}
