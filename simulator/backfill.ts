// Filling in the past: how far it is stored, and when the present is reached. What the store has already is simulated again but not sent
// again, so that a run that was killed goes on exactly where it stopped.
import type { Sink } from './sink.ts';

export interface BackfillOptions {
  readonly fromMs: number;
  /** Simulated time up to which an earlier attempt is known to be stored; `fromMs` for a new one. */
  readonly settledMs: number;
  /** The present, which moves: reaching it ends the backfill. */
  readonly presentMs: () => number;
  /** All that was sent up to this simulated time is stored. */
  readonly onSettled: (simTimeMs: number, done: boolean) => void;
  /** Monotonic wall ms. */
  readonly now: () => number;
}

/** Progress is noted this often, wall ms: what a kill -9 makes us send again. */
const SETTLE_EVERY_MS = 2000;
/** Nearer than this to the present is there. */
const PRESENT_WITHIN_MS = 1000;

export class Backfill {
  readonly #options: BackfillOptions;
  #open: boolean;
  #done = false;
  #settledWallMs: number;

  constructor(options: BackfillOptions) {
    this.#options = options;
    this.#open = options.settledMs <= options.fromMs;
    this.#settledWallMs = options.now();
  }

  get done(): boolean {
    return this.#done;
  }

  /** Lets through what the store does not have yet. */
  gate(sink: Sink): Sink {
    const gated: Sink = {
      record: (...message) => {
        if (this.#open) sink.record(...message);
      },
      event: (...message) => {
        if (this.#open) sink.event(...message);
      },
      ack: (...message) => {
        if (this.#open) sink.ack(...message);
      },
    };
    if (sink.truth === undefined) return gated;
    return {
      ...gated,
      truth: (...message) => {
        if (this.#open) sink.truth!(...message);
      },
    };
  }

  /** The broker is there: from now on something may be stored. */
  begin(): void {
    this.#options.onSettled(this.#options.settledMs, false);
  }

  /** A tick has ended at `simTimeMs`. settled: waits until everything sent is stored. */
  async advance(simTimeMs: number, settled: () => Promise<void>): Promise<void> {
    const { settledMs, presentMs, onSettled, now } = this.#options;
    this.#open = simTimeMs >= settledMs;
    const isPresent = () => simTimeMs + PRESENT_WITHIN_MS >= presentMs();
    if (!this.#open || (now() - this.#settledWallMs < SETTLE_EVERY_MS && !isPresent())) return;
    await settled();
    this.#settledWallMs = now();
    // Storing took its time: the present may have moved on.
    this.#done = isPresent();
    onSettled(simTimeMs, this.#done);
  }

  /** The present goes on: what a later backfill need not fill. */
  note(simTimeMs: number): void {
    const { onSettled, now } = this.#options;
    if (!this.#done || now() - this.#settledWallMs < SETTLE_EVERY_MS) return;
    this.#settledWallMs = now();
    onSettled(simTimeMs, true);
  }

  /** For the page; undefined when there is nothing to wait for. */
  progress(simTimeMs: number): { fromMs: number; toMs: number; atMs: number } | undefined {
    const { fromMs, presentMs } = this.#options;
    return this.#done ? undefined : { fromMs, toMs: presentMs(), atMs: simTimeMs };
  }
}
