// How many connections one address may have at the HTTP port, so that nobody has them all. A newcomer takes the place of the connection of its
// own address that has asked nothing for longest; where all are in use it is refused. How long one may be silent is in http-listener.ts.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isLoopback } from '../telemetry/loopback.ts';
import { networkOf } from '../telemetry/network.ts';

export interface ConnectionLimits {
  readonly ofAddress: number;
  /** All who come from this machine together: a proxy in front brings many, others keep the rest. */
  readonly ofThisMachine: number;
  readonly all: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = { ofAddress: 500, ofThisMachine: 1500, all: 2000 };
const THIS_MACHINE = 'this machine';

interface Share {
  readonly open: Set<Socket>;
  /** Those of them that wait for a request, longest first. */
  readonly idle: Set<Socket>;
}

/** onEnded: a connection of that address was refused, or ended to make room. */
export function shareConnections(server: Server, limits: ConnectionLimits, onEnded: (address: string) => void): void {
  const shares = new Map<string, Share>();
  // Above TLS there is another socket, with the same other end.
  const byOtherEnd = new Map<string, { share: Share; socket: Socket }>();

  const leave = (key: string, share: Share, socket: Socket): void => {
    share.idle.delete(socket);
    if (share.open.delete(socket) && share.open.size === 0) shares.delete(key);
  };

  const enter = (socket: Socket): void => {
    const address = socket.remoteAddress ?? '';
    const key = isLoopback(address) ? THIS_MACHINE : networkOf(address);
    const share = shares.get(key) ?? { open: new Set(), idle: new Set() };
    if (share.open.size >= (key === THIS_MACHINE ? limits.ofThisMachine : limits.ofAddress)) {
      onEnded(address);
      const [longestIdle] = share.idle;
      if (!longestIdle) return void socket.destroy();
      leave(key, share, longestIdle);
      longestIdle.destroy();
    }
    shares.set(key, share);
    share.open.add(socket);
    share.idle.add(socket);
    const otherEnd = otherEndOf(socket);
    byOtherEnd.set(otherEnd, { share, socket });
    socket.once('close', () => {
      leave(key, share, socket);
      if (byOtherEnd.get(otherEnd)?.socket === socket) byOtherEnd.delete(otherEnd);
    });
  };

  const busy = (request: IncomingMessage, response?: ServerResponse): void => {
    const found = byOtherEnd.get(otherEndOf(request.socket));
    if (!found) return;
    const { share, socket } = found;
    share.idle.delete(socket);
    response?.once('close', () => {
      if (share.open.has(socket)) share.idle.add(socket);
    });
  };

  server.maxConnections = limits.all;
  server.on('connection', enter);
  server.on('drop', (dropped) => onEnded(dropped?.remoteAddress ?? ''));
  server.on('request', busy);
  server.on('upgrade', (request) => busy(request));
}

function otherEndOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
