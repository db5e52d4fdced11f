// Recordings as Parquet, read by DuckDB in the order of time: our own files, and others that have the columns of a record.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { descriptionProblems } from '../../telemetry/description.ts';
import type { Description } from '../../telemetry/description.ts';
import type { RecordingHeader } from '../../telemetry/ndjson.ts';
import { describe, loadModels } from '../../simulator/kinds.ts';
import { UsageError } from '../options.ts';
import { CITY } from '../wiring.ts';
import { eventsOf, openScratch, quoted, rowsOf } from './duckdb-source.ts';
import { METADATA_KEY, SQL_TYPES } from './parquet-sink.ts';
import { mergeByTime, selectKinds } from './source.ts';
import type { Message, Selection, Source } from './source.ts';

interface ParquetFile {
  readonly path: string;
  readonly columns: ReadonlyMap<string, string>;
  readonly header: RecordingHeader | undefined;
}

/**
 * A Parquet file, or a folder of them. Each has the columns ts and device, its kind in a column `kind` or as its name; what its fields are is
 * in its metadata or known from the kind. @throws UsageError naming file and what is missing
 */
export async function openParquetSource(path: string, selection: Selection): Promise<Source> {
  const isFolder = statSync(path).isDirectory();
  const paths = isFolder
    ? readdirSync(path)
        .filter((name) => name.endsWith('.parquet'))
        .sort()
        .map((name) => join(path, name))
    : [path];
  if (paths.length === 0) throw new UsageError(`there is no .parquet file in ${path}`);
  const instance = await openScratch();
  const connection = await instance.connect();
  const streams: (() => AsyncIterable<readonly Message[]>)[] = [];
  const descriptions = new Map<string, Description>();
  let header: RecordingHeader | undefined;
  const models = await loadModels();
  try {
    for (const file of await Promise.all(paths.map((name) => inspect(connection, name)))) {
      header ??= file.header;
      const source = `read_parquet(${quoted(file.path)})`;
      const where = `ts >= ${selection.fromMs} AND ts < ${selection.toMs}`;
      if (file.columns.has('event') && file.columns.has('fields')) {
        for (const description of file.header?.descriptions ?? []) descriptions.set(description.kind, description);
        const sql = `SELECT ts, seq, kind, device, event, state, fields FROM ${source} WHERE ${where}
          ${kindsIn(selection)} ORDER BY ts, kind, device, seq`;
        streams.push(() => eventsOf(instance, sql));
        continue;
      }
      for (const kind of await kindsOf(connection, file)) {
        if (selection.kinds !== undefined && !selection.kinds.includes(kind)) continue;
        const model = models.get(kind);
        const description =
          file.header?.descriptions.find((candidate) => candidate.kind === kind) ??
          (model === undefined ? undefined : describe(model));
        if (description === undefined)
          throw new UsageError(
            `${file.path}: nothing says what the fields of kind ${kind} are, expected a file written by citytwin export or one of ${[...models.keys()].join(', ')}`,
          );
        descriptions.set(kind, description);
        const fields = Object.keys(description.fields).filter((field) => file.columns.has(field));
        const columns = fields.map((field) => `, ${cast(field, description)}`).join('');
        const seq = file.columns.has('seq') ? 'seq' : '0 AS seq';
        const ofKind = file.columns.has('kind') ? `AND kind = ${quoted(kind)}` : '';
        const sql = `SELECT ${quoted(kind)} AS kind, device, ts, ${seq}${columns} FROM ${source}
          WHERE ${where} ${ofKind} ORDER BY ts, device, seq`;
        streams.push(() => rowsOf(instance, { kind, fields, sql }));
      }
    }
    const selected = selectKinds([...descriptions.values()], selection);
    return {
      header: { city: CITY, ...header, descriptions: selected },
      messages: () => mergeByTime(streams.map((stream) => stream())),
      close: async () => {
        connection.closeSync();
        instance.closeSync();
      },
    };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

function kindsIn({ kinds }: Selection): string {
  return kinds === undefined ? '' : `AND kind IN (${kinds.map(quoted).join(', ')})`;
}

/** Whole numbers, decimals and the like as what the description says. */
function cast(field: string, { fields }: Description): string {
  return `"${field}"::${SQL_TYPES[fields[field]!.type ?? 'number']}`;
}

async function inspect(connection: DuckDBConnection, path: string): Promise<ParquetFile> {
  const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
  let rows: Awaited<ReturnType<typeof ask>>;
  try {
    rows = await ask(`DESCRIBE SELECT * FROM read_parquet(${quoted(path)})`);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`);
  }
  const columns = new Map(rows.map(([name, type]) => [String(name), String(type)]));
  for (const needed of ['ts', 'device']) {
    if (!columns.has(needed))
      throw new UsageError(`${path} has no column ${needed}, only ${[...columns.keys()].join(', ')}`);
  }
  if (!columns.get('ts')!.endsWith('INT'))
    throw new UsageError(`${path}: ts must be whole ms since 1970, got a column of ${columns.get('ts')}`);
  const [[text] = []] = await ask(
    `SELECT decode(value) FROM parquet_kv_metadata(${quoted(path)}) WHERE decode(key) = '${METADATA_KEY}'`,
  );
  if (typeof text !== 'string') return { path, columns, header: undefined };
  const header = JSON.parse(text) as RecordingHeader;
  const problems = header.descriptions.flatMap(descriptionProblems);
  if (problems.length > 0) throw new UsageError(`${path}: ${problems.join('; ')}`);
  return { path, columns, header };
}

async function kindsOf(connection: DuckDBConnection, { path, columns, header }: ParquetFile): Promise<string[]> {
  if (header !== undefined) return header.descriptions.map(({ kind }) => kind);
  if (!columns.has('kind')) return [basename(path, '.parquet')];
  const rows = await connection.runAndReadAll(`SELECT DISTINCT kind FROM read_parquet(${quoted(path)}) ORDER BY 1`);
  return rows.getRows().map(([kind]) => String(kind));
}

/** True for what openParquetSource reads. */
export function isParquet(path: string): boolean {
  return path.endsWith('.parquet') || (existsSync(path) && statSync(path).isDirectory());
}
