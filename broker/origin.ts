// Where a client of the broker comes from: its address, and who its certificate says it is. It judges nothing.
import type { Client } from 'aedes';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface Origin {
  readonly address: string | undefined;
  /** Common name of a certificate that one of ours has signed. */
  readonly certificateName: string | undefined;
}

export function originOf(client: Client): Origin {
  // A WebSocket's address is that of its request.
  const request = client.req;
  const socket = (request?.socket ?? client.conn) as Socket;
  return { address: socket.remoteAddress, certificateName: certificateName(client.conn) };
}

function certificateName(stream: unknown): string | undefined {
  if (!(stream instanceof TLSSocket) || !stream.authorized) return undefined;
  const name = stream.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined; // several names are none
}
