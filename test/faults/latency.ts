// Latencies in buckets of 4.4 %, so that millions of them take no memory. A percentile is the upper end of its bucket.

const BUCKETS_PER_OCTAVE = 16;
const BUCKETS = 36 * BUCKETS_PER_OCTAVE;

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class Latencies {
  #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #maxMs = 0;

  addMs(ms: number): void {
    const us = Math.max(1, ms * 1000);
    this.#counts[Math.min(BUCKETS - 1, Math.floor(Math.log2(us) * BUCKETS_PER_OCTAVE))]!++;
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** Since the last call, ms; zeros when there was nothing. */
  take(): Percentiles {
    const result = { count: this.#count, p50: this.#atMs(0.5), p99: this.#atMs(0.99), max: this.#maxMs };
    this.#counts = new Uint32Array(BUCKETS);
    this.#count = 0;
    this.#maxMs = 0;
    return result;
  }

  #atMs(share: number): number {
    const rank = Math.ceil(share * this.#count);
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank && rank > 0) return Math.min(this.#maxMs, 2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE) / 1000);
    }
    return 0;
  }
}
