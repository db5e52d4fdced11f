// Which messages of a publisher reached a subscriber: counts of new, duplicated and reordered ones, whatever the order of arrival. One counter
// per pair while nothing is missing, and what is missing beside it. Exact as long as that fits its memory; beyond, what can no more be told is
// counted as such. It knows no times.
import { Missing } from './missing.ts';

/** For all that is missing, of all pairs: two milliards of messages with a bit for each. */
const MAX_BYTES = 256 * 1_048_576;

export class Audit {
  /** Unique messages. */
  received = 0;
  duplicated = 0;
  /** Arrived after a later one of the same publisher. */
  reordered = 0;
  /** Came so late that nobody knows whether they had come before. */
  untold = 0;
  readonly #next: Uint32Array;
  readonly #missing = new Map<number, Missing>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** pairs: publishers × subscribers that are told apart; maxBytes: for what is missing. */
  constructor(pairs: number, maxBytes = MAX_BYTES) {
    this.#next = new Uint32Array(pairs);
    this.#maxBytes = maxBytes;
  }

  /** Sequences of a pair count from 0. @returns false for a message that had arrived before, or may have */
  arrived(pair: number, sequence: number): boolean {
    const next = this.#next[pair]!;
    if (sequence < next) return this.#late(pair, sequence);
    this.#next[pair] = sequence + 1;
    if (sequence > next) this.#gap(pair, next, sequence);
    this.received++;
    return true;
  }

  #gap(pair: number, first: number, afterLast: number): void {
    let missing = this.#missing.get(pair);
    if (!missing) {
      missing = new Missing();
      this.#missing.set(pair, missing);
      this.#bytes += missing.bytes;
    }
    const before = missing.bytes;
    missing.add(first, afterLast);
    this.#bytes += missing.bytes - before;
    if (this.#bytes <= this.#maxBytes) return;
    this.#bytes -= missing.bytes;
    missing.forget(afterLast);
    this.#bytes += missing.bytes;
  }

  #late(pair: number, sequence: number): boolean {
    const missing = this.#missing.get(pair);
    if (missing && sequence < missing.forgottenBelow) {
      this.untold++;
      return false;
    }
    const before = missing?.bytes ?? 0;
    if (!missing?.take(sequence)) {
      this.duplicated++;
      return false;
    }
    if (missing.count > 0 || missing.forgottenBelow > 0) this.#bytes += missing.bytes - before;
    else {
      this.#bytes -= before;
      this.#missing.delete(pair);
    }
    this.reordered++;
    this.received++;
    return true;
  }
}
