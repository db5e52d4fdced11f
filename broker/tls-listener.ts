// Listens for MQTT over TLS: the version, who must show a certificate, and certificates that change while we run. What is said inside is the
// broker's business like everywhere else.
import type { Server } from 'node:net';
import { createServer } from 'node:tls';
import type { SecureContextOptions, TLSSocket } from 'node:tls';

/** Certificate and key, and whose client certificates are believed (`ca`). */
export interface TlsMaterial {
  readonly options: SecureContextOptions;
  onChange(listener: (options: SecureContextOptions) => void): void;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Below, protocols are broken: RFC 8996. */
const MIN_TLS_VERSION = 'TLSv1.2';

/** onRefused: of a client that TLS did not let in, by cause */
export function createTlsServer(
  material: TlsMaterial,
  handle: (stream: TLSSocket) => void,
  onRefused: (cause: 'tls' | 'client-certificate') => void,
): Server {
  const { options } = material;
  const asksForCertificate = options.ca !== undefined;
  const server = createServer(
    {
      ...options,
      minVersion: MIN_TLS_VERSION,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert: asksForCertificate,
      // Who has none may have a password; who shows a bad one is refused below.
      rejectUnauthorized: false,
      noDelay: true,
    },
    (socket) => {
      socket.disableRenegotiation();
      if (asksForCertificate && !socket.authorized && showsCertificate(socket)) {
        onRefused('client-certificate');
        socket.destroy();
      } else handle(socket);
    },
  );
  server.on('tlsClientError', (_error, socket) => {
    onRefused('tls');
    socket.destroy();
  });
  material.onChange((fresh) => server.setSecureContext({ ...fresh, minVersion: MIN_TLS_VERSION }));
  return server;
}

function showsCertificate(socket: TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate()).length > 0;
}
