// What Aedes' parser lets pass and MQTT 3.1.1 forbids: ill-formed UTF-8, packet identifier 0, bytes too many, versions that nobody speaks
// here. It looks at each packet before Aedes does; what a client may do is none of its business (policy.ts).
/* oxlint-disable no-underscore-dangle -- mqtt-packet's parser offers no seam; these are its own names */
import type { Client } from 'aedes';

/** The parts of mqtt-packet's parser and of its packets that are used here. */
interface Parser extends NodeJS.EventEmitter {
  readonly packet: { readonly length: number };
  readonly _list: { readonly length: number; readUInt8(at: number): number; slice(from: number, to: number): Buffer };
  _pos: number;
  error: Error | null;
  _parseString(): string | null;
  _parseHeader(): boolean | undefined;
  _parseConnect(): unknown;
  _emitError(error: Error): void;
}

interface Numbered {
  readonly length: number;
  readonly qos: 0 | 1 | 2;
  readonly dup: boolean;
  messageId?: number;
}
interface ConnectPacket extends Numbered {
  readonly cmd: 'connect';
  readonly protocolId: string;
  readonly protocolVersion: number;
  readonly username?: string;
  readonly password?: Uint8Array;
  readonly will?: { readonly qos: number; readonly topic: string };
}
interface SubscribePacket extends Numbered {
  readonly cmd: 'subscribe';
  subscriptions: readonly { readonly topic: string; readonly qos: number }[];
}
interface UnsubscribePacket extends Numbered {
  readonly cmd: 'unsubscribe';
  readonly unsubscriptions: readonly string[];
}
interface OtherPacket extends Numbered {
  readonly cmd: 'publish' | 'puback' | 'pubrec' | 'pubrel' | 'pubcomp' | 'pingreq' | 'disconnect';
}
export type ParsedPacket = ConnectPacket | SubscribePacket | UnsubscribePacket | OtherPacket;

export interface ParserWatch {
  /** A well-formed packet, before Aedes sees it. */
  packet(packet: ParsedPacket): void;
  /** A CONNECT of a version that is not spoken here; it was answered, and the connection ends. */
  foreignVersion(level: number): void;
}

const REFUSED_LINGER_MS = 1000;
const PUBREL_WITH_DUP = 0x6a;
const MQTT_3_1 = 3;
const MQTT_3_1_1 = 4;
const MQTT_5 = 5;
/** mosquitto's bridges set it to say that they are bridges. */
const BRIDGE_BIT = 0x80;
const SPEAKS_3_1_1 =
  'this broker speaks MQTT 3.1.1: set protocol version 4 (mqtt.js protocolVersion: 4, mosquitto_pub -V mqttv311, paho MQTTv311)';
const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Must be called before the client's first byte is read. */
export function makeStrict(client: Client, watch: ParserWatch): void {
  const { _parser: parser } = client as Client & { _parser: Parser };
  checkTexts(parser);
  allowPubrelOf31(client, parser);
  refuseForeignVersions(client, parser, watch);
  const listeners = parser.listeners('packet') as ((packet: ParsedPacket) => void)[];
  parser.removeAllListeners('packet');
  parser.on('packet', (packet: ParsedPacket) => {
    const fault = faultOf(packet, parser._pos);
    if (fault !== undefined) {
      parser._emitError(new Error(fault));
      return;
    }
    watch.packet(packet);
    for (const listener of listeners) listener.call(parser, packet);
  });
}

/** Why the packet is malformed, with the clause; undefined for a good one. read: how many of its bytes the parser has understood. */
function faultOf(packet: ParsedPacket, read: number): string | undefined {
  const { cmd, length, messageId } = packet;
  if (read > length) return `${cmd} is cut short`;
  switch (cmd) {
    case 'connect':
      return connectFault(packet) ?? (read < length ? 'CONNECT with bytes too many' : undefined);
    case 'publish':
      if (packet.qos === 0) return packet.dup ? 'PUBLISH of QoS 0 with DUP [MQTT-3.3.1-2]' : undefined;
      return badPacketId(messageId);
    case 'subscribe':
      if (packet.subscriptions.length === 0) return 'SUBSCRIBE without a filter [MQTT-3.8.3-3]';
      return badPacketId(messageId);
    case 'unsubscribe':
      if (packet.unsubscriptions.length === 0) return 'UNSUBSCRIBE without a filter [MQTT-3.10.3-2]';
      return badPacketId(messageId);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return length === 2 ? badPacketId(messageId) : `${cmd} of ${length} bytes, expected 2`;
    case 'pingreq':
    case 'disconnect':
      return length === 0 ? undefined : `${cmd} of ${length} bytes, expected 0`;
    default:
      return undefined; // of a server, or of nobody: Aedes ends the connection
  }
}

function connectFault({ protocolId, protocolVersion, username, password, will }: ConnectPacket): string | undefined {
  const level = protocolVersion & ~BRIDGE_BIT;
  if (protocolId !== (level === MQTT_3_1 ? 'MQIsdp' : 'MQTT')) return `protocol name ${protocolId} [MQTT-3.1.2-1]`;
  if (will?.qos === 3) return 'a will of QoS 3 [MQTT-3.1.2-14]';
  if (will?.topic === '') return 'a will without a topic [MQTT-4.7.3-1]';
  if (password && username === undefined && level === MQTT_3_1_1) return 'a password without a name [MQTT-3.1.2-22]';
  return undefined;
}

function badPacketId(id: number | undefined): string | undefined {
  return id !== undefined && id > 0 ? undefined : 'packet identifier 0 or none [MQTT-2.3.1-1]';
}

/** Text must be UTF-8 without U+0000, else the connection ends [MQTT-1.5.3-1] [MQTT-1.5.3-2]. */
function checkTexts(parser: Parser): void {
  const parse = parser._parseString.bind(parser);
  parser._parseString = () => {
    const from = parser._pos + 2;
    const text = parse();
    if (text === null || !(text.includes('\0') || text.includes('\uFFFD'))) return text;
    // A replacement character may stand in the text itself; only then the slow decoder is asked.
    return !text.includes('\0') && isUtf8(parser._list.slice(from, parser._pos)) ? text : null;
  };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strictText.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** MQTT 3.1 marks a repeated PUBREL with DUP (its section 3.6); 3.1.1 forbids it [MQTT-3.6.1-1], and the parser knows 3.1.1 only. */
function allowPubrelOf31(client: Client, parser: Parser): void {
  const parse = parser._parseHeader.bind(parser);
  parser._parseHeader = () => {
    if (parser._list.readUInt8(0) !== PUBREL_WITH_DUP || client.version !== MQTT_3_1) return parse();
    const { packet, _list: list } = parser as unknown as { packet: object; _list: { consume(bytes: number): void } };
    Object.assign(packet, { cmd: 'pubrel', qos: 1, dup: true, retain: false });
    list.consume(1);
    return true;
  };
}

/** Answered in the form of the version that was asked for, so that its library can show the reason [MQTT-3.1.2-2]. */
function refuseForeignVersions(client: Client, parser: Parser, watch: ParserWatch): void {
  const parse = parser._parseConnect.bind(parser);
  parser._parseConnect = () => {
    const level = levelOf(parser);
    if (level === undefined || level === MQTT_3_1 || level === MQTT_3_1_1) return parse();
    parser.removeAllListeners('packet');
    parser.error = new Error('foreign version');
    (client as Client & { pause(): void }).pause();
    client.conn.end(level === MQTT_5 ? connack5() : Buffer.of(0x20, 2, 0, 1)); // [MQTT-3.2.2-4]
    setTimeout(() => client.conn.destroy(), REFUSED_LINGER_MS).unref();
    watch.foreignVersion(level);
    return undefined;
  };
}

/** The protocol level of the CONNECT that is about to be parsed. */
function levelOf({ _list: list, packet }: Parser): number | undefined {
  if (packet.length < 3) return undefined;
  const at = 2 + ((list.readUInt8(0) << 8) | list.readUInt8(1));
  return at < packet.length ? list.readUInt8(at) & ~BRIDGE_BIT : undefined;
}

/** CONNACK of MQTT 5: reason 0x84 "unsupported protocol version" and a reason string (3.2.2.2 and 3.2.2.3.9 of MQTT 5.0). */
function connack5(): Buffer {
  const reason = Buffer.from(SPEAKS_3_1_1);
  const properties = Buffer.concat([Buffer.of(0x1f, reason.length >> 8, reason.length & 0xff), reason]);
  const body = Buffer.concat([Buffer.of(0, 0x84), lengthBytes(properties.length), properties]);
  return Buffer.concat([Buffer.of(0x20), lengthBytes(body.length), body]);
}

/** A variable byte integer below 16,384. */
function lengthBytes(length: number): Buffer {
  return length < 128 ? Buffer.of(length) : Buffer.of((length & 0x7f) | 0x80, length >> 7);
}
