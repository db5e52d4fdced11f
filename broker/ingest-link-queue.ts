// The records that wait for the api, in the order in which they came: some are under way to it, the rest has not been sent on this connection.
// Each keeps its packet identifier from the first time it is sent to the last. It sends nothing and has no bound of its own.
import type { Publish } from './outflow.ts';

/** As many may be under way at once, under identifiers from 1 to this; a power of two. */
export const WINDOW = 16_384;
/** What a record takes beside its bytes: its objects, its place, the acknowledgement that is owed for it; as measured in queues.ts. */
const RECORD_BYTES = 300;
const FIRST_SLOTS = 1024;
const NONE = new ArrayBuffer(0);

export interface Awaited extends Publish {
  readonly packetId: number;
  readonly bytes: number;
  /** On any connection. */
  wasSent: boolean;
}

export class LinkQueue {
  /** By sequence, modulo their number, a power of two; empty where it is acknowledged. */
  #slots: (Awaited | undefined)[] = Array.from({ length: FIRST_SLOTS });
  /** Sequences: the oldest that is not acknowledged, the next to be sent on this connection, the next to come. */
  #head = 0;
  #sent = 0;
  #tail = 0;
  #bytes = 0;
  #lastChunk: ArrayBufferLike = NONE;

  /** Records that are not acknowledged. */
  get length(): number {
    return this.#tail - this.#head;
  }

  /** The chunks in which they were received, which stay as long as they do, and RECORD_BYTES for each. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of the oldest that is not acknowledged. */
  get head(): number {
    return this.#head;
  }

  /** True when there are records that were not sent on this connection. */
  get hasUnsent(): boolean {
    return this.#sent < this.#tail;
  }

  /** → its sequence. The payload must never change. */
  add(topic: string, payload: Uint8Array): number {
    if (this.length === this.#slots.length) this.#grow();
    const sequence = this.#tail++;
    const bytes = RECORD_BYTES + this.#ofNewChunk(payload);
    this.#bytes += bytes;
    const packetId = (sequence & (WINDOW - 1)) + 1;
    this.#slots[this.#slotOf(sequence)] = { topic, payload, qos: 1, retain: false, packetId, bytes, wasSent: false };
    return sequence;
  }

  /** The next one to send on this connection; undefined when all are sent, or as many are under way as may be. */
  next(): Awaited | undefined {
    while (this.#sent < this.#tail && this.#sent - this.#head < WINDOW) {
      const awaited = this.#slots[this.#slotOf(this.#sent++)];
      if (awaited) return awaited;
    }
    return undefined;
  }

  /** False for an identifier that is not under way. */
  acknowledge(packetId: number): boolean {
    const sequence = this.#head + ((packetId - 1 - this.#head) & (WINDOW - 1));
    if (packetId > WINDOW || sequence >= this.#sent) return false;
    const slot = this.#slotOf(sequence);
    const awaited = this.#slots[slot];
    if (!awaited) return false;
    this.#slots[slot] = undefined;
    this.#bytes -= awaited.bytes;
    // What an earlier connection acknowledged ahead of its turn may not have been sent on this one.
    while (this.#head < this.#tail && !this.#slots[this.#slotOf(this.#head)]) this.#head++;
    this.#sent = Math.max(this.#sent, this.#head);
    if (this.length === 0) this.#lastChunk = NONE;
    return true;
  }

  /** For a new connection: nothing has been sent on it. */
  rewind(): void {
    this.#sent = this.#head;
  }

  #slotOf(sequence: number): number {
    return sequence & (this.#slots.length - 1);
  }

  /** A payload is a view: its chunk stays with it. Records of one chunk come one after the other. */
  #ofNewChunk({ buffer }: Uint8Array): number {
    if (buffer === this.#lastChunk) return 0;
    this.#lastChunk = buffer;
    return buffer.byteLength;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = Array.from({ length: 2 * before.length });
    for (let sequence = this.#head; sequence < this.#tail; sequence++)
      this.#slots[this.#slotOf(sequence)] = before[sequence & (before.length - 1)];
  }
}
