// `citytwin export`: what a city has stored, or a recording, as NDJSON, CSV or Parquet. It reads and writes in parts: memory does not grow
// with the data.
import { existsSync, statSync } from 'node:fs';
import { openApiSource } from './history/api-source.ts';
import { openStoreSource } from './history/duckdb-source.ts';
import type { StoreSource } from './history/duckdb-source.ts';
import { EXIT_INTERRUPTED, interruption } from './history/interruption.ts';
import { ParquetSink, copyStore } from './history/parquet-sink.ts';
import { kindsIn, openRecording } from './history/recording-source.ts';
import { Output, STDOUT } from './history/sink.ts';
import type { Sink, Written } from './history/sink.ts';
import { EVERYTHING, recordOf } from './history/source.ts';
import type { Selection, Source } from './history/source.ts';
import { CsvSink, NdjsonSink } from './history/text.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';
import { createProgress } from './progress.ts';
import { readSecret } from './wiring.ts';

export const FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];
const EXTENSIONS: { readonly [extension: string]: Format } = {
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  csv: 'csv',
  parquet: 'parquet',
};
type ExportSettings = Pick<
  Settings,
  'from' | 'tokenFile' | 'data' | 'kinds' | 'periodStart' | 'periodEnd' | 'format' | 'out' | 'json'
>;

/** Ctrl-C ends the process with 130 and removes what is not complete. @returns 0 */
export async function exportHistory(settings: ExportSettings): Promise<number> {
  const { out = STDOUT, json } = settings;
  if (json && out === STDOUT)
    throw new UsageError('--json and the data cannot both go to stdout: name a file with --out');
  let abandon = () => {};
  interruption().addEventListener('abort', () => {
    abandon();
    process.stderr.write('citytwin: interrupted, no file was made\n');
    // Questions to a city or a database may be under way: nobody waits for their answers.
    process.exit(EXIT_INTERRUPTED);
  });
  const selection: Selection = {
    ...(settings.kinds !== undefined && { kinds: kindsIn(settings.kinds) }),
    fromMs: settings.periodStart ?? EVERYTHING.fromMs,
    toMs: settings.periodEnd ?? EVERYTHING.toMs,
  };
  const format = settings.format ?? formatOf(out);
  const source = await openSource(settings, selection);
  const output = outputOf(
    out,
    format,
    source.header.descriptions.map(({ kind }) => kind),
  );
  abandon = () => output.abandon();
  try {
    const written =
      format === 'parquet' && isStore(source)
        ? await copyStore(source, output)
        : await pump(source, sinkOf(format, output), json || out === STDOUT);
    output.keep();
    report(settings, format, out, written);
    return 0;
  } catch (error) {
    // Whoever read our output has seen enough, like `head`.
    if ((error as { code?: string }).code === 'EPIPE') return 0;
    throw error;
  } finally {
    output.abandon();
    await source.close();
  }
}

function formatOf(out: string): Format {
  if (out === STDOUT) return 'ndjson';
  const [, extension] = /\.([a-z]+)(?:\.gz)?$/.exec(out) ?? [];
  const format = extension === undefined ? undefined : EXTENSIONS[extension];
  if (format !== undefined) return format;
  throw new UsageError(`the format of ${out} is not known from its name: add --format, one of ${FORMATS.join(', ')}`);
}

/** A city's address, a recording, or the data of a city that is not running. */
async function openSource({ from, data, tokenFile }: ExportSettings, selection: Selection): Promise<Source> {
  if (from === undefined) return openStoreSource(data, selection);
  const token = tokenFile === undefined ? undefined : readSecret(tokenFile);
  if (/^https?:\/\//.test(from)) return openApiSource(from, selection, token);
  return openRecording(from, selection);
}

function outputOf(out: string, format: Format, kinds: readonly string[]): Output {
  if (out === STDOUT && format === 'parquet')
    throw new UsageError('Parquet needs a file or a folder: name it with --out');
  const named = /\.[a-z]+(\.gz)?$/.test(out) && Object.hasOwn(EXTENSIONS, /\.([a-z]+)(?:\.gz)?$/.exec(out)![1]!);
  const isFolder = out !== STDOUT && !named && (out.endsWith('/') || (existsSync(out) && statSync(out).isDirectory()));
  if (format === 'ndjson') {
    if (isFolder) throw new UsageError(`NDJSON is one file for all kinds, got the folder ${out}`);
  } else if (!isFolder && kinds.length !== 1) {
    const several =
      kinds.length === 0 ? 'no kind is' : `${kinds.join(', ')} do not fit in one table: name one with --kind, or`;
    throw new UsageError(`${several} a folder with --out FOLDER/`);
  }
  return new Output(out, isFolder, `.${format}`);
}

function sinkOf(format: Format, output: Output): Sink {
  if (format === 'ndjson') return new NdjsonSink(output);
  return format === 'csv' ? new CsvSink(output) : new ParquetSink(output);
}

function isStore(source: Source): source is StoreSource {
  return 'selected' in source;
}

async function pump(source: Source, sink: Sink, quiet: boolean): Promise<Written[]> {
  const progress = createProgress(quiet);
  let messages = 0;
  let firstMs: number | undefined;
  try {
    await sink.begin(source.header);
    for await (const batch of source.messages()) {
      if (batch.length === 0) continue;
      await sink.write(batch);
      messages += batch.length;
      const { ts } = recordOf(batch.at(-1)!);
      firstMs ??= recordOf(batch[0]!).ts;
      const { newestMs } = source;
      const share = newestMs === undefined ? undefined : Math.min(1, (ts - firstMs) / Math.max(1, newestMs - firstMs));
      progress.show(share, `${messages.toLocaleString('en')} messages, up to ${new Date(ts).toISOString()}`);
    }
    return await sink.finish();
  } catch (error) {
    await sink.abandon();
    throw error;
  } finally {
    progress.end();
  }
}

function report({ json }: ExportSettings, format: Format, out: string, files: readonly Written[]): void {
  const sum = (of: (written: Written) => number) => files.reduce((total, written) => total + of(written), 0);
  const totals = {
    records: sum(({ records }) => records),
    events: sum(({ events }) => events),
    bytes: sum(({ bytes }) => bytes),
  };
  if (json) process.stdout.write(`${JSON.stringify({ file: out, format, ...totals, files })}\n`);
  else {
    const where = files.length > 1 ? `${files.length} files in ${out}` : out === STDOUT ? 'stdout' : out;
    const { records, events, bytes } = totals;
    const said = `${records.toLocaleString('en')} records and ${events.toLocaleString('en')} events, ${(bytes / 1e6).toFixed(1)} MB in ${where}\n`;
    (out === STDOUT ? process.stderr : process.stdout).write(said);
  }
}
