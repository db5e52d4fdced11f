// What leaves for one client: everything written within a turn of the event loop is collected in one buffer and leaves in one write.
// A publish that several clients get is encoded once and copied. Bytes that a socket or another client has seen are never changed.
import type { Duplex } from 'node:stream';

/** More than this is written at once, so that a busy turn does not count as a slow subscriber. */
const FULL_BYTES = 65_536;
const MAX_HEADER_BYTES = 5; // 2.2.3
const PUBLISH = 0x30;
const DUP = 0x08;
const PUBACK = 0x40;
const OUTFLOW = Symbol('outflow');
const NONE = Buffer.alloc(0);

/** Is told how the output fares. */
export interface Watch {
  /** After a write: so much of it waits in the stream, above 0. */
  waits(bytes: number): void;
  /** An answer was written although the client is blocked. */
  answered(): void;
}
const NOBODY: Watch = { waits: () => undefined, answered: () => undefined };

export interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/** The PUBLISH encoded last, by whichever client was first. */
const last = { payload: NONE as Uint8Array, topic: '', header: 0, bytes: NONE, start: 0, end: 0, idAt: 0 };

export class Outflow {
  readonly #stream: Duplex;
  readonly #write: (...args: unknown[]) => boolean;
  readonly #inStream: () => number;
  readonly #blockedBytes: number;
  readonly #watch: Watch;
  #buffer = NONE;
  #at = 0;
  /** Bytes of the turn before: a busy client's buffer is right from the start, an idle one has none. */
  #expected = 0;
  #handed = 0;
  /** When it was last flushed. */
  #wasBlocked = false;

  /** Takes the place of the stream's write; blockedBytes: output above which it reports that it is full. */
  constructor(stream: Duplex, blockedBytes: number, watch: Watch = NOBODY) {
    this.#stream = stream;
    this.#blockedBytes = blockedBytes;
    this.#watch = watch;
    this.#write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = (...args: unknown[]) => this.#take(args);
    this.#flushBefore('end');
    this.#flushBefore('destroy');
    this.#inStream = inheritedGetter(stream, 'writableLength');
    Object.defineProperty(stream, OUTFLOW, { value: this });
    Object.defineProperty(stream, 'writableLength', { get: writableLength, configurable: true });
  }

  /** Collected here or waiting in the stream, which says the same of itself. */
  get waitingBytes(): number {
    return this.#at + this.#inStream();
  }

  /** Of what was handed to the stream, as much as it has written. */
  get leftBytes(): number {
    return this.#handed - this.#inStream();
  }

  /** True while the client reads too slowly: what can wait should, see whenRead. */
  get isBlocked(): boolean {
    return this.waitingBytes >= this.#blockedBytes;
  }

  /** Calls back in a later turn: when the client has read what waits for it, or is gone. */
  whenRead(done: () => void): void {
    this.flush();
    if (this.#stream.writableNeedDrain) this.#stream.once('drain', done);
    else setImmediate(done);
  }

  puback(packetId: number): void {
    if (this.#wasBlocked) this.#answered();
    this.#room(4);
    this.#buffer[this.#at] = PUBACK;
    this.#buffer[this.#at + 1] = 2;
    this.#putId(this.#at + 2, packetId);
    this.#at += 4;
  }

  /** packetId: of this client, not sent at QoS 0. The payload must never change. */
  publish(packet: Publish, packetId: number): void {
    this.#put(packet, headerOf(packet), packetId);
  }

  /** One that was sent before, with DUP [MQTT-3.3.1-1]. */
  publishAgain(packet: Publish, packetId: number): void {
    this.#put(packet, headerOf(packet) | DUP, packetId);
  }

  /** Hands all that is collected to the stream. */
  flush(): void {
    if (this.#at === 0) return;
    const bytes = this.#buffer.subarray(0, this.#at);
    this.#expected = Math.min(this.#at, FULL_BYTES);
    this.#buffer = NONE;
    this.#at = 0;
    if (!this.#stream.writable) return;
    this.#write(bytes);
    this.#handed += bytes.length;
    const waits = this.#inStream();
    this.#wasBlocked = waits >= this.#blockedBytes;
    if (waits > 0) this.#watch.waits(waits);
  }

  #answered(): void {
    this.#wasBlocked = this.isBlocked;
    if (this.#wasBlocked) this.#watch.answered();
  }

  #put(packet: Publish, header: number, packetId: number): void {
    if (packet.payload !== last.payload || header !== last.header || packet.topic !== last.topic) {
      this.#encode(packet, header);
    } else {
      const length = last.end - last.start;
      this.#room(length);
      last.bytes.copy(this.#buffer, this.#at, last.start, last.end);
      this.#at += length;
    }
    if (packet.qos > 0) this.#putId(this.#at - (last.end - last.idAt), packetId);
  }

  #encode({ topic, payload, qos }: Publish, header: number): void {
    const topicBytes = Buffer.byteLength(topic);
    let rest = 2 + topicBytes + (qos > 0 ? 2 : 0) + payload.length;
    this.#room(MAX_HEADER_BYTES + rest);
    const buffer = this.#buffer;
    last.start = this.#at;
    let at = this.#at;
    buffer[at++] = header;
    for (; rest >= 0x80; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
    buffer[at++] = rest;
    buffer[at++] = topicBytes >>> 8;
    buffer[at++] = topicBytes & 0xff;
    at += buffer.write(topic, at, topicBytes === topic.length ? 'latin1' : 'utf8');
    last.idAt = at;
    if (qos > 0) at += 2;
    buffer.set(payload, at);
    this.#at = last.end = at + payload.length;
    last.payload = payload;
    last.topic = topic;
    last.header = header;
    last.bytes = buffer;
  }

  #putId(at: number, packetId: number): void {
    this.#buffer[at] = packetId >>> 8;
    this.#buffer[at + 1] = packetId & 0xff;
  }

  #take(args: unknown[]): boolean {
    const [chunk, encoding] = args;
    if (args.some((arg) => typeof arg === 'function')) {
      this.flush();
      return this.#write(...args);
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : (chunk as Uint8Array);
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
    if (this.#wasBlocked) this.#answered();
    return !this.isBlocked;
  }

  /** What others may still copy stays where it is: a larger buffer is a new one. */
  #room(bytes: number): void {
    if (this.#at === 0) waitForEndOfTurn(this);
    if (this.#at + bytes <= this.#buffer.length) return;
    if (this.#at + bytes > FULL_BYTES && this.#at > 0) {
      this.flush();
      waitForEndOfTurn(this);
    }
    const size = Math.max(bytes, Math.min(2 * (this.#at + bytes), FULL_BYTES), this.#expected);
    const larger = Buffer.allocUnsafe(this.#at === 0 ? Math.max(bytes, this.#expected) : size);
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }

  #flushBefore(method: 'end' | 'destroy'): void {
    const original = this.#stream[method].bind(this.#stream) as (...args: unknown[]) => Duplex;
    this.#stream[method] = (...args: unknown[]) => {
      this.flush();
      return original(...args);
    };
  }
}

function headerOf({ qos, retain }: Publish): number {
  return PUBLISH | (qos << 1) | (retain ? 1 : 0);
}

/** What leaves by this stream. @throws for one that has none */
export function outflowOf(stream: Duplex): Outflow {
  const { [OUTFLOW]: outflow } = stream as { [OUTFLOW]?: Outflow };
  if (!outflow) throw new Error('a stream without an outflow');
  return outflow;
}

function inheritedGetter(stream: Duplex, name: 'writableLength'): () => number {
  for (
    let from: object | null = Object.getPrototypeOf(stream) as object;
    from;
    from = Object.getPrototypeOf(from) as object
  ) {
    const property = Object.getOwnPropertyDescriptor(from, name);
    if (property?.get) return property.get.bind(stream) as () => number;
  }
  throw new Error(`a stream without ${name}`);
}

/** One function for all streams: with one each, no two of them would have the same hidden class. */
function writableLength(this: Duplex & { readonly [OUTFLOW]: Outflow }): number {
  return this[OUTFLOW].waitingBytes;
}

let waiting: Outflow[] = [];
let isEnding = false;
/** Writes take some 10 µs each: a turn that has so many to do does them at once, and does not let the first of them wait for the last. */
const MANY = 128;

function waitForEndOfTurn(outflow: Outflow): void {
  if (waiting.length >= MANY) flushAll();
  waiting.push(outflow);
  if (isEnding) return;
  isEnding = true;
  setImmediate(endTurn);
}

/** Sockets are read before this, so one write per client carries what all of them brought. */
function endTurn(): void {
  isEnding = false;
  flushAll();
}

/** Before something that takes long: what was collected so far, by whomever, leaves now. */
export function flushAll(): void {
  const ready = waiting;
  waiting = [];
  for (const outflow of ready) outflow.flush();
}
