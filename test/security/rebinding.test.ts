// A page elsewhere whose name is made to lead to this machine: `citytwin broker` without credentials answers by names of its own only.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
let broker: ChildProcess;
let url: URL;

beforeAll(async () => {
  broker = spawn(process.execPath, [launcher, 'broker', '--json', '--port', '0', '--mqtt-port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface(broker.stdout!), 'line')) as [string];
  url = new URL((JSON.parse(line) as { http: string }).http);
}, 30_000);
afterAll(async () => {
  broker.kill();
  await once(broker, 'exit');
});

function statusOf(path: string, headers: { [name: string]: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { headers, agent: false });
    const answered = (response: IncomingMessage): void => {
      resolve(response.statusCode!);
      asked.destroy();
    };
    asked.on('response', answered).on('upgrade', answered).on('error', reject).end();
  });
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'sec-websocket-protocol': 'mqtt',
};

it.each([
  ['a page of this machine', 'localhost', 'http://localhost', 101],
  ['a program that says no Origin', '127.0.0.1', undefined, 101],
  ['a page elsewhere', 'localhost', 'http://evil.example', 403],
  ['a page elsewhere by its own name', 'evil.example', 'http://evil.example', 403],
  ['a program by a foreign name', 'evil.example', undefined, 403],
])('MQTT over WebSocket for %s', async (_, name, page, expected) => {
  const headers = { ...UPGRADE, host: `${name}:${url.port}`, ...(page && { origin: `${page}:${url.port}` }) };
  expect(await statusOf('/mqtt', headers)).toBe(expected);
});

it.each([
  ['localhost', 200],
  ['[::1]', 200],
  ['127.0.0.1.evil.example', 401],
  ['evil.example', 401],
])('the metrics under the name %s: %d', async (name, expected) => {
  expect(await statusOf('/metrics', { host: `${name}:${url.port}` })).toBe(expected);
  expect(await statusOf('/readyz', { host: `${name}:${url.port}` })).toBe(200);
});
