// How long an address that presents wrong passwords has to wait: the first few cost nothing, each one more doubles the wait. It knows
// addresses and moments only.
const FREE = 10;
const FIRST_MS = 1000;
const LONGEST_MS = 60_000;
/** Quiet for so long, and all is forgotten. */
const FORGET_MS = 600_000;
const MAX_ADDRESSES = 20_000;

interface Record {
  wrong: number;
  untilMs: number;
}

export class BackOff {
  readonly #records = new Map<string, Record>();

  /** nowMs: of a monotonic clock → how long nothing of this address is looked at [ms ≥ 0] */
  restMs(address: string, nowMs: number): number {
    const record = this.#records.get(address);
    if (!record) return 0;
    if (nowMs - record.untilMs > FORGET_MS) this.#records.delete(address);
    return Math.max(0, record.untilMs - nowMs);
  }

  /** It has used up what is free. */
  isSuspect(address: string): boolean {
    return (this.#records.get(address)?.wrong ?? 0) >= FREE;
  }

  wrong(address: string, nowMs: number): void {
    const wrong = (this.#records.get(address)?.wrong ?? 0) + 1;
    const waitMs = wrong < FREE ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (wrong - FREE));
    // The address that was wrong longest ago goes first.
    this.#records.delete(address);
    if (this.#records.size >= MAX_ADDRESSES) this.#records.delete(this.#records.keys().next().value!);
    this.#records.set(address, { wrong, untilMs: nowMs + waitMs });
  }

  right(address: string): void {
    this.#records.delete(address);
  }
}
