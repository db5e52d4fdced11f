// Which messages of a publisher reached a subscriber: exact counts of lost, duplicated and reordered ones, whatever the order of arrival.
// One counter per pair while nothing is missing; gaps are kept as ranges. It knows no times.

/** Ranges kept per pair; of more, the oldest are given up as lost. */
const MAX_GAPS = 4096;

export class Audit {
  /** Unique messages. */
  received = 0;
  duplicated = 0;
  /** Arrived after a later one of the same publisher. */
  reordered = 0;
  readonly #next: Uint32Array;
  /** Missing sequences of a pair: [first, afterLast, first, afterLast, …], ascending. */
  readonly #gaps = new Map<number, number[]>();

  /** pairs: publishers × subscribers that are told apart. */
  constructor(pairs: number) {
    this.#next = new Uint32Array(pairs);
  }

  /** Sequences of a pair count from 0. @returns false for a message that had arrived before */
  arrived(pair: number, sequence: number): boolean {
    const next = this.#next[pair]!;
    if (sequence < next) return this.#late(pair, sequence);
    if (sequence > next) this.#gap(pair, next, sequence);
    this.#next[pair] = sequence + 1;
    this.received++;
    return true;
  }

  #gap(pair: number, first: number, afterLast: number): void {
    const gaps = this.#gaps.get(pair);
    if (!gaps) this.#gaps.set(pair, [first, afterLast]);
    else {
      gaps.push(first, afterLast);
      if (gaps.length > 2 * MAX_GAPS) gaps.splice(0, 2);
    }
  }

  #late(pair: number, sequence: number): boolean {
    const gaps = this.#gaps.get(pair);
    const at = gaps ? gapOf(gaps, sequence) : -1;
    if (!gaps || at < 0) {
      this.duplicated++;
      return false;
    }
    const first = gaps[at]!;
    const afterLast = gaps[at + 1]!;
    const rest: number[] = [];
    if (first < sequence) rest.push(first, sequence);
    if (sequence + 1 < afterLast) rest.push(sequence + 1, afterLast);
    gaps.splice(at, 2, ...rest);
    if (gaps.length === 0) this.#gaps.delete(pair);
    this.reordered++;
    this.received++;
    return true;
  }
}

/** Index of the range that holds the sequence, −1 without one. */
function gapOf(gaps: readonly number[], sequence: number): number {
  let low = 0;
  let high = gaps.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (sequence < gaps[2 * middle]!) high = middle - 1;
    else if (sequence >= gaps[2 * middle + 1]!) low = middle + 1;
    else return 2 * middle;
  }
  return -1;
}
