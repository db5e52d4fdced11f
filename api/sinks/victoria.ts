// Sends the numbers of stored records on to a VictoriaMetrics, for those who look at metrics there. It is no store: it keeps ms and no
// texts, is fed after the commit, and what does not fit its queue while the server is away is dropped and counted.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { Backoff } from '../backoff.ts';
import type { Store, StoreBatch } from '../store.ts';

export interface VictoriaOptions {
  /** `http://host:8428` */
  readonly url: string;
  readonly city: string;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** Records that may wait, default 200,000: about 60 MB. */
  readonly maxWaiting?: number;
}

export interface VictoriaCounters {
  readonly sent: number;
  readonly dropped: number;
  readonly waiting: number;
}

const MAX_WAITING = 200_000;
const RECORDS_AT_ONCE = 10_000;
const TIMEOUT_MS = 10_000;
const CLOSE_MS = 2_000;

export class VictoriaSink {
  readonly #options: VictoriaOptions;
  readonly #writeUrl: URL;
  readonly #stop = new AbortController();
  #waiting: TelemetryRecord[] = [];
  #sending: Promise<void> | undefined;
  #inFlight = 0;
  #sent = 0;
  #dropped = 0;
  #fails = false;

  constructor(options: VictoriaOptions) {
    this.#options = options;
    this.#writeUrl = new URL('/write?precision=ms', options.url);
  }

  counters(): VictoriaCounters {
    return { sent: this.#sent, dropped: this.#dropped, waiting: this.#waiting.length + this.#inFlight };
  }

  /** Returns at once, whatever the server does. */
  take(records: Iterable<TelemetryRecord>): void {
    const most = this.#options.maxWaiting ?? MAX_WAITING;
    for (const record of records) {
      if (this.#waiting.length + this.#inFlight < most) this.#waiting.push(record);
      else this.#dropped++;
    }
    if (this.#waiting.length > 0) this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
  }

  /** Gives what waits two seconds to leave; the rest is dropped and counted. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), CLOSE_MS);
    await this.#sending;
    clearTimeout(timer);
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
  }

  async #send(): Promise<void> {
    const backoff = new Backoff();
    while (this.#waiting.length > 0) {
      const records = this.#waiting.splice(0, RECORDS_AT_ONCE);
      this.#inFlight = records.length;
      const body = records.flatMap((record) => lineOf(this.#options.city, record) ?? []).join('\n');
      for (let done = false; !done;) {
        try {
          const isTaken = body === '' || (await this.#post(body));
          if (isTaken) this.#sent += records.length;
          else this.#dropped += records.length;
          this.#note(undefined);
          done = true;
        } catch (error) {
          this.#note(error as Error);
          await sleep(backoff.nextMs(), undefined, { signal: this.#stop.signal }).catch(() => {});
          if (!this.#stop.signal.aborted) continue;
          this.#dropped += records.length;
          this.#inFlight = 0;
          return;
        }
      }
      this.#inFlight = 0;
    }
  }

  /** → false when the server will never take it. @throws Error when it may later */
  async #post(body: string): Promise<boolean> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(this.#writeUrl, { method: 'POST', body, signal });
    const answer = await response.text();
    if (response.ok) return true;
    if (response.status === 400) return false;
    throw new Error(`${response.status} ${answer.slice(0, 200)}`);
  }

  /** Says when it begins to fail and when that is over, no more. */
  #note(error: Error | undefined): void {
    const { url, log } = this.#options;
    const { host } = new URL(url);
    if (error && !this.#fails) log.warn(`VictoriaMetrics at ${host} takes nothing: ${causeOf(error)}`);
    else if (!error && this.#fails)
      log.info(`VictoriaMetrics at ${host} is back, ${this.#dropped} records were dropped`);
    this.#fails = error !== undefined;
  }
}

/** The same store, which tells the sink what it has stored. */
export function feeding(store: Store, sink: VictoriaSink): Store {
  return {
    name: store.name,
    open: () => store.open(),
    describe: (description) => store.describe(description),
    descriptions: () => store.descriptions(),
    position: () => store.position(),
    async append(batch: StoreBatch) {
      const result = await store.append(batch);
      const refused = new Set(result.refused?.map(({ record }) => record));
      sink.take(refused.size === 0 ? batch.records : [...batch.records].filter((_, at) => !refused.has(at)));
      return result;
    },
    history: (query) => store.history(query),
    aggregate: (query) => store.aggregate(query),
    events: (query) => store.events(query),
    records: (query) => store.records(query),
    latest: (kind, among) => store.latest(kind, among),
    ping: () => store.ping(),
    ...(store.life && { life: () => store.life!() }),
    async close() {
      await store.close();
      await sink.close();
    },
  };
}

/** InfluxDB's line protocol, which VictoriaMetrics reads: a series `{kind}_{field}` for each number. Names are of the grammar already. */
function lineOf(city: string, { kind, device, ts, fields }: TelemetryRecord): string | undefined {
  let values = '';
  for (const name in fields) {
    const value = fields[name];
    if (typeof value === 'number') values += `${values === '' ? '' : ','}${name}=${value}`;
  }
  return values === '' ? undefined : `${kind},city=${city},device=${device} ${values} ${ts}`;
}

function causeOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? cause.message || cause.name : error.message;
}
