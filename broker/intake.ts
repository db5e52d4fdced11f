// Reads what one client sends: the PUBLISH and PUBACK of every day here, everything else, and whatever looks odd, by Aedes' own parser.
// It judges nothing: `take` says whether a publish may go the short way.
/* oxlint-disable no-underscore-dangle -- Aedes offers no seam here; these are its own names */
import type { Client, PublishPacket } from 'aedes';
import { PUBACK, PUBLISH } from '../mqtt/packets.ts';
import { Scanner } from '../mqtt/scanner.ts';

export interface Incoming {
  /** The topic's bytes as Latin-1: the topic itself when it is ASCII. */
  readonly latin1: string;
  /** A view that stays as it is. */
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** 0 at QoS 0 */
  readonly packetId: number;
}

/** The part of Aedes' client that reads. */
interface Reader extends Client {
  /** With the client it comes from, as Aedes' own handlers call it. */
  readonly broker: { publish(packet: object, client: Client, done: (error?: Error | null) => void): void };
  readonly connackSent: boolean;
  /** It has sent DISCONNECT. */
  readonly _disconnected: boolean;
  /** Packets read and not yet done with; Aedes reads on at 0. */
  _parsingBatch: number;
  readonly _nextBatch: (error?: Error | null) => void;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  readonly _parser: NodeJS.EventEmitter & {
    parse(chunk: Buffer): number;
    /** What came before the CONNACK, until it is dealt with. */
    readonly _queue: readonly object[] | null;
    /** 0 and empty between two packets. */
    readonly _stateCounter: number;
    readonly _list: { readonly length: number };
  };
}

/**
 * Takes the place of the parser; take returns false for a publish that Aedes must read, acknowledged hears of the PUBACKs of clean sessions. Before
 * the client's first byte.
 */
export function readThrough(
  client: Client,
  take: (incoming: Incoming) => boolean,
  acknowledged: (packetId: number) => void,
): void {
  const reader = client as Reader;
  const { _parser: parser, conn } = reader;
  const parseByAedes = parser.parse.bind(parser);
  let isOurs = false; // from the first packet after the CONNACK
  let heard = false; // a whole packet: bytes that drip do not keep a client alive [MQTT-3.1.2-24]
  const scanner = new Scanner((header, bytes, start, end) => {
    heard = true;
    if (conn.destroyed || reader._disconnected) return; // nothing after DISCONNECT
    if (header >> 4 === PUBLISH) {
      const incoming = readPlainPublish(header, bytes, start, end);
      if (incoming && take(incoming)) return;
    }
    // Of a session that ends with its connection nothing is kept that an acknowledgement could clear, but by the link.
    if (client.clean && isPlainPuback(header, bytes, start, end)) {
      acknowledged((bytes[start]! << 8) | bytes[start + 1]!);
      return;
    }
    parseByAedes(fixedHeader(header, end - start));
    if (end > start) parseByAedes(bytes.subarray(start, end));
  });
  const feed = (chunk: Buffer): void => {
    try {
      scanner.feed(chunk);
    } catch (error) {
      scanner.stop();
      parser.emit('error', error);
    }
  };
  parser.parse = (chunk) => {
    isOurs ||= reader.connackSent && !parser._queue && parser._stateCounter === 0 && parser._list.length === 0;
    if (!isOurs) return parseByAedes(chunk);
    // As long as this counts as a packet, no other one that is done makes Aedes read the next chunk in the middle of this one.
    reader._parsingBatch++;
    feed(chunk);
    if (heard) reader._keepaliveTimer?.refresh();
    heard = false;
    reader._nextBatch();
    return 0;
  };
}

/** Publishes for the client; Aedes reads on when the subscribers have taken it. */
export function distribute(client: Client, packet: PublishPacket): void {
  const reader = client as unknown as Reader;
  reader._parsingBatch++;
  reader.broker.publish(packet, client, reader._nextBatch);
}

/** Undefined for one that is malformed, of QoS 2, or marked in a way that is worth a second look. */
function readPlainPublish(header: number, bytes: Buffer, start: number, end: number): Incoming | undefined {
  const qos = (header >> 1) & 3;
  if (qos > 1 || (qos === 0 && header & 8) || end - start < 2) return undefined;
  const topicEnd = start + 2 + ((bytes[start]! << 8) | bytes[start + 1]!);
  const payloadStart = topicEnd + 2 * qos;
  if (payloadStart > end) return undefined;
  const packetId = qos > 0 ? (bytes[topicEnd]! << 8) | bytes[topicEnd + 1]! : 0;
  if (qos > 0 && packetId === 0) return undefined;
  const latin1 = bytes.toString('latin1', start + 2, topicEnd);
  return { latin1, payload: bytes.subarray(payloadStart, end), qos: qos as 0 | 1, retain: (header & 1) > 0, packetId };
}

function isPlainPuback(header: number, bytes: Buffer, start: number, end: number): boolean {
  return header === PUBACK << 4 && end - start === 2 && (bytes[start]! | bytes[start + 1]!) > 0;
}

function fixedHeader(first: number, remaining: number): Buffer {
  const bytes = [first];
  let rest = remaining;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
