// What sessions that outlive their connection have not acknowledged yet, in memory and in order. In place of Aedes' own queues: those have no
// bound, stay when their session is over, and a message that found no room ends the connection of its subscriber.

/** As Aedes keeps it: a PUBLISH, or the PUBREL that took its place. */
export interface Kept {
  readonly cmd: string;
  readonly topic?: string;
  readonly payload?: Uint8Array;
  /** Aedes' number of the message; a PUBREL has none. */
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  /** Under which it went out last. */
  messageId?: number;
}

export interface QueueLimits {
  /** Messages of one session that it has not acknowledged. */
  readonly sessionMessages: number;
  /** Topics and payloads of all sessions together; what several of them keep counts for each. */
  readonly queuedBytes: number;
}

export class Queues<Message extends Kept> {
  readonly #queues = new Map<string, Message[]>();
  readonly #limits: QueueLimits;
  readonly #onDrop: () => void;
  #bytes = 0;

  /** onDrop: there was no room for one more. */
  constructor(limits: QueueLimits, onDrop: () => void) {
    this.#limits = limits;
    this.#onDrop = onDrop;
  }

  /** Topics and payloads, for each session that keeps them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of all sessions. */
  get messages(): number {
    let sum = 0;
    for (const queue of this.#queues.values()) sum += queue.length;
    return sum;
  }

  /** Keeps the message if there is room for it. */
  add(clientId: string, message: Message): void {
    const queue = this.#queues.get(clientId) ?? [];
    const { sessionMessages, queuedBytes } = this.#limits;
    const bytes = bytesOf(message);
    if (queue.length >= sessionMessages || this.#bytes + bytes > queuedBytes) {
      this.#onDrop();
      return;
    }
    this.#bytes += bytes;
    if (queue.push(message) === 1) this.#queues.set(clientId, queue);
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
      this.#bytes += bytesOf(sent) - bytesOf(kept);
      queue[at] = sent;
      return;
    }
  }

  /** The client has it. → what it was, undefined for an identifier that is none of ours */
  clear(clientId: string, messageId: number | undefined): Message | undefined {
    const queue = this.#queues.get(clientId);
    const at = queue?.findIndex((kept) => kept.messageId === messageId) ?? -1;
    if (!queue || at < 0) return undefined;
    const cleared = queue.splice(at, 1)[0]!;
    this.#bytes -= bytesOf(cleared);
    if (queue.length === 0) this.#queues.delete(clientId);
    return cleared;
  }

  /** As it is now. */
  of(clientId: string): Message[] {
    return [...(this.#queues.get(clientId) ?? [])];
  }

  forget(clientId: string): void {
    for (const message of this.#queues.get(clientId) ?? []) this.#bytes -= bytesOf(message);
    this.#queues.delete(clientId);
  }
}

/** A PUBREL has neither. */
function bytesOf({ topic, payload }: Kept): number {
  return (topic?.length ?? 0) + (payload?.length ?? 0);
}
