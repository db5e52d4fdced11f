// A row of the fault matrix: what is done to the system, what must hold, and how it went in one line.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** quick: seconds, for every commit. long: as the matrix has it. */
export type Length = 'quick' | 'long';

export interface Check {
  readonly name: string;
  readonly value: number | string;
  /** What it was compared with, in words or as a number. */
  readonly limit: string;
  readonly ok: boolean;
}

export interface Outcome {
  readonly checks: readonly Check[];
  /** Measured, and not judged. */
  readonly figures?: { readonly [name: string]: number | string };
}

export interface Row {
  readonly number: number;
  readonly fault: string;
  readonly criterion: string;
  /** Programs without which it is skipped. */
  readonly needs?: readonly string[];
  /** Root and tmpfs mounts. */
  readonly mounts?: boolean;
  /** What else is missing here. */
  readonly lacks?: string;
  /** Why it cannot be done on one machine, or only in part. */
  readonly gap?: string;
  readonly run: (length: Length, seed: number) => Promise<Outcome>;
}

export interface Result extends Outcome {
  readonly number: number;
  readonly part: string;
  readonly fault: string;
  readonly criterion: string;
  readonly length: Length;
  readonly seed: number;
  readonly seconds: number;
  readonly date: string;
  readonly error?: string;
  readonly gap?: string;
}

export const RESULTS = fileURLToPath(new URL('../../test-results/faults/', import.meta.url));

export const atMost = (name: string, value: number, limit: number): Check => ({
  name,
  value: rounded(value),
  limit: `≤ ${limit}`,
  ok: value <= limit,
});
/** A time: on every commit other tests run beside, so the short rows allow four times as much. */
export const inTime = (name: string, valueMs: number, limitMs: number, length: Length): Check =>
  atMost(name, valueMs, length === 'quick' ? 4 * limitMs : limitMs);
export const atLeast = (name: string, value: number, limit: number): Check => ({
  name,
  value: rounded(value),
  limit: `≥ ${limit}`,
  ok: value >= limit,
});
export const exactly = (name: string, value: number | string, limit: number | string): Check => ({
  name,
  value,
  limit: `= ${limit}`,
  ok: value === limit,
});

function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}

/** Runs it, prints its line, keeps its result. Never throws: what went wrong is part of the result. */
export async function runRow(row: Row, part: string, length: Length, seed: number): Promise<Result> {
  const beganMs = performance.now();
  let outcome: Outcome = { checks: [] };
  let error: string | undefined;
  try {
    outcome = await row.run(length, seed);
  } catch (caught) {
    error = (caught as Error).stack ?? String(caught);
  }
  const { number, fault, criterion, gap } = row;
  const seconds = Math.round((performance.now() - beganMs) / 100) / 10;
  const date = new Date().toISOString().slice(0, 10);
  const head = { number, part, fault, criterion, length, seed, seconds, date };
  const result: Result = { ...head, ...(gap && { gap }), ...outcome, ...(error && { error }) };
  console.log(lineOf(result));
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(fileOf(number, part, length), `${JSON.stringify(result)}\n`);
  return result;
}

const fileOf = (number: number, part: string, length: Length): string =>
  join(RESULTS, `${String(number).padStart(2, '0')}${part}-${length}.json`);

export const holds = ({ checks, error }: Result): boolean => error === undefined && checks.every(({ ok }) => ok);

/** Row, verdict, every figure, seed and time. */
export function lineOf(result: Result): string {
  const { number, part, fault, checks, figures = {}, seed, seconds, error } = result;
  const judged = checks.map(({ name, value, limit, ok }) => `${ok ? '' : 'BROKEN '}${name} ${value} (${limit})`);
  const measured = Object.entries(figures).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? rounded(value) : value}`,
  );
  const [reason] = error?.split('\n') ?? [];
  const said = [...judged, ...measured, ...(reason === undefined ? [] : [reason])].join(', ');
  return `fault ${number}${part} ${holds(result) ? 'holds ' : 'BROKEN'} ${fault}: ${said}; seed ${seed}, ${seconds} s`;
}

/** Forgets what was kept. */
export function forgetResults(length: Length): void {
  for (const { number, part } of allResults(length)) rmSync(fileOf(number, part, length), { force: true });
}

/** All that were kept, in the order of the matrix. */
export function allResults(length: Length): Result[] {
  mkdirSync(RESULTS, { recursive: true });
  return readdirSync(RESULTS)
    .filter((name) => name.endsWith(`-${length}.json`))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(RESULTS, name), 'utf8')) as Result);
}
