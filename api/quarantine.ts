// Everything that was refused, on disk: whole payloads with the reason, the oldest given up when there is no more room. To be exported, and
// to be replayed after a fix. What it counts and shows quickly is in rejected.ts.
import type { Frame } from '../telemetry/messages.ts';
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
  /** ms since 1970 */
  readonly at: number;
}

type Reason = Pick<Quarantined, 'cause' | 'detail' | 'kind' | 'device'>;

/** Of its room; what is beyond belongs to the oldest. */
const FULL_SHARE = 0.6;
/** How many of the oldest go at a time, as a share of all. */
const GIVEN_UP_SHARE = 0.25;

export class Quarantine {
  readonly #journal: Journal;
  #givenUp = 0;
  #givingUp = false;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** How many had to make room. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** The promise settles when it is on disk. */
  add(item: Omit<Quarantined, 'sequence'>): Promise<void> | undefined {
    const { topic, at, payload } = item;
    void this.#makeRoom();
    if (this.#journal.isFull) {
      this.#givenUp++;
      return undefined;
    }
    return this.#journal.append({ topic, payload: encode(item, payload), receivedMs: at, flags: 0 }).durable;
  }

  /** All that is there, oldest first. */
  async *items(): AsyncGenerator<Quarantined> {
    for await (const { first, entries } of this.#journal.read(this.#oldest)) {
      for (const [at, { topic, payload, receivedMs }] of entries.entries()) {
        const { reason, bytes } = decode(payload);
        yield { ...reason, sequence: first + at, topic, payload: bytes, at: receivedMs };
      }
    }
  }

  /**
   * Takes out all that is there now and hands those of a cause (absent: all) to `take` again; the others, and what `take` refuses once more, are
   * here afterwards. @returns how many were handed on
   */
  async replay(take: (frame: Frame) => Promise<void> | undefined, cause?: string): Promise<number> {
    const end = this.#journal.state.durableSequence;
    let handedOn = 0;
    const tickets = new Set<Promise<void>>();
    for await (const { sequence, ...item } of this.items()) {
      if (sequence > end) break;
      const again = cause === undefined || item.cause === cause;
      if (again) handedOn++;
      const { topic, payload } = item;
      const ticket = again ? take({ topic, payload, qos: 1, retain: false, again: true }) : this.add(item);
      if (ticket) tickets.add(ticket);
    }
    await Promise.all(tickets); // what was not taken again is on disk once more before its first copy goes
    await this.#journal.stored(end, true);
    return handedOn;
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  get #oldest(): number {
    return this.#journal.cursor() ?? 0;
  }

  async #makeRoom(): Promise<void> {
    const { bytes, maxBytes, durableSequence } = this.#journal.state;
    if (this.#givingUp || bytes < FULL_SHARE * maxBytes) return;
    this.#givingUp = true;
    const count = Math.ceil((durableSequence - this.#oldest) * GIVEN_UP_SHARE);
    this.#givenUp += count;
    await this.#journal.stored(this.#oldest + count, true).finally(() => (this.#givingUp = false));
  }
}

/** u32 length of the reason, the reason as JSON, the payload. */
function encode({ cause, detail, kind, device }: Reason, payload: Uint8Array): Buffer {
  const reason = Buffer.from(JSON.stringify({ cause, detail, kind, device }));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(reason.length);
  return Buffer.concat([head, reason, payload]);
}

function decode(stored: Uint8Array): { reason: Reason; bytes: Uint8Array } {
  const buffer = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const end = 4 + buffer.readUInt32LE(0);
  return { reason: JSON.parse(buffer.toString('utf8', 4, end)) as Reason, bytes: buffer.subarray(end) };
}
