// The store in an InfluxDB 1.x server. The `influx` package makes the database and carries queries; lines are our own and go by plain
// HTTP, because the package's writer escapes too little. Retrying is the caller's business: a write that fails is rejected.
import { InfluxDB } from 'influx';
import { show } from '../../telemetry/description.ts';
import type { Description, FieldType } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type {
  AggregateGroup,
  AggregateQuery,
  AppendResult,
  EventQuery,
  HistoryQuery,
  RecordQuery,
  Series,
  Store,
  StoreBatch,
} from '../store.ts';
import { Influx1Reader } from './influx1-queries.ts';
import { writeLines } from './influx1-write.ts';
import type { Line } from './influx1-write.ts';
import { eventLine, kindLine, recordLine } from './line-protocol.ts';
import { newFields } from './query.ts';

export interface Influx1StoreOptions {
  /** `http://host:8086` */
  readonly url: string;
  /** Created when missing. */
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  readonly city: string;
  /** Told of every record the server refuses for good; the others of its batch are stored. */
  readonly onBadLine?: (record: TelemetryRecord | DeviceEvent, reason: string) => void;
}

const DATABASE_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
const REQUEST_TIMEOUT_MS = 60_000;
const PING_TIMEOUT_MS = 2_000;
/** The package locks a host out for seconds after an error, also when the server is back; without a delay it does not. */
const NO_LOCKOUT = { getDelay: () => 0, next: () => NO_LOCKOUT, reset: () => NO_LOCKOUT };

/**
 * A store in InfluxDB 1.x. One record is one point with a timestamp of its own, so a resend writes the same points again: suspects need
 * no check and `append` answers 0 duplicates. @throws Error for a bad url, database or city
 */
export function createInflux1Store(options: Influx1StoreOptions): Store {
  const url = new URL(options.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`the address of InfluxDB must start with http:// or https://, got ${show(options.url)}`);
  }
  if (!DATABASE_PATTERN.test(options.database)) {
    throw new Error(`the database must match ${DATABASE_PATTERN.source}, got ${show(options.database)}`);
  }
  return new Influx1Store(options, url);
}

class Influx1Store implements Store {
  readonly name = 'influx1';
  readonly #options: Influx1StoreOptions;
  readonly #client: InfluxDB;
  readonly #reader: Influx1Reader;
  readonly #writeUrl: string;
  readonly #headers: { readonly [name: string]: string };
  /** Fields of every kind: as described, and as the server has them. */
  readonly #types = new Map<string, Map<string, FieldType>>();
  readonly #described = new Map<string, Description>();

  constructor(options: Influx1StoreOptions, url: URL) {
    const { database, username, password = '', city } = options;
    this.#options = options;
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
      pool: { maxRetries: 0, requestTimeout: REQUEST_TIMEOUT_MS, backoff: NO_LOCKOUT },
    });
    this.#reader = new Influx1Reader(this.#client, url.origin, city, this.#types);
    this.#writeUrl = `${url.origin}/write?db=${encodeURIComponent(database)}&precision=ns`;
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    this.#headers = username === undefined ? {} : { authorization: `Basic ${credentials}` };
  }

  async open(): Promise<void> {
    const { url, database } = this.#options;
    try {
      const existing = await this.#client.getDatabaseNames();
      if (!existing.includes(database)) await this.#client.createDatabase(database);
    } catch (error) {
      throw new Error(`cannot use the database ${database} of InfluxDB at ${new URL(url).origin}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    for (const [kind, fields] of await this.#reader.storedTypes()) this.#types.set(kind, fields);
    for (const description of await this.#reader.storedDescriptions()) this.#remember(description);
  }

  async describe(description: Description): Promise<void> {
    const { kind } = description;
    newFields(this.#types.get(kind) ?? new Map(), description);
    const before = this.#described.get(kind);
    if (before && JSON.stringify(before) === JSON.stringify(description)) return;
    await this.#write([{ text: kindLine(this.#options.city, description) }]);
    this.#remember(description);
  }

  async descriptions(): Promise<Description[]> {
    return [...this.#described.values()];
  }

  async append(batch: StoreBatch): Promise<AppendResult> {
    for (const { kind } of batch.records) {
      if (!this.#described.has(kind)) throw new Error(`a record of a kind that was not described: ${show(kind)}`);
    }
    const { city } = this.#options;
    const lines: Line[] = [];
    for (const record of batch.records) this.#encode(record, () => recordLine(city, record), lines);
    for (const event of batch.events) this.#encode(event, () => eventLine(city, event), lines);
    await this.#write(lines);
    return { duplicates: 0 };
  }

  history(query: HistoryQuery): Promise<Series> {
    return this.#reader.history(query);
  }

  aggregate(query: AggregateQuery): Promise<AggregateGroup[]> {
    return this.#reader.aggregate(query);
  }

  events(query: EventQuery): Promise<DeviceEvent[]> {
    return this.#reader.events(query);
  }

  records(query: RecordQuery): Promise<TelemetryRecord[]> {
    return this.#reader.records(query);
  }

  latest(kind: string): Promise<TelemetryRecord[]> {
    return this.#reader.latest(kind);
  }

  async ping(): Promise<boolean> {
    const hosts = await this.#client.ping(PING_TIMEOUT_MS);
    return hosts.every(({ online }) => online);
  }

  async close(): Promise<void> {}

  #encode(record: TelemetryRecord | DeviceEvent, encode: () => string, lines: Line[]): void {
    try {
      lines.push({ text: encode(), record });
    } catch (error) {
      this.#options.onBadLine?.(record, reasonOf(error));
    }
  }

  async #write(lines: readonly Line[]): Promise<void> {
    await writeLines({
      url: this.#writeUrl,
      headers: this.#headers,
      lines,
      onBadLine: ({ record }, reason) => {
        // A description is ours: the server must take it.
        if (!record) throw new Error(`InfluxDB refuses a description: ${reason}`);
        this.#options.onBadLine?.(record, reason);
      },
    });
  }

  #remember(description: Description): void {
    const fields = this.#types.get(description.kind) ?? new Map<string, FieldType>();
    this.#types.set(description.kind, fields);
    for (const [name, { type = 'number' }] of Object.entries(description.fields)) fields.set(name, type);
    this.#described.set(description.kind, description);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
