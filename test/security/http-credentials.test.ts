// An HTTP address that knows passwords: what counts as yes, and that everything else lets nobody in.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Busy } from '../../broker/credential-source.ts';
import { createCredentials } from '../../broker/credentials.ts';
import { HttpSource } from '../../broker/http-credentials.ts';
import { log, start } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';

const FROM = { address: '192.0.2.7', clientId: 'door/d-1' };
const PASSWORD = Buffer.from('geheim');
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Answer = (asked: object, response: ServerResponse) => void;

async function startAddress(answer: Answer): Promise<{ url: string; asked: object[] }> {
  const asked: object[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      asked.push(JSON.parse(text) as object);
      answer(asked.at(-1)!, response);
    });
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/check`, asked };
}

const yes = (response: ServerResponse, answer: object): void => void response.end(JSON.stringify(answer));

describe('an address that knows passwords', () => {
  it('is asked with all that is known, and says who it is', async () => {
    const { url, asked } = await startAddress((_, response) => yes(response, { role: 'integrator', kinds: ['door'] }));
    const source = new HttpSource({ url, log });
    const identity = await source.verify('acme', PASSWORD, FROM);
    expect(identity).toEqual({ name: 'acme', roles: ['integrator'], kinds: ['door'] });
    expect(asked).toEqual([{ name: 'acme', password: 'geheim', clientId: 'door/d-1', address: '192.0.2.7' }]);
  });

  it('is asked once a minute for the same, and again for another password, id or address', async () => {
    let nowMs = 0;
    const { url, asked } = await startAddress((_, response) => yes(response, { role: 'viewer' }));
    const source = new HttpSource({ url, log, nowMs: () => nowMs });
    const first = await source.verify('ann', PASSWORD, FROM);
    expect(await source.verify('ann', PASSWORD, FROM)).toBe(first);
    expect(source.recall('ann', PASSWORD, FROM)).toBe(first);
    expect(asked).toHaveLength(1);
    await source.verify('ann', Buffer.from('other'), FROM);
    await source.verify('ann', PASSWORD, { ...FROM, clientId: 'x' });
    await source.verify('ann', PASSWORD, { ...FROM, address: '192.0.2.8' });
    expect(asked).toHaveLength(4);
    nowMs += 60_001;
    await source.verify('ann', PASSWORD, FROM);
    expect(asked).toHaveLength(5);
  });

  it.each([401, 403, 404])('says no by %i, for a few seconds', async (status) => {
    let nowMs = 0;
    const { url, asked } = await startAddress((_, response) => void response.writeHead(status).end());
    const source = new HttpSource({ url, log, nowMs: () => nowMs });
    expect(await source.verify('ann', PASSWORD, FROM)).toBeUndefined();
    expect(await source.verify('ann', PASSWORD, FROM)).toBeUndefined();
    expect(asked).toHaveLength(1);
    nowMs += 5001;
    expect(await source.verify('ann', PASSWORD, FROM)).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  const unclear: [string, Answer][] = [
    ['an error of its own', (_, response) => void response.writeHead(500).end()],
    ['too many questions', (_, response) => void response.writeHead(429).end()],
    ['an answer that never comes', () => undefined],
    ['an answer that breaks off', (_, response) => void response.destroy()],
    ['another address', (_, response) => void response.writeHead(302, { location: '/yes' }).end()],
    ['201', (_, response) => void response.writeHead(201).end('{"role":"admin"}')],
    ['no JSON', (_, response) => void response.end('yes')],
    ['null', (_, response) => void response.end('null')],
    ['no role', (_, response) => yes(response, {})],
    ['a role that is none', (_, response) => yes(response, { role: 'boss' })],
    ['kinds that are none', (_, response) => yes(response, { role: 'gateway', kinds: 'all' })],
    ['more than an answer is', (_, response) => void response.end(`{"role":"admin","x":"${'x'.repeat(10_000)}"}`)],
  ];
  it.each(unclear)('lets nobody in with %s', async (_, answer) => {
    const { url } = await startAddress(answer);
    const source = new HttpSource({ url, log, timeoutMs: 200 });
    await expect(source.verify('ann', PASSWORD, FROM)).rejects.toThrow(Busy);
  });

  it('lets nobody in when it is not there', async () => {
    const { url } = await startAddress(() => undefined);
    servers.splice(0).forEach((server) => server.close());
    await expect(new HttpSource({ url, log }).verify('ann', PASSWORD, FROM)).rejects.toThrow(Busy);
  });
});

describe('CONNECT behind such an address', () => {
  it('is no (4), later (3) or yes (0), bound to the id, and names of the file are not asked about', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'citytwin-http-'));
    const { url, asked } = await startAddress((question, response) => {
      const { password } = question as { password: string };
      if (password === 'geheim') yes(response, { role: 'device' });
      else response.writeHead(password === 'broken' ? 503 : 401).end();
    });
    const credentials = await createCredentials(folder, { further: [new HttpSource({ url, log })] });
    const broker = await start({ credentials });
    const codeOf = async (password: string, clientId = 'door/d-1', username = 'door/d-1') =>
      (await Wire.connected(broker.port, { username, password, clientId })).returnCode;
    expect(await codeOf('geheim')).toBe(0);
    expect(await codeOf('geheim', 'door/d-2')).toBe(5);
    expect(await codeOf('wrong')).toBe(4);
    expect(await codeOf('broken')).toBe(3);
    const questions = asked.length;
    expect(await codeOf('geheim', 'viewer', 'viewer')).toBe(4);
    expect(asked).toHaveLength(questions);
    credentials.close?.();
    rmSync(folder, { recursive: true });
  });
});
