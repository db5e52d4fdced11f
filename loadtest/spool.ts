// A spool: recorded publishes with the moment of each, to be played back as load. Binary, appended to while it is written, read in order in
// bounded memory. It keeps topics and payloads only: no QoS, no client.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/**
 * The file begins with these eight bytes. Then per frame, big-endian: 8 bytes offset in ms (IEEE 754 double, ≥ the one before it), 2 bytes
 * length of the topic, 4 bytes length of the payload, topic (UTF-8), payload.
 */
const MAGIC = Buffer.from('CTSPOOL1');
const HEAD_BYTES = 14;
const CHUNK_BYTES = 1_048_576;
const MAX_PAYLOAD_BYTES = 268_435_455;

export interface Frame {
  /** ms since the start of the recording. */
  readonly offsetMs: number;
  readonly topic: string;
  /** Only valid until the next frame is read. */
  readonly payload: Buffer;
}

export class SpoolWriter {
  readonly #file: number;
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #at = 0;
  #lastMs = 0;

  /** Replaces the file. @throws when it cannot be written */
  constructor(path: string) {
    this.#file = openSync(path, 'w');
    writeSync(this.#file, MAGIC);
  }

  /** offsetMs ≥ that of the frame before. @throws for one that goes back, an empty topic, or one above 65,535 bytes */
  write(offsetMs: number, topic: string, payload: Uint8Array): void {
    if (!(offsetMs >= this.#lastMs)) {
      throw new Error(`frames of a spool are in the order of time: ${offsetMs} ms after ${this.#lastMs} ms`);
    }
    const topicBytes = Buffer.byteLength(topic);
    if (topicBytes < 1 || topicBytes > 65_535) throw new Error(`a topic has 1 to 65535 bytes, got ${topicBytes}`);
    this.#lastMs = offsetMs;
    this.#room(HEAD_BYTES + topicBytes + payload.length);
    this.#at = this.#buffer.writeDoubleBE(offsetMs, this.#at);
    this.#at = this.#buffer.writeUInt16BE(topicBytes, this.#at);
    this.#at = this.#buffer.writeUInt32BE(payload.length, this.#at);
    this.#at += this.#buffer.write(topic, this.#at);
    this.#buffer.set(payload, this.#at);
    this.#at += payload.length;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    this.#flush();
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(bytes);
  }

  #flush(): void {
    for (let from = 0; from < this.#at;) from += writeSync(this.#file, this.#buffer, from, this.#at - from);
    this.#at = 0;
  }
}

/** The frames of a file, in order. @throws for a file that is no spool or is cut short, naming it */
export function* readSpool(path: string): Generator<Frame, void, undefined> {
  const source = new Source(path);
  try {
    if (!source.need(MAGIC.length) || !source.take(MAGIC.length).equals(MAGIC)) throw new Error(`${path} is no spool`);
    while (source.need(1)) yield readFrame(source, path);
  } finally {
    source.close();
  }
}

function readFrame(source: Source, path: string): Frame {
  const cut = () => new Error(`${path} is cut short`);
  if (!source.need(HEAD_BYTES)) throw cut();
  const head = source.take(HEAD_BYTES);
  const offsetMs = head.readDoubleBE(0);
  const topicBytes = head.readUInt16BE(8);
  const payloadBytes = head.readUInt32BE(10);
  if (payloadBytes > MAX_PAYLOAD_BYTES) throw new Error(`${path} has a payload of ${payloadBytes} bytes`);
  if (!source.need(topicBytes + payloadBytes)) throw cut();
  const topic = source.take(topicBytes).toString();
  return { offsetMs, topic, payload: source.take(payloadBytes) };
}

/** A file read in chunks; `take` gives views that hold until the next `need`. */
class Source {
  readonly #file: number;
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #from = 0;
  #to = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** False at the end of the file. */
  need(bytes: number): boolean {
    if (this.#to - this.#from >= bytes) return true;
    const target = bytes > this.#buffer.length ? Buffer.allocUnsafe(bytes) : this.#buffer;
    this.#buffer.copy(target, 0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    this.#buffer = target;
    while (this.#to < bytes) {
      const read = readSync(this.#file, target, this.#to, target.length - this.#to, null);
      if (read === 0) return false;
      this.#to += read;
    }
    return true;
  }

  take(bytes: number): Buffer {
    this.#from += bytes;
    return this.#buffer.subarray(this.#from - bytes, this.#from);
  }

  close(): void {
    closeSync(this.#file);
  }
}
