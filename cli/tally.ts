// Counts what a run sends: by kind, and how many in its busiest minute.
import type { Sink } from '../simulator/sink.ts';

const MINUTE_MS = 60_000;

/** The busiest minute of simulated time. */
export interface Peak {
  /** Messages a second, mean of that minute. */
  readonly perS: number;
  /** Its start, ms. */
  readonly atMs: number;
}

export class Tally {
  readonly #byKind = new Map<string, number>();
  #minute = 0;
  #total = 0;
  #totalBefore = 0;
  #peak: Peak = { perS: 0, atMs: 0 };

  readonly sink: Sink = {
    record: (kind) => this.#count(kind),
    event: (kind) => this.#count(kind),
    ack: () => {},
  };

  /** A tick has ended at `simTimeMs`. */
  tick(simTimeMs: number): void {
    const minute = Math.floor((simTimeMs - 1) / MINUTE_MS);
    if (minute === this.#minute) return;
    this.#close();
    this.#minute = minute;
  }

  get byKind(): { readonly [kind: string]: number } {
    return Object.fromEntries(this.#byKind);
  }

  get peak(): Peak {
    this.#close();
    return this.#peak;
  }

  #count(kind: string): void {
    this.#total++;
    this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + 1);
  }

  #close(): void {
    const perS = Math.round(((this.#total - this.#totalBefore) / (MINUTE_MS / 1000)) * 10) / 10;
    if (perS > this.#peak.perS) this.#peak = { perS, atMs: this.#minute * MINUTE_MS };
    this.#totalBefore = this.#total;
  }
}
