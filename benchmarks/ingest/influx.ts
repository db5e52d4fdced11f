// InfluxDB 1.x with its defaults, an empty one for every measurement, and how much it has taken.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/ports.ts';
import { Program } from './program.ts';

export const DATABASE = 'citytwin';

export interface Influx {
  readonly program: Program;
  readonly port: number;
  readonly url: string;
  /** Points that were written and answered with success so far. */
  readonly stored: () => Promise<number>;
  /** Points of a measurement that a query finds. */
  count(measurement: string): Promise<number>;
}

export async function startInflux(): Promise<Influx> {
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-influx-'));
  const [port, rpc] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const file = join(folder, 'influxd.conf');
  writeFileSync(file, settings(folder, port, rpc));
  const isReady = () =>
    fetch(`${url}/ping`).then(
      ({ status }) => status === 204,
      () => false,
    );
  const program = await Program.start({ command: 'influxd', args: ['-config', file], folder, isReady });
  await query(url, `CREATE DATABASE ${DATABASE}`);
  return {
    program,
    port,
    url,
    async stored() {
      const statistics = (await (await fetch(`${url}/debug/vars`)).json()) as { [name: string]: unknown };
      const http = Object.entries(statistics).find(([name]) => name.startsWith('httpd'));
      return (http?.[1] as { values: { pointsWrittenOK: number } } | undefined)?.values.pointsWrittenOK ?? 0;
    },
    async count(measurement) {
      const { results } = (await query(url, `SELECT count(seq) FROM ${measurement}`)) as {
        results: { series?: { values: number[][] }[] }[];
      };
      return results[0]!.series?.[0]!.values[0]![1] ?? 0;
    },
  };
}

async function query(url: string, sql: string): Promise<unknown> {
  const body = new URLSearchParams({ q: sql, db: DATABASE });
  return (await fetch(`${url}/query`, { method: 'POST', body })).json();
}

/** Where it lies and listens, and no log of every request; all else as it comes. */
function settings(folder: string, port: number, rpc: number): string {
  return `reporting-enabled = false
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
[logging]
  level = "warn"
`;
}
