// One MQTT connection that carries many devices: a window of un-acknowledged QoS 1 records, sent again in their order after a reconnect.
// It is lean, because tens of thousands of records a second must leave most of two cores to the system under test.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { CONNACK, PUBACK, PacketWriter } from '../../mqtt/packets.ts';
import { Scanner, readConnack, readPacketId } from '../../mqtt/scanner.ts';
import { KIND, DESCRIPTION, deviceName, valueOf } from './ledger.ts';

export interface Message {
  readonly device: number;
  readonly seq: number;
  readonly ts: number;
  readonly madeMs: number;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface GatewayOptions {
  readonly port: number;
  readonly clientId: string;
  readonly login?: Login;
  readonly city: string;
  readonly window: number;
  readonly keepAliveS: number;
  readonly payloadBytes: number;
  /** [0, 1) */
  readonly random: () => number;
  readonly onAcked: (message: Message) => void;
  /** PUBACKs of one chunk of bytes were handed over. */
  readonly onChunk: () => void;
  readonly onUp: () => void;
  readonly onDown: (wasUp: boolean) => void;
}

const MIN_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 400;
const CONNECT_MS = 5000;
const MAX_ID = 65_000;
const DESCRIPTION_ID = 65_535;

export class Gateway {
  readonly #options: GatewayOptions;
  #writer = new PacketWriter();
  #socket: Socket | undefined;
  #up = false;
  #stopped = false;
  #flushing = false;
  #lastId = 0;
  #heardMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #unacked = new Map<number, Message>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#connect();
  }

  get unacked(): number {
    return this.#unacked.size;
  }

  get isUp(): boolean {
    return this.#up;
  }

  get hasRoom(): boolean {
    return this.#unacked.size < this.#options.window;
  }

  /** Only where there is room. */
  send(message: Message): void {
    do this.#lastId = this.#lastId >= MAX_ID ? 1 : this.#lastId + 1;
    while (this.#unacked.has(this.#lastId));
    this.#unacked.set(this.#lastId, message);
    if (this.#up) this.#publish(this.#lastId, message, false);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    if (this.#up) {
      this.#writer.disconnect();
      this.#socket?.end(this.#writer.take());
    } else this.#socket?.destroy();
  }

  #connect(): void {
    const { port, clientId, keepAliveS, login } = this.#options;
    const socket = connect(port, '127.0.0.1');
    this.#socket = socket;
    this.#writer = new PacketWriter();
    const scanner = new Scanner((header, bytes, start, end) => this.#packet(header, bytes, start, end));
    socket.setNoDelay(true);
    socket.setTimeout(CONNECT_MS, () => {
      if (!this.#up) socket.destroy();
    });
    socket.once('connect', () => {
      this.#writer.connect({ clientId, cleanSession: true, keepAliveS, ...login });
      this.#flush();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#heardMs = performance.now();
      scanner.feed(chunk);
      this.#options.onChunk();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => this.#down());
  }

  #down(): void {
    const wasUp = this.#up;
    this.#up = false;
    clearInterval(this.#timer);
    this.#options.onDown(wasUp);
    if (this.#stopped) return;
    const waitMs = MIN_BACKOFF_MS + this.#options.random() * (MAX_BACKOFF_MS - MIN_BACKOFF_MS);
    this.#retry = setTimeout(() => this.#connect(), waitMs);
  }

  #packet(header: number, bytes: Buffer, start: number, end: number): void {
    const type = header >> 4;
    if (type === PUBACK) {
      const id = readPacketId(bytes, start, end);
      const message = this.#unacked.get(id);
      if (message === undefined) return;
      this.#unacked.delete(id);
      this.#options.onAcked(message);
    } else if (type === CONNACK) {
      if (readConnack(bytes, start, end).returnCode !== 0) this.#socket!.destroy();
      else this.#accepted();
    }
  }

  /** The kind first, then everything that was not acknowledged, in its order. */
  #accepted(): void {
    const { city, keepAliveS, onUp } = this.#options;
    this.#up = true;
    this.#timer = setInterval(() => this.#ping(keepAliveS * 1000), keepAliveS * 500);
    const description = Buffer.from(JSON.stringify(DESCRIPTION));
    this.#writer.publish(`city/${city}/kinds/${KIND}`, description, 1, true, false, DESCRIPTION_ID);
    for (const [id, message] of this.#unacked) this.#publish(id, message, true);
    this.#flushSoon();
    onUp();
  }

  #ping(silenceMs: number): void {
    // A peer that vanished sends no FIN.
    if (performance.now() - this.#heardMs > 1.5 * silenceMs) {
      this.#socket!.destroy();
      return;
    }
    this.#writer.pingreq();
    this.#flushSoon();
  }

  #publish(id: number, { device, seq, ts }: Message, dup: boolean): void {
    const topic = `city/${this.#options.city}/${KIND}/${deviceName(device)}/telemetry`;
    const text = `{"ts":${ts},"seq":${seq},"value":${valueOf(device, seq, ts)}`;
    const payload = Buffer.from(`${text.padEnd(this.#options.payloadBytes - 1)}}`, 'latin1');
    this.#writer.publish(topic, payload, 1, false, dup, id);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#writer.length > 0 && this.#socket!.writable) this.#socket!.write(this.#writer.take());
  }
}
