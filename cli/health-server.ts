// Health and metrics over HTTP for the services that have no API of their own: /healthz, /readyz, /metrics. Whether it lives may be asked by
// everyone; numbers are for this machine, by a name of its own, and for tokens.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Accounts } from '../api/access/accounts.ts';
import { createListener } from '../api/http-listener.ts';
import type { TlsMaterial } from '../api/http-listener.ts';
import type { Logger } from '../api/logger.ts';
import { isLoopback } from '../telemetry/loopback.ts';

export interface HealthServer {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  /** False answers /readyz with 503. */
  readonly ready: () => boolean;
  /** A line below the answer of /readyz, or nothing. */
  readonly detail?: () => string;
  /** In Prometheus' text format. */
  readonly metrics: () => string;
  readonly log: Logger;
  /** Absent: HTTP without TLS. */
  readonly tls?: TlsMaterial;
  /** Whose tokens may read the metrics from elsewhere; absent: nobody's. */
  readonly accounts?: Pick<Accounts, 'bearer'>;
}

const HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };

export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(request, response, options).catch(() => response.destroy());
  const server = createListener(listener, options.tls, options.log);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: HealthOptions): Promise<void> {
  const say = (status: number, text: string, type = 'text/plain'): void =>
    void response.writeHead(status, { ...HEADERS, 'content-type': type }).end(text);
  const path = request.url?.split('?', 1)[0];
  if (path === '/healthz') say(200, 'ok\n');
  else if (path === '/readyz')
    say(options.ready() ? 200 : 503, `${options.ready() ? 'ready' : 'not ready'}\n${options.detail?.() ?? ''}`);
  else if (path !== '/metrics') say(404, 'not found\n');
  else if (await mayRead(request, options)) say(200, options.metrics(), 'text/plain; version=0.0.4');
  else say(401, 'send a token: Authorization: Bearer …\n');
}

async function mayRead({ socket, headers }: IncomingMessage, { accounts }: HealthOptions): Promise<boolean> {
  // A page elsewhere can reach loopback through DNS rebinding, but by its own name only.
  const name = headers.host?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1') ?? '';
  if (isLoopback(socket.remoteAddress ?? '') && isLoopback(name)) return true;
  const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return token !== undefined && (await accounts?.bearer(token)) !== undefined;
}

/** Counts since the start of the part, as `citytwin_{part}_{name}_total`. */
export function countersText(part: string, counters: object): string {
  const lines = Object.entries(counters).flatMap(([name, value]: [string, unknown]) => {
    const metric = `citytwin_${part}_${name.replace(/[A-Z]/g, '_$&').toLowerCase()}_total`;
    return typeof value === 'number' ? [`# TYPE ${metric} counter`, `${metric} ${value}`] : [];
  });
  return `${lines.join('\n')}\n`;
}
