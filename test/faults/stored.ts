// What the store has of the devices' records: through `citytwin export`, as a user gets it, and past us from the database itself.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DuckDBInstance } from '@duckdb/node-api';
import { KIND, deviceNumber } from './ledger.ts';
import { LAUNCHER } from './service.ts';

export interface StoredRow {
  readonly device: number;
  readonly seq: number;
  readonly ts: number;
  readonly value: number;
}

const INFLUX_PAGE = 10_000;

/** place: `['--data', folder]` of a city that is not running, or `['--from', 'http://…']` of one that is. @throws with what it said */
export async function* exported(place: readonly string[]): AsyncGenerator<StoredRow> {
  const args = [LAUNCHER, 'export', ...place, '--kind', KIND, '--format', 'csv'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  const exited = once(child, 'exit');
  let columns: readonly string[] | undefined;
  for await (const line of createInterface(child.stdout)) {
    const cells = line.split(',');
    if (columns === undefined) columns = cells;
    else yield rowOf(columns, cells);
  }
  const [code] = await exited;
  if (code !== 0) throw new Error(`export ended with ${String(code)}: ${said}`);
}

function rowOf(columns: readonly string[], cells: readonly string[]): StoredRow {
  const cell = (name: string) => cells[columns.indexOf(name)]!;
  const numberAt = (name: string) => Number(cell(name));
  return { device: deviceNumber(cell('device')), seq: numberAt('seq'), ts: numberAt('ts'), value: numberAt('value') };
}

/** In the order in which they were inserted. The city must not be running. */
export async function* inDuckDb(data: string): AsyncGenerator<StoredRow> {
  const instance = await DuckDBInstance.create(join(data, 'city.duckdb'), { access_mode: 'READ_ONLY', threads: '1' });
  const connection = await instance.connect();
  try {
    const result = await connection.stream(`SELECT device, seq, ts, value FROM "${KIND}" ORDER BY rowid`);
    for await (const rows of result.yieldRowsJs()) {
      for (const [device, seq, ts, value] of rows) {
        yield { device: deviceNumber(device as string), seq: Number(seq), ts: Number(ts), value: Number(value) };
      }
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** In the order of time. */
export async function* inInflux(url: string, database = 'citytwin'): AsyncGenerator<StoredRow> {
  const query = `SELECT seq, value, device FROM "${KIND}"`;
  const parameters = new URLSearchParams({
    db: database,
    q: query,
    epoch: 'ns',
    chunked: 'true',
    chunk_size: `${INFLUX_PAGE}`,
  });
  const response = await fetch(`${url}/query?${parameters.toString()}`);
  if (!response.ok) throw new Error(`InfluxDB answered ${response.status}: ${await response.text()}`);
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield* rowsOf(line);
  }
  yield* rowsOf(rest);
}

function* rowsOf(line: string): Generator<StoredRow> {
  if (line === '') return;
  // Nanoseconds are beyond 2^53: cut to milliseconds as text.
  const exact = line.replaceAll(/\[(\d{13})\d{6},/g, '[$1,');
  const answer = JSON.parse(exact) as { results: { series?: { values: [number, number, number, string][] }[] }[] };
  for (const { series = [] } of answer.results) {
    for (const { values } of series) {
      for (const [ts, seq, value, device] of values) yield { ts, seq, value, device: deviceNumber(device) };
    }
  }
}
