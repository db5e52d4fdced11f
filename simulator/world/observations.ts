// What vehicles tell the streets about the speeds they drive, summed by link and tick. Whole mm/s, so that a sum does not depend on the
// order of its parts, also when several worker threads add to one shared memory. Decides nothing; the streets learn from it.

const BUFFERS = 3;
const INT_BYTES = 4;

/** Sum of speeds in mm/s and how many there were, by link. */
export interface LinkSpeeds {
  readonly sum: Int32Array;
  readonly count: Int32Array;
}

/**
 * Three buffers in rotation: this tick's, to which everybody adds; the last one's, complete, which everybody reads; and one that is being
 * cleared for the next. Each worker holds its own instance over one buffer, turns once a tick, and a barrier stands between ticks.
 */
export class Observations {
  readonly #buffers: readonly LinkSpeeds[];
  readonly #shared: boolean;
  readonly #cleans: boolean;
  #current = 0;

  /** cleans: exactly one of the instances over a shared buffer. @throws RangeError when the buffer has the wrong size */
  constructor(links: number, buffer?: SharedArrayBuffer, cleans = true) {
    const bytes = Observations.bytes(links);
    if (buffer !== undefined && buffer.byteLength !== bytes)
      throw new RangeError(`observations of ${links} links need ${bytes} bytes, got ${buffer.byteLength}`);
    const memory = buffer ?? new ArrayBuffer(bytes);
    const part = (index: number) => new Int32Array(memory, index * links * INT_BYTES, links);
    this.#buffers = Array.from({ length: BUFFERS }, (_, i) => ({ sum: part(2 * i), count: part(2 * i + 1) }));
    this.#shared = buffer !== undefined;
    this.#cleans = cleans;
  }

  static bytes(links: number): number {
    return BUFFERS * 2 * links * INT_BYTES;
  }

  /** mmps: whole number 0…100,000; about 20,000 observations of one link in one tick have room. */
  add(link: number, mmps: number): void {
    const { sum, count } = this.#buffers[this.#current]!;
    if (this.#shared) {
      Atomics.add(sum, link, mmps);
      Atomics.add(count, link, 1);
    } else {
      sum[link]! += mmps;
      count[link]!++;
    }
  }

  /** Begins a tick. @returns what was added in the one before, unchanged until the next turn */
  turn(): LinkSpeeds {
    const complete = this.#buffers[this.#current]!;
    this.#current = (this.#current + 1) % BUFFERS;
    if (this.#cleans) {
      const next = this.#buffers[(this.#current + 1) % BUFFERS]!;
      next.sum.fill(0);
      next.count.fill(0);
    }
    return complete;
  }
}
