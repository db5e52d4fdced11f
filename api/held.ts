// Messages that wait, in their order, until the journal has room: nothing of them is acknowledged, and their senders are read no further.
import type { Frame } from '../telemetry/messages.ts';

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
  #waiting: Waiting[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** → settles when its turn has come and the ticket that it got then has settled. */
  add(message: Message): Promise<void> {
    // The broker may use the payload's memory again.
    const frame = { ...message.frame, payload: Uint8Array.from(message.frame.payload) };
    return new Promise((settle) => {
      this.#waiting.push({ ...message, frame, settle });
    });
  }

  /** Oldest first, as long as there is room. take → a ticket, if any. */
  letIn(hasRoom: () => boolean, take: (message: Message) => Promise<void> | undefined): void {
    let count = 0;
    for (; count < this.#waiting.length && hasRoom(); count++) {
      const waiting = this.#waiting[count]!;
      const ticket = take(waiting);
      if (ticket) void ticket.then(waiting.settle);
      else waiting.settle();
    }
    this.#waiting = this.#waiting.slice(count);
  }
}
