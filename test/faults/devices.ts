// The devices of a fault test as its author sees them: send so many records a second, pause, wait until all are acknowledged, be killed.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Login } from './gateway.ts';
import type { Percentiles } from './latency.ts';
import { readLedger } from './ledger.ts';
import type { Ledger } from './ledger.ts';

export interface DevicesPlan {
  /** Of the connections' client ids. */
  readonly name: string;
  readonly port: number;
  readonly city: string;
  readonly devices: number;
  readonly connections: number;
  /** Un-acknowledged records of one connection. */
  readonly window: number;
  readonly keepAliveS: number;
  /** Of one record; a shorter one is filled up with blanks. */
  readonly payloadBytes: number;
  readonly seed: number;
  readonly ledger: string;
  /** Absent: anonymous. */
  readonly login?: Login;
}

export interface Order {
  readonly ratePerS?: number;
  /** Give and forget the latencies. */
  readonly mark?: boolean;
  readonly end?: boolean;
}

export interface DevicesState {
  readonly made: number;
  readonly acked: number;
  readonly unacked: number;
  /** Not made, because too many were not acknowledged. */
  readonly held: number;
  readonly connects: number;
  readonly disconnects: number;
  /** Connections that are up. */
  readonly up: number;
  /** From being made to the PUBACK, since the last mark, ms. */
  readonly ackMs: Percentiles;
}

const PROGRAM = fileURLToPath(new URL('devices-process.ts', import.meta.url));
const POLL_MS = 50;
let lives = 0;

export class Devices {
  readonly #plan: Omit<DevicesPlan, 'ledger'>;
  readonly #folder: string;
  readonly #ledgers: string[] = [];
  #child!: ChildProcess;

  /** folder: where ledgers go, outside the system's. */
  constructor(folder: string, plan: Partial<DevicesPlan> & { readonly port: number }) {
    this.#folder = folder;
    const usual = {
      name: 'devices',
      city: 'wuxi',
      devices: 1000,
      connections: 8,
      window: 2000,
      keepAliveS: 5,
      payloadBytes: 0,
      seed: 1,
    };
    this.#plan = { ...usual, ...plan };
    this.start();
  }

  /** Also after `kill()`: the same devices, counting from 1 again. */
  start(): void {
    const ledger = join(this.#folder, `ledger-${process.pid}-${++lives}`);
    this.#ledgers.push(ledger);
    this.#child = fork(PROGRAM, [JSON.stringify({ ...this.#plan, ledger })], { execArgv: [] });
    const child = this.#child;
    const endWithUs = () => child.kill('SIGKILL');
    process.once('exit', endWithUs);
    child.once('exit', () => process.off('exit', endWithUs));
  }

  async send(ratePerS: number): Promise<void> {
    await this.#ask({ ratePerS, mark: true });
  }

  state(): Promise<DevicesState> {
    return this.#ask({});
  }

  mark(): Promise<DevicesState> {
    return this.#ask({ mark: true });
  }

  /** No new records; resolves when all are acknowledged. @returns how long that took, ms. @throws when it takes too long */
  async drain(patienceMs: number): Promise<number> {
    const beganMs = performance.now();
    await this.#ask({ ratePerS: 0 });
    for (;;) {
      const { unacked, up } = await this.state();
      if (unacked === 0) return performance.now() - beganMs;
      if (performance.now() - beganMs > patienceMs)
        throw new Error(`${unacked} records are not acknowledged after ${patienceMs} ms, ${up} connections are up`);
      await sleep(POLL_MS);
    }
  }

  /** Resolves when `count` more were acknowledged. @returns how long that took, ms. @throws when it takes too long */
  async acknowledged(count: number, patienceMs: number): Promise<number> {
    const beganMs = performance.now();
    const wanted = (await this.state()).acked + count;
    while ((await this.state()).acked < wanted) {
      if (performance.now() - beganMs > patienceMs) throw new Error(`nothing is acknowledged for ${patienceMs} ms`);
      await sleep(POLL_MS);
    }
    return performance.now() - beganMs;
  }

  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.send({ end: true, ratePerS: 0 } satisfies Order);
    await exited;
  }

  ledgers(): Ledger[] {
    return this.#ledgers.map(readLedger);
  }

  async #ask(order: Order): Promise<DevicesState> {
    const answer = once(this.#child, 'message');
    this.#child.send(order);
    const [state] = (await answer) as [DevicesState];
    return state;
  }
}
