// Messages that arrive late, by their time of arrival. Ties are settled by device and number, so the order does not depend on how long a
// tick is.
import FlatQueue from 'flatqueue';
import type { Fate } from './fate.ts';
import type { Message } from './message.ts';

/** What is beyond arrives at once: earlier, never altered or lost. */
const MAX_IN_FLIGHT = 1_000_000;

interface Flying {
  readonly arriveMs: number;
  readonly message: Message;
  readonly fate: Fate;
}

export class Flight {
  readonly #queue = new FlatQueue<Flying>();

  /** @returns false when too many are under way */
  add(flying: Flying): boolean {
    if (this.#queue.length >= MAX_IN_FLIGHT) return false;
    this.#queue.push(flying, flying.arriveMs);
    return true;
  }

  /** Takes out what has arrived by now, in order. */
  arrived(nowMs: number): readonly Flying[] {
    const flown: Flying[] = [];
    while (this.#queue.length > 0 && this.#queue.peekValue()! <= nowMs) flown.push(this.#queue.pop()!);
    if (flown.length === 0) return NONE;
    if (this.#queue.length === 0) this.#queue.shrink();
    return flown.sort(
      (a, b) => a.arriveMs - b.arriveMs || a.message.device - b.message.device || a.message.seq - b.message.seq,
    );
  }
}

const NONE: readonly Flying[] = [];
