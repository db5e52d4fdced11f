// The store in an InfluxDB 2.x server. The official client carries our own lines, a request for each call and without its retries:
// only a resolved promise is an acknowledgement. History is asked in InfluxQL at the 1.x-compatible `/query`, through a mapping of the bucket.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import type { WriteApi } from '@influxdata/influxdb-client';
import { QuestionTooLong } from '../store.ts';
import type { Store } from '../store.ts';
import { openBucket, setRetention } from './influx2-bucket.ts';
import type { Bucket } from './influx2-bucket.ts';
import {
  PING_TIMEOUT_MS,
  QUERY_TIMEOUT_MS,
  WRITE_TIMEOUT_MS,
  influxUrl,
  isWorthZipping,
  noAnswer,
  seriesOf,
} from './influx-connection.ts';
import type { InfluxConnection, InfluxResults, InfluxSeries, WriteAnswer } from './influx-connection.ts';
import { InfluxStore } from './influx-store.ts';
import type { InfluxStoreOptions } from './influx-store.ts';

export interface Influx2StoreOptions extends InfluxStoreOptions {
  /** `http://host:8086` */
  readonly url: string;
  /** Name of the organisation. */
  readonly org: string;
  /** Created when missing, and the token may do that. */
  readonly bucket: string;
  readonly token: string;
}

/** What InfluxData recommends, and about 700 KB. https://docs.influxdata.com/influxdb/v2/write-data/best-practices/optimize-writes/ */
const LINES_AT_ONCE = 5_000;
/** Bytes. Above it the client compresses; it has no switch for never. */
const ZIP_FROM_BYTES = 4_096;
const BAD_NAME = /^_|["\n\r]|^$/;

/** A store in InfluxDB 2.x. @throws Error for a bad url, organisation, bucket or token */
export function createInflux2Store(options: Influx2StoreOptions): Store {
  const url = influxUrl(options.url);
  if (BAD_NAME.test(options.bucket))
    throw new Error(
      `the bucket must not be empty, begin with _ or hold a quote, got ${JSON.stringify(options.bucket)}`,
    );
  if (options.org === '') throw new Error('InfluxDB 2.x needs an organisation: set --store-org');
  if (!/^[\x21-\x7e]+$/.test(options.token))
    throw new Error('InfluxDB 2.x needs an API token: set --store-token-file to a file that holds one');
  return new InfluxStore('influx2', new Influx2Connection(url, options), options);
}

class Influx2Connection implements InfluxConnection {
  readonly origin: string;
  readonly linesAtOnce = LINES_AT_ONCE;
  readonly advice: ReadonlyMap<number, string>;
  readonly #options: Influx2StoreOptions;
  readonly #agent: HttpAgent;
  readonly #writer: WriteApi;
  readonly #writeTimeoutMs: number;
  #bucket: Bucket | undefined;
  /** How often we ended all requests ourselves. */
  #cuts = 0;

  constructor(url: URL, options: Influx2StoreOptions) {
    const { org, bucket, token, writeTimeoutMs = WRITE_TIMEOUT_MS } = options;
    this.origin = url.origin;
    this.#options = options;
    this.advice = new Map([
      [401, 'set --store-token-file to a token of this InfluxDB that is not expired'],
      [403, `give the token of --store-token-file the right to read and write the bucket ${bucket}`],
      [404, `there is no bucket ${bucket} of ${org} any more: set --store-org and --store-bucket, or start again`],
    ]);
    const Agent = url.protocol === 'https:' ? HttpsAgent : HttpAgent;
    // No limit of sockets: a request that waited here for another one's would lose the time that it has.
    this.#agent = new Agent({ keepAlive: true });
    // Its own timeout reports and leaves the request open: ours closes the socket, and comes first.
    const timeout = 2 * writeTimeoutMs;
    this.#writeTimeoutMs = writeTimeoutMs;
    const client = new InfluxDB({ url: url.origin, token, timeout, transportOptions: { agent: this.#agent } });
    this.#writer = client.getWriteApi(org, bucket, 'ns', {
      // Above what is ever given: a batch that the client flushes by itself fails where nobody hears it.
      batchSize: 2,
      maxBatchBytes: Infinity,
      flushInterval: 0,
      maxRetries: 0,
      gzipThreshold: (options.zips ?? isWorthZipping(url)) ? ZIP_FROM_BYTES : Infinity,
      // Past its log on the console, and past a message of clusters that it takes for success.
      writeFailed: (error) => Promise.reject(error),
    });
  }

  async prepare(): Promise<void> {
    this.#bucket = await openBucket({ ...this.#options, url: this.origin });
  }

  keep(ms: number): Promise<void> {
    return setRetention({ ...this.#options, url: this.origin }, this.#bucket!, ms);
  }

  async write(body: Buffer): Promise<WriteAnswer> {
    const cuts = this.#cuts;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#cut();
    }, this.#writeTimeoutMs);
    try {
      this.#writer.writeRecords([body.toString()]);
      await this.#writer.flush();
      return { status: 204, reason: '' };
    } catch (error) {
      if (error instanceof HttpError) return answerOf(error);
      const isOurs = this.#cuts !== cuts;
      // What is left of the request must not arrive after its repetition.
      this.#cut();
      const reason = late ? new Error(`nothing within ${this.#writeTimeoutMs / 1000} s`) : error;
      throw noAnswer(this.origin, reason, isOurs);
    } finally {
      clearTimeout(timer);
    }
  }

  async query(sql: string, parameters: { readonly [name: string]: string }): Promise<InfluxSeries[]> {
    const { database: db, retentionPolicy: rp } = this.#bucket!;
    const body = new URLSearchParams({ db, rp, epoch: 'ms', q: sql, params: JSON.stringify(parameters) });
    const headers = { authorization: `Token ${this.#options.token}`, accept: 'application/json' };
    let text: string;
    let status: number;
    const signal = AbortSignal.timeout(QUERY_TIMEOUT_MS);
    try {
      const response = await fetch(`${this.origin}/query`, { method: 'POST', headers, body, signal });
      ({ status } = response);
      text = await response.text();
    } catch (error) {
      if (signal.aborted)
        throw new QuestionTooLong(`no answer from ${this.origin} within ${QUERY_TIMEOUT_MS / 1000} s`);
      throw noAnswer(this.origin, error);
    }
    if (status === 200) return seriesOf(this.origin, JSON.parse(text) as InfluxResults);
    const advice = this.advice.get(status);
    throw new Error(`InfluxDB at ${this.origin} refuses a query: ${status} ${text}${advice ? `: ${advice}` : ''}`);
  }

  async ping(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(PING_TIMEOUT_MS);
      return (await fetch(`${this.origin}/ping`, { signal })).status === 204;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#writer.dispose();
    this.#agent.destroy();
  }

  /** Ends all requests. */
  #cut(): void {
    this.#cuts++;
    this.#agent.destroy();
  }
}

function answerOf({ statusCode, message, json, body, headers }: HttpError): WriteAnswer {
  const told = (json as { message?: unknown } | undefined)?.message;
  const retryAfter = headers?.['retry-after'];
  return {
    status: statusCode,
    reason: typeof told === 'string' ? told : (body ?? message),
    ...(typeof retryAfter === 'string' && { retryAfter }),
  };
}
