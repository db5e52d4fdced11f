// The store in an InfluxDB of either version: what to write and to remember. One record is one point with a timestamp of its own, so a
// resend writes the same points again. Retrying is the caller's business: a write that fails is rejected.
import { show } from '../../telemetry/description.ts';
import type { Description, FieldType } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type {
  AggregateGroup,
  AggregateQuery,
  AppendResult,
  EventQuery,
  HistoryQuery,
  LatestQuery,
  RecordQuery,
  Refusal,
  Series,
  Store,
  StoreBatch,
} from '../store.ts';
import type { InfluxConnection } from './influx-connection.ts';
import { lifeOf } from './influx-life.ts';
import { InfluxReader } from './influx-queries.ts';
import { LineWriter } from './influx-write.ts';
import type { Line } from './influx-write.ts';
import { eventLine, kindLine, recordLine } from './line-protocol.ts';
import { newFields, wrongValue } from './query.ts';

export interface InfluxStoreOptions {
  readonly city: string;
  /** The server is told to remove what is older, ms. Absent: what it was told before. */
  readonly keepMs?: number;
  /** How long a write may take, default 10 s. */
  readonly writeTimeoutMs?: number;
  /** Compress writes; default: to another machine. */
  readonly zips?: boolean;
}

export class InfluxStore implements Store {
  readonly name: 'influx1' | 'influx2';
  readonly #connection: InfluxConnection;
  readonly #options: InfluxStoreOptions;
  readonly #reader: InfluxReader;
  readonly #writer: LineWriter;
  /** Fields of every kind: as described, and as the server has them. */
  readonly #types = new Map<string, Map<string, FieldType>>();
  readonly #described = new Map<string, Description>();

  constructor(name: 'influx1' | 'influx2', connection: InfluxConnection, options: InfluxStoreOptions) {
    this.name = name;
    this.#connection = connection;
    this.#options = options;
    this.#reader = new InfluxReader(connection, options.city, this.#types);
    this.#writer = new LineWriter(connection);
  }

  async open(): Promise<void> {
    await this.#connection.prepare();
    if (this.#options.keepMs !== undefined) await this.#connection.keep(this.#options.keepMs);
    for (const [kind, fields] of await this.#reader.storedTypes()) this.#types.set(kind, fields);
    for (const description of await this.#reader.storedDescriptions()) this.#remember(description);
  }

  async describe(description: Description): Promise<void> {
    const { kind } = description;
    newFields(this.#types.get(kind) ?? new Map(), description);
    const before = this.#described.get(kind);
    if (before && JSON.stringify(before) === JSON.stringify(description)) return;
    const [refused] = await this.#writer.write([{ text: kindLine(this.#options.city, description), at: 0 }]);
    // A description is ours: the server must take it.
    if (refused) throw new Error(`InfluxDB at ${this.#connection.origin} refuses a description: ${refused.reason}`);
    this.#remember(description);
  }

  async descriptions(): Promise<Description[]> {
    return [...this.#described.values()];
  }

  /** None: writing the same points again is harmless, so a position that lags costs nothing but time. */
  async position(): Promise<undefined> {
    return undefined;
  }

  async append(batch: StoreBatch): Promise<AppendResult> {
    for (const { kind } of batch.records) {
      if (!this.#described.has(kind)) throw new Error(`a record of a kind that was not described: ${show(kind)}`);
    }
    const refused: Refusal[] = [];
    for (const { line, reason } of await this.#writer.write(this.#lines(batch, refused)))
      refused.push(line.record ? { record: line.at, reason } : { event: line.at, reason });
    return refused.length === 0 ? { duplicates: 0 } : { duplicates: 0, refused };
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

  latest(kind: string, among?: LatestQuery): Promise<TelemetryRecord[]> {
    return this.#reader.latest(kind, among);
  }

  ping(): Promise<boolean> {
    return this.#connection.ping();
  }

  life(): Promise<string | undefined> {
    return lifeOf(this.#connection.origin);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  /** Encodes as it is asked; what cannot be written is refused at once. */
  *#lines({ records, events }: StoreBatch, refused: Refusal[]): Generator<Line> {
    const { city } = this.#options;
    for (let at = 0; at < records.length; at++) {
      const record = records[at]!;
      try {
        const wrong = wrongValue(record, this.#types.get(record.kind)!);
        // The first value of a field decides its type for good: a wrong one must not be it.
        if (wrong !== undefined) throw new Error(wrong);
        yield { text: recordLine(city, record), record, at };
      } catch (error) {
        refused.push({ record: at, reason: (error as Error).message });
      }
    }
    for (const [at, event] of events.entries()) {
      try {
        yield { text: eventLine(city, event), at };
      } catch (error) {
        refused.push({ event: at, reason: (error as Error).message });
      }
    }
  }

  #remember(description: Description): void {
    const fields = this.#types.get(description.kind) ?? new Map<string, FieldType>();
    this.#types.set(description.kind, fields);
    for (const [name, { type = 'number' }] of Object.entries(description.fields)) fields.set(name, type);
    this.#described.set(description.kind, description);
  }
}
