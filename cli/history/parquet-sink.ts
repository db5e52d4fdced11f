// Parquet, written by DuckDB: one file a kind, events in one of their own. What was recorded travels in the file's metadata, so that a
// file explains itself. Reading is in parquet-source.ts.
import { statSync } from 'node:fs';
import type { DuckDBAppender, DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { devicesOf, packBatch } from '../../api/stores/columns.ts';
import { appendColumns } from '../../api/stores/duckdb-chunks.ts';
import type { Column } from '../../api/stores/duckdb-chunks.ts';
import type { FieldTypes } from '../../api/stores/query.ts';
import type { FieldType } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type { RecordingHeader } from '../../telemetry/ndjson.ts';
import { openScratch, quoted } from './duckdb-source.ts';
import type { StoreSource } from './duckdb-source.ts';
import type { Message } from './source.ts';
import type { Output, Sink, Written } from './sink.ts';

export const METADATA_KEY = 'citytwin';
const EVENTS = '_event';
const ROWS_AT_ONCE = 100_000;
export const SQL_TYPES: { readonly [type in FieldType]: string } = {
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  string: 'VARCHAR',
};

/** Straight from a store's file into Parquet files, without a detour through JavaScript. */
export async function copyStore(source: StoreSource, output: Output): Promise<Written[]> {
  const written: Written[] = [];
  for (const { kind } of source.header.descriptions) {
    written.push(await copyKind(source.connection, source.header, kind, source.selected(kind), output));
  }
  if (output.isFolder)
    written.push(await copyEvents(source.connection, source.header, source.selected(EVENTS), output));
  return written;
}

function copyKind(connection: DuckDBConnection, header: RecordingHeader, kind: string, rows: string, output: Output) {
  const description = header.descriptions.find((candidate) => candidate.kind === kind)!;
  const fields = Object.keys(description.fields).map((field) => `, "${field}"`);
  const sql = `SELECT make_timestamp_ms(ts) AS time, ts, kind, device, seq${fields.join('')} FROM (${rows}) ORDER BY ts, device, seq`;
  return copy(connection, sql, { ...header, descriptions: [description] }, kind, output);
}

function copyEvents(connection: DuckDBConnection, header: RecordingHeader, rows: string, output: Output) {
  const sql = `SELECT make_timestamp_ms(ts) AS time, ts, kind, device, seq, name AS event, state, fields FROM (${rows})
    ORDER BY ts, kind, device, seq`;
  return copy(connection, sql, header, EVENTS, output);
}

async function copy(
  connection: DuckDBConnection,
  sql: string,
  header: RecordingHeader,
  table: string,
  output: Output,
): Promise<Written> {
  const { file, partial } = output.claim(table);
  const metadata = `KV_METADATA {${METADATA_KEY}: ${quoted(JSON.stringify(header))}}`;
  const result = await connection.runAndReadAll(
    `COPY (${sql}) TO ${quoted(partial)} (FORMAT parquet, COMPRESSION zstd, ${metadata})`,
  );
  const rows = Number(result.getRows()[0]![0]);
  return {
    file,
    bytes: statSync(partial).size,
    ...(table === EVENTS ? { records: 0, events: rows } : { kind: table, records: rows, events: 0 }),
  };
}

/** Gathers messages in a database on disk until all are there, then copies them in the order of time. */
export class ParquetSink implements Sink {
  readonly #output: Output;
  readonly #scratch: string;
  readonly #types = new Map<string, FieldTypes>();
  readonly #appenders = new Map<string, DuckDBAppender>();
  #instance!: DuckDBInstance;
  #connection!: DuckDBConnection;
  #header!: RecordingHeader;
  /** Written when they are many: each write is a transaction. */
  #waiting: Message[] = [];

  constructor(output: Output) {
    this.#output = output;
    this.#scratch = output.scratch;
  }

  async begin(header: RecordingHeader): Promise<void> {
    this.#header = header;
    this.#instance = await openScratch(this.#scratch);
    this.#connection = await this.#instance.connect();
    for (const { kind, fields } of header.descriptions) {
      const types = new Map(Object.entries(fields).map(([name, { type = 'number' }]) => [name, type]));
      this.#types.set(kind, types);
      await this.#create(
        kind,
        [...types].map(([name, type]) => `"${name}" ${SQL_TYPES[type]}`),
      );
    }
    await this.#create(EVENTS, ['kind VARCHAR', 'name VARCHAR', 'state VARCHAR', 'fields VARCHAR']);
  }

  async write(messages: readonly Message[]): Promise<void> {
    this.#waiting.push(...messages);
    if (this.#waiting.length < ROWS_AT_ONCE) return;
    this.#append(this.#waiting);
    this.#waiting = [];
  }

  #append(messages: readonly Message[]): void {
    const records: TelemetryRecord[] = [];
    const events: DeviceEvent[] = [];
    for (const message of messages) {
      if (message.type === 'record') records.push(message.record);
      else if (message.type === 'event') events.push(message.event);
    }
    const { batch, refused } = packBatch({ records, suspects: [], events: [] }, this.#types);
    // What comes from a store was checked before it got there.
    if (refused[0]) throw new Error(refused[0].reason);
    for (const columns of batch.kinds) {
      const { kind, count, numbers, numeric, textual, texts } = columns;
      const column = (at: number) => numbers.subarray(at * count, (at + 1) * count);
      const fields = [...this.#types.get(kind)!].map(([name, type]): Column =>
        type === 'string'
          ? { type, texts: texts[textual.indexOf(name)]! }
          : { type, numbers: column(numeric.indexOf(name) + 2) },
      );
      const identity: Column[] = [
        { type: 'number', numbers: column(0) },
        { type: 'number', numbers: column(1) },
        { type: 'string', texts: devicesOf(columns) },
      ];
      appendColumns(this.#appenders.get(kind)!, [...identity, ...fields], count);
    }
    if (events.length > 0) appendColumns(this.#appenders.get(EVENTS)!, eventColumns(events), events.length);
  }

  async finish(): Promise<Written[]> {
    this.#append(this.#waiting);
    this.#closeAppenders();
    const written: Written[] = [];
    for (const kind of this.#types.keys()) {
      const rows = `SELECT *, ${quoted(kind)} AS kind FROM "${kind}"`;
      written.push(await copyKind(this.#connection, this.#header, kind, rows, this.#output));
    }
    if (this.#output.isFolder)
      written.push(await copyEvents(this.#connection, this.#header, `SELECT * FROM "${EVENTS}"`, this.#output));
    this.#close();
    return written;
  }

  async abandon(): Promise<void> {
    this.#closeAppenders();
    this.#close();
  }

  async #create(table: string, columns: readonly string[]): Promise<void> {
    const all = ['ts BIGINT', 'seq BIGINT', 'device VARCHAR', ...columns];
    await this.#connection.run(`CREATE TABLE "${table}" (${all.join(', ')})`);
    this.#appenders.set(table, await this.#connection.createAppender(table));
  }

  #closeAppenders(): void {
    for (const appender of this.#appenders.values()) appender.closeSync();
    this.#appenders.clear();
  }

  #close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

function eventColumns(events: readonly DeviceEvent[]): Column[] {
  const text = (of: (event: DeviceEvent) => string | null): Column => ({ type: 'string', texts: events.map(of) });
  return [
    { type: 'number', numbers: Float64Array.from(events, ({ ts }) => ts) },
    { type: 'number', numbers: Float64Array.from(events, ({ seq }) => seq) },
    text(({ device }) => device),
    text(({ kind }) => kind),
    text(({ name }) => name),
    text(({ state }) => state ?? null),
    text(({ fields }) => JSON.stringify(fields)),
  ];
}
