// A pipelined MQTT 3.1.1 client for services that carry many devices on one connection: many publishes per write, a window of
// un-acknowledged QoS 1 publishes, reconnecting with re-sending. It publishes at QoS 0 and 1 only and keeps nothing on disk.
import { randomInt } from 'node:crypto';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { Connection } from './connection.ts';
import { MAX_PUBLISH_ID, Outbox } from './outbox.ts';
import type { SubscriptionRequest, Will } from './packets.ts';

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsOptions;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** default 30; 0 = none */
  readonly keepAliveS?: number;
  /** default true */
  readonly cleanSession?: boolean;
  readonly will?: Will;
  /** Un-acked QoS 1 publishes, 1…32767, default 4096. Four windows are kept in all; beyond that publish() rejects. */
  readonly window?: number;
  /** [0, 1), for the jitter of reconnecting; default: the system's random numbers */
  readonly random?: () => number;
  /** A QoS 1 delivery is PUBACKed, in order, when the promise settles. The payload is only valid during the call unless copied. */
  onMessage?(topic: string, payload: Uint8Array, qos: 0 | 1 | 2, retain: boolean): void | Promise<void>;
  onUp?(): void;
  onDown?(reason: string): void;
}

interface PendingSubscribe {
  /** Our own repetition after a reconnect: the next connection makes a new one. */
  readonly again: boolean;
  readonly requests: readonly SubscriptionRequest[];
  readonly resolve: (granted: number[]) => void;
  readonly reject: (error: Error) => void;
}

const MIN_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
const DEFAULT_WINDOW = 4096;
const OUTBOX_WINDOWS = 4;
/** QoS 0 publishes are dropped when this much waits in the socket. */
const MAX_BUFFERED_BYTES = 16 * 1_048_576;
const FILTERS_PER_PACKET = 100;
const MAX_PENDING_SUBSCRIBES = 10_000;
const MAX_TOPIC_BYTES = 65_535;
const END_TIMEOUT_MS = 1000;
const REFUSED = 0x80; // 3.9.3
/** CONNACK return codes (table 3.1); "server unavailable" (3) passes, the others stay. */
const REFUSALS: { readonly [code: number]: string } = {
  1: 'unacceptable protocol version',
  2: 'client id rejected',
  3: 'server unavailable',
  4: 'bad user name or password',
  5: 'not authorized',
};
const SERVER_UNAVAILABLE = 3;

export class Client {
  readonly #options: ClientOptions;
  readonly #outbox: Outbox;
  readonly #random: () => number;
  readonly #granted = new Map<string, 0 | 1 | 2>();
  #pending: PendingSubscribe[] = [];
  readonly #subscribing = new Map<number, PendingSubscribe>();
  #subscribeId = 0;
  #connection: Connection | undefined;
  #up = false;
  #stopped = false;
  #attempt = 0;
  #retry: NodeJS.Timeout | undefined;
  #dropped = 0;
  #waiters: (() => void)[] = [];
  #started: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(options: ClientOptions) {
    const window = options.window ?? DEFAULT_WINDOW;
    if (!Number.isInteger(window) || window < 1 || window > MAX_PUBLISH_ID) {
      throw new Error(`window must be an integer from 1 to ${MAX_PUBLISH_ID}, got ${window}`);
    }
    this.#options = options;
    this.#outbox = new Outbox(window, OUTBOX_WINDOWS * window);
    this.#random = options.random ?? (() => randomInt(2 ** 32) / 2 ** 32);
  }

  /** True between CONNACK and the loss of the connection. */
  get connected(): boolean {
    return this.#up;
  }
  /** QoS 0 publishes that were not sent: no connection, or a broker that does not read. */
  get dropped(): number {
    return this.#dropped;
  }
  /** QoS 1 publishes not yet acknowledged. */
  get unacked(): number {
    return this.#outbox.size;
  }
  /** Socket or window full: pause until drained(). */
  get congested(): boolean {
    return this.#outbox.full || (this.#up && this.#connection!.congested);
  }

  /** Resolves at the first accepted CONNACK; keeps trying until then. @throws when the broker refuses for ever or stop() comes first */
  start(): Promise<void> {
    if (this.#connection || this.#started) throw new Error('the client is already started');
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.#connect();
    });
  }

  /** The granted QoS per filter, 128 for a refused one. Waits for a connection; granted filters are subscribed again at each reconnect. */
  subscribe(filters: readonly SubscriptionRequest[]): Promise<number[]> {
    if (this.#stopped) return Promise.reject(new Error('the client is stopped'));
    if (this.#pending.length + this.#subscribing.size >= MAX_PENDING_SUBSCRIBES) {
      return Promise.reject(new Error(`more than ${MAX_PENDING_SUBSCRIBES} subscribes are waiting`));
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ again: false, requests: filters, resolve, reject });
      if (this.#up) this.#subscribePending();
    });
  }

  /** QoS 0: sent or dropped, nothing to wait for. QoS 1: settles at the PUBACK, across reconnects; the payload is copied. */
  publish(topic: string, payload: Uint8Array, qos: 0, retain?: boolean): undefined;
  publish(topic: string, payload: Uint8Array, qos: 1, retain?: boolean): Promise<void>;
  publish(topic: string, payload: Uint8Array, qos: 0 | 1, retain?: boolean): Promise<void> | undefined;
  publish(topic: string, payload: Uint8Array, qos: 0 | 1, retain = false): Promise<void> | undefined {
    if (topic === '' || Buffer.byteLength(topic) > MAX_TOPIC_BYTES) {
      throw new Error(`a topic has 1 to ${MAX_TOPIC_BYTES} bytes, got ${Buffer.byteLength(topic)}`);
    }
    if (qos === 1) {
      if (this.#stopped) return Promise.reject(new Error('the client is stopped'));
      const acknowledged = this.#outbox.add(topic, payload, retain);
      this.#pump();
      return acknowledged;
    }
    if (!this.#up || this.#connection!.bufferedBytes > MAX_BUFFERED_BYTES) {
      this.#dropped++;
      return undefined;
    }
    this.#connection!.packets.publish(topic, payload, 0, retain, false, 0);
    this.#connection!.flushSoon();
    return undefined;
  }

  /** Resolves when publishing makes sense again (at once when nothing is congested) or the client is stopped. */
  drained(): Promise<void> {
    if (!this.congested || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Waits up to drainMs for PUBACKs, then disconnects cleanly; publishes that are still un-acked reject. */
  async stop(drainMs = 0): Promise<void> {
    if (this.#stopped) return;
    const deadline = performance.now() + drainMs;
    while (this.#outbox.size > 0 && this.#up && performance.now() < deadline)
      await this.#settled(deadline - performance.now());
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#connection?.end(END_TIMEOUT_MS);
    const reason = 'the client was stopped before the broker answered';
    this.#outbox.abandon(reason);
    for (const { reject } of [...this.#subscribing.values(), ...this.#pending]) reject(new Error(reason));
    this.#subscribing.clear();
    this.#pending = [];
    this.#started?.reject(new Error('the client was stopped before it was connected'));
    this.#started = undefined;
    this.#wake();
  }

  #connect(): void {
    const { host, port, tls, clientId, username, password, keepAliveS = 30, cleanSession = true, will } = this.#options;
    const fields = { clientId, username, password, keepAliveS, cleanSession, will };
    const connection: Connection = new Connection({ host, port, tls }, fields, {
      connack: (returnCode) => this.#connack(connection, returnCode),
      puback: (packetId) => this.#puback(packetId),
      suback: (packetId, granted) => this.#suback(packetId, granted),
      writable: () => this.#wake(),
      message: (topic, payload, qos, retain) => this.#options.onMessage?.(topic, payload, qos, retain),
      closed: (reason) => this.#down(reason),
    });
    this.#connection = connection;
  }

  #connack(connection: Connection, returnCode: number): void {
    if (returnCode !== 0) {
      const reason = `refused: ${REFUSALS[returnCode] ?? `return code ${returnCode}`}`;
      if (returnCode !== SERVER_UNAVAILABLE && this.#started) {
        this.#started.reject(new Error(`${this.#options.host}:${this.#options.port} ${reason}`));
        this.#started = undefined;
        this.#stopped = true;
      }
      connection.close(reason);
      return;
    }
    this.#up = true;
    this.#attempt = 0;
    this.#resubscribe();
    this.#resend(connection);
    this.#started?.resolve();
    this.#started = undefined;
    this.#options.onUp?.();
    this.#wake();
  }

  #down(reason: string): void {
    const wasUp = this.#up;
    this.#up = false;
    this.#connection = undefined;
    // Asked but not answered: asked again on the next connection.
    const unanswered = [...this.#subscribing.values()].filter((subscribe) => !subscribe.again);
    this.#pending = [...unanswered, ...this.#pending];
    this.#subscribing.clear();
    if (!this.#stopped) this.#retry = setTimeout(() => this.#connect(), this.#backoffMs());
    if (wasUp || !this.#stopped) this.#options.onDown?.(reason);
    this.#wake();
  }

  /** Exponential with full jitter above a floor: ten thousand clients must not come back in the same second. */
  #backoffMs(): number {
    const ceilingMs = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** ++this.#attempt);
    return MIN_BACKOFF_MS + this.#random() * (ceilingMs - MIN_BACKOFF_MS);
  }

  #resubscribe(): void {
    const filters = [...this.#granted].map(([filter, qos]) => ({ filter, qos }));
    for (let at = 0; at < filters.length; at += FILTERS_PER_PACKET) {
      const requests = filters.slice(at, at + FILTERS_PER_PACKET);
      this.#send({ again: true, requests, resolve: () => undefined, reject: () => undefined });
    }
    this.#subscribePending();
  }

  #subscribePending(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const subscribe of pending) this.#send(subscribe);
  }

  #send(subscribe: PendingSubscribe): void {
    do this.#subscribeId = (this.#subscribeId + 1) & 0x7fff;
    while (this.#subscribing.has(this.#subscribeId | 0x8000));
    const packetId = this.#subscribeId | 0x8000;
    try {
      this.#connection!.packets.subscribe(packetId, subscribe.requests);
    } catch (error) {
      subscribe.reject(error as Error);
      return;
    }
    this.#subscribing.set(packetId, subscribe);
    this.#connection!.flushSoon();
  }

  #suback(packetId: number, granted: number[]): void {
    const subscribe = this.#subscribing.get(packetId);
    if (!subscribe) return;
    this.#subscribing.delete(packetId);
    for (const [at, { filter, qos }] of subscribe.requests.entries()) {
      if ((granted[at] ?? REFUSED) >= REFUSED) this.#granted.delete(filter);
      else this.#granted.set(filter, qos);
    }
    subscribe.resolve(granted);
  }

  #puback(packetId: number): void {
    this.#outbox.acknowledge(packetId);
    this.#pump();
    this.#wake();
  }

  /** What an earlier connection left un-acked goes first, marked as a repetition [MQTT-3.3.1-1]. */
  #resend(connection: Connection): void {
    for (const { topic, payload, retain, packetId } of this.#outbox.unacked()) {
      connection.packets.publish(topic, payload, 1, retain, true, packetId);
    }
    connection.flushSoon();
    this.#pump();
  }

  #pump(): void {
    if (!this.#up) return;
    const connection = this.#connection!;
    for (let next = this.#outbox.next(); next; next = this.#outbox.next()) {
      connection.packets.publish(next.topic, next.payload, 1, next.retain, false, next.packetId);
      connection.flushSoon();
    }
  }

  #wake(): void {
    if (this.#waiters.length === 0 || (this.congested && !this.#stopped)) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #settled(withinMs: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, Math.min(10, withinMs)));
  }
}
