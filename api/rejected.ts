// What was refused and why: counted by cause, the newest items kept in memory to be shown, all of them in quarantine where there is a disk.
// It never refuses anything itself.
import { isUtf8 } from 'node:buffer';
import type { Logger } from './logger.ts';
import type { Quarantine } from './quarantine.ts';

/** Payloads are shown up to here. */
const SHOWN_BYTES = 1024;
const LIMIT_BYTES = 100_000_000;
/** While all of them are on disk. */
const LIMIT_BESIDE_DISK_BYTES = 20_000_000;
/** Object, two numbers and string headers of an item, measured roughly. */
const ITEM_OVERHEAD_BYTES = 250;
const LOG_INTERVAL_MS = 10_000;
/** Messages of QoS 0, all senders together, that are kept; a flood of more is counted. */
const FLEETING_PER_S = 1000;

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
  readonly #quarantine: Quarantine | undefined;
  readonly #byCause = new Map<string, number>();
  #total = 0;
  #listed = 0;
  #notKept = 0;
  #secondMs = -Infinity;
  #inSecond = 0;
  /** Ring by index: items before `#first` were given up. */
  #items: (RejectedItem | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #loggedAt = -Infinity;
  #sinceLogged = 0;

  /** quarantine: where whole payloads are kept on disk. */
  constructor(log: Logger, now: () => number, quarantine?: Quarantine, limitBytes?: number) {
    this.#quarantine = quarantine;
    this.#log = log;
    this.#now = now;
    this.#limitBytes = limitBytes ?? (quarantine ? LIMIT_BESIDE_DISK_BYTES : LIMIT_BYTES);
  }

  get total(): number {
    return this.#total;
  }

  /** How many items were ever listed: the newest has this number. */
  get listed(): number {
    return this.#listed;
  }

  /** How many were counted and are not kept whole any more, or never were. */
  get givenUp(): number {
    return this.#notKept + (this.#quarantine?.givenUp ?? 0);
  }

  byCause(): { [cause: string]: number } {
    return Object.fromEntries(this.#byCause);
  }

  /** What was refused before this start, as far as it is kept: it counts. */
  async recall(): Promise<void> {
    if (!this.#quarantine) return;
    for await (const { sequence: _, cause, detail, at, ...origin } of this.#quarantine.items())
      this.#note(cause, detail, origin, at);
  }

  /** → settles when it is kept on disk; undefined when it is not. */
  add(cause: string, detail: string, origin: Origin): Promise<void> | undefined {
    const at = this.#now();
    this.#tell(this.#note(cause, detail, origin, at));
    return this.#quarantine?.add({ cause, detail: detail.slice(0, SHOWN_BYTES), at, ...origin });
  }

  /** One of QoS 0: nobody was promised anything, and a flood of them must not cost more than reading it. */
  addFleeting(cause: string, detail: string, origin: Origin): void {
    const now = this.#now();
    if (now - this.#secondMs >= 1000 || now < this.#secondMs) {
      this.#secondMs = now;
      this.#inSecond = 0;
    }
    if (++this.#inSecond <= FLEETING_PER_S) void this.add(cause, detail, origin);
    else {
      this.#count(cause);
      this.#notKept++;
    }
  }

  #count(cause: string): void {
    this.#total++;
    this.#byCause.set(cause, (this.#byCause.get(cause) ?? 0) + 1);
  }

  #note(cause: string, detail: string, { topic, kind, device, payload }: Origin, at: number): RejectedItem {
    this.#count(cause);
    this.#listed++;
    const item: RejectedItem = {
      cause,
      detail: detail.slice(0, SHOWN_BYTES),
      topic: topic.slice(0, SHOWN_BYTES),
      ...(kind === undefined ? {} : { kind }),
      ...(device === undefined ? {} : { device }),
      ...shown(payload, SHOWN_BYTES),
      at,
    };
    this.#items.push(item);
    this.#bytes += sizeOf(item);
    while (this.#bytes > this.#limitBytes) this.#giveUpOldest();
    return item;
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

/** The first `maxBytes` as text, or as base64 where the whole is no text. */
export function shown(payload: Uint8Array, maxBytes: number): { payload: string; base64?: true } {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.byteLength, maxBytes));
  // A cut may fall inside a character, so the whole payload decides whether it is text.
  if (isUtf8(payload)) return { payload: bytes.toString('utf8') };
  return { payload: bytes.toString('base64'), base64: true };
}
