// Another address than this machine's own loopback: a network namespace behind a pair of virtual cards where we may make one, else this
// machine's own address in its network.
import { execFileSync, spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { program } from '../parts.ts';

export interface Elsewhere {
  /** Of this machine, as it is seen from there. */
  readonly host: string;
  /** Runs a program there. Status 124: it did not end within 10 s. */
  run(command: string, ...args: readonly string[]): { status: number; stdout: string; stderr: string };
  end(): void;
}

const LIMIT_S = 10;

/** Undefined: there is no other address. */
export function findElsewhere(): Elsewhere | undefined {
  return namespace() ?? ownAddress();
}

function namespace(): Elsewhere | undefined {
  const ip = program('ip');
  if (ip === undefined || process.getuid?.() !== 0) return undefined;
  const name = `citytwin-${process.pid}`;
  const [here, there] = [`ct${process.pid}a`, `ct${process.pid}b`];
  // A network of four addresses (RFC 2544's, for tests), another one for every process.
  const network = `198.18.${(process.pid >> 6) & 255}`;
  const base = (process.pid & 63) * 4;
  const steps = [
    ['netns', 'add', name],
    ['link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name],
    ['addr', 'add', `${network}.${base + 1}/30`, 'dev', here],
    ['link', 'set', here, 'up'],
    ['-n', name, 'addr', 'add', `${network}.${base + 2}/30`, 'dev', there],
    ['-n', name, 'link', 'set', there, 'up'],
    ['-n', name, 'link', 'set', 'lo', 'up'],
  ];
  const end = (): void => {
    spawnSync(ip, ['link', 'del', here], { stdio: 'ignore' });
    spawnSync(ip, ['netns', 'del', name], { stdio: 'ignore' });
  };
  try {
    for (const step of steps) execFileSync(ip, step, { stdio: 'ignore' });
  } catch {
    end();
    return undefined;
  }
  return { host: `${network}.${base + 1}`, run: (...words) => run(ip, 'netns', 'exec', name, ...words), end };
}

function ownAddress(): Elsewhere | undefined {
  const own = Object.values(networkInterfaces())
    .flat()
    .find((one) => one !== undefined && one.family === 'IPv4' && !one.internal);
  return own && { host: own.address, run, end: () => undefined };
}

function run(command: string, ...args: readonly string[]): { status: number; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('timeout', [String(LIMIT_S), command, ...args], { encoding: 'utf8' });
  return { status: status ?? 1, stdout, stderr };
}
