// The log of a live session: what it was, what came in and when, and its fingerprint now and then, so that it can be repeated and compared.
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { LogEntry } from '../simulator/command-log.ts';
import type { Fingerprint } from '../simulator/live.ts';
import type { Scenario } from '../simulator/scenario.ts';
import { UsageError } from './options.ts';

/** A session that is killed can be repeated up to its newest checkpoint. */
const CHECKPOINT_EVERY_MS = 10_000;

export interface SessionHeader {
  readonly session: 1;
  readonly scenario: Scenario;
  readonly fleets: { readonly [kind: string]: number };
  readonly seed: number;
  readonly startMs: number;
  readonly utcOffsetMin: number;
  /** The feed of an imported city, and its name where that was given. */
  readonly gtfs?: string;
  readonly city?: string;
}

export interface Session extends SessionHeader {
  readonly entries: readonly LogEntry[];
  readonly end: Fingerprint;
}

export interface OpenSession {
  readonly everyMs: number;
  readonly entry: (entry: LogEntry) => void;
  checkpoint(fingerprint: Fingerprint): void;
  close(): void;
}

/** JSON has no Infinity; durations and ends may be infinite. */
const toText = (value: unknown) =>
  `${JSON.stringify(value, (_key, part: unknown) => (part === Infinity ? 'Infinity' : part))}\n`;
const fromText = (line: string): unknown =>
  JSON.parse(line, (_key, part: unknown) => (part === 'Infinity' ? Infinity : part));

export function openSession(
  file: string,
  { scenario, fleets, seed, startMs, utcOffsetMin, gtfs, city }: Omit<SessionHeader, 'session'>,
): OpenSession {
  mkdirSync(dirname(file), { recursive: true });
  const handle = openSync(file, 'w');
  const from = { ...(gtfs !== undefined && { gtfs: resolve(gtfs) }), ...(city !== undefined && { city }) };
  const header: SessionHeader = { session: 1, scenario, fleets, seed, startMs, utcOffsetMin, ...from };
  writeSync(handle, toText(header));
  return {
    everyMs: CHECKPOINT_EVERY_MS,
    entry: (entry) => void writeSync(handle, toText(entry)),
    checkpoint: (fingerprint) => void writeSync(handle, toText({ checkpoint: fingerprint })),
    close: () => closeSync(handle),
  };
}

/** The session up to its newest checkpoint; undefined when the text is none. @throws UsageError when it has no checkpoint yet */
export function readSession(file: string): Session | undefined {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const header = parsed(lines[0]) as Partial<SessionHeader> | undefined;
  if (header?.session !== 1) return undefined;
  const entries: LogEntry[] = [];
  let end: Fingerprint | undefined;
  let entriesAtEnd = 0;
  for (const line of lines.slice(1)) {
    // The last line of a killed session may be half written.
    const value = parsed(line) as LogEntry | { checkpoint: Fingerprint } | undefined;
    if (value === undefined) continue;
    if ('checkpoint' in value) {
      end = value.checkpoint;
      entriesAtEnd = entries.length;
    } else entries.push(value);
  }
  if (end === undefined)
    throw new UsageError(`${file} has no checkpoint yet: the session was shorter than ${CHECKPOINT_EVERY_MS / 1000} s`);
  return { ...(header as SessionHeader), entries: entries.slice(0, entriesAtEnd), end };
}

function parsed(line: string | undefined): unknown {
  try {
    return line === undefined ? undefined : fromText(line);
  } catch {
    return undefined;
  }
}
