// A thousand wrong passwords a second from one address: the others hardly feel it, newcomers come in, the log stays short.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Credentials } from '../../broker/credential-source.ts';
import { loadCredentials } from '../../broker/credentials.ts';
import { addUser } from '../../broker/users.ts';
import { PacketWriter } from '../../mqtt/packets.ts';
import { start } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';

const FLOOD_PER_S = 1000;
const FLOOD_MS = 3000;
const STEP_MS = 10;
const ATTACKER = '127.0.0.2';
const folder = mkdtempSync(join(tmpdir(), 'citytwin-flood-'));
let credentials: Credentials;
const passwords: string[] = [];

beforeAll(async () => {
  for (let at = 0; at < 6; at++) passwords.push((await addUser(folder, { name: `door/d-${at}`, role: 'device' }))!);
  credentials = await loadCredentials(folder);
});
afterAll(() => {
  credentials.close?.();
  rmSync(folder, { recursive: true });
});

const device = (at: number) => ({ username: `door/d-${at}`, password: passwords[at]!, clientId: `door/d-${at}` });

/** Every attempt has a name and a password of its own. → attempts, and how many of them came to an answer */
async function flood(port: number, untilMs: number): Promise<number> {
  let attempts = 0;
  while (performance.now() < untilMs) {
    for (let at = 0; at < (FLOOD_PER_S * STEP_MS) / 1000; at++) {
      const writer = new PacketWriter();
      const name = `guess-${attempts++}`;
      writer.connect({ clientId: name, cleanSession: true, keepAliveS: 60, username: name, password: name });
      const socket = connect({ port, host: '127.0.0.1', localAddress: ATTACKER });
      socket.on('error', () => undefined);
      socket.on('data', () => socket.destroy());
      socket.end(writer.take());
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  return attempts;
}

/** Publishes one after the other. → how long each acknowledgement took, ms, sorted */
async function publishing(wire: Wire, untilMs: number): Promise<number[]> {
  const tookMs: number[] = [];
  while (performance.now() < untilMs) {
    const sentMs = performance.now();
    wire.writer.publish('city/wuxi/door/d-0/telemetry', Buffer.from('{}'), 1, false, false, tookMs.length + 1);
    wire.send();
    await wire.until(() => wire.ofType(4).length === tookMs.length + 1);
    tookMs.push(performance.now() - sentMs);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  return tookMs.sort((a, b) => a - b);
}

it('a flood of wrong passwords is one address’s own trouble', async () => {
  const lines: string[] = [];
  const note = (details: object, message: string): void => void lines.push(`${message} ${JSON.stringify(details)}`);
  const broker = await start({
    credentials,
    log: { info: note, warn: note, error: note },
    limits: { devicePublishesPerS: 1000 },
  });
  const healthy = await Wire.connected(broker.port, device(0));
  expect(healthy.returnCode).toBe(0);

  const untilMs = performance.now() + FLOOD_MS;
  const flooding = flood(broker.port, untilMs);
  const publishes = publishing(healthy, untilMs);
  const newcomers: number[] = [];
  for (let at = 1; at < passwords.length; at++) {
    const begunMs = performance.now();
    expect((await Wire.connected(broker.port, device(at))).returnCode).toBe(0);
    newcomers.push(performance.now() - begunMs);
  }
  const [attempts, tookMs] = await Promise.all([flooding, publishes]);
  const p99Ms = tookMs[Math.floor(tookMs.length * 0.99)]!;
  const { refusedByCause } = broker.counters();
  console.log(
    `flood: ${attempts} wrong passwords in ${FLOOD_MS / 1000} s; acks p99 ${p99Ms.toFixed(1)} ms of ${tookMs.length}; newcomers in within ${Math.max(...newcomers).toFixed(0)} ms; ${lines.length} lines logged`,
    refusedByCause,
  );
  expect(attempts).toBeGreaterThan(FLOOD_PER_S);
  expect(tookMs.length).toBeGreaterThan(20);
  expect(Math.max(...newcomers)).toBeLessThan(5000);
  // Few were looked at, the rest was told to come again.
  expect(refusedByCause['bad-password'] ?? 0).toBeLessThanOrEqual(60);
  expect(refusedByCause['back-off']).toBeGreaterThan(500);
  expect(lines.length).toBeLessThanOrEqual(FLOOD_MS / 1000 + 1);
  expect(lines.join()).not.toContain(passwords[0]);

  const back = connect(broker.port, '127.0.0.1');
  await once(back, 'connect');
  back.destroy();
});
