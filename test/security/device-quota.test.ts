// A single device that publishes more than its quota is read more slowly; it loses nothing, and nobody else waits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Credentials } from '../../broker/credential-source.ts';
import { loadCredentials } from '../../broker/credentials.ts';
import { Quotas } from '../../broker/quota.ts';
import { addUser } from '../../broker/users.ts';
import { start, until } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';

const PER_S = 20;
const AT_ONCE = 10;
const PUBACK = 4;
const folder = mkdtempSync(join(tmpdir(), 'citytwin-quota-'));
const passwords = new Map<string, string>();
let credentials: Credentials;

beforeAll(async () => {
  for (const name of ['door/loud', 'door/calm'])
    passwords.set(name, (await addUser(folder, { name, role: 'device' }))!);
  passwords.set('gateway', (await addUser(folder, { name: 'gateway', role: 'gateway' }))!);
  credentials = await loadCredentials(folder);
});
afterAll(() => {
  credentials.close?.();
  rmSync(folder, { recursive: true });
});

const broker = () => start({ credentials, limits: { devicePublishesPerS: PER_S, devicePublishesAtOnce: AT_ONCE } });

const connected = (port: number, name: string): Promise<Wire> =>
  Wire.connected(port, { clientId: name, username: name, password: passwords.get(name)!, keepAliveS: 1 });

/** In one piece. */
function send(wire: Wire, device: string, count: number, qos: 0 | 1 = 1): void {
  for (let at = 1; at <= count; at++)
    wire.writer.publish(`city/wuxi/door/${device}/telemetry`, Buffer.from('{}'), qos, false, false, at);
  wire.send();
}

/** → when all were acknowledged */
async function publish(wire: Wire, device: string, count: number): Promise<void> {
  const before = wire.ofType(PUBACK).length;
  send(wire, device, count);
  await wire.until(() => wire.ofType(PUBACK).length === before + count);
}

it('a device over its quota is read when it has grown again, acknowledged in full, and its connection lives on', async () => {
  const { port, frames } = await broker();
  const loud = await connected(port, 'door/loud');
  const fromMs = performance.now();
  await publish(loud, 'loud', 50);
  await publish(loud, 'loud', 1);
  // Forty more than it had at once: two seconds, longer than one and a half of its keep-alives.
  expect(performance.now() - fromMs).toBeGreaterThan(2000);
  expect(loud.closed).toBe(false);
  expect(frames).toHaveLength(51);
});

it('at QoS 0 too', async () => {
  const { port } = await broker();
  const loud = await connected(port, 'door/loud');
  const fromMs = performance.now();
  send(loud, 'loud', 40, 0);
  await publish(loud, 'loud', 1);
  expect(performance.now() - fromMs).toBeGreaterThan(1500);
});

it('nobody else waits for it, and who speaks for many has no such quota', async () => {
  const { port } = await broker();
  const loud = await connected(port, 'door/loud');
  await publish(loud, 'loud', 200);
  send(loud, 'loud', 1);
  await publish(await connected(port, 'door/calm'), 'calm', AT_ONCE);
  const gateway = await connected(port, 'gateway');
  for (let round = 0; round < 20; round++) await publish(gateway, `d-${round}`, 50);
  // Nobody waited for its ten seconds.
  expect(loud.ofType(PUBACK)).toHaveLength(200);
});

it.each([
  ['after its connection has ended', (wire: Wire) => void wire.socket.resetAndDestroy()],
  ['in place of its own connection', () => undefined],
])('a device over its quota gains nothing by coming again %s', async (_, end) => {
  const started = await broker();
  const { port } = started;
  const first = await connected(port, 'door/loud');
  const fromMs = performance.now();
  await publish(first, 'loud', 30);
  end(first);
  if (first.socket.destroyed) await until(() => started.counters().clients === 0);
  const second = await connected(port, 'door/loud');
  expect(second.returnCode).toBe(0);
  await publish(second, 'loud', 1);
  // Twenty-one more than it had at once.
  expect(performance.now() - fromMs).toBeGreaterThan(1000);
});

it('of devices that have gone those are remembered that would come back over their quota or near it', () => {
  const quotas = new Quotas(PER_S, AT_ONCE);
  const comeAndGo = (name: string, nowMs: number, publishes: number): void => {
    const quota = quotas.come(name, nowMs);
    for (let at = 0; at < publishes; at++) quota.take(nowMs);
    quotas.leave(name, quota, nowMs);
  };
  for (let at = 0; at < 100; at++) comeAndGo(`door/calm-${at}`, 0, 0);
  expect(quotas.size).toBe(0);
  // A hundred a second, each gone for good: one publish has grown again after 50 ms.
  for (let at = 0; at < 10_000; at++) comeAndGo(`door/d-${at}`, at * 10, 1);
  expect(quotas.size).toBeLessThanOrEqual(1024);
  comeAndGo('door/loud', 200_000, 50);
  expect(quotas.come('door/loud', 200_000).waitMs(200_000)).toBe(2050);
});
