// What the stores in InfluxDB need of a server, whatever its version: the seam between our lines and queries and its HTTP. What an answer
// to a write means is judged in influx-write.ts.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Value } from '../../telemetry/description.ts';
import { StoreAway } from '../store.ts';
import { isLoopback } from '../../telemetry/loopback.ts';

export interface InfluxConnection {
  /** `http://host:port` */
  readonly origin: string;
  /** Lines of one request that the server likes best. */
  readonly linesAtOnce: number;
  /** What to do about an answer that no line is to blame for, by status. */
  readonly advice: ReadonlyMap<number, string>;
  /** Creates what is missing. @throws Error that says what to set */
  prepare(): Promise<void>;
  /** Lines, in one request. @throws Error naming the server when it does not answer in time */
  write(body: Buffer<ArrayBuffer>): Promise<WriteAnswer>;
  /** One InfluxQL statement; times in ms. @throws Error naming the server */
  query(sql: string, parameters: { readonly [name: string]: string }): Promise<InfluxSeries[]>;
  /** Keeps data this long from now on; the server removes what is older. */
  keep(ms: number): Promise<void>;
  ping(): Promise<boolean>;
  close(): void;
}

export interface WriteAnswer {
  readonly status: number;
  /** In the server's words, whole: bad lines are found in it. */
  readonly reason: string;
  readonly retryAfter?: string;
}

export interface InfluxSeries {
  readonly name?: string;
  readonly tags?: { readonly [name: string]: string };
  readonly columns: readonly string[];
  readonly values: readonly (readonly (Value | null)[])[];
}

/** The answer to one InfluxQL statement, 1.x and 2.x alike. */
export interface InfluxResults {
  readonly results?: readonly { readonly series?: InfluxSeries[]; readonly error?: string }[];
  readonly error?: string;
}

export const WRITE_TIMEOUT_MS = 10_000;
export const QUERY_TIMEOUT_MS = 60_000;
export const PING_TIMEOUT_MS = 2_000;

/** Over loopback compressing costs what it saves (InfluxDB 1.6.7: 97,000 lines/s with and 99,000 without); over a network it is a tenth of the bytes. */
export function isWorthZipping(url: URL): boolean {
  return !isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
}

/** Level 1: line protocol repeats itself so much that more gains little. */
export function zipped(body: Buffer): Promise<Buffer<ArrayBuffer>> {
  return promisify(gzip)(body, { level: 1 });
}

/** @throws Error for what the server says against the query, and for an answer that it cut. */
export function seriesOf(origin: string, { results, error }: InfluxResults): InfluxSeries[] {
  const [result] = results ?? [];
  const reason = error ?? result?.error;
  if (reason !== undefined) throw new Error(`InfluxDB at ${origin}: ${reason}`);
  const series = result?.series ?? [];
  if (result && 'partial' in result)
    throw new Error(`InfluxDB at ${origin} cut its answer: raise max-row-limit in its [http] section`);
  return series;
}

/** @throws Error for anything but an address of http. */
export function influxUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new Error(`the address of InfluxDB must start with http:// or https://, got ${JSON.stringify(text)}`);
}

/** One line for a person: fetch hides what happened in `cause`. */
export function reasonOf(error: unknown): string {
  const cause = (error as { cause?: unknown } | undefined)?.cause ?? error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** StoreAway, unless it was our own deadline that ended it. */
export function noAnswer(
  origin: string,
  error: unknown,
  isLate = error instanceof Error && error.name === 'TimeoutError',
): Error {
  const message = `InfluxDB at ${origin} does not answer: ${reasonOf(error)}`;
  return isLate ? new Error(message, { cause: error }) : new StoreAway(message, { cause: error });
}
