// A bare MQTT peer for tests: sends exact bytes, collects the packets that come back. It follows no protocol by itself.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { PacketWriter } from '../../mqtt/packets.ts';
import type { ConnectFields } from '../../mqtt/packets.ts';
import { Scanner } from '../../mqtt/scanner.ts';

export interface Packet {
  readonly type: number;
  readonly header: number;
  readonly body: Buffer;
}

export class Wire {
  readonly socket: Socket;
  readonly writer = new PacketWriter();
  readonly packets: Packet[] = [];
  closed = false;
  #changed: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    const scanner = new Scanner((header, bytes, start, end) => {
      this.packets.push({ type: header >> 4, header, body: Buffer.from(bytes.subarray(start, end)) });
    });
    socket.on('data', (chunk: Buffer) => {
      scanner.feed(chunk);
      this.#changed();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Opens a connection, sends CONNECT and waits for CONNACK. */
  static async connected(port: number, fields: Partial<ConnectFields> = {}): Promise<Wire> {
    const wire = await Wire.open(port);
    wire.writer.connect({ clientId: 'wire', cleanSession: true, keepAliveS: 60, ...fields });
    wire.send();
    await wire.until(() => wire.packets.length > 0 || wire.closed);
    return wire;
  }

  /** CONNACK's return code; undefined when the connection ended without one. */
  get returnCode(): number | undefined {
    return this.packets.find(({ type }) => type === 2)?.body[1];
  }

  /** Sends what was written to `writer`, or the given bytes. */
  send(bytes: Uint8Array = this.writer.take()): void {
    this.socket.write(bytes);
  }

  ofType(type: number): Packet[] {
    return this.packets.filter((packet) => packet.type === type);
  }

  async until(condition: () => boolean, withinMs = 5000): Promise<void> {
    const deadline = AbortSignal.timeout(withinMs);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        this.#changed = resolve;
        deadline.onabort = () => reject(new Error(`not within ${withinMs} ms: ${String(condition)}`));
      });
    }
  }

  /** Sends a PINGREQ and waits for its answer: everything sent before has been read by then. */
  async ping(): Promise<void> {
    const before = this.ofType(13).length;
    this.writer.pingreq();
    this.send();
    await this.until(() => this.ofType(13).length > before || this.closed);
  }
}
