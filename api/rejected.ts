// What was refused and why: counted by cause for ever, the newest items kept within a memory limit. It never refuses anything itself.
import { isUtf8 } from 'node:buffer';
import type { Logger } from './logger.ts';

/** Payloads are shown up to here. */
const SHOWN_BYTES = 1024;
const DEFAULT_LIMIT_BYTES = 100_000_000;
/** Object, two numbers and string headers of an item, measured roughly. */
const ITEM_OVERHEAD_BYTES = 250;
const LOG_INTERVAL_MS = 10_000;

export interface RejectedItem {
  readonly cause: string;
  readonly detail: string;
  readonly topic: string;
  readonly kind?: string;
  readonly device?: string;
  /** Text, or base64 where `base64` says so; the first KB. */
  readonly payload: string;
  readonly base64?: true;
  /** ms since 1970 */
  readonly at: number;
}

export interface Origin {
  readonly topic: string;
  readonly kind?: string;
  readonly device?: string;
  readonly payload: Uint8Array;
}

export class Rejected {
  readonly #limitBytes: number;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #byCause = new Map<string, number>();
  #total = 0;
  /** Ring by index: items before `#first` were given up. */
  #items: (RejectedItem | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #loggedAt = -Infinity;
  #sinceLogged = 0;

  constructor(log: Logger, now: () => number, limitBytes: number = DEFAULT_LIMIT_BYTES) {
    this.#log = log;
    this.#now = now;
    this.#limitBytes = limitBytes;
  }

  get total(): number {
    return this.#total;
  }

  byCause(): { [cause: string]: number } {
    return Object.fromEntries(this.#byCause);
  }

  add(cause: string, detail: string, { topic, kind, device, payload }: Origin): void {
    this.#total++;
    this.#byCause.set(cause, (this.#byCause.get(cause) ?? 0) + 1);
    const item: RejectedItem = {
      cause,
      detail: detail.slice(0, SHOWN_BYTES),
      topic: topic.slice(0, SHOWN_BYTES),
      ...(kind === undefined ? {} : { kind }),
      ...(device === undefined ? {} : { device }),
      ...shown(payload),
      at: this.#now(),
    };
    this.#items.push(item);
    this.#bytes += sizeOf(item);
    while (this.#bytes > this.#limitBytes) this.#giveUpOldest();
    this.#tell(item);
  }

  /** Newest first. */
  newest(limit: number, cause?: string): RejectedItem[] {
    const items: RejectedItem[] = [];
    for (let at = this.#items.length - 1; at >= this.#first && items.length < limit; at--) {
      const item = this.#items[at]!;
      if (cause === undefined || item.cause === cause) items.push(item);
    }
    return items;
  }

  #giveUpOldest(): void {
    this.#bytes -= sizeOf(this.#items[this.#first]!);
    this.#items[this.#first++] = undefined;
    if (this.#first > 10_000 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
  }

  #tell({ cause, detail, topic, at }: RejectedItem): void {
    this.#sinceLogged++;
    if (at - this.#loggedAt < LOG_INTERVAL_MS) return;
    this.#log.warn({ cause, detail, topic, count: this.#sinceLogged }, 'messages rejected');
    this.#loggedAt = at;
    this.#sinceLogged = 0;
  }
}

function sizeOf(item: RejectedItem): number {
  // Two bytes a character is the most that V8 keeps.
  return ITEM_OVERHEAD_BYTES + 2 * (item.payload.length + item.detail.length + item.topic.length);
}

function shown(payload: Uint8Array): { payload: string; base64?: true } {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.byteLength, SHOWN_BYTES));
  // A cut may fall inside a character, so the whole payload decides whether it is text.
  if (isUtf8(payload)) return { payload: bytes.toString('utf8') };
  return { payload: bytes.toString('base64'), base64: true };
}
