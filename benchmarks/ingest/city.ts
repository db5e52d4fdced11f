// The city as it ships, one process: broker, journal, ingest and store. Only simulated devices and controllers are left out.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.ts';

const LAUNCHER = join(import.meta.dirname, '../../bin/citytwin.js');

export interface City {
  readonly program: Program;
  readonly mqttPort: number;
  /** Its folder, with the database in it. */
  readonly data: string;
  /** What ingest counts now. */
  counters(): Promise<{ readonly stored: number; readonly backlog: number }>;
}

/** influxUrl: store there instead of in DuckDB. nodeArguments: such as --cpu-prof. */
export async function startCity(influxUrl: string | undefined, nodeArguments: readonly string[] = []): Promise<City> {
  const data = mkdtempSync(join(tmpdir(), 'citytwin-ingest-'));
  const store = influxUrl === undefined ? ['--store', 'duckdb'] : ['--store', 'influx1', '--store-url', influxUrl];
  const ports = ['--port', '0', '--mqtt-port', '0'];
  const less = ['--no-simulator', '--no-control', '--json', '--log-level', 'warn'];
  const program = await Program.start({
    command: process.execPath,
    args: [...nodeArguments, LAUNCHER, 'up', '--data', data, ...ports, ...store, ...less],
    folder: data,
    isReady: (stdout) => stdout.includes('"ready":true'),
  });
  const { http, mqtt } = JSON.parse(program.stdout) as { http: string; mqtt: string };
  return {
    program,
    mqttPort: Number(new URL(mqtt).port),
    data,
    async counters() {
      const response = await fetch(`${http}/api/counters`);
      const { ingest } = (await response.json()) as { ingest: { stored: number; backlog: number } };
      return ingest;
    },
  };
}
