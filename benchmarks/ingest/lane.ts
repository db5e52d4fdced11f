// One connection of the publisher: a ring of encoded PUBLISH packets, of which as many leave in one write as are due. It knows no clock.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { PUBACK, PacketWriter } from '../../mqtt/packets.ts';
import { Scanner } from '../../mqtt/scanner.ts';
import { deviceTopic } from '../../telemetry/topics.ts';
import { CITY, FIRST_SEQ, PAYLOAD, TRACKER, deviceName, putRecord } from './records.ts';

const MAX_PACKET_ID = 65_535;

export interface LaneOptions {
  readonly port: number;
  readonly index: number;
  /** Its devices are number `index`, `index + step`, … */
  readonly step: number;
  readonly devices: number;
  readonly qos: 0 | 1;
  /** At most so many are on their way to be acknowledged. */
  readonly window: number;
  /** Called for each acknowledgement with the time that `send` was given. */
  readonly onAck: (sinceMs: number) => void;
  /** There may be room again. */
  readonly onRoom: () => void;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #socket: Socket;
  readonly #ring: Buffer;
  readonly #slots: number;
  readonly #packetBytes: number;
  readonly #sinceMs: Float64Array;
  #sent = 0;
  #unacked = 0;
  #isClosing = false;

  static async open(options: LaneOptions): Promise<Lane> {
    const lane = new Lane(options);
    await lane.#connect();
    return lane;
  }

  private constructor(options: LaneOptions) {
    const { devices, window, port } = options;
    this.#options = options;
    // A packet is not written again before it is acknowledged.
    this.#slots = devices * Math.ceil((2 * window) / devices);
    if (this.#slots > MAX_PACKET_ID)
      throw new RangeError(`a lane has at most ${MAX_PACKET_ID} packets, got ${this.#slots}`);
    this.#ring = this.#encode();
    this.#packetBytes = this.#ring.length / this.#slots;
    this.#sinceMs = new Float64Array(this.#slots);
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('error', (error) => {
      if (!this.#isClosing) throw error;
    });
  }

  get unacked(): number {
    return this.#unacked;
  }

  /** So many may be sent now. */
  get room(): number {
    const { qos, window } = this.#options;
    if (this.#socket.writableLength > 0) return 0;
    return qos === 0 ? window : window - this.#unacked;
  }

  /** count: at most `room`. sinceMs: of the first of them, the next ones `apartMs` later each. */
  send(count: number, sinceMs: number, apartMs: number): void {
    const from = this.#sent % this.#slots;
    const some = Math.min(count, this.#slots - from);
    const { index, step, devices, qos } = this.#options;
    const ts = Date.now();
    for (let at = 0; at < some; at++) {
      const slot = from + at;
      const seq = FIRST_SEQ + Math.floor((this.#sent + at) / devices);
      const payloadAt = (slot + 1) * this.#packetBytes - PAYLOAD.length;
      putRecord(this.#ring, payloadAt, index + step * (slot % devices), ts, seq);
      this.#sinceMs[slot] = sinceMs + at * apartMs;
    }
    this.#sent += some;
    if (qos === 1) this.#unacked += some;
    this.#socket.write(this.#ring.subarray(from * this.#packetBytes, (from + some) * this.#packetBytes));
    if (some < count) this.send(count - some, sinceMs + some * apartMs, apartMs);
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  async #connect(): Promise<void> {
    const writer = new PacketWriter();
    writer.connect({ clientId: `bench-${this.#options.index}`, cleanSession: true, keepAliveS: 120 });
    this.#socket.write(writer.take());
    const [connack] = (await once(this.#socket, 'data')) as [Buffer];
    if (connack[3] !== 0) throw new Error(`the broker refused a connection, return code ${connack[3]}`);
    const { onAck, onRoom } = this.#options;
    const scanner = new Scanner((header, bytes, start) => {
      if (header >> 4 !== PUBACK) return;
      this.#unacked--;
      onAck(this.#sinceMs[bytes.readUInt16BE(start) - 1]!);
    });
    this.#socket.on('data', (chunk: Buffer) => {
      scanner.feed(chunk);
      onRoom();
    });
    this.#socket.on('drain', onRoom);
  }

  /** The packet in slot n has the identifier n + 1. */
  #encode(): Buffer {
    const { index, step, devices, qos } = this.#options;
    const writer = new PacketWriter();
    for (let slot = 0; slot < this.#slots; slot++) {
      const topic = deviceTopic(CITY, TRACKER.kind, deviceName(index + step * (slot % devices)), 'telemetry');
      writer.publish(topic, PAYLOAD, qos, false, false, qos > 0 ? slot + 1 : 0);
    }
    // The remaining length takes two bytes for every one of them: all packets are of one length.
    return Buffer.from(writer.take());
  }
}
