// What sessions that outlive their connection have not acknowledged yet, in memory and in order. In place of Aedes' own queues: those have no
// bound, stay when their session is over, and a message that found no room ends the connection of its subscriber.

/** As Aedes keeps it: a PUBLISH, or the PUBREL that took its place. */
export interface Kept {
  readonly cmd: string;
  /** Aedes' number of the message; a PUBREL has none. */
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  /** Under which it went out last. */
  messageId?: number;
}

export class Queues<Message extends Kept> {
  readonly #queues = new Map<string, Message[]>();
  readonly #maxMessages: number;
  readonly #onDrop: () => void;

  /** maxMessages: of one session; onDrop: there was no room for one more. */
  constructor(maxMessages: number, onDrop: () => void) {
    this.#maxMessages = maxMessages;
    this.#onDrop = onDrop;
  }

  /** Of all sessions. */
  get messages(): number {
    let sum = 0;
    for (const queue of this.#queues.values()) sum += queue.length;
    return sum;
  }

  hasRoom(clientId: string): boolean {
    const hasRoom = (this.#queues.get(clientId)?.length ?? 0) < this.#maxMessages;
    if (!hasRoom) this.#onDrop();
    return hasRoom;
  }

  add(clientId: string, message: Message): void {
    const queue = this.#queues.get(clientId);
    if (queue) queue.push(message);
    else this.#queues.set(clientId, [message]);
  }

  /** Notes under which identifier a message went out, or puts the PUBREL in its place; one that was not kept goes out all the same. */
  update(clientId: string, sent: Message): void {
    const queue = this.#queues.get(clientId) ?? [];
    for (let at = queue.length - 1; at >= 0; at--) {
      const kept = queue[at]!;
      if (kept.brokerId === sent.brokerId) {
        if (kept.brokerCounter !== sent.brokerCounter) continue;
        kept.messageId = sent.messageId!;
        return;
      }
      if (kept.messageId !== sent.messageId) continue;
      queue[at] = sent;
      return;
    }
  }

  /** The client has it. → what it was, undefined for an identifier that is none of ours */
  clear(clientId: string, messageId: number | undefined): Message | undefined {
    const queue = this.#queues.get(clientId);
    const at = queue?.findIndex((kept) => kept.messageId === messageId) ?? -1;
    if (!queue || at < 0) return undefined;
    const [cleared] = queue.splice(at, 1);
    if (queue.length === 0) this.#queues.delete(clientId);
    return cleared;
  }

  /** As it is now. */
  of(clientId: string): Message[] {
    return [...(this.#queues.get(clientId) ?? [])];
  }

  forget(clientId: string): void {
    this.#queues.delete(clientId);
  }
}
