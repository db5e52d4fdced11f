// `citytwin up` behind credentials, with everything that it prints.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../city-process.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const READY_MS = 40_000;

export interface GuardedCity {
  readonly pid: number;
  readonly http: string;
  readonly mqttPort: number;
  /** With TLS. */
  readonly mqttsPort: number | undefined;
  readonly data: string;
  /** On both streams, since the start. */
  printed(): string;
  stop(): Promise<void>;
}

/** folder: of its credentials */
export async function startGuarded(folder: string, args: readonly string[]): Promise<GuardedCity> {
  const data = mkdtempSync(join(tmpdir(), 'citytwin-guarded-'));
  const free = ['--port', '0', '--mqtt-port', '0', '--mqtts-port', '0'];
  const own = ['--json', '--data', data, '--credentials', folder, '--log-level', 'debug', '--scale', '0.02'];
  const child = spawn(process.execPath, [launcher, 'up', ...free, ...own, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const line = await eventually(
    'the ready line',
    () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${printed}`);
      return /^\{"ready":true.*\}$/m.exec(printed)?.[0];
    },
    READY_MS,
  );
  const { http, mqtt, mqtts } = JSON.parse(line) as { http: string; mqtt: string; mqtts?: string };
  return {
    pid: child.pid!,
    http,
    mqttPort: Number(new URL(mqtt).port),
    mqttsPort: mqtts === undefined ? undefined : Number(new URL(mqtts).port),
    data,
    printed: () => printed,
    stop: async () => {
      const exit = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGTERM')) await exit;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
