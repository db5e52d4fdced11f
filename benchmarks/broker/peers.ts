// Starts the brokers that are compared, one process each, and ends them. A peer that is not installed is undefined.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../test/ports.ts';
import type { Target } from './load.ts';
import { seconds } from './load.ts';

export interface Peer {
  readonly target: Target;
  /** CPU used so far by the process, user and system [s]. */
  cpuS(): number;
  end(): Promise<void>;
}

export const PEERS = ['citytwin', 'aedes', 'mosquitto', 'nats'] as const;
export type PeerName = (typeof PEERS)[number];

const CLOCK_TICKS_PER_S = 100; // sysconf(_SC_CLK_TCK) on Linux
const READY_S = 10;

/** nodeArguments: for our broker and Aedes, for example --cpu-prof. */
export async function start(name: PeerName, nodeArguments: readonly string[] = []): Promise<Peer> {
  if (name === 'mosquitto' || name === 'nats') return startForeign(name);
  const script = join(import.meta.dirname, `serve-${name}.ts`);
  const child = spawn(process.execPath, [...nodeArguments, script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const [line] = (await once(lines, 'line')) as [string];
  return peer(child, JSON.parse(line) as Target);
}

/** The version it names itself; undefined when it is not installed. */
export function versionOf(name: PeerName): string | undefined {
  const manifest = join(import.meta.dirname, '../../node_modules/aedes/package.json');
  if (name === 'aedes') return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  if (name === 'citytwin') return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  try {
    if (name === 'nats') return / v(\d\S*)/.exec(execFileSync('nats-server', ['--version'], { encoding: 'utf8' }))?.[1];
    execFileSync('mosquitto', ['-h'], { encoding: 'utf8' });
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }; // mosquitto -h exits with 1 or more
    return /version (\S+)/.exec(stdout)?.[1];
  }
  return undefined;
}

async function startForeign(name: 'mosquitto' | 'nats'): Promise<Peer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'broker-bench-'));
  const file = join(folder, 'broker.conf');
  writeFileSync(file, name === 'mosquitto' ? mosquittoSettings(port) : natsSettings(port, folder));
  const command = name === 'mosquitto' ? 'mosquitto' : 'nats-server';
  const child = spawn(command, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.resume();
  child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await listening(port);
  return peer(child, { port });
}

/** Defaults, except that nothing is dropped because a queue of 1000 is full and no small write waits for another. */
function mosquittoSettings(port: number): string {
  return `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n`;
}

function natsSettings(port: number, folder: string): string {
  return [
    'server_name: bench',
    'host: "127.0.0.1"',
    'port: -1',
    `jetstream { store_dir: "${folder}" }`,
    `mqtt { host: "127.0.0.1", port: ${port} }`,
  ].join('\n');
}

function peer(child: ChildProcess, target: Target): Peer {
  return {
    target,
    cpuS() {
      // Fields 14 and 15 of proc_pid_stat(5); the name in field 2 may contain spaces.
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_S;
    },
    async end() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function listening(port: number): Promise<void> {
  for (let waitedS = 0; waitedS < READY_S; waitedS += 0.05) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await seconds(0.05);
  }
  throw new Error(`nothing listens on port ${port} after ${READY_S} s`);
}
