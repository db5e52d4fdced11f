// Stands between a stream and Aedes: refuses packets that are too large before they are buffered, lets nothing pass after the CONNECT
// until it is answered, stops reading while too many acknowledgements are owed. Aedes 1.2 has none of it.
import type { Duplex } from 'node:stream';

export interface GuardLimits {
  /** Longest packet before the CONNECT is accepted. */
  readonly connectBytes: number;
}

/**
 * Why a client is not read: it has too much under way, does not read its answers, the broker closes, its CONNECT is not answered,
 * subscriptions of it wait for others, too many records wait for the api, it is the others' turn, or a
 * device is over its quota.
 */
export const HOLD = {
  progress: 1,
  answers: 2,
  closing: 4,
  connecting: 8,
  subscribing: 16,
  crowd: 32,
  turn: 64,
  quota: 128,
} as const;
export type Hold = (typeof HOLD)[keyof typeof HOLD];

/** Packets to which the broker sends one packet in return, by type: CONNECT, PUBREC, PUBREL, SUBSCRIBE, UNSUBSCRIBE, PINGREQ. */
const ANSWERED = (1 << 1) | (1 << 5) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 12);
const PUBLISH = 3;
/** What a client gets parsed at once, bytes: after it others may be due. Node would hand on all that has come, 64 KB and more. */
const PIECE_BYTES = 16_384;

export class Guard {
  /** Received, and how many of them are publishes or are answered by one packet each. */
  packets = 0;
  publishes = 0;
  answered = 0;
  readonly #stream: Duplex;
  readonly #onOversize: (bytes: number) => void;
  /** Longest packet now; whoever is accepted may send longer ones. */
  limitBytes: number;
  #holds = 0;
  #asked = false;
  #isConnected = false;
  // Header counter: where we are in the current packet.
  #inLength = false;
  #length = 0;
  #shift = 0;
  #skip = 0;

  constructor(stream: Duplex, limits: GuardLimits, onOversize: (bytes: number) => void) {
    this.#stream = stream;
    this.limitBytes = limits.connectBytes;
    this.#onOversize = onOversize;
    this.#guardReading();
  }

  get held(): boolean {
    return this.#holds !== 0;
  }

  /** Reading stops: the stream's own buffer fills, then the sender's socket. */
  hold(why: Hold): void {
    this.#holds |= why;
  }

  /** Reading goes on when no other reason is left. */
  release(why: Hold): void {
    this.#holds &= ~why;
    if (this.#holds !== 0 || !this.#asked) return;
    this.#asked = false;
    this.#stream.emit('readable');
  }

  /** The CONNECT is answered: what the client sent behind it is read, under the limit it has now [3.1.4 of MQTT 3.1.1 allows it to]. */
  connected(): void {
    this.#isConnected = true;
    this.release(HOLD.connecting);
  }

  #guardReading(): void {
    const stream = this.#stream;
    const read = stream.read.bind(stream);
    stream.read = (size?: number): unknown => {
      if (size === 0) return read(0); // the stream's own way of filling its buffer
      if (this.#holds !== 0) {
        this.#asked = true;
        return null;
      }
      const waiting = stream.readableLength;
      const chunk: unknown = read(waiting > PIECE_BYTES ? PIECE_BYTES : size);
      if (!(chunk instanceof Uint8Array)) return chunk;
      const passing = this.#passing(chunk);
      if (passing === chunk.length) return chunk;
      if (passing !== undefined) return this.#keepRest(chunk, passing);
      this.hold(HOLD.closing);
      this.#onOversize(this.#length);
      stream.destroy();
      return null;
    };
  }

  /** In the stream, so that its end comes after it. */
  #keepRest(chunk: Uint8Array, passing: number): Uint8Array | null {
    this.hold(HOLD.connecting);
    this.#asked = true;
    this.#stream.unshift(chunk.subarray(passing));
    return passing > 0 ? chunk.subarray(0, passing) : null;
  }

  /**
   * How many bytes Aedes may have now; undefined: it is too much. Counts headers only (2.2.3); a length of more than four bytes is as bad as
   * one that is too large.
   */
  #passing(chunk: Uint8Array): number | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at);
        this.#skip -= passed;
        at += passed;
      } else if (this.#inLength) {
        const byte = chunk[at++]!;
        this.#length |= (byte & 0x7f) << this.#shift;
        this.#shift += 7;
        if (byte >= 0x80 && this.#shift <= 21) continue;
        if (byte >= 0x80 || this.#length > this.limitBytes) return undefined;
        this.#inLength = false;
        this.#skip = this.#length;
      } else {
        if (this.packets === 1 && !this.#isConnected) return at;
        this.#count(chunk[at++]!);
        this.#inLength = true;
        this.#length = 0;
        this.#shift = 0;
      }
    }
    return at;
  }

  #count(header: number): void {
    const type = header >> 4;
    this.packets++;
    if (type === PUBLISH) this.publishes++;
    if (type === PUBLISH ? (header & 0x06) > 0 : (ANSWERED >> type) & 1) this.answered++;
  }
}
