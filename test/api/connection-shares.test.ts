// One address cannot have all connections of the HTTP port, and its silent ones give way to those that ask.
import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createSecureServer, get } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { CONNECTION_LIMITS, shareConnections } from '../../api/connection-shares.ts';

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});

const limits = { ofAddress: 2, ofThisMachine: 3, all: 10 };

/** → its port, and the addresses whose connections were ended */
async function serve(server: Server, of = limits): Promise<{ port: number; ended: string[] }> {
  const ended: string[] = [];
  shareConnections(server, of, (address) => ended.push(address));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, ended };
}

async function silent(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  cleanUp.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket.resume();
}

it('a newcomer is answered although its address has as many silent connections as it may', async () => {
  const { port, ended } = await serve(createServer((_, response) => response.end('here')));
  const first = await silent(port);
  const others = [await silent(port), await silent(port)];
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('here');
  if (!first.closed) await once(first, 'close');
  expect(others.map(({ closed }) => closed)).toEqual([false, false]);
  expect(ended).toEqual(['127.0.0.1']);
});

it('behind TLS too, where a silent connection has not even begun its handshake', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-shares-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', [...made, '-keyout', key, '-out', cert, '-subj', '/CN=localhost'], { stdio: 'ignore' });
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
    response.end(),
  );
  rmSync(folder, { recursive: true });
  const { port } = await serve(server);
  const first = await silent(port);
  await silent(port);
  await silent(port);
  const ask = () => get({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false });
  const [response] = await once(ask(), 'response');
  expect(response.statusCode).toBe(200);
  if (!first.closed) await once(first, 'close');
});

it('what is in use is not ended: then the newcomer is refused', async () => {
  let asked = 0;
  const server = createServer(() => void asked++); // never answers
  const { port, ended } = await serve(server);
  server.on('upgrade', () => asked++);
  const used = await Promise.all([silent(port), silent(port), silent(port)]);
  used[0].write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  for (const socket of used.slice(1)) socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await vi.waitFor(() => expect(asked).toBe(3));
  const late = await silent(port);
  if (!late.closed) await once(late, 'close');
  expect(used.map(({ closed }) => closed)).toEqual([false, false, false]);
  expect(ended).toHaveLength(1);
});

it('a connection that was answered waits for its next request like the others', async () => {
  const { port } = await serve(
    createServer((_, response) => response.end('here')),
    { ...limits, ofThisMachine: 1 },
  );
  for (let round = 0; round < 3; round++) {
    const socket = await silent(port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
  }
});

it('each address has its own share, and this machine one together', () => {
  const server = new EventEmitter();
  const ended: string[] = [];
  shareConnections(server as Server, limits, (address) => ended.push(address));
  const come = (remoteAddress: string, remotePort: number) => {
    const socket = Object.assign(new EventEmitter(), { remoteAddress, remotePort, destroy: () => undefined });
    server.emit('connection', socket);
    return socket;
  };
  const first = come('192.0.2.1', 1);
  for (const port of [2, 3]) come('192.0.2.1', port);
  for (const port of [1, 2]) come('192.0.2.2', port);
  expect(ended).toEqual(['192.0.2.1']);
  first.emit('close'); // it has left its place already
  come('192.0.2.1', 4);
  expect(ended).toEqual(['192.0.2.1', '192.0.2.1']);
  for (const address of ['127.0.0.1', '127.0.0.2', '::1', '::ffff:127.0.0.1']) come(address, 9);
  expect(ended.slice(2)).toEqual(['::ffff:127.0.0.1']);
  const { ofAddress, ofThisMachine, all } = CONNECTION_LIMITS;
  expect(ofAddress + ofThisMachine).toBeLessThanOrEqual(all);
});
