// What devices keep while their network is away, and when each sends it after: not all at once, because devices that come back together
// would jam the network again.
import type { Message } from './message.ts';

/** Messages a device keeps (a day of an hourly meter; engineering estimate); the oldest give way. */
export const KEPT_MESSAGES = 24;
/** A device without network looks for one this often. */
const LOOK_EVERY_MS = 10_000;

interface Kept {
  readonly messages: Message[];
  /** Infinity: still without network. */
  leaveMs: number;
}

/** What of one device is on its way again. */
export interface Leaving {
  readonly messages: readonly Message[];
  readonly leaveMs: number;
}

export class Outbox {
  readonly #kept = new Map<number, Kept>();
  readonly #backOffMs: (device: number, atMs: number) => number;
  #lookedAtMs = -1;

  /** backOffMs: how long after finding the network a device waits. */
  constructor(backOffMs: (device: number, atMs: number) => number) {
    this.#backOffMs = backOffMs;
  }

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  has(device: number): boolean {
    return this.#kept.has(device);
  }

  /**
   * A message joins what its device keeps. With the network back it waits only seconds and needs no room: then what is lost does not depend on
   * how long a tick is. @returns true when the oldest gave way
   */
  keep(message: Message, hasNetwork: boolean): boolean {
    const kept = this.#kept.get(message.device);
    if (kept === undefined) {
      this.#kept.set(message.device, { messages: [message], leaveMs: Infinity });
      return false;
    }
    kept.messages.push(message);
    if (hasNetwork || kept.messages.length <= KEPT_MESSAGES) return false;
    kept.messages.shift();
    return true;
  }

  /** Devices whose network is back send, each after its own wait, all they have in order. */
  release(nowMs: number, reaches: (device: number) => boolean): Leaving[] {
    const leaving: Leaving[] = [];
    const lookMs = Math.floor(nowMs / LOOK_EVERY_MS) * LOOK_EVERY_MS;
    const looks = lookMs !== this.#lookedAtMs;
    this.#lookedAtMs = lookMs;
    for (const [device, kept] of this.#kept) {
      if (kept.leaveMs === Infinity && looks && reaches(device)) {
        kept.leaveMs = lookMs + this.#backOffMs(device, lookMs);
      }
      if (kept.leaveMs > nowMs) continue;
      if (!reaches(device)) {
        kept.leaveMs = Infinity;
        continue;
      }
      this.#kept.delete(device);
      leaving.push({ messages: kept.messages, leaveMs: kept.leaveMs });
    }
    return leaving;
  }
}
