// The store in an InfluxDB 1.x server. The `influx` package makes the database and carries queries; lines are our own and go by plain
// HTTP, because the package's writer escapes too little.
import { InfluxDB } from 'influx';
import { show } from '../../telemetry/description.ts';
import { QuestionTooLong } from '../store.ts';
import type { Store } from '../store.ts';
import {
  PING_TIMEOUT_MS,
  QUERY_TIMEOUT_MS,
  WRITE_TIMEOUT_MS,
  influxUrl,
  isWorthZipping,
  noAnswer,
  reasonOf,
  seriesOf,
  zipped,
} from './influx-connection.ts';
import type { InfluxConnection, InfluxResults, InfluxSeries, WriteAnswer } from './influx-connection.ts';
import { InfluxStore } from './influx-store.ts';
import type { InfluxStoreOptions } from './influx-store.ts';

export interface Influx1StoreOptions extends InfluxStoreOptions {
  /** `http://host:8086` */
  readonly url: string;
  /** Created when missing. */
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
}

const DATABASE_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
/** About 1.4 MB. Of 135-byte lines 1.6.7 took 55,000/s in requests of 1,000, 82,000/s of 5,000, 99,000/s of 10,000, 106,000/s of 20,000. */
const LINES_AT_ONCE = 10_000;
/** The package locks a host out for seconds after an error, also when the server is back; without a delay it does not. */
const NO_LOCKOUT = { getDelay: () => 0, next: () => NO_LOCKOUT, reset: () => NO_LOCKOUT };
const CREDENTIALS = 'set --store-user and --store-password-file to a user that may read and write the database';
const DAY_MIN = 24 * 60;

/** A store in InfluxDB 1.x. @throws Error for a bad url, database or city */
export function createInflux1Store(options: Influx1StoreOptions): Store {
  const url = influxUrl(options.url);
  if (!DATABASE_PATTERN.test(options.database)) {
    throw new Error(`the database must match ${DATABASE_PATTERN.source}, got ${show(options.database)}`);
  }
  return new InfluxStore('influx1', new Influx1Connection(url, options), options);
}

class Influx1Connection implements InfluxConnection {
  readonly origin: string;
  readonly linesAtOnce = LINES_AT_ONCE;
  readonly advice: ReadonlyMap<number, string>;
  readonly #client: InfluxDB;
  readonly #database: string;
  readonly #writeUrl: string;
  readonly #zips: boolean;
  readonly #writeTimeoutMs: number;
  readonly #headers: { readonly [name: string]: string };

  constructor(url: URL, options: Influx1StoreOptions) {
    const { database, username, password = '', writeTimeoutMs = WRITE_TIMEOUT_MS } = options;
    this.origin = url.origin;
    this.#database = database;
    this.#writeTimeoutMs = writeTimeoutMs;
    this.advice = new Map([
      [401, CREDENTIALS],
      [403, CREDENTIALS],
      [404, `the database ${database} is gone: a restart creates it again, --store-db names another one`],
    ]);
    this.#client = new InfluxDB({
      hosts: [
        {
          protocol: url.protocol === 'https:' ? 'https' : 'http',
          host: url.hostname,
          port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
        },
      ],
      database,
      ...(username !== undefined && { username, password }),
      pool: { maxRetries: 0, requestTimeout: QUERY_TIMEOUT_MS, backoff: NO_LOCKOUT },
    });
    this.#writeUrl = `${url.origin}/write?db=${encodeURIComponent(database)}&precision=ns`;
    this.#zips = options.zips ?? isWorthZipping(url);
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    this.#headers = {
      ...(username !== undefined && { authorization: `Basic ${credentials}` }),
      ...(this.#zips && { 'content-encoding': 'gzip' }),
    };
  }

  async prepare(): Promise<void> {
    try {
      const existing = await this.#client.getDatabaseNames();
      if (!existing.includes(this.#database)) await this.#client.createDatabase(this.#database);
    } catch (error) {
      const reason = reasonOf(error);
      const advice = /authoriz|credential|user|forbidden/i.test(reason) ? `: ${CREDENTIALS}` : '';
      throw new Error(`cannot use the database ${this.#database} of InfluxDB at ${this.origin}: ${reason}${advice}`, {
        cause: error,
      });
    }
  }

  async write(lines: Buffer<ArrayBuffer>): Promise<WriteAnswer> {
    const body = this.#zips ? await zipped(lines) : lines;
    try {
      const signal = AbortSignal.timeout(this.#writeTimeoutMs);
      const response = await fetch(this.#writeUrl, { method: 'POST', headers: this.#headers, body, signal });
      const retryAfter = response.headers.get('retry-after');
      const reason = wordsOf(await response.text());
      return { status: response.status, reason, ...(retryAfter !== null && { retryAfter }) };
    } catch (error) {
      throw noAnswer(this.origin, error);
    }
  }

  async query(sql: string, placeholders: { readonly [name: string]: string }): Promise<InfluxSeries[]> {
    // The package hears no end of an answer that breaks off: this is it.
    const { promise: deadline, reject } = Promise.withResolvers<never>();
    const late = new QuestionTooLong(`no answer from ${this.origin} within ${QUERY_TIMEOUT_MS / 1000} s`);
    const timer = setTimeout(() => reject(late), QUERY_TIMEOUT_MS);
    try {
      const request = this.#client.queryRaw(sql, { precision: 'ms', placeholders });
      return seriesOf(this.origin, (await Promise.race([request, deadline])) as InfluxResults);
    } finally {
      clearTimeout(timer);
    }
  }

  async keep(ms: number): Promise<void> {
    const minutes = Math.max(60, Math.ceil(ms / 60_000));
    const duration = `DURATION ${minutes}m SHARD DURATION ${minutes < 2 * DAY_MIN ? '1h' : '1d'}`;
    const sql = `ALTER RETENTION POLICY "autogen" ON "${this.#database}" ${duration}`;
    seriesOf(this.origin, (await this.#client.queryRaw(sql, { method: 'POST' })) as InfluxResults);
  }

  async ping(): Promise<boolean> {
    const hosts = await this.#client.ping(PING_TIMEOUT_MS);
    return hosts.every(({ online }) => online);
  }

  close(): void {}
}

/** `{"error":"…"}`, of 2.x `{"message":"…"}`, or whatever a proxy says. */
function wordsOf(body: string): string {
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    const words = [error, message].find((text) => typeof text === 'string');
    if (words !== undefined) return words;
  } catch {
    // No JSON: a proxy's page, say.
  }
  return body.trim();
}
