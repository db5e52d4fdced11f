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

/** What a message takes beside its topic and payload, measured: its objects, its place, its identifier. */
export const MESSAGE_BYTES = 300;

export interface QueueLimits {
  /** Messages of one session that it has not acknowledged. */
  readonly sessionMessages: number;
  /** Of all sessions together: topics, payloads and MESSAGE_BYTES for each message; what several of them keep counts for each. */
  readonly queuedBytes: number;
}

/** The place of a message in its queue. */
interface Place {
  kept: Kept;
}

interface Queue {
  readonly places: Place[];
  /** So many, from the first, have gone out on this connection. */
  sent: number;
  /** Identifiers that may not be given to another message [MQTT-2.3.1-4]. */
  readonly byId: Map<number, Place>;
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

  /** As they are limited. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of all sessions. */
  get messages(): number {
    let sum = 0;
    for (const { places } of this.#queues.values()) sum += places.length;
    return sum;
  }

  /** Keeps the message, as the last one, if there is room for it. → whether there was */
  add(clientId: string, message: Message): boolean {
    const queue = this.#queues.get(clientId) ?? { places: [], sent: 0, byId: new Map<number, Place>() };
    const { sessionMessages, queuedBytes } = this.#limits;
    const bytes = bytesOf(message);
    if (queue.places.length >= sessionMessages || this.#bytes + bytes > queuedBytes) {
      this.#onDrop();
      return false;
    }
    this.#bytes += bytes;
    if (queue.places.push({ kept: message }) === 1) this.#queues.set(clientId, queue);
    return true;
  }

  /** The first that has not gone out on this connection. */
  next(clientId: string): Kept | undefined {
    const queue = this.#queues.get(clientId);
    return queue?.places[queue.sent]?.kept;
  }

  /** The next one goes out, under this identifier. */
  send(clientId: string, packetId: number): void {
    const queue = this.#queues.get(clientId)!;
    const place = queue.places[queue.sent++]!;
    place.kept.messageId = packetId;
    queue.byId.set(packetId, place);
  }

  /** A new connection: nothing has gone out on it. → the highest identifier in use, 0 when there is none */
  rewind(clientId: string): number {
    const queue = this.#queues.get(clientId);
    if (!queue) return 0;
    queue.sent = 0;
    return Math.max(0, ...queue.byId.keys());
  }

  uses(clientId: string, packetId: number): boolean {
    return this.#queues.get(clientId)?.byId.has(packetId) === true;
  }

  /** The client has the message of QoS 2: its PUBREL takes its place [MQTT-4.3.3-1]. */
  release(clientId: string, messageId: number): void {
    const place = this.#queues.get(clientId)?.byId.get(messageId);
    if (place?.kept.cmd !== 'publish' || place.kept.qos < 2) return;
    this.#bytes -= bytesOf(place.kept);
    place.kept = { cmd: 'pubrel', messageId };
    this.#bytes += bytesOf(place.kept);
  }

  /** The client has it. → what it was, undefined for an identifier that is none of ours */
  clear(clientId: string, packetId: number | undefined): Kept | undefined {
    const queue = this.#queues.get(clientId);
    const place = packetId === undefined ? undefined : queue?.byId.get(packetId);
    // Clients acknowledge in order [MQTT-4.6.0-2], so it is among the first.
    return queue && place && this.#remove(clientId, queue, queue.places.indexOf(place));
  }

  forget(clientId: string): void {
    for (const { kept } of this.#queues.get(clientId)?.places ?? []) this.#bytes -= bytesOf(kept);
    this.#queues.delete(clientId);
  }

  #remove(clientId: string, queue: Queue, at: number): Kept {
    const { kept } = queue.places.splice(at, 1)[0]!;
    if (at < queue.sent) queue.sent--;
    if (kept.messageId !== undefined) queue.byId.delete(kept.messageId);
    this.#bytes -= bytesOf(kept);
    if (queue.places.length === 0) this.#queues.delete(clientId);
    return kept;
  }
}

function bytesOf(kept: Kept): number {
  return MESSAGE_BYTES + (kept.cmd === 'publish' ? kept.topic.length + kept.payload.length : 0);
}
