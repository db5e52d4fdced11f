// A program that takes part in a measurement: started, watched through /proc while it runs, ended, and its folder removed. Linux only.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const CLOCK_TICKS_PER_S = 100; // sysconf(_SC_CLK_TCK) on Linux
const READY_MS = 60_000;
const END_MS = 20_000;
const LOG_BYTES = 4000;

export interface Start {
  readonly command: string;
  readonly args: readonly string[];
  /** Removed at the end. */
  readonly folder?: string;
  /** Asked again and again until it is true. */
  readonly isReady: (stdout: string) => boolean | Promise<boolean>;
}

export class Program {
  readonly #child: ChildProcess;
  readonly #folder: string | undefined;
  #log = '';
  stdout = '';

  static async start(start: Start): Promise<Program> {
    const program = new Program(start);
    const untilMs = performance.now() + READY_MS;
    while (!(await start.isReady(program.stdout))) {
      if (program.#child.exitCode !== null || performance.now() > untilMs) {
        await program.end();
        throw new Error(`${start.command} does not start: ${program.stdout.slice(-LOG_BYTES)}${program.#log}`);
      }
      await sleep(50);
    }
    return program;
  }

  private constructor({ command, args, folder }: Start) {
    this.#folder = folder;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-LOG_BYTES)));
    const endWithUs = () => this.#child.kill('SIGKILL');
    process.once('exit', endWithUs);
    this.#child.once('exit', () => process.off('exit', endWithUs));
    this.#child.once('error', (error) => (this.#log += error.message));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get log(): string {
    return this.#log;
  }

  /** Used so far by all its threads, user and system. */
  get cpuS(): number {
    return cpuSOf(this.pid);
  }

  /** The most that was resident so far, MB (2^20). */
  get peakMb(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024);
  }

  /** Its folder stays. By force when it does not end by itself. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
      await exited;
      clearTimeout(late);
    }
  }

  async end(): Promise<void> {
    await this.stop();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** proc_pid_stat(5), fields 14 and 15; the name in field 2 may contain spaces. */
export function cpuSOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_S;
}
