// Everything that was refused, on disk: payloads with the reason, the oldest given up when there is no more room. To be exported, and to be
// replayed after a fix. It never throws at who hands something in. What it counts and shows quickly is in rejected.ts.
import type { Frame } from '../telemetry/messages.ts';
import { mostBytes } from './journal/entry.ts';
import { MAX_ENTRY_BYTES } from './journal/format.ts';
import type { Journal } from './journal/journal.ts';

export interface Quarantined {
  /** Numbers grow by one. */
  readonly sequence: number;
  readonly cause: string;
  readonly detail: string;
  readonly topic: string;
  readonly kind?: string;
  readonly device?: string;
  readonly payload: Uint8Array;
  /** Of the payload as it came, when there is room for its beginning only: it cannot be taken again. */
  readonly wholeBytes?: number;
  /** ms since 1970 */
  readonly at: number;
}

type Item = Omit<Quarantined, 'sequence'>;
type Reason = Omit<Item, 'topic' | 'payload' | 'at'>;

/** Of its room; what is beyond belongs to the oldest. */
const FULL_SHARE = 0.6;
/** How many of the oldest go at a time, as a share of all. */
const GIVEN_UP_SHARE = 0.25;
/** Of an entry, for its reason: its detail has 1 KB, as JSON six times as much at most. */
const REASON_BYTES = 16_384;
const NOTHING = new Uint8Array();

export class Quarantine {
  readonly #journal: Journal;
  #givenUp = 0;
  #givingUp: Promise<void> | undefined;
  #isReplaying = false;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** How many had to make room. */
  get givenUp(): number {
    return this.#givenUp;
  }

  get isReplaying(): boolean {
    return this.#isReplaying;
  }

  /** The promise settles when it is on disk; undefined: there was no room, it is given up. */
  add(item: Item): Promise<void> | undefined {
    this.#makeRoom();
    if (this.#journal.isFull) {
      this.#givenUp++;
      return undefined;
    }
    const { topic, at } = item;
    return this.#journal.append({ topic, payload: encode(fitting(item)), receivedMs: at, flags: 0 }).durable;
  }

  /** All that is there, oldest first. */
  async *items(): AsyncGenerator<Quarantined> {
    for await (const items of this.#groups()) yield* items;
  }

  /**
   * Takes out what is there now, a MB at a time, and hands those of a cause (absent: all) to `take` again; the others, and what `take` refuses once
   * more, are here afterwards. Each MB stays until all of it is on disk elsewhere: who dies in between finds it twice, never not at all. It ends
   * early when there is no room for what is refused once more. @returns how many were handed on @throws Error while another one runs
   */
  async replay(take: (frame: Frame) => Promise<void> | undefined, cause?: string): Promise<number> {
    if (this.#isReplaying) throw new Error('what was refused is being taken again already');
    this.#isReplaying = true;
    try {
      await this.#givingUp;
      return await this.#replay(take, cause);
    } finally {
      this.#isReplaying = false;
    }
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  async #replay(take: (frame: Frame) => Promise<void> | undefined, cause: string | undefined): Promise<number> {
    const end = this.#journal.state.durableSequence;
    let handedOn = 0;
    for await (const items of this.#groups()) {
      const tickets = new Set<Promise<void>>();
      let last = 0;
      for (const { sequence, ...item } of items) {
        if (this.#journal.isFull) await Promise.all(tickets);
        if (sequence > end || this.#journal.isFull) break;
        const again = item.wholeBytes === undefined && (cause === undefined || item.cause === cause);
        if (again) handedOn++;
        const { topic, payload } = item;
        const ticket = again ? take({ topic, payload, qos: 1, retain: false, again: true }) : this.add(item);
        if (ticket) tickets.add(ticket);
        last = sequence;
      }
      await Promise.all(tickets); // what was not taken again is on disk once more before its first copy goes
      if (last > 0) await this.#journal.stored(last, true);
      if (last !== items.at(-1)!.sequence) break;
    }
    return handedOn;
  }

  async *#groups(): AsyncGenerator<Quarantined[]> {
    for await (const { first, entries } of this.#journal.read(this.#oldest)) {
      yield entries.map(({ topic, payload, receivedMs }, at) => {
        const { reason, bytes } = decode(payload);
        return { ...reason, sequence: first + at, topic, payload: bytes, at: receivedMs };
      });
    }
  }

  /** What is after it is still here. */
  get #oldest(): number {
    return Math.max(this.#journal.cursor() ?? 0, this.#journal.keptFrom);
  }

  /** A replay moves what it reads: nothing is given up ahead of it. */
  #makeRoom(): void {
    const { bytes, maxBytes } = this.#journal.state;
    if (this.#givingUp || this.#isReplaying || bytes < FULL_SHARE * maxBytes) return;
    this.#givingUp = this.#giveUpOldest().finally(() => (this.#givingUp = undefined));
  }

  async #giveUpOldest(): Promise<void> {
    const before = this.#oldest;
    const count = Math.ceil((this.#journal.state.durableSequence - before) * GIVEN_UP_SHARE);
    await this.#journal.stored(before + count, true);
    this.#givenUp += this.#oldest - before;
  }
}

/** An entry of the journal takes so much and no more. */
function fitting(item: Item): Item {
  const { payload, detail } = item;
  const most =
    MAX_ENTRY_BYTES - REASON_BYTES - mostBytes({ topic: item.topic, payload: NOTHING, receivedMs: 0, flags: 0 });
  if (payload.length <= most) return item;
  const wholeBytes = payload.length;
  const words = `only the first ${most} of ${wholeBytes} bytes are kept, it cannot be taken again`;
  return { ...item, payload: payload.subarray(0, most), wholeBytes, detail: `${detail}; ${words}` };
}

/** u32 length of the reason, the reason as JSON, the payload. */
function encode({ cause, detail, kind, device, wholeBytes, payload }: Item): Buffer {
  const reason = Buffer.from(JSON.stringify({ cause, detail, kind, device, wholeBytes }));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(reason.length);
  return Buffer.concat([head, reason, payload]);
}

function decode(stored: Uint8Array): { reason: Reason; bytes: Uint8Array } {
  const buffer = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const end = 4 + buffer.readUInt32LE(0);
  return { reason: JSON.parse(buffer.toString('utf8', 4, end)) as Reason, bytes: buffer.subarray(end) };
}
