// One process of the system under test, started by its command line as a user starts it, ended by any signal, started again on the same
// ports. Its memory is read from /proc; what it says is kept for those who ask why.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ServiceOptions {
  readonly args: readonly string[];
  readonly env?: { readonly [name: string]: string };
  /** A program and its arguments before `node`, such as `strace -f …`. */
  readonly wrap?: readonly string[];
}

export const LAUNCHER = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const READY_MS = 60_000;
const SAMPLE_MS = 250;
const LOG_BYTES = 40_000;

export class Service {
  readonly #options: ServiceOptions;
  /** From the next start on. */
  wrap: readonly string[];
  #child: ChildProcess | undefined;
  #exited!: Promise<unknown>;
  #log = '';
  #lines = 0;
  #peakRssMb = 0;
  readyMs = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.wrap = options.wrap ?? [];
    const timer = setInterval(() => this.#sample(), SAMPLE_MS);
    timer.unref();
  }

  /** Resolves at the ready line. @throws with its log when it ends before or takes too long */
  async start(): Promise<void> {
    const { args, env } = this.#options;
    this.#log = '';
    const beganMs = performance.now();
    const [program, ...rest] = [...this.wrap, process.execPath, LAUNCHER, ...args];
    const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    this.#exited = once(child, 'exit');
    const endWithUs = () => this.#signal('SIGKILL');
    process.once('exit', endWithUs);
    child.once('exit', () => process.off('exit', endWithUs));
    child.stderr.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-LOG_BYTES);
      for (const byte of chunk) if (byte === 10) this.#lines++;
    });
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ready line after ${READY_MS} ms\n${this.#log}`)), READY_MS);
      createInterface(child.stdout).once('line', () => resolve());
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal}\n${this.#log}`)));
      child.once('exit', () => clearTimeout(late));
      child.stdout.once('data', () => clearTimeout(late));
    });
    this.readyMs = performance.now() - beganMs;
  }

  /** Of this life, the end of it. */
  get log(): string {
    return this.#log;
  }

  get logLines(): number {
    return this.#lines;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Of the process and those that it started, highest seen so far, MB (2^20). */
  get peakRssMb(): number {
    this.#sample();
    return this.#peakRssMb;
  }

  get rssMb(): number {
    return this.isRunning ? familyOf(this.#child!.pid!).reduce((sum, pid) => sum + rssMbOf(pid), 0) : 0;
  }

  /** Of the program itself, where it is wrapped. */
  get pid(): number {
    return familyOf(this.#child!.pid!).at(-1)!;
  }

  /** Sent and not waited for: SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#signal(signal);
  }

  /** @returns the exit code, null after a deadly signal, and how long it took, ms */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; tookMs: number }> {
    const beganMs = performance.now();
    this.#signal(signal);
    return { code: await this.exit(), tookMs: performance.now() - beganMs };
  }

  /** @returns the exit code once it has ended, null after a deadly signal */
  async exit(): Promise<number | null> {
    if (this.isRunning) await this.#exited;
    return this.#child?.exitCode ?? null;
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.isRunning) return;
    // A wrapper that is killed would leave the program behind.
    for (const pid of familyOf(this.#child!.pid!).toReversed()) {
      try {
        process.kill(pid, signal);
      } catch {
        // gone meanwhile
      }
      if (signal === 'SIGTERM') break;
    }
  }

  #sample(): void {
    this.#peakRssMb = Math.max(this.#peakRssMb, this.rssMb);
  }
}

/** A process and all that descend from it, on Linux; elsewhere itself. */
function familyOf(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`)
      .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '))
      .filter((text) => text !== '')
      .map(Number);
    return [pid, ...children.flatMap(familyOf)];
  } catch {
    return [pid];
  }
}

function rssMbOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
