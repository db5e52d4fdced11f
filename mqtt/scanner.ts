// Cuts a byte stream into MQTT 3.1.1 packets: feed it chunks as they arrive, it calls back once per packet with a view into the chunk
// (or into its own buffer where a packet lies across chunks). It checks form, never meaning or order.
import { MalformedPacket } from './malformed.ts';
import { MAX_REMAINING_BYTES } from './packets.ts';

export { MalformedPacket };

/**
 * header: first byte of the packet (type in the high nibble, flags in the low one). The packet's variable header and payload are
 * bytes[start…end); they are only valid during the call.
 */
export type OnPacket = (header: number, bytes: Buffer, start: number, end: number) => void;

export interface Publication {
  readonly topic: string;
  /** A view; copy it to keep it. */
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 at QoS 0 */
  readonly packetId: number;
}

export class Scanner {
  readonly #onPacket: OnPacket;
  readonly #maxBytes: number;
  // A packet that began in an earlier chunk: first its header byte by byte, then its body.
  #header = -1;
  #length = 0;
  #shift = 0;
  #body: Buffer | undefined;
  #filled = 0;
  #stopped = false;

  /** maxBytes: longest remaining length accepted; at most this much is ever buffered. */
  constructor(onPacket: OnPacket, maxBytes = MAX_REMAINING_BYTES) {
    this.#onPacket = onPacket;
    this.#maxBytes = maxBytes;
  }

  /** Forgets the rest of the current chunk and ignores all later ones; may be called from inside the callback. */
  stop(): void {
    this.#stopped = true;
  }

  /** @throws MalformedPacket; the scanner must not be fed again after that. */
  feed(chunk: Buffer): void {
    let at = this.#body ? this.#fill(chunk) : 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#header < 0) {
        this.#header = chunk[at++]!;
        this.#length = 0;
        this.#shift = 0;
        continue;
      }
      const byte = chunk[at++]!;
      this.#length += (byte & 0x7f) << this.#shift;
      if (byte >= 0x80) {
        this.#shift += 7;
        if (this.#shift > 21) throw new MalformedPacket('remaining length has more than four bytes'); // 2.2.3
        continue;
      }
      if (this.#length > this.#maxBytes) {
        throw new MalformedPacket(`a packet of ${this.#length} bytes is larger than ${this.#maxBytes}`);
      }
      const end = at + this.#length;
      if (end <= chunk.length) {
        this.#emit(chunk, at, end);
        at = end;
      } else {
        this.#body = Buffer.allocUnsafe(this.#length);
        this.#filled = chunk.copy(this.#body, 0, at);
        return;
      }
    }
  }

  /** @returns how many bytes of the chunk belonged to the packet begun earlier */
  #fill(chunk: Buffer): number {
    const body = this.#body!;
    const taken = chunk.copy(body, this.#filled);
    this.#filled += taken;
    if (this.#filled === body.length && !this.#stopped) {
      this.#body = undefined;
      this.#emit(body, 0, body.length);
    }
    return taken;
  }

  #emit(bytes: Buffer, start: number, end: number): void {
    const header = this.#header;
    this.#header = -1;
    this.#onPacket(header, bytes, start, end);
  }
}

/** Takes a PUBLISH apart. @throws MalformedPacket */
export function readPublish(header: number, bytes: Buffer, start: number, end: number): Publication {
  const qos = (header >> 1) & 3;
  if (qos === 3) throw new MalformedPacket('PUBLISH with QoS 3'); // [MQTT-3.3.1-4]
  const topicEnd = start + 2 + (start + 2 <= end ? readUint16(bytes, start, end) : 0);
  const payloadStart = topicEnd + (qos > 0 ? 2 : 0);
  if (start + 2 > end || payloadStart > end) throw new MalformedPacket('PUBLISH is cut short');
  const packetId = qos > 0 ? readPacketId(bytes, topicEnd, end) : 0;
  return {
    topic: readText(bytes, start + 2, topicEnd),
    payload: bytes.subarray(payloadStart, end),
    qos: qos as 0 | 1 | 2,
    retain: (header & 1) === 1,
    dup: (header & 8) === 8,
    packetId,
  };
}

/** The packet identifier at `at`. @throws MalformedPacket when it is missing or 0 [MQTT-2.3.1-1] */
export function readPacketId(bytes: Buffer, at: number, end: number): number {
  const packetId = readUint16(bytes, at, end);
  if (packetId === 0) throw new MalformedPacket('packet identifier 0');
  return packetId;
}

/** CONNACK's two bytes. @throws MalformedPacket */
export function readConnack(
  bytes: Buffer,
  start: number,
  end: number,
): { sessionPresent: boolean; returnCode: number } {
  if (end - start !== 2) throw new MalformedPacket(`CONNACK must have 2 bytes, got ${end - start}`);
  return { sessionPresent: (bytes[start]! & 1) === 1, returnCode: bytes[start + 1]! };
}

function readUint16(bytes: Buffer, at: number, end: number): number {
  if (at + 2 > end) throw new MalformedPacket('packet is cut short');
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 text; anything ill-formed and U+0000 are refused. [MQTT-1.5.3-1] [MQTT-1.5.3-2] */
function readText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  if (text.includes('\0')) throw new MalformedPacket('text contains U+0000');
  // A replacement character is either in the text itself or the sign of bad UTF-8; only then is the slow decoder asked.
  if (text.includes('\uFFFD')) {
    try {
      return strict.decode(bytes.subarray(start, end));
    } catch {
      throw new MalformedPacket('text is not UTF-8');
    }
  }
  return text;
}
