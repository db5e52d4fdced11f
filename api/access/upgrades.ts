// Upgrades to WebSockets: who may have one is decided before the 101, and again every minute and whenever users change. What is spoken
// inside is the business of who serves the path.
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { networkOf } from '../../telemetry/network.ts';
import { pathOf } from '../guard.ts';
import type { Guard } from '../guard.ts';
import { Problem } from '../problems.ts';
import type { Upgrade } from '../server.ts';
import type { Admitted, Gate } from './gate.ts';

/** The broker counts those that come for MQTT itself. */
const LIVE_PATH = '/live';
const WINDOW_MS = 10_000;
const MAX_IN_WINDOW = 200;
const MAX_ADDRESSES = 10_000;
const RECHECK_MS = 60_000;

export interface Upgrades {
  /** By path. */
  readonly paths: Map<string, Upgrade>;
  /** Sockets that have been upgraded. */
  readonly sockets: ReadonlySet<Duplex>;
  readonly take: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  close(): void;
}

export function createUpgrades(guard: Guard, gate: Gate, recheckMs = RECHECK_MS): Upgrades {
  const paths = new Map<string, Upgrade>();
  const sockets = new Set<Duplex>();
  const admittedOn = new Map<Duplex, Admitted>();
  const counts = new Map<string, number>();
  const forgetting = setInterval(() => counts.clear(), WINDOW_MS).unref();

  const recheck = (): void => {
    for (const [socket, admitted] of admittedOn) if (!gate.isCurrent(admitted)) socket.destroy();
  };
  const rechecking = setInterval(recheck, recheckMs).unref();
  gate.accounts?.onChange(recheck);

  const judge = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const path = pathOf(request);
    const upgrade = paths.get(path);
    if (path === LIVE_PATH && isTooOften(counts, networkOf(request.socket.remoteAddress ?? '')))
      throw new Problem(429, 'too often');
    if (!upgrade) throw new Problem(404, `nothing is served at ${path}`);
    const refusal = guard.refusal(path, request.headers);
    if (refusal !== undefined) throw new Problem(403, refusal);
    const admitted = await gate.admit('GET', path, request.headers);
    if (socket.destroyed) return;
    sockets.add(socket);
    if (admitted) admittedOn.set(socket, admitted);
    socket.on('close', () => {
      sockets.delete(socket);
      admittedOn.delete(socket);
    });
    upgrade(request, socket, head);
  };
  return {
    paths,
    sockets,
    take(request, socket, head) {
      // Without a listener an error of this socket would end the process.
      socket.on('error', () => socket.destroy());
      judge(request, socket, head).catch((error: unknown) =>
        refuse(socket, error instanceof Problem ? error : undefined),
      );
    },
    close() {
      clearInterval(forgetting);
      clearInterval(rechecking);
    },
  };
}

function isTooOften(counts: Map<string, number>, address: string): boolean {
  const count = (counts.get(address) ?? 0) + 1;
  if (counts.size < MAX_ADDRESSES || counts.has(address)) counts.set(address, count);
  return count > MAX_IN_WINDOW;
}

function refuse(socket: Duplex, problem: Problem | undefined): void {
  const status = problem?.statusCode ?? 500;
  const retry = status === 429 ? `Retry-After: ${WINDOW_MS / 1000}\r\n` : '';
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${retry}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}
