// A recording by its path: NDJSON or Parquet.
import { existsSync } from 'node:fs';
import { UsageError } from '../options.ts';
import { openNdjsonSource } from './ndjson-source.ts';
import { isParquet, openParquetSource } from './parquet-source.ts';
import { STDOUT as STDIN } from './sink.ts';
import type { Selection, Source } from './source.ts';

/** @param path a file, a folder of Parquet files, or `-` for NDJSON from stdin. @throws UsageError when it is no recording */
export async function openRecording(path: string, selection: Selection): Promise<Source> {
  if (path !== STDIN && !existsSync(path)) throw new UsageError(`there is no recording ${path}`);
  return isParquet(path) ? openParquetSource(path, selection) : openNdjsonSource(path, selection);
}

/** Names between commas. */
export function kindsIn(text: string): string[] {
  return text
    .split(',')
    .map((kind) => kind.trim())
    .filter((kind) => kind !== '');
}
