// Opens one device's byte stream: TCP, TLS or WebSocket. A TCP socket reads into one buffer that all devices of a thread share and calls
// module functions with the socket as `this`, so a connection costs no closure and no buffer of its own. It speaks no MQTT.
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { WebSocket, createWebSocketStream } from 'ws';
import type { Target } from './plan.ts';

export interface LinkOwner {
  /** The stream carries bytes: time for CONNECT. */
  opened(): void;
  /** bytes[0…length) hold only during the call. */
  read(bytes: Buffer, length: number): void;
  /** Once, last. */
  closed(link: Link, cause: string): void;
}

export interface Link {
  readonly stream: Duplex;
  /** A write that left at once (writableLength is 0 after it) needs its bytes no more. */
  readonly plain: boolean;
}

type Owned = Duplex & { owner: LinkOwner; link: Link; cause?: string };

const READ_BYTES = 262_144;
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

export function openLink(target: Target, address: string, device: number, owner: LinkOwner): Link {
  const plain = target.transport === 'tcp';
  const stream = plain
    ? openTcp(target, address, device)
    : target.transport === 'tls'
      ? openTls(target, address, device)
      : openWebSocket(target, address, device, owner);
  (stream as Owned).owner = owner;
  if (!plain) stream.on('data', onData);
  stream.on('error', onError);
  stream.on('close', onClose);
  const link = { stream, plain };
  (stream as Owned).link = link;
  return link;
}

function sourceOf(target: Target, device: number): { localAddress?: string } {
  const { sources } = target;
  return sources.length === 0 ? {} : { localAddress: sources[device % sources.length]! };
}

function openTcp(target: Target, address: string, device: number): Socket {
  const onread = { buffer: shared, callback: onRead };
  const options = { host: address, port: target.port, noDelay: true, onread, ...sourceOf(target, device) };
  return connectTcp(options).on('connect', onOpen);
}

const contexts = new WeakMap<Target, SecureContext>();

/** One for all devices of a thread: reading certificates takes longer than a handshake's other work. */
function contextOf(target: Target): SecureContext {
  const known = contexts.get(target);
  if (known) return known;
  const { ca, cert, key } = target;
  const context = createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  contexts.set(target, context);
  return context;
}

function tlsOptions(target: Target): object {
  const { host, insecure } = target;
  // An address is no server name [RFC 6066, 3].
  const servername = isIP(host) ? {} : { servername: host };
  return { ...servername, secureContext: contextOf(target), rejectUnauthorized: !insecure };
}

function openTls(target: Target, address: string, device: number): Socket {
  const options = { host: address, port: target.port, ...tlsOptions(target), ...sourceOf(target, device) };
  return connectTls(options).setNoDelay(true).on('secureConnect', onOpen);
}

function openWebSocket(target: Target, address: string, device: number, owner: LinkOwner): Duplex {
  const { transport, host, port, path } = target;
  const url = `${transport}://${authority(address, port)}${path}`;
  const options = { headers: { Host: authority(host, port) }, perMessageDeflate: false };
  const security = transport === 'wss' ? tlsOptions(target) : {};
  const socket = new WebSocket(url, 'mqtt', { ...options, ...security, ...sourceOf(target, device) });
  socket.once('open', () => owner.opened());
  return createWebSocketStream(socket);
}

function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function onOpen(this: Socket): void {
  (this as unknown as Owned).owner.opened();
}

/** `this` is the socket: Node calls the function as its method. */
function onRead(this: unknown, length: number, bytes: Uint8Array): boolean {
  (this as Owned).owner.read(bytes as Buffer, length);
  return true;
}

function onData(this: Duplex, chunk: Buffer): void {
  (this as Owned).owner.read(chunk, chunk.length);
}

function onError(this: Duplex, error: NodeJS.ErrnoException): void {
  (this as Owned).cause ??= error.code ?? error.message;
  this.destroy();
}

function onClose(this: Duplex): void {
  const { owner, link, cause } = this as Owned;
  owner.closed(link, cause ?? 'closed by the broker');
}
