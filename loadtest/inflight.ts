// The un-acknowledged publishes of one connection: which packet identifiers are in use, and when each message was meant to leave. It grows
// with use up to the window, so that ten thousand quiet devices cost little.
const FIRST_SLOTS = 4;

export class Inflight {
  count = 0;
  readonly #window: number;
  /** Intended time of the message with identifier slot + 1, ns; 0 marks a free one. */
  #dueNs = new Float64Array(FIRST_SLOTS);
  #next = 0;

  /** window: 1…65,534 */
  constructor(window: number) {
    this.#window = window;
  }

  /** A packet identifier; 0 when the window is full. */
  take(dueNs: number): number {
    if (this.count >= this.#window) return 0;
    if (this.count === this.#dueNs.length) {
      const larger = new Float64Array(Math.min(this.#window, 2 * this.count));
      larger.set(this.#dueNs);
      this.#next = this.count;
      this.#dueNs = larger;
    }
    const slots = this.#dueNs.length;
    while (this.#dueNs[this.#next % slots] !== 0) this.#next++;
    const slot = this.#next++ % slots;
    this.#next %= slots;
    this.#dueNs[slot] = dueNs;
    this.count++;
    return slot + 1;
  }

  /** Its intended time; 0 for an identifier that is not in use. */
  release(packetId: number): number {
    const dueNs = this.#dueNs[packetId - 1] ?? 0;
    if (dueNs === 0) return 0;
    this.#dueNs[packetId - 1] = 0;
    this.count--;
    return dueNs;
  }

  /** Forgets all. @returns their intended times */
  clear(): number[] {
    if (this.count === 0) return [];
    const dueNs = [...this.#dueNs].filter((one) => one !== 0);
    this.#dueNs.fill(0);
    this.count = 0;
    return dueNs;
  }
}
