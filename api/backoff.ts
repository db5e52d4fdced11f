// How long to wait before the next attempt: doubling, with full jitter so that many waiters do not return together.
import { randomInt } from 'node:crypto';

const FIRST_MS = 200;
const LONGEST_MS = 10_000;

export class Backoff {
  #ceilingMs = FIRST_MS;

  /** @returns 200 … 10,000 ms */
  nextMs(): number {
    const ms = randomInt(FIRST_MS, this.#ceilingMs + 1);
    this.#ceilingMs = Math.min(LONGEST_MS, this.#ceilingMs * 2);
    return ms;
  }
}
