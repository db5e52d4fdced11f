// An HTTP server of ours in front of an InfluxDB 1.x: it hands everything on, and answers writes as it is told: busy, for the line that it
// dislikes, or late. It counts what it is asked.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Mood {
  /** Writes are answered with it and not handed on. */
  readonly status?: 429 | 503;
  /** Header Retry-After, whole seconds. */
  readonly retryAfterS?: number;
  /** A write that has a line with this text is refused whole, with 400. */
  readonly dislikes?: string;
  /** Writes are handed on after this. */
  readonly lateMs?: number;
}

export class StoreFront {
  readonly url: string;
  readonly #server: Server;
  readonly #target: URL;
  #mood: Mood = {};
  #open = 0;
  /** Requests to write since the last `set`. */
  writes = 0;
  mostWritesAtOnce = 0;
  /** When they came, monotonic ms. */
  writesAtMs: number[] = [];

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = new URL(target);
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (incoming, response) => void this.#handle(incoming, response).catch(() => response.destroy()));
  }

  static async start(target: string): Promise<StoreFront> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new StoreFront(server, target);
  }

  set(mood: Mood): void {
    this.#mood = mood;
    this.writes = 0;
    this.mostWritesAtOnce = 0;
    this.writesAtMs = [];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    if (!incoming.url!.startsWith('/write')) {
      this.#handOn(incoming, body, response);
      return;
    }
    this.writes++;
    this.writesAtMs.push(performance.now());
    this.mostWritesAtOnce = Math.max(this.mostWritesAtOnce, ++this.#open);
    response.once('close', () => this.#open--);
    const { status, retryAfterS, dislikes, lateMs = 0 } = this.#mood;
    if (lateMs > 0) await new Promise((resolve) => setTimeout(resolve, lateMs));
    if (status !== undefined) {
      if (retryAfterS !== undefined) response.setHeader('retry-after', retryAfterS);
      response.writeHead(status).end('{"error":"busy"}\n');
    } else if (dislikes !== undefined && textOf(incoming, body).includes(dislikes)) {
      response.writeHead(400).end('{"error":"partial write: this line cannot be stored dropped=1"}\n');
    } else this.#handOn(incoming, body, response);
  }

  #handOn(incoming: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { hostname, port } = this.#target;
    const { method, url, headers } = incoming;
    const onwards = request({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onwards.on('error', () => response.destroy());
    onwards.end(body);
  }
}

function textOf({ headers }: IncomingMessage, body: Buffer): string {
  return (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('latin1');
}
