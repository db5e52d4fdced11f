// How long acknowledgements took: counts in steps of 0.1 ms, up to ten seconds and one step for all that is longer.
const STEP_MS = 0.1;
const STEPS = 100_001;

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class Latencies {
  readonly #counts = new Uint32Array(STEPS);
  #count = 0;
  #maxMs = 0;

  add(ms: number): void {
    this.#counts[Math.min(STEPS - 1, Math.floor(ms / STEP_MS))]!++;
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** ms; the upper end of the step. */
  quantiles(): Quantiles {
    return { p50: this.#at(0.5), p99: this.#at(0.99), p999: this.#at(0.999), max: Math.round(this.#maxMs * 10) / 10 };
  }

  #at(share: number): number {
    let seen = 0;
    for (let step = 0; step < STEPS; step++) {
      seen += this.#counts[step]!;
      if (seen >= share * this.#count) return Math.round((step + 1) * STEP_MS * 10) / 10;
    }
    return 0;
  }
}
