// Messages that wait, in their order, until the journal has room: nothing of them is acknowledged, and their senders are read no further.
// When too much waits it says so, so that nobody who sends is read, and when half of it is gone.
import type { Frame } from '../telemetry/messages.ts';

/** As much as a broker lets wait for an api in another process. */
const CROWD = { records: 50_000, bytes: 33_554_432 };
/** Whoever sends on all the same is refused when so many times that waits. */
const LAST_RESORT = 2;
/** What a message takes beside its payload: objects, topic, promises; measured roughly. */
export const MESSAGE_BYTES = 500;

export interface Message {
  readonly channel: 'telemetry' | 'event';
  readonly kind: string;
  readonly device: string;
  readonly frame: Frame;
}

interface Waiting extends Message {
  readonly settle: () => void;
}

export class Held {
  readonly #onCrowd: (isCrowded: boolean) => void;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #isCrowded = false;

  constructor(onCrowd: (isCrowded: boolean) => void) {
    this.#onCrowd = onCrowd;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** True: nothing more may be added. */
  get isFull(): boolean {
    return this.#isCrowded && this.#holds(LAST_RESORT);
  }

  /** → settles when its turn has come and the ticket that it got then has settled. */
  add(message: Message): Promise<void> {
    // The broker may use the payload's memory again.
    const frame = { ...message.frame, payload: Uint8Array.from(message.frame.payload) };
    this.#bytes += bytesOf(frame);
    const settled = new Promise<void>((settle) => {
      this.#waiting.push({ ...message, frame, settle });
    });
    if (!this.#isCrowded && this.#holds(1)) this.#crowd(true);
    return settled;
  }

  /** Oldest first, as long as there is room. take → a ticket, if any. */
  letIn(hasRoom: () => boolean, take: (message: Message) => Promise<void> | undefined): void {
    let count = 0;
    for (; count < this.#waiting.length && hasRoom(); count++) {
      const waiting = this.#waiting[count]!;
      this.#bytes -= bytesOf(waiting.frame);
      const ticket = take(waiting);
      if (ticket) void ticket.then(waiting.settle);
      else waiting.settle();
    }
    this.#waiting = this.#waiting.slice(count);
    if (this.#isCrowded && !this.#holds(1 / 2)) this.#crowd(false);
  }

  #holds(times: number): boolean {
    return this.#waiting.length >= times * CROWD.records || this.#bytes >= times * CROWD.bytes;
  }

  #crowd(isCrowded: boolean): void {
    this.#isCrowded = isCrowded;
    this.#onCrowd(isCrowded);
  }
}

function bytesOf({ payload }: Frame): number {
  return MESSAGE_BYTES + payload.length;
}
