// Writes MQTT 3.1.1 and MQTT 5 control packets into one growing buffer, so that many packets leave in one write; reads none (that is
// scanner.ts). Clause numbers at line ends are those of the OASIS standard "MQTT Version 3.1.1".
import { encodeConnectProperties, encodePublishProperties } from './properties.ts';
import type { ConnectProperties, PublishProperties } from './properties.ts';

/** Control packet types, the high nibble of the first byte (table 2.1). */
export const CONNECT = 1;
export const CONNACK = 2;
export const PUBLISH = 3;
export const PUBACK = 4;
export const PUBREC = 5;
export const PUBREL = 6;
export const PUBCOMP = 7;
export const SUBSCRIBE = 8;
export const SUBACK = 9;
export const UNSUBSCRIBE = 10;
export const UNSUBACK = 11;
export const PINGREQ = 12;
export const PINGRESP = 13;
export const DISCONNECT = 14;

/** Four length bytes of seven bits each (2.2.3). */
export const MAX_REMAINING_BYTES = 268_435_455;
const MAX_STRING_BYTES = 65_535; // 1.5.3
const FIRST_BUFFER_BYTES = 4096;
const HEADER_BYTES = 5;
const NONE = Buffer.alloc(0);

export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export interface ConnectFields {
  readonly clientId: string;
  readonly cleanSession: boolean;
  readonly keepAliveS: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly will?: Will | undefined;
  /** MQTT 5 only. */
  readonly properties?: ConnectProperties | undefined;
}

export interface SubscriptionRequest {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
}

/** Collects packets; `take()` hands over everything written since the last call. */
export class PacketWriter {
  /** Protocol level: 4 is MQTT 3.1.1, 5 is MQTT 5. */
  readonly #level: 4 | 5;
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
  #from = 0;
  #at = 0;

  constructor(level: 4 | 5 = 4) {
    this.#level = level;
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#at - this.#from;
  }

  /** The bytes written so far. The writer never touches them again, so they may wait in a socket. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(this.#from, this.#at);
    this.#from = this.#at;
    return bytes;
  }

  connect(fields: ConnectFields): void {
    const { will, username, password } = fields;
    if (password !== undefined && username === undefined) throw new Error('a password needs a username'); // [MQTT-3.1.2-22]
    if (will && will.payload.length > MAX_STRING_BYTES) {
      throw new Error(`a will's payload is at most 65535 bytes, got ${will.payload.length}`); // 3.1.3.3
    }
    const properties = this.#level === 5 ? encodeConnectProperties(fields.properties) : NONE;
    const willProperties = this.#level === 5 && will ? 1 : 0; // none, but their length is said
    let length = 10 + properties.length + willProperties + stringBytes(fields.clientId);
    if (will) length += stringBytes(will.topic) + 2 + will.payload.length;
    if (username !== undefined) length += stringBytes(username);
    if (password !== undefined) length += stringBytes(password);
    this.#header(CONNECT << 4, length);
    this.#string('MQTT'); // [MQTT-3.1.2-1]
    this.#buffer[this.#at++] = this.#level; // [MQTT-3.1.2-2]
    let flags = fields.cleanSession ? 0x02 : 0;
    if (will) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0); // [MQTT-3.1.2-7]
    if (password !== undefined) flags |= 0x40;
    if (username !== undefined) flags |= 0x80;
    this.#buffer[this.#at++] = flags;
    this.#uint16(fields.keepAliveS);
    this.#bytes(properties);
    this.#string(fields.clientId); // order of the payload: [MQTT-3.1.3-1]
    if (will) {
      if (willProperties > 0) this.#buffer[this.#at++] = 0;
      this.#string(will.topic);
      this.#uint16(will.payload.length);
      this.#bytes(will.payload);
    }
    if (username !== undefined) this.#string(username);
    if (password !== undefined) this.#string(password);
  }

  connack(sessionPresent: boolean, returnCode: number): void {
    this.#header(CONNACK << 4, 2);
    this.#buffer[this.#at++] = sessionPresent ? 1 : 0;
    this.#buffer[this.#at++] = returnCode;
  }

  /** packetId: 1…65535 at QoS 1 and 2 [MQTT-2.3.1-1], not sent at QoS 0 [MQTT-2.3.1-5]. dup must be false at QoS 0 [MQTT-3.3.1-2]. */
  publish(
    topic: string,
    payload: Uint8Array,
    qos: 0 | 1 | 2,
    retain: boolean,
    dup: boolean,
    packetId: number,
    properties?: PublishProperties,
  ): void {
    const encoded = this.#level === 5 ? encodePublishProperties(properties) : NONE;
    const length = stringBytes(topic) + (qos > 0 ? 2 : 0) + encoded.length + payload.length;
    this.#header((PUBLISH << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0), length); // 3.3.1
    this.#string(topic);
    if (qos > 0) this.#uint16(packetId);
    this.#bytes(encoded);
    this.#bytes(payload);
  }

  puback(packetId: number): void {
    this.#withId(PUBACK << 4, packetId);
  }
  pubrec(packetId: number): void {
    this.#withId(PUBREC << 4, packetId);
  }
  pubrel(packetId: number): void {
    this.#withId((PUBREL << 4) | 2, packetId); // [MQTT-3.6.1-1]
  }
  pubcomp(packetId: number): void {
    this.#withId(PUBCOMP << 4, packetId);
  }

  subscribe(packetId: number, requests: readonly SubscriptionRequest[]): void {
    if (requests.length === 0) throw new Error('SUBSCRIBE needs at least one filter'); // [MQTT-3.8.3-3]
    let length = 2 + this.#emptyBytes;
    for (const { filter } of requests) length += stringBytes(filter) + 1;
    this.#header((SUBSCRIBE << 4) | 2, length); // [MQTT-3.8.1-1]
    this.#uint16(packetId);
    this.#empty();
    for (const { filter, qos } of requests) {
      this.#string(filter);
      this.#buffer[this.#at++] = qos;
    }
  }

  suback(packetId: number, granted: readonly number[]): void {
    this.#header(SUBACK << 4, 2 + granted.length);
    this.#uint16(packetId);
    for (const code of granted) this.#buffer[this.#at++] = code;
  }

  unsubscribe(packetId: number, filters: readonly string[]): void {
    if (filters.length === 0) throw new Error('UNSUBSCRIBE needs at least one filter'); // [MQTT-3.10.3-2]
    let length = 2 + this.#emptyBytes;
    for (const filter of filters) length += stringBytes(filter);
    this.#header((UNSUBSCRIBE << 4) | 2, length); // [MQTT-3.10.1-1]
    this.#uint16(packetId);
    this.#empty();
    for (const filter of filters) this.#string(filter);
  }

  unsuback(packetId: number): void {
    this.#withId(UNSUBACK << 4, packetId);
  }
  pingreq(): void {
    this.#header(PINGREQ << 4, 0);
  }
  pingresp(): void {
    this.#header(PINGRESP << 4, 0);
  }
  disconnect(): void {
    this.#header(DISCONNECT << 4, 0);
  }

  /** Of a packet's empty properties: MQTT 5 says their length, 0. */
  get #emptyBytes(): number {
    return this.#level === 5 ? 1 : 0;
  }

  #empty(): void {
    if (this.#level === 5) this.#buffer[this.#at++] = 0;
  }

  #withId(header: number, packetId: number): void {
    this.#header(header, 2);
    this.#uint16(packetId);
  }

  /** Writes the fixed header and makes room for all that follows it. */
  #header(first: number, remaining: number): void {
    if (remaining > MAX_REMAINING_BYTES)
      throw new Error(`a packet is at most ${MAX_REMAINING_BYTES} bytes, got ${remaining}`);
    this.#room(HEADER_BYTES + remaining);
    this.#buffer[this.#at++] = first;
    let rest = remaining;
    do {
      const digit = rest & 0x7f;
      rest >>>= 7;
      this.#buffer[this.#at++] = rest > 0 ? digit | 0x80 : digit;
    } while (rest > 0);
  }

  /** Bytes that were taken stay where they are; only what is not yet taken moves to a new buffer. */
  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const waiting = this.length;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * (waiting + bytes), Math.min(this.#buffer.length * 2, 65_536)));
    this.#buffer.copy(larger, 0, this.#from, this.#at);
    this.#buffer = larger;
    this.#from = 0;
    this.#at = waiting;
  }

  #uint16(value: number): void {
    this.#buffer[this.#at++] = value >>> 8;
    this.#buffer[this.#at++] = value & 0xff;
  }

  #string(text: string): void {
    const at = this.#at + 2;
    const length = this.#buffer.write(text, at);
    this.#uint16(length);
    this.#at = at + length;
  }

  #bytes(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/** Length of an MQTT string with its two length bytes. @throws when it does not fit */
function stringBytes(text: string): number {
  const length = Buffer.byteLength(text);
  if (length > MAX_STRING_BYTES) throw new Error(`an MQTT string is at most 65535 bytes, got ${length}`);
  return 2 + length;
}
