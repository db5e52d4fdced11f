// How long an address that presents wrong passwords has to wait: the first few cost nothing, each one more doubles the wait. Names that were
// right from there before are counted apart, so that a guesser behind the same address does not hold them up. It knows no passwords.
const FREE = 10;
const FIRST_MS = 1000;
const LONGEST_MS = 60_000;
/** Quiet for so long, and all is forgotten. */
const FORGET_MS = 600_000;
const MAX_RECORDS = 20_000;
const MAX_KNOWN = 20_000;
/** So often what an address has guessed is forgiven because somebody new is right. Whoever has many names of their own shall not guess for others. */
const FORGIVEN = 10;

interface Record {
  wrong: number;
  untilMs: number;
  forgiven: number;
}

export class GuessLimit {
  /** Of addresses, and of names at addresses. */
  readonly #records = new Map<string, Record>();
  /** Names that were right, at their addresses. */
  readonly #known = new Set<string>();

  /** nowMs: of a monotonic clock → how long nothing of this name is looked at from this address [ms ≥ 0] */
  restMs(address: string, name: string, nowMs: number): number {
    const key = this.#keyOf(address, name);
    const record = this.#records.get(key);
    if (!record) return 0;
    if (nowMs - record.untilMs > FORGET_MS) this.#records.delete(key);
    return Math.max(0, record.untilMs - nowMs);
  }

  /** What is free is used up. */
  isSuspect(address: string, name: string): boolean {
    return (this.#records.get(this.#keyOf(address, name))?.wrong ?? 0) >= FREE;
  }

  wrong(address: string, name: string, nowMs: number): void {
    const key = this.#keyOf(address, name);
    const { wrong: before = 0, forgiven = 0 } = this.#records.get(key) ?? {};
    const wrong = before + 1;
    const waitMs = wrong < FREE ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (wrong - FREE));
    // What was wrong longest ago goes first.
    this.#records.delete(key);
    if (this.#records.size >= MAX_RECORDS) this.#records.delete(first(this.#records)!);
    this.#records.set(key, { wrong, untilMs: nowMs + waitMs, forgiven });
  }

  /** Forgives a name that is known what was wrong under it; of one that is new, what came from its address, a few times. */
  right(address: string, name: string): void {
    const key = keyOf(address, name);
    if (this.#known.delete(key)) this.#records.delete(key);
    else this.#forgive(address);
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(first(this.#known)!);
    this.#known.add(key);
  }

  #forgive(address: string): void {
    const record = this.#records.get(address);
    if (record && record.wrong > 0 && record.forgiven++ < FORGIVEN) record.wrong = 0;
  }

  #keyOf(address: string, name: string): string {
    const key = keyOf(address, name);
    return this.#known.has(key) ? key : address;
  }
}

function keyOf(address: string, name: string): string {
  return `${address} ${name}`;
}

function first(keys: Map<string, unknown> | Set<string>): string | undefined {
  return keys.keys().next().value;
}
