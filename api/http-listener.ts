// The socket side of the HTTP server: with or without TLS, how long a request may take to come in. Certificates that change take
// effect without a restart. How many connections there may be is in connection-shares.ts.
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { CONNECTION_LIMITS, shareConnections } from './connection-shares.ts';
import type { Logger } from './logger.ts';

/** Certificate and key. */
export interface TlsMaterial {
  readonly options: SecureContextOptions;
  onChange(listener: (options: SecureContextOptions) => void): void;
}

/** A request must have come in by then, the first one counted from the connection on; slow headers and bodies are an attack. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** How often that is looked at: Node's own 30 s would double it. */
const LOOK_EVERY_MS = 2000;
/** Longer than the longest wait for an ack. */
const IDLE_TIMEOUT_MS = 75_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A flood must not fill the log. */
const LOG_EVERY_MS = 10_000;
const MIN_TLS_VERSION = 'TLSv1.2'; // RFC 8996

export function createListener(
  listener: RequestListener,
  tls: TlsMaterial | undefined,
  log: Pick<Logger, 'warn'>,
): Server {
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    connectionsCheckingInterval: LOOK_EVERY_MS,
  };
  const server = tls ? createSecure(listener, tls, limits) : createServer(limits, listener);
  server.setTimeout(IDLE_TIMEOUT_MS);
  shareConnections(server, CONNECTION_LIMITS, counted(log));
  return server;
}

function createSecure(listener: RequestListener, tls: TlsMaterial, limits: object): Server {
  const { ca: _forClientsOfMqtt, ...own } = tls.options;
  const server = createSecureServer(
    { ...own, ...limits, minVersion: MIN_TLS_VERSION, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
    listener,
  );
  tls.onChange(({ ca: _ca, ...fresh }) => server.setSecureContext({ ...fresh, minVersion: MIN_TLS_VERSION }));
  return server;
}

function counted(log: Pick<Logger, 'warn'>): (address: string) => void {
  let count = 0;
  let loggedMs = -Infinity;
  return (address) => {
    count++;
    const nowMs = performance.now();
    if (nowMs - loggedMs < LOG_EVERY_MS) return;
    loggedMs = nowMs;
    log.warn({ audit: 'refused', cause: 'too-many-connections', count, address }, 'http: connections were ended');
  };
}
