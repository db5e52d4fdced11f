// One MQTT connection from CONNECT to its end: a socket, a scanner, a writer that flushes once per turn of the event loop, keep-alive, and
// acknowledgements of incoming messages in their order. It knows no reconnecting and no outbox (that is client.ts).
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import * as packets from './packets.ts';
import type { ConnectFields } from './packets.ts';
import { MalformedPacket, Scanner, readConnack, readPacketId, readPublish } from './scanner.ts';

export interface Events {
  connack(returnCode: number): void;
  puback(packetId: number): void;
  suback(packetId: number, granted: number[]): void;
  /** The socket took everything that waited, or an acknowledgement made room. */
  writable(): void;
  message(topic: string, payload: Uint8Array, qos: 0 | 1 | 2, retain: boolean): void | Promise<void>;
  /** Once, last. */
  closed(reason: string): void;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsOptions | undefined;
}

/** Flushed at once when this much waits for the end of the turn. */
const FLUSH_BYTES = 65_536;
/** More than this in the socket means that the broker reads too slowly. */
const CONGESTED_BYTES = 1_048_576;
const CONNECT_TIMEOUT_MS = 10_000;
/** Incoming messages whose handler has not settled; reading pauses above it. */
const MAX_UNSETTLED = 4096;
const MAX_INCOMING_BYTES = 16 * 1_048_576;

interface Delivery {
  readonly qos: 1 | 2;
  readonly packetId: number;
  settled: boolean;
}

export class Connection {
  readonly packets = new packets.PacketWriter();
  readonly #events: Events;
  readonly #socket: Socket;
  readonly #scanner: Scanner;
  readonly #keepAlive: NodeJS.Timeout | undefined;
  readonly #deadline: NodeJS.Timeout;
  #flushing = false;
  #up = false;
  #closed = false;
  #heard = true;
  #deliveries: Delivery[] = [];
  /** While it ends: nothing more is read, and this is called when nothing is left to acknowledge. */
  #onAcknowledged: (() => void) | undefined;
  #unsettled = 0;
  /** QoS 2 publishes delivered and not yet released: a repetition is not delivered again (4.3.3, method A). */
  readonly #unreleased = new Set<number>();

  constructor(target: Target, fields: ConnectFields, events: Events) {
    this.#events = events;
    this.#scanner = new Scanner(
      (header, bytes, start, end) => this.#packet(header, bytes, start, end),
      MAX_INCOMING_BYTES,
    );
    this.packets.connect(fields);
    const { host, port, tls } = target;
    this.#socket = tls ? connectTls({ host, port, ...tls }) : connectTcp({ host, port });
    this.#socket.setNoDelay(true);
    this.#socket.once(tls ? 'secureConnect' : 'connect', () => this.flush());
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('drain', () => events.writable());
    this.#socket.on('error', (error) =>
      this.close(error.message || (error as NodeJS.ErrnoException).code || 'socket error'),
    );
    this.#socket.on('close', () => this.close('connection closed by the broker'));
    this.#deadline = setTimeout(() => this.close('no CONNACK within 10 s'), CONNECT_TIMEOUT_MS);
    if (fields.keepAliveS > 0) this.#keepAlive = setInterval(() => this.#ping(), fields.keepAliveS * 500);
  }

  get congested(): boolean {
    return this.#socket.writableNeedDrain && this.#socket.writableLength > CONGESTED_BYTES;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength + this.packets.length;
  }

  /** Call after writing to `packets`: they leave together at the end of this turn of the event loop. */
  flushSoon(): void {
    if (this.packets.length >= FLUSH_BYTES && this.#up) this.flush();
    else if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => {
        this.#flushing = false;
        this.flush();
      });
    }
  }

  flush(): void {
    if (this.#closed || this.#socket.connecting || this.packets.length === 0) return;
    this.#socket.write(this.packets.take());
  }

  /** Ends at once; `closed` is called before this returns, once. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#deadline);
    clearInterval(this.#keepAlive);
    this.#scanner.stop();
    this.#socket.destroy();
    this.#onAcknowledged?.();
    this.#events.closed(reason);
  }

  /**
   * Takes no more, acknowledges what was taken as far as its handlers settle within `withinMs`, then sends DISCONNECT after all that waits
   * [MQTT-3.14.4-1] and ends, again within `withinMs`.
   */
  async end(withinMs: number): Promise<void> {
    if (this.#closed) return;
    this.#socket.pause();
    await new Promise<void>((resolve) => {
      this.#onAcknowledged = resolve;
      if (this.#deliveries.length === 0) resolve();
      else setTimeout(resolve, withinMs);
    });
    if (this.#socket.destroyed) return; // meanwhile
    if (this.#up) this.packets.disconnect();
    this.flush();
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, withinMs);
      this.#socket.end(() => {
        clearTimeout(late);
        resolve();
      });
    });
    this.close('stopped');
  }

  /** A peer that vanished sends no FIN: nothing heard for a whole keep-alive is the only sign. */
  #ping(): void {
    if (!this.#up) return;
    if (!this.#heard) {
      this.close('nothing heard for a keep-alive interval');
      return;
    }
    // Reading paused by our own slow handler must not look like a silent broker.
    this.#heard = this.#socket.isPaused();
    this.packets.pingreq();
    this.flushSoon();
  }

  #read(chunk: Buffer): void {
    this.#heard = true;
    try {
      this.#scanner.feed(chunk);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
      this.close(`malformed packet from the broker: ${error.message}`);
    }
  }

  #packet(header: number, bytes: Buffer, start: number, end: number): void {
    const type = header >> 4;
    if (!this.#up && type !== packets.CONNACK) throw new MalformedPacket(`packet type ${type} before CONNACK`); // [MQTT-3.2.0-1]
    switch (type) {
      case packets.PUBLISH:
        this.#publish(header, bytes, start, end);
        return;
      case packets.PUBACK:
        this.#events.puback(readPacketId(bytes, start, end));
        return;
      case packets.PUBREL: {
        const packetId = readPacketId(bytes, start, end);
        this.#unreleased.delete(packetId);
        this.packets.pubcomp(packetId); // [MQTT-4.3.3-2]
        this.flushSoon();
        return;
      }
      case packets.SUBACK:
        this.#events.suback(readPacketId(bytes, start, end), [...bytes.subarray(start + 2, end)]);
        return;
      case packets.CONNACK:
        this.#connack(readConnack(bytes, start, end).returnCode);
        return;
      case packets.PINGRESP:
      case packets.UNSUBACK:
        return;
      default:
        throw new MalformedPacket(`unexpected packet type ${type}`);
    }
  }

  #connack(returnCode: number): void {
    if (this.#up) throw new MalformedPacket('a second CONNACK');
    clearTimeout(this.#deadline);
    this.#up = returnCode === 0;
    this.#events.connack(returnCode);
  }

  #publish(header: number, bytes: Buffer, start: number, end: number): void {
    const { topic, payload, qos, retain, packetId } = readPublish(header, bytes, start, end);
    const repeated = qos === 2 && this.#unreleased.has(packetId);
    const handled = repeated ? undefined : this.#handle(topic, payload, qos, retain);
    if (this.#closed) return;
    if (qos === 0) {
      if (handled) this.#await(handled, undefined);
      return;
    }
    if (qos === 2) this.#unreleased.add(packetId);
    const delivery: Delivery = { qos, packetId, settled: handled === undefined };
    this.#deliveries.push(delivery);
    if (handled) this.#await(handled, delivery);
    else this.#acknowledge();
  }

  /** A handler that throws has not taken the message, so it must not be acknowledged: the connection ends instead. */
  #handle(topic: string, payload: Uint8Array, qos: 0 | 1 | 2, retain: boolean): Promise<void> | undefined {
    try {
      return this.#events.message(topic, payload, qos, retain) ?? undefined;
    } catch (error) {
      this.close(`message handler failed: ${String(error)}`);
      return undefined;
    }
  }

  #await(handled: Promise<void>, delivery: Delivery | undefined): void {
    this.#unsettled++;
    if (this.#unsettled >= MAX_UNSETTLED) this.#socket.pause();
    handled.then(
      () => {
        this.#unsettled--;
        if (this.#unsettled === MAX_UNSETTLED >> 1 && !this.#onAcknowledged) this.#socket.resume();
        if (!delivery) return;
        delivery.settled = true;
        this.#acknowledge();
      },
      (error: unknown) => this.close(`message handler failed: ${String(error)}`),
    );
  }

  /** Acknowledges in the order of arrival, however the handlers settled [MQTT-4.6.0-2]. */
  #acknowledge(): void {
    if (this.#closed) return;
    let done = 0;
    while (done < this.#deliveries.length && this.#deliveries[done]!.settled) {
      const { qos, packetId } = this.#deliveries[done++]!;
      if (qos === 1) this.packets.puback(packetId);
      else this.packets.pubrec(packetId);
    }
    if (done === 0) return;
    if (done === this.#deliveries.length) this.#deliveries = [];
    else this.#deliveries.splice(0, done);
    this.flushSoon();
    if (this.#deliveries.length === 0) this.#onAcknowledged?.();
  }
}
