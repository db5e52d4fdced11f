// How fast new connections are served, on average: it knows addresses and moments only. How many in one turn of the event loop is in
// turns.ts; who may come in is decided in door.ts.
import { isLoopback } from '../telemetry/loopback.ts';
import { networkOf } from '../telemetry/network.ts';

export interface ConnectLimits {
  /** New connections served per second; a quarter of them at once. */
  readonly connectsPerS: number;
  /** The same for one address; all who come from this machine share one, and are not limited by it. */
  readonly connectsPerAddressPerS: number;
  /** Who would have to wait longer is refused at once. */
  readonly connectWaitMs: number;
}

const MAX_ADDRESSES = 20_000;
/** So many milliseconds without connections are made up for at once: a longer burst is felt by those who are connected. */
const BURST_MS = 250;

export class ConnectRate {
  readonly #limits: ConnectLimits;
  /** When the next connection would be due if they came evenly [ms]; behind now while there are few. */
  #dueMs = -Infinity;
  readonly #dueMsOf = new Map<string, number>();

  constructor(limits: ConnectLimits) {
    this.#limits = limits;
  }

  /** Remembered. */
  get addresses(): number {
    return this.#dueMsOf.size;
  }

  /** nowMs: of a monotonic clock. → how long the connection is to wait [ms ≥ 0], undefined when it is refused */
  waitMs(address: string | undefined, nowMs: number): number | undefined {
    const { connectsPerS, connectsPerAddressPerS, connectWaitMs } = this.#limits;
    const network = address === undefined || isLoopback(address) ? undefined : networkOf(address);
    const dueMsHere = network === undefined ? -Infinity : (this.#dueMsOf.get(network) ?? -Infinity);
    const waitMs = Math.max(0, this.#dueMs - nowMs, dueMsHere - nowMs);
    if (waitMs > connectWaitMs) return undefined;
    this.#dueMs = nextDue(this.#dueMs, nowMs, connectsPerS);
    if (network !== undefined) {
      if (this.#dueMsOf.size >= MAX_ADDRESSES) this.#forget(nowMs);
      this.#dueMsOf.set(network, nextDue(dueMsHere, nowMs, connectsPerAddressPerS));
    }
    return waitMs;
  }

  /** Those who have been quiet have their whole burst again; if nobody was, all begin anew. */
  #forget(nowMs: number): void {
    for (const [address, dueMs] of this.#dueMsOf) if (dueMs < nowMs - BURST_MS) this.#dueMsOf.delete(address);
    if (this.#dueMsOf.size >= MAX_ADDRESSES) this.#dueMsOf.clear();
  }
}

function nextDue(dueMs: number, nowMs: number, perS: number): number {
  return Math.max(dueMs, nowMs - BURST_MS) + 1000 / perS;
}
