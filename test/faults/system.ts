// The system under test: one process (`up`), or broker and api apart, over any store, on ports and in a folder that survive restarts.
// Only what a user can do is done to it: command line, HTTP, MQTT, signals.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../city-process.ts';
import type { Counters } from '../city-process.ts';
import { freePort } from '../ports.ts';
import { Service } from './service.ts';

export interface SystemOptions {
  readonly shape?: 'one' | 'apart';
  readonly store?: 'duckdb' | 'influx1' | 'memory';
  readonly storeUrl?: string;
  /** Absent: a temporary one that goes with the system. */
  readonly data?: string;
  readonly args?: readonly string[];
  readonly env?: { readonly [name: string]: string };
  readonly wrap?: readonly string[];
  /** Where the api looks for the broker, when there is something of ours between the two. */
  readonly brokerPort?: number;
}

export interface Rejected {
  readonly total: number;
  readonly byCause: { readonly [cause: string]: number };
}

export class System {
  readonly http: string;
  readonly mqttPort: number;
  readonly data: string;
  readonly store: 'duckdb' | 'influx1' | 'memory';
  readonly storeUrl: string | undefined;
  /** `up`, or the api. */
  readonly api: Service;
  /** `up`, or the broker. */
  readonly broker: Service;
  readonly #temporary: boolean;

  private constructor(options: SystemOptions, data: string, ports: readonly number[]) {
    const { shape = 'one', store = 'duckdb', storeUrl, args = [], env = {}, wrap = [] } = options;
    const [http, mqtt, brokerHttp] = ports as [number, number, number];
    this.http = `http://127.0.0.1:${http}`;
    this.mqttPort = mqtt;
    this.data = data;
    this.store = store;
    this.storeUrl = storeUrl;
    this.#temporary = options.data === undefined;
    const storage = ['--data', data, '--store', store, ...(storeUrl === undefined ? [] : ['--store-url', storeUrl])];
    const rest = [...storage, ...args];
    if (shape === 'one') {
      const up = ['up', '--json', '--port', `${http}`, '--mqtt-port', `${mqtt}`, '--no-simulator', '--no-control'];
      this.api = new Service({ args: [...up, ...rest], env, wrap });
      this.broker = this.api;
    } else {
      this.broker = new Service({
        args: ['broker', '--json', '--await-api', '--port', `${brokerHttp}`, '--mqtt-port', `${mqtt}`],
        env,
      });
      const link = ['--broker', `mqtt://127.0.0.1:${options.brokerPort ?? mqtt}`];
      this.api = new Service({ args: ['api', '--json', '--port', `${http}`, ...link, ...rest], env, wrap });
    }
  }

  static async start(options: SystemOptions = {}): Promise<System> {
    const data = options.data ?? (await mkdtemp(join(tmpdir(), 'citytwin-faults-')));
    const ports = [await freePort(), await freePort(), await freePort()];
    const system = new System(options, data, ports);
    await system.broker.start();
    if (system.api !== system.broker) await system.api.start();
    return system;
  }

  get peakRssMb(): number {
    return Math.max(this.api.peakRssMb, this.broker.peakRssMb);
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.http}${path}`, { signal: AbortSignal.timeout(30_000) });
    return (await response.json()) as T;
  }

  /** Status of a probe; 0 when nothing answers. */
  async status(path: string): Promise<number> {
    try {
      return (await fetch(`${this.http}${path}`, { signal: AbortSignal.timeout(2000) })).status;
    } catch {
      return 0;
    }
  }

  counters(): Promise<Counters> {
    return this.get('/api/counters');
  }

  rejected(): Promise<Rejected> {
    return this.get('/api/rejected?limit=1');
  }

  async ready(patienceMs = 30_000): Promise<number> {
    const beganMs = performance.now();
    const isReady = async () => ((await this.status('/readyz')) === 200 ? true : undefined);
    await eventually('the system to be ready', isReady, patienceMs);
    return performance.now() - beganMs;
  }

  /** The kind of the devices is known. */
  async knows(kind: string): Promise<void> {
    const known = async () => {
      const kinds = await this.get<{ kind: string }[]>('/api/kinds');
      return kinds.some((each) => each.kind === kind) ? true : undefined;
    };
    await eventually(`the kind ${kind} to be known`, known);
  }

  /** Until no more than `rest` records wait for the store. @returns how long that took, ms */
  async settle(patienceMs: number, rest = 0): Promise<number> {
    const beganMs = performance.now();
    const settled = async () => {
      try {
        return (await this.counters()).ingest.backlog <= rest ? true : undefined;
      } catch {
        return undefined;
      }
    };
    await eventually('the backlog to be stored', settled, patienceMs);
    return performance.now() - beganMs;
  }

  /** SIGTERM to all. @returns the exit codes */
  async stop(): Promise<(number | null)[]> {
    const services = new Set([this.api, this.broker]);
    const codes: (number | null)[] = [];
    for (const service of services) codes.push((await service.end()).code);
    return codes;
  }

  async remove(): Promise<void> {
    for (const service of new Set([this.api, this.broker])) await service.end('SIGKILL');
    if (this.#temporary) await rm(this.data, { recursive: true, force: true });
  }
}
