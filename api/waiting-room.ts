// Records of kinds that are not known yet, or that the store is making room for. Each waits for its kind's description up to a limit of
// time and number; what to do with it afterwards is ingest's business.
import type { Frame } from '../telemetry/messages.ts';
import { MESSAGE_BYTES } from './held.ts';

/** A record of an unknown kind waits this long for its description. */
const WAIT_MS = 5000;

export interface Waiting {
  readonly channel: 'telemetry' | 'event';
  readonly kind: string;
  readonly device: string;
  readonly frame: Frame;
  readonly since: number;
  /** Settles the sender's ticket. */
  readonly settle: () => void;
}

export class WaitingRoom {
  readonly #byKind = new Map<string, Waiting[]>();
  readonly #expire: (expired: Waiting[]) => void;
  readonly #mayExpire: (kind: string) => boolean;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #size = 0;
  #bytes = 0;

  /** mayExpire: false for a kind whose description has come and is being stored. now: any clock in ms. */
  constructor(now: () => number, mayExpire: (kind: string) => boolean, expire: (expired: Waiting[]) => void) {
    this.#now = now;
    this.#mayExpire = mayExpire;
    this.#expire = expire;
  }

  get size(): number {
    return this.#size;
  }

  /** Of all that wait, MESSAGE_BYTES for each beside its payload. */
  get bytes(): number {
    return this.#bytes;
  }

  has(kind: string): boolean {
    return this.#byKind.has(kind);
  }

  add(channel: 'telemetry' | 'event', kind: string, device: string, frame: Frame): Promise<void> {
    // The broker may use the payload's memory again.
    const copy = { ...frame, payload: Uint8Array.from(frame.payload) };
    const queue = this.#byKind.get(kind) ?? [];
    if (queue.length === 0) this.#byKind.set(kind, queue);
    this.#count([{ frame }], 1);
    this.#timer ??= setTimeout(() => this.#sweep(), WAIT_MS / 10);
    return new Promise((settle) => {
      queue.push({ channel, kind, device, frame: copy, since: this.#now(), settle });
    });
  }

  /** All that waited for this kind, in order of arrival. */
  release(kind: string): Waiting[] {
    const queue = this.#byKind.get(kind) ?? [];
    this.#byKind.delete(kind);
    this.#count(queue, -1);
    return queue;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #count(messages: readonly { readonly frame: Frame }[], sign: 1 | -1): void {
    this.#size += sign * messages.length;
    for (const { frame } of messages) this.#bytes += sign * (MESSAGE_BYTES + frame.payload.length);
  }

  #sweep(): void {
    this.#timer = undefined;
    const oldest = this.#now() - WAIT_MS;
    for (const [kind, queue] of this.#byKind) {
      if (!this.#mayExpire(kind)) continue;
      const fresh = queue.findIndex((waiting) => waiting.since > oldest);
      const expired = queue.splice(0, fresh === -1 ? queue.length : fresh);
      if (queue.length === 0) this.#byKind.delete(kind);
      this.#count(expired, -1);
      if (expired.length > 0) this.#expire(expired);
    }
    if (this.#size > 0) this.#timer ??= setTimeout(() => this.#sweep(), WAIT_MS / 10);
  }
}
