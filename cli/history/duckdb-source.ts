// The history of a city that is not running, read from its DuckDB file, and columns of Parquet files read the same way. The file is never
// changed.
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Description, Value } from '../../telemetry/description.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { UsageError } from '../options.ts';
import { CITY } from '../wiring.ts';
import { mergeByTime, selectKinds } from './source.ts';
import type { Message, Selection, Source } from './source.ts';

const MEMORY_LIMIT = '1GB';
const THREADS = '2';
/** Where sorting goes that memory does not hold. DuckDB removes what it puts there, but not when the process is ended early. */
const SPILL_FOLDER = join(tmpdir(), `citytwin-export-${process.pid}`);
process.once('exit', () => rmSync(SPILL_FOLDER, { recursive: true, force: true }));
export const STORE_FILE = 'city.duckdb';

/** One row of a table of a kind, as `Table.sql` must give it. */
export interface Table {
  readonly kind: string;
  /** A query for kind, device, ts, seq and the fields, in the order of its rows. */
  readonly sql: string;
  readonly fields: readonly string[];
}

/** A DuckDB in memory that may spill to disk. */
export async function openScratch(file = ':memory:'): Promise<DuckDBInstance> {
  return DuckDBInstance.create(file, {
    threads: THREADS,
    memory_limit: MEMORY_LIMIT,
    temp_directory: SPILL_FOLDER,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}

export interface StoreSource extends Source {
  readonly connection: DuckDBConnection;
  /** What of a kind is selected: columns of the store's table. `_event` for events. */
  selected(table: string): string;
}

/** @param folder of the city's data. @throws UsageError when there is no store, it is in use, or a kind is unknown */
export async function openStoreSource(folder: string, selection: Selection): Promise<StoreSource> {
  const file = join(folder, STORE_FILE);
  if (!existsSync(file))
    throw new UsageError(
      `there is no ${file}: name the folder of a city's data with --data, or a running city with --from http://…`,
    );
  const instance = await openScratch();
  const connection = await instance.connect();
  try {
    await connection.run(`ATTACH ${quoted(file)} AS city (READ_ONLY)`);
  } catch (error) {
    instance.closeSync();
    const reason = (error as Error).message;
    if (!/lock/i.test(reason)) throw new UsageError(`cannot read ${file}: ${reason}`);
    throw new UsageError(`${file} is in use by a running city: export from that with --from http://127.0.0.1:8080`);
  }
  const rows = await connection.runAndReadAll('SELECT description FROM city."_kind" ORDER BY kind');
  const all = rows.getRows().map(([text]) => JSON.parse(text as string) as Description);
  const descriptions = selectKinds(all, selection);
  const where = `WHERE ts >= ${selection.fromMs} AND ts < ${selection.toMs}`;
  const kinds = descriptions.map(({ kind }) => quoted(kind)).join(', ');
  const selected = (table: string): string =>
    table === '_event'
      ? `SELECT * FROM city."_event" ${where} AND kind IN (${kinds || 'NULL'})`
      : `SELECT *, ${quoted(table)} AS kind FROM city."${table}" ${where}`;
  const newest = descriptions.map(({ kind }) => `SELECT max(ts)::DOUBLE FROM (${selected(kind)})`).join(' UNION ALL ');
  const times = newest === '' ? [] : (await connection.runAndReadAll(newest)).getRows();
  return {
    header: { city: CITY, descriptions },
    newestMs: Math.max(0, ...times.map(([ms]) => Number(ms))),
    connection,
    selected,
    messages: () =>
      mergeByTime([
        ...descriptions.map(({ kind, fields }) =>
          rowsOf(instance, {
            kind,
            fields: Object.keys(fields),
            sql: `SELECT kind, device, ts, seq, ${columns(Object.keys(fields))} FROM (${selected(kind)}) ORDER BY ts, device, seq`,
          }),
        ),
        eventsOf(instance, `SELECT * FROM (${selected('_event')}) ORDER BY ts, kind, device, seq`),
      ]),
    close: async () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function columns(fields: readonly string[]): string {
  return fields.length === 0 ? 'NULL' : fields.map((field) => `"${field}"`).join(', ');
}

/** As a text in SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Rows of a query as records, chunk by chunk. Columns after seq are the fields; numbers must be numbers, texts texts. */
export async function* rowsOf(instance: DuckDBInstance, { fields, sql }: Table): AsyncGenerator<Message[]> {
  for await (const [kinds, devices, ts, seqs, ...values] of chunksOf(instance, sql)) {
    yield devices!.map((device, row): Message => {
      const found: { [name: string]: Value } = {};
      for (const [at, field] of fields.entries()) {
        const value = values[at]![row];
        if (value !== null && value !== undefined) found[field] = toValue(value);
      }
      return { type: 'record', record: { ...identityOf(kinds![row], device, ts![row], seqs![row]), fields: found } };
    });
  }
}

/** Rows of ts, seq, kind, device, name, state and fields, the columns of the store's table of events. */
export async function* eventsOf(instance: DuckDBInstance, sql: string): AsyncGenerator<Message[]> {
  for await (const [ts, seqs, kinds, devices, names, states, fields] of chunksOf(instance, sql)) {
    yield devices!.map((device, row): Message => {
      const state = states![row] as 'raised' | 'cleared' | null;
      const event = {
        ...identityOf(kinds![row], device, ts![row], seqs![row]),
        fields: JSON.parse(fields![row] as string) as { [name: string]: Value },
        name: names![row] as string,
        ...(state !== null && { state }),
      };
      return { type: 'event', event };
    });
  }
}

function identityOf(kind: unknown, device: unknown, ts: unknown, seq: unknown): Omit<TelemetryRecord, 'fields'> {
  return { kind: kind as string, device: device as string, ts: Number(ts), seq: Number(seq ?? 0) };
}

function toValue(value: DuckDBValue): Value {
  return typeof value === 'bigint' ? Number(value) : (value as Value);
}

/** [column][row] of each chunk of the answer. */
async function* chunksOf(instance: DuckDBInstance, sql: string): AsyncGenerator<readonly DuckDBValue[][]> {
  const connection = await instance.connect();
  try {
    const result = await connection.stream(sql);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return;
      yield chunk.getColumns();
    }
  } finally {
    connection.closeSync();
  }
}
