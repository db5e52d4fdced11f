// A memory cgroup (v1 or v2) for the processes of a row, made below our own, so that our limits stay theirs. Linux, usually root.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MOUNT = '/sys/fs/cgroup';
/** v2 has the limit in one file, v1 in another. */
const LIMITS = ['memory.max', 'memory.limit_in_bytes'];

/** Our own cgroup; undefined where there is none below which we may limit memory. */
function ownFolder(): string | undefined {
  if (!existsSync('/proc/self/cgroup')) return undefined;
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const v1 = lines
    .map((line) => /^\d+:(?:.*,)?memory(?:,.*)?:(.*)$/.exec(line)?.[1])
    .find((path) => path !== undefined);
  const v2 = lines.map((line) => /^0::(.*)$/.exec(line)?.[1]).find((path) => path !== undefined);
  const folder = v1 === undefined ? join(MOUNT, v2 ?? '') : join(MOUNT, 'memory', v1);
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    return undefined;
  }
  const handsOn = v1 !== undefined || /\bmemory\b/.test(readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8'));
  return handsOn ? folder : undefined;
}

export const mayLimitMemory = (): boolean => ownFolder() !== undefined;

export class MemoryCgroup {
  readonly #folder: string;

  /** @throws Error where `mayLimitMemory` is false */
  constructor(limitMb: number) {
    this.#folder = join(ownFolder()!, `citytwin-faults-${process.pid}`);
    mkdirSync(this.#folder);
    for (const name of LIMITS) {
      if (existsSync(join(this.#folder, name))) writeFileSync(join(this.#folder, name), `${limitMb << 20}`);
    }
  }

  /** Before a program and its arguments: it runs inside. */
  get wrap(): readonly string[] {
    return ['sh', '-c', 'echo $$ > "$0/cgroup.procs"; exec "$@"', this.#folder];
  }

  /** Nothing may run in it any more. */
  remove(): void {
    rmdirSync(this.#folder);
  }
}
