// MQTT 5 properties of CONNECT, CONNACK and PUBLISH: what a client needs to say and to obey. Clause numbers are those of the OASIS standard
// "MQTT Version 5.0". It skips what it does not know by its type; other packets' properties are none of its business.
import { MalformedPacket } from './malformed.ts';

export interface ConnectProperties {
  /** Seconds the session outlives the connection, 0…4,294,967,295 (for ever). 3.1.2.11.2 */
  readonly sessionExpiryS?: number;
  /** Un-acknowledged QoS 1 and 2 publishes this client takes, 1…65535. 3.1.2.11.3 */
  readonly receiveMaximum?: number;
  /** 3.1.2.11.4 */
  readonly maximumPacketBytes?: number;
  readonly user?: readonly (readonly [string, string])[];
}

export interface PublishProperties {
  /** Payload is UTF-8 text. 3.3.2.3.2 */
  readonly text?: boolean;
  /** Seconds after which the broker forgets it. 3.3.2.3.3 */
  readonly expiryS?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlation?: Uint8Array;
  readonly user?: readonly (readonly [string, string])[];
}

/** What a broker grants with its CONNACK (3.2.2.3). */
export interface ConnackProperties {
  /** Un-acknowledged QoS 1 and 2 publishes the broker takes. */
  readonly receiveMaximum: number;
  readonly maximumQos: 0 | 1 | 2;
  readonly retainAvailable: boolean;
  readonly sharedAvailable: boolean;
  readonly topicAliasMaximum: number;
  /** Seconds; the client must use this instead of its own [MQTT-3.2.2-21]. */
  readonly serverKeepAliveS?: number;
}

const PAYLOAD_FORMAT = 0x01;
const MESSAGE_EXPIRY = 0x02;
const CONTENT_TYPE = 0x03;
const RESPONSE_TOPIC = 0x08;
const CORRELATION = 0x09;
const SESSION_EXPIRY = 0x11;
const SERVER_KEEP_ALIVE = 0x13;
const RECEIVE_MAXIMUM = 0x21;
const TOPIC_ALIAS_MAXIMUM = 0x22;
const MAXIMUM_QOS = 0x24;
const RETAIN_AVAILABLE = 0x25;
const USER = 0x26;
const MAXIMUM_PACKET = 0x27;
const SHARED_AVAILABLE = 0x2a;

/** Value sizes by identifier (table 2-4); 's' a string or binary data, 'p' a pair of strings, 'v' a variable byte integer. */
const TYPES: { readonly [id: number]: 1 | 2 | 4 | 's' | 'p' | 'v' } = {
  0x01: 1,
  0x02: 4,
  0x03: 's',
  0x08: 's',
  0x09: 's',
  0x0b: 'v',
  0x11: 4,
  0x12: 's',
  0x13: 2,
  0x15: 's',
  0x16: 's',
  0x17: 1,
  0x18: 4,
  0x19: 1,
  0x1a: 's',
  0x1c: 's',
  0x1f: 's',
  0x21: 2,
  0x22: 2,
  0x23: 2,
  0x24: 1,
  0x25: 1,
  0x26: 'p',
  0x27: 4,
  0x28: 1,
  0x29: 1,
  0x2a: 1,
};

/** With the length in front; one zero byte when there are none (2.2.2.1). */
export function encodeConnectProperties(properties: ConnectProperties = {}): Buffer {
  const parts: Buffer[] = [];
  const { sessionExpiryS, receiveMaximum, maximumPacketBytes, user } = properties;
  if (sessionExpiryS !== undefined) parts.push(number(SESSION_EXPIRY, 4, sessionExpiryS));
  if (receiveMaximum !== undefined) parts.push(number(RECEIVE_MAXIMUM, 2, receiveMaximum));
  if (maximumPacketBytes !== undefined) parts.push(number(MAXIMUM_PACKET, 4, maximumPacketBytes));
  for (const pair of user ?? []) parts.push(userProperty(pair));
  return withLength(parts);
}

/** With the length in front; one zero byte when there are none. */
export function encodePublishProperties(properties: PublishProperties = {}): Buffer {
  const parts: Buffer[] = [];
  const { text, expiryS, contentType, responseTopic, correlation, user } = properties;
  if (text !== undefined) parts.push(number(PAYLOAD_FORMAT, 1, text ? 1 : 0));
  if (expiryS !== undefined) parts.push(number(MESSAGE_EXPIRY, 4, expiryS));
  if (contentType !== undefined) parts.push(Buffer.of(CONTENT_TYPE), binary(Buffer.from(contentType)));
  if (responseTopic !== undefined) parts.push(Buffer.of(RESPONSE_TOPIC), binary(Buffer.from(responseTopic)));
  if (correlation !== undefined) parts.push(Buffer.of(CORRELATION), binary(correlation));
  for (const pair of user ?? []) parts.push(userProperty(pair));
  return withLength(parts);
}

/** CONNACK's reason code (0 = success, 3.2.2.2) and properties, with the defaults of the standard. @throws MalformedPacket */
export function readConnack5(
  bytes: Buffer,
  start: number,
  end: number,
): { sessionPresent: boolean; reasonCode: number; properties: ConnackProperties } {
  if (end - start < 2) throw new MalformedPacket(`CONNACK must have at least 2 bytes, got ${end - start}`);
  const found = end - start > 2 ? readNumbers(bytes, start + 2, end) : new Map<number, number>();
  const keepAliveS = found.get(SERVER_KEEP_ALIVE);
  return {
    sessionPresent: (bytes[start]! & 1) === 1,
    reasonCode: bytes[start + 1]!,
    properties: {
      receiveMaximum: found.get(RECEIVE_MAXIMUM) ?? 65_535,
      maximumQos: (found.get(MAXIMUM_QOS) ?? 2) as 0 | 1 | 2,
      retainAvailable: found.get(RETAIN_AVAILABLE) !== 0,
      sharedAvailable: found.get(SHARED_AVAILABLE) !== 0,
      topicAliasMaximum: found.get(TOPIC_ALIAS_MAXIMUM) ?? 0,
      ...(keepAliveS === undefined ? {} : { serverKeepAliveS: keepAliveS }),
    },
  };
}

/** The first byte after the properties that begin at `at`. @throws MalformedPacket when they reach beyond `end` */
export function skipProperties(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at];
  if (first === 0 && at < end) return at + 1; // by far the most frequent
  const { value, next } = readVariable(bytes, at, end);
  if (next + value > end) throw new MalformedPacket('properties are cut short');
  return next + value;
}

function readNumbers(bytes: Buffer, at: number, end: number): Map<number, number> {
  const found = new Map<number, number>();
  const stop = skipProperties(bytes, at, end);
  let next = readVariable(bytes, at, end).next;
  while (next < stop) {
    const id = bytes[next++]!;
    const type = TYPES[id];
    if (type === undefined) throw new MalformedPacket(`unknown property ${id}`);
    if (typeof type === 'number') {
      if (next + type > stop) throw new MalformedPacket('properties are cut short');
      found.set(id, bytes.readUIntBE(next, type));
      next += type;
    } else if (type === 'v') next = readVariable(bytes, next, stop).next;
    else for (let strings = type === 'p' ? 2 : 1; strings > 0; strings--) next = skipBinary(bytes, next, stop);
  }
  return found;
}

function skipBinary(bytes: Buffer, at: number, end: number): number {
  const next = at + 2 <= end ? at + 2 + bytes.readUInt16BE(at) : Infinity;
  if (next > end) throw new MalformedPacket('properties are cut short');
  return next;
}

/** At most four bytes of seven bits (1.5.5). */
function readVariable(bytes: Buffer, at: number, end: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; shift <= 21 && at < end; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, next: at };
  }
  throw new MalformedPacket('a variable byte integer is cut short or has more than four bytes');
}

function withLength(parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from(length), body]);
}

function number(id: number, bytes: number, value: number): Buffer {
  const property = Buffer.alloc(1 + bytes);
  property[0] = id;
  property.writeUIntBE(value, 1, bytes);
  return property;
}

function binary(bytes: Uint8Array): Buffer {
  if (bytes.length > 65_535) throw new Error(`a property is at most 65535 bytes, got ${bytes.length}`); // 1.5.4, 1.5.6
  return Buffer.concat([Buffer.of(bytes.length >>> 8, bytes.length & 0xff), bytes]);
}

function userProperty([name, value]: readonly [string, string]): Buffer {
  return Buffer.concat([Buffer.of(USER), binary(Buffer.from(name)), binary(Buffer.from(value))]);
}
