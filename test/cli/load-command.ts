// The load command as a process, beside a broker of ours that lives in the test's own: the command must not block it.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { startBroker } from '../../broker/broker.ts';
import type { LoadReport } from '../../loadtest/report.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function spawnLoad(
  args: readonly string[],
  cwd?: string,
): { child: ChildProcessWithoutNullStreams; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [launcher, 'load', ...args], { cwd, timeout: 120_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  return { child, ended: new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr }))) };
}

export function startTarget() {
  return startBroker({
    city: 'wuxi',
    host: '127.0.0.1',
    port: 0,
    take: () => undefined,
    log: pino({ level: 'silent' }),
  });
}

export function reportIn({ stdout }: Ended): LoadReport {
  return JSON.parse(stdout) as LoadReport;
}
