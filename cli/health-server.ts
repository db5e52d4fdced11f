// Health and metrics over HTTP for the services that have no API of their own: /healthz, /readyz, /metrics.
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HealthServer {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

/** metrics: in Prometheus' text format. ready: false answers /readyz with 503. */
export async function startHealthServer(options: {
  readonly host: string;
  readonly port: number;
  readonly ready: () => boolean;
  readonly metrics: () => string;
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === '/healthz') response.end('ok\n');
    else if (path === '/readyz')
      response.writeHead(options.ready() ? 200 : 503).end(options.ready() ? 'ready\n' : 'not ready\n');
    else if (path === '/metrics')
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(options.metrics());
    else response.writeHead(404).end();
  });
  server.requestTimeout = 10_000;
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

/** Counts since the start of the part, as `citytwin_{part}_{name}_total`. */
export function countersText(part: string, counters: object): string {
  const lines = Object.entries(counters).flatMap(([name, value]: [string, unknown]) => {
    const metric = `citytwin_${part}_${name.replace(/[A-Z]/g, '_$&').toLowerCase()}_total`;
    return typeof value === 'number' ? [`# TYPE ${metric} counter`, `${metric} ${value}`] : [];
  });
  return `${lines.join('\n')}\n`;
}
