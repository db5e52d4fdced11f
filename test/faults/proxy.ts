// A TCP proxy of ours between two parts of the system: it refuses, hangs, delays, narrows, slices and cuts what passes. It knows no protocol.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface Weather {
  /** New connections are reset, and those that are there. */
  readonly refuses?: boolean;
  /** Connections are accepted, bytes go nowhere. */
  readonly hangs?: boolean;
  /** Each way, ms. */
  readonly latencyMs?: number;
  /** On top of the latency, up to; [0, 1) from `random`. */
  readonly jitterMs?: number;
  readonly random?: () => number;
  /** Each way, of each connection. */
  readonly bytesPerS?: number;
  /** Bytes are handed on one by one. */
  readonly slices?: boolean;
  /** A connection is reset in the middle of the chunk in which this many bytes have passed. */
  readonly resetAfterBytes?: number;
}

/** On their way through one direction; with more, nothing is read: as a line has only so much room. */
const ROOM_BYTES = 65_536;

export class Proxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #weather: Weather = {};
  /** Since the start. */
  connections = 0;
  /** Connections that are open now, and their most. */
  mostOpen = 0;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket, targetPort));
  }

  static async start(targetPort: number): Promise<Proxy> {
    const server = createServer({ pauseOnConnect: true });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new Proxy(server, targetPort);
  }

  get open(): number {
    return this.#pairs.size;
  }

  set(weather: Weather): void {
    this.#weather = weather;
    if (weather.refuses) this.cut();
    else if (!weather.hangs) for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /** Resets every connection. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket, targetPort: number): void {
    this.connections++;
    near.on('error', () => undefined);
    if (this.#weather.refuses) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    this.mostOpen = Math.max(this.mostOpen, this.#pairs.size);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
    this.#carry(near, far);
    this.#carry(far, near);
    near.resume();
  }

  /** In order; what comes while others are on their way is late by no more than they are. */
  #carry(from: Socket, to: Socket): void {
    let [passed, underWay] = [0, 0];
    let turn = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      const cameMs = performance.now();
      underWay += chunk.length;
      if (underWay >= ROOM_BYTES) from.pause();
      turn = turn.then(async () => {
        passed += chunk.length;
        await this.#pass(chunk, to, passed, cameMs);
        underWay -= chunk.length;
        if (!this.#weather.hangs && underWay < ROOM_BYTES) from.resume();
      });
    });
    from.on('end', () => void turn.then(() => to.end()));
  }

  async #pass(chunk: Buffer, to: Socket, passed: number, cameMs: number): Promise<void> {
    const { latencyMs = 0, jitterMs = 0, random, bytesPerS, slices, resetAfterBytes } = this.#weather;
    const lateMs = latencyMs + jitterMs * (random?.() ?? 0) - (performance.now() - cameMs);
    const waitMs = Math.max(lateMs, 0) + (bytesPerS ? (chunk.length / bytesPerS) * 1000 : 0);
    if (waitMs >= 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    while (this.#weather.hangs && !to.destroyed) await new Promise((resolve) => setTimeout(resolve, 50));
    if (to.destroyed) return;
    if (resetAfterBytes !== undefined && passed >= resetAfterBytes) {
      to.write(chunk.subarray(0, chunk.length >> 1), () => to.resetAndDestroy());
      return;
    }
    if (!slices) {
      if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => undefined); // reset meanwhile
      return;
    }
    for (let at = 0; at < chunk.length && !to.destroyed; at++) {
      to.write(chunk.subarray(at, at + 1));
      // Otherwise the kernel puts them together again.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
