// A small plan that tests change, and the target it usually meets: a mosquitto of its own where that is installed.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Plan, Target } from '../../loadtest/plan.ts';
import { partsRequired } from '../parts.ts';
import { connectable, freePort } from '../ports.ts';

export const PLAIN: Plan = {
  profile: 'publish',
  target: target(1883),
  connections: 0,
  publishers: 10,
  subscribers: 1,
  connectPerS: 2000,
  schedule: { kind: 'constant', perS: 1000 },
  topic: 'load/%i',
  clientPrefix: 'test-',
  qos: 0,
  subscribeQos: 0,
  sizeBytes: 64,
  retain: false,
  keepAliveS: 60,
  cleanSession: true,
  window: 100,
  warmUpS: 0,
  durationS: 1,
  drainS: 3,
  seed: 1,
  workers: 1,
  receiverProcess: false,
};

export function target(port: number, more: Partial<Target> = {}): Target {
  const usual = { host: '127.0.0.1', transport: 'tcp', path: '/mqtt', insecure: false, version: '3.1.1' } as const;
  return { ...usual, sources: [], port, ...more };
}

export const hasMosquitto = spawnSync('mosquitto', ['-h']).error === undefined;
if (!hasMosquitto && partsRequired) throw new Error('mosquitto is required here and not installed');

const running: { readonly child: ChildProcess; readonly folder: string }[] = [];

/** Ends with the file: tests may run at once. `more`: lines of its configuration. */
export async function startMosquitto(more: readonly string[] = []): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-load-'));
  const file = join(folder, 'mosquitto.conf');
  const open = more.some((line) => line.startsWith('allow_anonymous')) ? [] : ['allow_anonymous true'];
  const lines = ['per_listener_settings false', ...open, 'set_tcp_nodelay true', 'max_queued_messages 0', ...more];
  writeFileSync(file, [...lines, `listener ${port} 127.0.0.1`, ''].join('\n'));
  const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore' });
  running.push({ child, folder });
  await connectable(port);
  return { port, child };
}

afterAll(() => {
  for (const { child, folder } of running.splice(0)) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
