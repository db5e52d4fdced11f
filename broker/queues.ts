// What sessions that outlive their connection have not acknowledged yet, in memory and in order, and how much of it has gone out on the
// connection that the session has now. In place of Aedes' own queues: those have no bound, stay when their session is over, and a message that
// found no room ends the connection of its subscriber. It sends nothing; that is kept-delivery.ts.

export interface Message {
  readonly cmd: 'publish';
  readonly topic: string;
  /** Never changed. */
  readonly payload: Uint8Array;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  /** Under which it went out; absent when it never has. */
  messageId?: number;
}

/** Takes the place of a message of QoS 2 that the client has. */
export interface Release {
  readonly cmd: 'pubrel';
  messageId: number;
}

export type Kept = Message | Release;

export interface QueueLimits {
  /** Messages of one session that it has not acknowledged. */
  readonly sessionMessages: number;
  /** Topics and payloads of all sessions together; what several of them keep counts for each. */
  readonly queuedBytes: number;
}

interface Queue {
  readonly messages: Kept[];
  /** So many, from the first, have gone out on this connection. */
  sent: number;
  /** Identifiers that may not be given to another message [MQTT-2.3.1-4]. */
  readonly packetIds: Set<number>;
}

export class Queues {
  readonly #queues = new Map<string, Queue>();
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
    for (const { messages } of this.#queues.values()) sum += messages.length;
    return sum;
  }

  /** Keeps the message, as the last one, if there is room for it. → whether there was */
  add(clientId: string, message: Message): boolean {
    const queue = this.#queues.get(clientId) ?? { messages: [], sent: 0, packetIds: new Set() };
    const { sessionMessages, queuedBytes } = this.#limits;
    const bytes = bytesOf(message);
    if (queue.messages.length >= sessionMessages || this.#bytes + bytes > queuedBytes) {
      this.#onDrop();
      return false;
    }
    this.#bytes += bytes;
    if (queue.messages.push(message) === 1) this.#queues.set(clientId, queue);
    return true;
  }

  /** The first that has not gone out on this connection. */
  next(clientId: string): Kept | undefined {
    const queue = this.#queues.get(clientId);
    return queue?.messages[queue.sent];
  }

  /** The next one goes out, under this identifier. */
  send(clientId: string, packetId: number): void {
    const queue = this.#queues.get(clientId)!;
    queue.messages[queue.sent++]!.messageId = packetId;
    queue.packetIds.add(packetId);
  }

  /** The next one will not be sent. */
  skip(clientId: string): void {
    const queue = this.#queues.get(clientId)!;
    this.#remove(clientId, queue, queue.sent);
  }

  /** A new connection: nothing has gone out on it. → the highest identifier in use, 0 when there is none */
  rewind(clientId: string): number {
    const queue = this.#queues.get(clientId);
    if (!queue) return 0;
    queue.sent = 0;
    return Math.max(0, ...queue.packetIds);
  }

  uses(clientId: string, packetId: number): boolean {
    return this.#queues.get(clientId)?.packetIds.has(packetId) === true;
  }

  /** The client has the message of QoS 2: its PUBREL takes its place [MQTT-4.3.3-1]. */
  release(clientId: string, messageId: number): void {
    const messages = this.#queues.get(clientId)?.messages ?? [];
    const at = messages.findIndex((kept) => kept.messageId === messageId);
    const message = messages[at];
    if (message?.cmd !== 'publish' || message.qos < 2) return;
    this.#bytes -= bytesOf(message);
    messages[at] = { cmd: 'pubrel', messageId };
  }

  /** The client has it. → what it was, undefined for an identifier that is none of ours */
  clear(clientId: string, packetId: number | undefined): Kept | undefined {
    const queue = this.#queues.get(clientId);
    if (!queue || packetId === undefined || !queue.packetIds.has(packetId)) return undefined;
    return this.#remove(
      clientId,
      queue,
      queue.messages.findIndex(({ messageId }) => messageId === packetId),
    );
  }

  forget(clientId: string): void {
    for (const message of this.#queues.get(clientId)?.messages ?? []) this.#bytes -= bytesOf(message);
    this.#queues.delete(clientId);
  }

  #remove(clientId: string, queue: Queue, at: number): Kept {
    const removed = queue.messages.splice(at, 1)[0]!;
    if (at < queue.sent) queue.sent--;
    if (removed.messageId !== undefined) queue.packetIds.delete(removed.messageId);
    this.#bytes -= bytesOf(removed);
    if (queue.messages.length === 0) this.#queues.delete(clientId);
    return removed;
  }
}

function bytesOf(kept: Kept): number {
  return kept.cmd === 'publish' ? kept.topic.length + kept.payload.length : 0;
}
