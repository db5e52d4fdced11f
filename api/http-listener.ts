// The socket side of the HTTP server: with or without TLS, how long a request may take to come in, how many connections there may be.
// Certificates that change take effect without a restart.
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';

/** Certificate and key. */
export interface TlsMaterial {
  readonly options: SecureContextOptions;
  onChange(listener: (options: SecureContextOptions) => void): void;
}

/** A request must have come in by then; slow headers and bodies are an attack. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** How often that is looked at: Node's own 30 s would double it. */
const LOOK_EVERY_MS = 2000;
/** Longer than the longest wait for an ack. */
const IDLE_TIMEOUT_MS = 75_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 2000;
const MIN_TLS_VERSION = 'TLSv1.2'; // RFC 8996

export function createListener(listener: RequestListener, tls: TlsMaterial | undefined): Server {
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    connectionsCheckingInterval: LOOK_EVERY_MS,
  };
  const server = tls ? createSecure(listener, tls, limits) : createServer(limits, listener);
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.maxConnections = MAX_CONNECTIONS;
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
