// Which sequences of one pair have not come yet, among those below the highest that has: as ranges, or as one bit for each where that is less.
// It counts nothing but what is missing.

/** Below this many ranges nothing is gained by bits. */
const FEW_RANGES = 4096;
const BYTES_PER_BOUND = 8;
/** Of the object itself and its place in a map, about. */
const OWN_BYTES = 200;

export class Missing {
  /** How many sequences are missing. */
  count = 0;
  /** Nothing is known of sequences below it. */
  forgottenBelow = 0;
  /** [first, afterLast, first, afterLast, …], ascending; empty once there are bits. */
  #ranges: number[] = [];
  /** Bit b of byte n: sequence #base + 8n + b is missing. */
  #bits: Uint8Array | undefined;
  #base = 0;

  get bytes(): number {
    return OWN_BYTES + (this.#bits?.length ?? BYTES_PER_BOUND * this.#ranges.length);
  }

  /** first is at least every afterLast before it. */
  add(first: number, afterLast: number): void {
    this.count += afterLast - first;
    if (this.#bits) {
      this.#setBits(first, afterLast);
      return;
    }
    const ranges = this.#ranges;
    ranges.push(first, afterLast);
    if (ranges.length > 2 * FEW_RANGES && ranges.length * BYTES_PER_BOUND > (afterLast - ranges[0]!) / 8)
      this.#toBits();
  }

  /** It has come. @returns false when it was not missing */
  take(sequence: number): boolean {
    const found = this.#bits ? this.#takeBit(sequence) : this.#takeFromRange(sequence);
    if (found) this.count--;
    return found;
  }

  /** Gives up what is missing below that sequence; all of it lies there. */
  forget(below: number): void {
    this.count = 0;
    this.forgottenBelow = below;
    this.#ranges = [];
    this.#bits = undefined;
  }

  #takeFromRange(sequence: number): boolean {
    const ranges = this.#ranges;
    const at = rangeOf(ranges, sequence);
    if (at < 0) return false;
    const first = ranges[at]!;
    const afterLast = ranges[at + 1]!;
    const rest: number[] = [];
    if (first < sequence) rest.push(first, sequence);
    if (sequence + 1 < afterLast) rest.push(sequence + 1, afterLast);
    ranges.splice(at, 2, ...rest);
    return true;
  }

  #takeBit(sequence: number): boolean {
    const at = sequence - this.#base;
    const byte = this.#bits![at >>> 3] ?? 0;
    const bit = 1 << (at & 7);
    if (at < 0 || (byte & bit) === 0) return false;
    this.#bits![at >>> 3] = byte & ~bit;
    return true;
  }

  #toBits(): void {
    const ranges = this.#ranges;
    this.#base = ranges[0]!;
    this.#bits = new Uint8Array(0);
    this.#ranges = [];
    for (let at = 0; at < ranges.length; at += 2) this.#setBits(ranges[at]!, ranges[at + 1]!);
  }

  #setBits(first: number, afterLast: number): void {
    const from = first - this.#base;
    const to = afterLast - this.#base;
    let bits = this.#bits!;
    if (to > 8 * bits.length) {
      const larger = new Uint8Array(Math.max(Math.ceil(to / 8), 2 * bits.length));
      larger.set(bits);
      this.#bits = bits = larger;
    }
    const [firstWhole, endWhole] = [Math.ceil(from / 8), Math.floor(to / 8)];
    if (firstWhole < endWhole) bits.fill(0xff, firstWhole, endWhole);
    for (let at = from; at < to; at++) {
      if (at === 8 * firstWhole && firstWhole < endWhole) at = 8 * endWhole;
      if (at < to) bits[at >>> 3] = bits[at >>> 3]! | (1 << (at & 7));
    }
  }
}

/** Index of the range that holds the sequence, −1 without one. */
function rangeOf(ranges: readonly number[], sequence: number): number {
  let low = 0;
  let high = ranges.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (sequence < ranges[2 * middle]!) high = middle - 1;
    else if (sequence >= ranges[2 * middle + 1]!) low = middle + 1;
    else return 2 * middle;
  }
  return -1;
}
