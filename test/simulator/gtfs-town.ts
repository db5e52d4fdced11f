// The small feed of the tests, as it is or with changes, as a zip archive on disk.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { strToU8, zipSync } from 'fflate';
import { afterAll } from 'vitest';
import { cityOfGtfs } from '../../simulator/gtfs/city.ts';
import type { ImportedCity } from '../../simulator/gtfs/city.ts';
import { readFeed } from '../../simulator/gtfs/feed.ts';
import { GtfsError } from '../../simulator/gtfs/problems.ts';

export const TOWN = fileURLToPath(new URL('../fixtures/gtfs/town/', import.meta.url));

export type FeedTexts = { readonly [file: string]: string };

const folder = mkdtempSync(join(tmpdir(), 'citytwin-gtfs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let written = 0;

export const town: FeedTexts = Object.fromEntries(
  readdirSync(TOWN).map((file) => [file, readFileSync(join(TOWN, file), 'utf8')]),
);

/** The town with some files replaced; undefined leaves a file out. */
export function townWith(changes: { readonly [file: string]: string | undefined }): FeedTexts {
  const files = Object.entries({ ...town, ...changes });
  return Object.fromEntries(files.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** @returns its path */
export function archiveOf(files: FeedTexts, inFolder = ''): string {
  const entries = Object.entries(files).map(([file, text]) => [`${inFolder}${file}`, strToU8(text)] as const);
  return fileOf(zipSync(Object.fromEntries(entries), { level: 1 }));
}

/** A file of these bytes. @returns its path */
export function fileOf(bytes: Uint8Array): string {
  const path = join(folder, `feed-${++written}.zip`);
  writeFileSync(path, bytes);
  return path;
}

export async function importOf(files: FeedTexts): Promise<ImportedCity> {
  return cityOfGtfs(await readFeed(archiveOf(files)));
}

/** What is said of a feed that is refused. @throws what is no GtfsError, and when nothing is wrong */
export async function refusalOf(path: string): Promise<string> {
  try {
    cityOfGtfs(await readFeed(path));
  } catch (error) {
    if (error instanceof GtfsError) return error.message;
    throw error;
  }
  throw new Error('expected the feed to be refused, it was taken');
}

/** The text with the first occurrence replaced. @throws Error when there is none */
export function replaced(text: string, what: string, by: string): string {
  if (!text.includes(what)) throw new Error(`nothing to replace: ${what}`);
  return text.replace(what, by);
}

/** The line of a text that begins so, from 1. */
export function lineOf(text: string, beginning: string): number {
  return text.split('\n').findIndex((line) => line.startsWith(beginning)) + 1;
}
