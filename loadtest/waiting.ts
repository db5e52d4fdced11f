// Messages of one publisher that are due and not yet written, in order: their intended times, and their packets where they are recorded
// ones. Its length is what the schedule owes; the sender bounds the sum over all publishers.
const FIRST_SLOTS = 4;

export class Waiting {
  count = 0;
  /** A ring; its length is a power of two. */
  #dueNs = new Float64Array(FIRST_SLOTS);
  #packets: (Buffer | undefined)[] | undefined;
  #head = 0;

  push(dueNs: number, packet?: Buffer): void {
    if (this.count === this.#dueNs.length) this.#grow();
    const at = (this.#head + this.count++) & (this.#dueNs.length - 1);
    this.#dueNs[at] = dueNs;
    if (packet) (this.#packets ??= [])[at] = packet;
  }

  /** Intended time of the first; only with count > 0. */
  get dueNs(): number {
    return this.#dueNs[this.#head]!;
  }

  get packet(): Buffer | undefined {
    return this.#packets?.[this.#head];
  }

  shift(): void {
    if (this.#packets) this.#packets[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#dueNs.length - 1);
    this.count--;
  }

  #grow(): void {
    const from = this.#dueNs;
    const larger = new Float64Array(2 * from.length);
    const packets = this.#packets;
    for (let at = 0; at < from.length; at++) larger[at] = from[(this.#head + at) & (from.length - 1)]!;
    if (packets) this.#packets = [...from.keys()].map((at) => packets[(this.#head + at) & (from.length - 1)]);
    this.#dueNs = larger;
    this.#head = 0;
  }
}
