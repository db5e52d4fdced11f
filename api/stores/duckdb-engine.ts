// Owns the DuckDB file: opens it with safe settings, keeps one table per kind, appends batches, forgets what is too old. No indexes and no
// primary keys on telemetry: they slow the appends down and have made write-ahead logs unreadable. Queries are in duckdb-queries.ts.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBAppender, DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Description, FieldType } from '../../telemetry/description.ts';
import type { DeviceEvent } from '../../telemetry/messages.ts';
import type { AppendResult } from '../store.ts';
import { devicesOf } from './columns.ts';
import type { PackedBatch, RecordColumns } from './columns.ts';
import { appendColumns } from './duckdb-chunks.ts';
import type { Column } from './duckdb-chunks.ts';
import { HOUR_MS, Rollups } from './duckdb-rollups.ts';
import { repeated, without } from './duckdb-suspects.ts';
import type { Keys } from './duckdb-suspects.ts';
import { newFields } from './query.ts';

export interface EngineOptions {
  readonly file: string;
  readonly memoryLimitMb: number;
  readonly threads: number;
  /** Absent: for ever. */
  readonly keepMs?: number;
  /** How long nothing must have come for an hour before it is rolled up, of wall time; default 5 s. */
  readonly quietMs?: number;
}

/** Version of the layout of our tables. 1: without rollups. */
const SCHEMA_VERSION = 2;
const DAY_MS = 86_400_000;
const WAL_AUTOCHECKPOINT = '16MB';
const SQL_TYPES: { readonly [type in FieldType]: string } = { number: 'DOUBLE', boolean: 'BOOLEAN', string: 'VARCHAR' };
const FIELD_TYPES = new Map<string, FieldType>([
  ['DOUBLE', 'number'],
  ['BOOLEAN', 'boolean'],
  ['VARCHAR', 'string'],
]);

/** @throws Error naming the file: locked by another process, newer layout, not a DuckDB file, folder not writable. */
export async function openEngine(options: EngineOptions): Promise<DuckDbEngine> {
  const { file, memoryLimitMb, threads } = options;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }); // what devices send is its owner's
  let instance: DuckDBInstance;
  try {
    instance = await DuckDBInstance.create(file, {
      threads: String(threads),
      memory_limit: `${memoryLimitMb}MB`,
      wal_autocheckpoint: WAL_AUTOCHECKPOINT,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      enable_external_access: 'false',
      lock_configuration: 'true',
    });
  } catch (error) {
    throw openError(file, error);
  }
  try {
    const engine = new DuckDbEngine(instance, await instance.connect(), options);
    await engine.prepare();
    return engine;
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

function openError(file: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  if (/lock|already (open|attached)|handle conflict/i.test(reason)) {
    const owner = /PID (\d+)/.exec(reason)?.[1];
    return new Error(
      `${file} is in use by another process${owner ? ` (PID ${owner})` : ''}: a DuckDB file has one owner, expected a file of our own`,
    );
  }
  return new Error(`cannot open the DuckDB file ${file}: ${reason}`);
}

export class DuckDbEngine {
  /** Fields of every kind; shared with the queries. */
  readonly types = new Map<string, Map<string, FieldType>>();
  readonly #instance: DuckDBInstance;
  readonly #writer: DuckDBConnection;
  readonly #appenders = new Map<string, DuckDBAppender>();
  readonly #options: EngineOptions;
  readonly #rollups: Rollups;
  /** Nothing older is left, ms. */
  #emptyBeforeMs = -Infinity;

  constructor(instance: DuckDBInstance, writer: DuckDBConnection, options: EngineOptions) {
    this.#instance = instance;
    this.#writer = writer;
    this.#options = options;
    this.#rollups = new Rollups(writer, this.types, options.quietMs);
  }

  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  async prepare(): Promise<void> {
    const { file } = this.#options;
    await this.#writer.run('CREATE TABLE IF NOT EXISTS "_meta" (key VARCHAR, value VARCHAR)');
    const [[text] = []] = await this.#rows(`SELECT value FROM "_meta" WHERE key = 'schemaVersion'`);
    const version = text === undefined ? 0 : Number(text);
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `${file} was written by a newer citytwin (layout ${version}), expected layout ${SCHEMA_VERSION} or older`,
      );
    }
    // Underscore: no kind begins with one, and a temporary table hides a kind's.
    await this.#writer.run('CREATE TEMP TABLE "_suspect" (owner VARCHAR, ts DOUBLE, seq DOUBLE, position INTEGER)');
    const columns = await this.#rows(
      `SELECT table_name, column_name, data_type FROM information_schema.columns
       WHERE table_catalog = current_database() AND table_schema = 'main' ORDER BY table_name, ordinal_position`,
    );
    for (const [table, column, type] of columns as [string, string, string][]) {
      if (table.startsWith('_')) continue;
      const fields = this.types.get(table) ?? new Map<string, FieldType>();
      this.types.set(table, fields);
      if (column !== 'ts' && column !== 'seq' && column !== 'device') fields.set(column, FIELD_TYPES.get(type)!);
    }
    if (version < SCHEMA_VERSION) await this.#migrate(version);
    await this.#rollups.load();
  }

  /** From an empty file, or from any older layout. */
  async #migrate(version: number): Promise<void> {
    await this.#inTransaction(async () => {
      if (version < 1) {
        await this.#writer.run('CREATE TABLE "_kind" (kind VARCHAR, description VARCHAR)');
        await this.#writer.run(
          'CREATE TABLE "_event" (ts BIGINT, seq BIGINT, kind VARCHAR, device VARCHAR, name VARCHAR, state VARCHAR, fields VARCHAR)',
        );
      }
      await this.#writer.run('CREATE TABLE "_rolled" (kind VARCHAR, hour BIGINT, used BOOLEAN)');
      for (const [kind, fields] of this.types) await this.#rollups.describe(kind, fields, true);
      await this.#writer.run(`DELETE FROM "_meta" WHERE key = 'schemaVersion'`);
      await this.#writer.run(`INSERT INTO "_meta" VALUES ('schemaVersion', '${SCHEMA_VERSION}')`);
    });
    await this.#writer.run('CHECKPOINT');
  }

  /** @returns the fields of the kind, in the order of the table's columns */
  async describe(description: Description): Promise<Map<string, FieldType>> {
    const { kind } = description;
    const known = this.types.get(kind);
    const added = newFields(known ?? new Map(), description);
    const text = JSON.stringify(description);
    const [[stored] = []] = await this.#rows('SELECT description FROM "_kind" WHERE kind = $1', [kind]);
    if (stored === text) return known!;
    await this.#inTransaction(async () => {
      const columns = [...added].map(([name, type]) => `"${name}" ${SQL_TYPES[type]}`);
      if (!known) {
        await this.#writer.run(
          `CREATE TABLE "${kind}" (${['ts BIGINT', 'seq BIGINT', 'device VARCHAR', ...columns].join(', ')})`,
        );
      } else {
        this.#forgetAppender(kind);
        for (const column of columns) await this.#writer.run(`ALTER TABLE "${kind}" ADD COLUMN ${column}`);
      }
      await this.#rollups.describe(kind, added, !known);
      await this.#writer.run('DELETE FROM "_kind" WHERE kind = $1', [kind]);
      await this.#writer.run('INSERT INTO "_kind" VALUES ($1, $2)', [kind, text]);
    });
    // Replaying a write-ahead log over a change of schema has failed in DuckDB's past: leave none behind.
    if (added.size > 0 || !known) await this.#checkpoint();
    const fields = new Map([...(known ?? []), ...added]);
    this.types.set(kind, fields);
    return fields;
  }

  async descriptions(): Promise<Description[]> {
    const rows = await this.#rows('SELECT description FROM "_kind" ORDER BY kind');
    return rows.map(([text]) => JSON.parse(text as string) as Description);
  }

  async position(): Promise<number | undefined> {
    const [[value] = []] = await this.#rows(`SELECT value FROM "_meta" WHERE key = 'position'`);
    return value === undefined ? undefined : Number(value);
  }

  /** One transaction, with the journal's position in it; durable when it resolves. */
  async append(batch: PackedBatch): Promise<AppendResult> {
    let duplicates = 0;
    const committed: (() => void)[] = [];
    await this.#inTransaction(async () => {
      for (const columns of batch.kinds) {
        committed.push(await this.#rollups.touch(columns.kind, columns.numbers.subarray(0, columns.count)));
        duplicates += await this.#appendRecords(columns);
      }
      if (batch.events.length > 0) duplicates += await this.#appendEvents(batch.events);
      if (batch.position !== undefined) await this.#keepPosition(batch.position);
    });
    for (const note of committed) note();
    return { duplicates };
  }

  /** One piece of what is due: an hour is rolled up, or what is too old of a table deleted. → false when nothing is due */
  async upkeep(): Promise<boolean> {
    const hour = await this.#rollups.next();
    if (!hour) return this.#forgetOldest();
    let committed = (): void => {};
    await this.#inTransaction(async () => {
      committed = await this.#rollups.roll(hour);
    });
    committed();
    // Until then each column of a table that was written takes half a MB, and rollups have six times as many as their kinds.
    await this.#checkpoint();
    return true;
  }

  /** Whole days go, an hour at a time, so that appends in between wait for little. */
  async #forgetOldest(): Promise<boolean> {
    const { keepMs = Infinity } = this.#options;
    const beforeMs = Math.floor((this.#rollups.newestMs - keepMs) / DAY_MS) * DAY_MS;
    if (!(beforeMs > this.#emptyBeforeMs)) return false;
    for (const table of ['_event', ...this.types.keys()]) {
      const [[oldest] = []] = await this.#rows(`SELECT min(ts)::DOUBLE FROM "${table}"`);
      if (typeof oldest !== 'number' || oldest >= beforeMs) continue;
      const untilMs = Math.min(beforeMs, (Math.floor(oldest / HOUR_MS) + 1) * HOUR_MS);
      let committed = (): void => {};
      await this.#inTransaction(async () => {
        await this.#writer.run(`DELETE FROM "${table}" WHERE ts < ${untilMs}`);
        if (table !== '_event') committed = await this.#rollups.forget(table, untilMs);
      });
      committed();
      return true;
    }
    this.#emptyBeforeMs = beforeMs;
    // Only a checkpoint gives the room of deleted rows to new ones.
    await this.#checkpoint();
    return false;
  }

  async #keepPosition(position: number): Promise<void> {
    const update = await this.#writer.run(`UPDATE "_meta" SET value = $1 WHERE key = 'position'`, [String(position)]);
    if (update.rowsChanged === 0)
      await this.#writer.run(`INSERT INTO "_meta" VALUES ('position', $1)`, [String(position)]);
  }

  async close(): Promise<void> {
    for (const table of this.#appenders.keys()) this.#forgetAppender(table);
    await this.#checkpoint();
    this.#writer.closeSync();
    this.#instance.closeSync();
  }

  async #appendRecords(columns: RecordColumns): Promise<number> {
    const { kind, count, numbers } = columns;
    const devices = devicesOf(columns);
    const keys = { owners: devices, ts: numbers.subarray(0, count), seq: numbers.subarray(count, 2 * count) };
    const dropped = await this.#stored(kind, 't.device', columns.suspects, keys);
    const values: Column[] = [
      { type: 'number', numbers: keys.ts },
      { type: 'number', numbers: keys.seq },
      { type: 'string', texts: devices },
    ];
    for (const [field, type] of this.types.get(kind)!) {
      const text = columns.textual.indexOf(field);
      const number = columns.numeric.indexOf(field);
      if (type !== 'string' && number >= 0)
        values.push({ type, numbers: numbers.subarray((number + 2) * count, (number + 3) * count) });
      // No texts at all: the batch was packed before this field came.
      else values.push({ type, texts: columns.texts[text] ?? [] });
    }
    appendColumns(await this.#appender(kind), values, count, dropped.size > 0 ? without(count, dropped) : undefined);
    return dropped.size;
  }

  /** Events are few: each one is checked. */
  async #appendEvents(events: readonly DeviceEvent[]): Promise<number> {
    const keys = {
      owners: events.map((event) => `${event.kind}/${event.device}`),
      ts: Float64Array.from(events, (event) => event.ts),
      seq: Float64Array.from(events, (event) => event.seq),
    };
    const dropped = await this.#stored('_event', `t.kind || '/' || t.device`, [...events.keys()], keys);
    const values: Column[] = [
      { type: 'number', numbers: keys.ts },
      { type: 'number', numbers: keys.seq },
      { type: 'string', texts: events.map((event) => event.kind) },
      { type: 'string', texts: events.map((event) => event.device) },
      { type: 'string', texts: events.map((event) => event.name) },
      { type: 'string', texts: events.map((event) => event.state ?? null) },
      { type: 'string', texts: events.map((event) => JSON.stringify(event.fields)) },
    ];
    appendColumns(await this.#appender('_event'), values, events.length, without(events.length, dropped));
    return dropped.size;
  }

  /** Which of the suspected rows are in the table already, or come twice in this batch. */
  async #stored(table: string, ownerSql: string, suspects: readonly number[], keys: Keys): Promise<Set<number>> {
    if (suspects.length === 0) return new Set();
    const dropped = repeated(suspects, keys);
    let from = Infinity;
    let to = -Infinity;
    for (const row of suspects) {
      from = Math.min(from, keys.ts[row]!);
      to = Math.max(to, keys.ts[row]!);
    }
    await this.#writer.run('DELETE FROM "_suspect"');
    const columns: Column[] = [
      { type: 'string', texts: keys.owners },
      { type: 'number', numbers: keys.ts },
      { type: 'number', numbers: keys.seq },
      { type: 'number', numbers: Float64Array.from(keys.owners.keys()) },
    ];
    appendColumns(await this.#appender('_suspect'), columns, 0, Int32Array.from(suspects));
    const found = await this.#rows(
      `SELECT DISTINCT s.position FROM "_suspect" s JOIN "${table}" t ON ${ownerSql} = s.owner AND t.ts = s.ts AND t.seq = s.seq
       WHERE t.ts BETWEEN ${from} AND ${to}`,
    );
    for (const [position] of found) dropped.add(position as number);
    return dropped;
  }

  /** Kept open between batches. It casts ts and seq to the integers of the table by itself. */
  async #appender(table: string): Promise<DuckDBAppender> {
    const open = this.#appenders.get(table) ?? (await this.#writer.createAppender(table));
    this.#appenders.set(table, open);
    return open;
  }

  #forgetAppender(table: string): void {
    const appender = this.#appenders.get(table);
    this.#appenders.delete(table);
    appender?.clear();
    appender?.closeSync();
  }

  async #inTransaction(work: () => Promise<void>): Promise<void> {
    await this.#writer.run('BEGIN');
    try {
      await work();
      await this.#writer.run('COMMIT');
    } catch (error) {
      // Appenders may hold rows of the failed batch.
      for (const table of this.#appenders.keys()) this.#forgetAppender(table);
      await this.#writer.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** Waits for no reader: a checkpoint that readers keep from running comes with a later one. */
  async #checkpoint(): Promise<void> {
    await this.#writer.run('CHECKPOINT').catch((error: unknown) => {
      if (!/other transactions|other write transactions/i.test(String(error))) throw error;
    });
  }

  async #rows(sql: string, values: DuckDBValue[] = []): Promise<DuckDBValue[][]> {
    const result = await this.#writer.runAndReadAll(sql, values);
    return result.getRows();
  }
}
