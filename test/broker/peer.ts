// An MQTT peer for tests that follows the protocol: it answers every QoS 1 and 2 packet unless told not to, and notes what it received on which
// of its connections. Exact bytes are the business of wire.ts.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, PacketWriter } from '../../mqtt/packets.ts';
import { Scanner } from '../../mqtt/scanner.ts';

export interface Received {
  readonly topic: string;
  readonly number: number;
  readonly qos: number;
  readonly dup: boolean;
  readonly packetId: number;
  /** 1 for the first. */
  readonly connection: number;
}

export class Peer {
  readonly #port: number;
  readonly #clientId: string;
  readonly #cleanSession: boolean;
  socket!: Socket;
  readonly writer = new PacketWriter();
  /** All PUBLISH packets, of all connections. */
  readonly received: Received[] = [];
  /** Numbers that a receiver of QoS 2 hands to its application: an identifier counts once until its PUBREL [MQTT-4.3.3-2]. */
  readonly handedOn: Received[] = [];
  readonly #unreleased = new Set<number>();
  /** Types of the packets received on this connection. */
  types: number[] = [];
  connections = 0;
  /** What was published and has come to its end: PUBACK or PUBCOMP. */
  completed = 0;
  /** False: PUBLISH stays without an answer. */
  answers = true;
  /** False: PUBREL does. */
  completes = true;

  constructor(port: number, clientId: string, cleanSession: boolean) {
    this.#port = port;
    this.#clientId = clientId;
    this.#cleanSession = cleanSession;
  }

  /** Sends CONNECT; what comes back is noted as it comes. */
  async connect(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    await once(socket, 'connect');
    this.socket = socket;
    this.connections++;
    this.types = [];
    this.writer.take(); // answers to an earlier connection
    const scanner = new Scanner((header, bytes, start, end) => this.#take(header, bytes.subarray(start, end)));
    socket.on('data', (chunk: Buffer) => {
      if (this.socket === socket) scanner.feed(chunk);
      this.send();
    });
    socket.on('error', () => undefined);
    this.writer.connect({ clientId: this.#clientId, cleanSession: this.#cleanSession, keepAliveS: 60 });
    this.send();
  }

  leave(): void {
    this.socket.destroy();
  }

  subscribe(...requests: { filter: string; qos: 0 | 1 | 2 }[]): void {
    this.writer.subscribe(1, requests);
    this.send();
  }

  publish(topic: string, number: number, qos: 0 | 1 | 2, packetId: number, sizeBytes = 4): void {
    const payload = Buffer.alloc(sizeBytes);
    payload.writeUInt32BE(number);
    this.writer.publish(topic, payload, qos, false, false, packetId);
  }

  send(): void {
    if (this.writer.length > 0 && this.socket.writable) this.socket.write(this.writer.take());
  }

  #take(header: number, body: Buffer): void {
    const type = header >> 4;
    this.types.push(type);
    if (type === PUBLISH) this.#note(header, body);
    else if (type === PUBREL) {
      this.#unreleased.delete(body.readUInt16BE());
      if (this.completes) this.writer.pubcomp(body.readUInt16BE());
    } else if (type === PUBREC) this.writer.pubrel(body.readUInt16BE());
    else if (type === PUBACK || type === PUBCOMP) this.completed++;
  }

  #note(header: number, body: Buffer): void {
    const qos = (header >> 1) & 3;
    const at = 2 + body.readUInt16BE();
    const packetId = qos > 0 ? body.readUInt16BE(at) : 0;
    const number = body.readUInt32BE(at + (qos > 0 ? 2 : 0));
    const topic = body.toString('utf8', 2, at);
    const received = { topic, number, qos, dup: (header & 8) > 0, packetId, connection: this.connections };
    this.received.push(received);
    if (!this.#unreleased.has(packetId) || qos < 2) this.handedOn.push(received);
    if (!this.answers) return;
    if (qos === 2) {
      this.#unreleased.add(packetId);
      this.writer.pubrec(packetId);
    } else if (qos === 1) this.writer.puback(packetId);
  }
}
