// The newest report of each experiment, as `citytwin experiment` keeps them in a folder. Read when asked for, bounded in number and size;
// a file that is none of ours is left out and said once.
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../telemetry/description.ts';
import type { Logger } from './logger.ts';

const FILE = /^[a-z0-9-]{1,64}\.json$/;
const MAX_REPORTS = 100;
const MAX_BYTES = 4_194_304;

export type ExperimentReport = { readonly [key: string]: unknown };

export class ExperimentReports {
  readonly #folder: string | undefined;
  readonly #log: Logger;
  /** Broken files that the log knows of, by name and age. */
  readonly #told = new Set<string>();

  /** folder: need not exist, as nobody has run an experiment yet. */
  constructor(folder: string | undefined, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Newest first. */
  async all(): Promise<ExperimentReport[]> {
    const folder = this.#folder;
    if (folder === undefined) return [];
    const names = await readdir(folder).catch(() => []);
    const files = await Promise.all(names.filter((name) => FILE.test(name)).map((name) => this.#stat(folder, name)));
    const newest = files.filter((file) => file !== undefined).toSorted((a, b) => b.mtimeMs - a.mtimeMs);
    const reports = await Promise.all(newest.slice(0, MAX_REPORTS).map((file) => this.#read(file)));
    return reports.filter((report) => report !== undefined);
  }

  async #stat(folder: string, name: string): Promise<File | undefined> {
    const file = path.join(folder, name);
    try {
      const { mtimeMs, size } = await stat(file);
      return { file, name: name.slice(0, -'.json'.length), mtimeMs, size };
    } catch {
      // Replaced while we looked.
      return undefined;
    }
  }

  async #read({ file, name, mtimeMs, size }: File): Promise<ExperimentReport | undefined> {
    try {
      if (size > MAX_BYTES) throw new Error(`a report has at most ${MAX_BYTES} bytes, got ${size}`);
      const report: unknown = JSON.parse(await readFile(file, 'utf8'));
      if (!isObject(report) || report.name !== name || !Array.isArray(report.arms))
        throw new Error(`expected a report of ${name} with its arms`);
      return report;
    } catch (error) {
      this.#tell(`${file} ${mtimeMs}`, file, (error as Error).message);
      return undefined;
    }
  }

  #tell(key: string, file: string, reason: string): void {
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_REPORTS) this.#told.clear();
    this.#told.add(key);
    this.#log.warn({ file, reason }, 'this is no report of an experiment');
  }
}

interface File {
  readonly file: string;
  readonly name: string;
  readonly mtimeMs: number;
  readonly size: number;
}
