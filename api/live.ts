// The live stream `ws /live` (docs/live.md): accepts clients, keeps their time, tells all of them what happens at once. What a single
// client gets, and what a slow one misses, is in live-client.ts.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Ack, ClockMessage, DeviceEvent } from '../telemetry/messages.ts';
import type { Alarm } from './alarms.ts';
import type { Kinds } from './kinds.ts';
import { LiveClient } from './live-client.ts';
import type { LiveCounts, Versioned } from './live-client.ts';

const MAX_MESSAGE_BYTES = 16_384;
const MAX_CLIENTS = 500;
/** Ten times a second is the fastest that a client may ask for. */
const TICK_MS = 50;
const SECOND_MS = 1000;
const PING_MS = 30_000;
const GOING_AWAY = 1001;

export interface LiveOptions {
  readonly city: string;
  readonly kinds: Kinds;
  readonly clock: () => ClockMessage | undefined;
  readonly counters: () => object;
  readonly scenario: () => Versioned;
}

export class Live {
  readonly #options: LiveOptions;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  readonly #clients = new Map<WebSocket, LiveClient>();
  readonly #counts: LiveCounts = { frames: 0, bytes: 0, skipped: 0 };
  readonly #timers: NodeJS.Timeout[];

  constructor(options: LiveOptions) {
    this.#options = options;
    options.kinds.onSettled(() => this.#clients.forEach((client) => client.describe()));
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#everySecond(), SECOND_MS),
      setInterval(() => this.#ping(), PING_MS),
    ];
  }

  counters(): { clients: number; frames: number; bytes: number; skipped: number } {
    return { clients: this.#clients.size, ...this.#counts };
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#clients.size >= MAX_CLIENTS) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket));
  }

  event({ kind, device, ts, seq, name, state, fields }: DeviceEvent): void {
    this.#tellAll({ type: 'event', kind, device, ts, seq, name, ...(state ? { state } : {}), fields }, kind);
  }

  alarm(alarm: Alarm): void {
    this.#tellAll({ type: 'alarm', alarm }, alarm.kind);
  }

  ack(kind: string, device: string, ack: Ack): void {
    this.#tellAll({ type: 'ack', kind, device, ...ack }, kind);
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#clients.keys()) {
      socket.close(GOING_AWAY, 'the city is closing');
      setTimeout(() => socket.terminate(), 1000).unref();
    }
    this.#server.close();
  }

  #accept(socket: WebSocket): void {
    const client = new LiveClient(socket, this.#options.kinds, this.#counts, this.#options.scenario);
    this.#clients.set(socket, client);
    socket.on('message', (data, isBinary) => {
      // Without fragments ws hands over one Buffer.
      client.receive(isBinary ? '' : (data as Buffer).toString('utf8'), performance.now());
    });
    socket.on('pong', () => (client.alive = true));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#clients.delete(socket));
    const hello = { type: 'hello', version: 1, city: this.#options.city, clock: this.#options.clock() ?? null };
    socket.send(JSON.stringify(hello));
  }

  #tellAll(message: object, kind: string): void {
    if (this.#clients.size === 0) return;
    const text = JSON.stringify(message);
    for (const client of this.#clients.values()) client.tell(text, kind);
  }

  #tick(): void {
    const now = performance.now();
    for (const client of this.#clients.values()) client.tick(now);
  }

  #everySecond(): void {
    if (this.#clients.size === 0) return;
    const clock = this.#options.clock();
    const texts = [JSON.stringify({ type: 'counters', ...this.#options.counters() })];
    if (clock) texts.unshift(JSON.stringify({ type: 'clock', ...clock }));
    for (const client of this.#clients.values()) for (const text of texts) client.tellIfIdle(text);
  }

  #ping(): void {
    for (const [socket, client] of this.#clients) {
      if (!client.alive) {
        socket.terminate();
        continue;
      }
      client.alive = false;
      socket.ping();
    }
  }
}
