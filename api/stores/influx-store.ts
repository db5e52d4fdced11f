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
import type { PackedRecords } from '../packed-records.ts';
import { fitting } from './fitting.ts';
import type { InfluxConnection } from './influx-connection.ts';
import { lifeOf } from './influx-life.ts';
import { InfluxReader } from './influx-queries.ts';
import { LineWriter, blockOf } from './influx-write.ts';
import type { Line, LineBlock, LineSource } from './influx-write.ts';
import { eventLine, kindLine } from './line-protocol.ts';
import { newFields } from './query.ts';
import { RecordLines, addLine, noLines } from './record-lines.ts';
import type { Lines } from './record-lines.ts';

export interface InfluxStoreOptions {
  readonly city: string;
  /** The server is told to remove what is older, ms. Absent: what it was told before. */
  readonly keepMs?: number;
  /** How long a write may take, default 10 s. */
  readonly writeTimeoutMs?: number;
  /** Compress writes; default: to another machine. */
  readonly zips?: boolean;
}

/** So that the buffer of a block seldom has to grow. */
const SPARE_BYTES = 4096;

export class InfluxStore implements Store {
  readonly name: 'influx1' | 'influx2';
  readonly #connection: InfluxConnection;
  readonly #options: InfluxStoreOptions;
  readonly #reader: InfluxReader;
  readonly #writer: LineWriter;
  readonly #lines: RecordLines;
  /** What the block before needed, and a little. */
  #blockBytes = SPARE_BYTES;
  /** Fields of every kind: as described, and as the server has them. */
  readonly #types = new Map<string, Map<string, FieldType>>();
  readonly #described = new Map<string, Description>();

  constructor(name: 'influx1' | 'influx2', connection: InfluxConnection, options: InfluxStoreOptions) {
    this.name = name;
    this.#connection = connection;
    this.#options = options;
    this.#reader = new InfluxReader(connection, options.city, this.#types);
    this.#writer = new LineWriter(connection);
    this.#lines = new RecordLines(options.city);
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
    const [refused] = await this.#writer.write(
      once(blockOf([{ text: kindLine(this.#options.city, description), at: 0 }])),
    );
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
    const { records, refused: unfit } = fitting(batch.records, this.#types);
    // The server may have measurements of others, whose types it knows too.
    for (const { kind } of records.kinds) {
      if (!this.#described.has(kind)) throw new Error(`a record of a kind that was not described: ${show(kind)}`);
    }
    const refused = [...unfit];
    for (const { line, reason } of await this.#writer.write(this.#source(records, batch.events, refused)))
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
  #source(records: PackedRecords, events: readonly DeviceEvent[], refused: Refusal[]): LineSource {
    const { kinds } = records;
    const refuseRecord = (record: number, reason: string): void => void refused.push({ record, reason });
    let [kind, row, event] = [0, 0, 0];
    return (most) => {
      const lines = noLines(this.#blockBytes);
      while (kind < kinds.length && lines.ends.length < most) {
        const rows = kinds[kind]!;
        const end = Math.min(rows.count, row + most - lines.ends.length);
        this.#lines.write(rows, row, end, lines, refuseRecord);
        [kind, row] = end === rows.count ? [kind + 1, 0] : [kind, end];
      }
      const recordLines = lines.ends.length;
      for (; event < events.length && lines.ends.length < most; event++) this.#addEvent(events, event, lines, refused);
      return lines.ends.length > 0 ? this.#block(lines, recordLines, records) : undefined;
    };
  }

  #addEvent(events: readonly DeviceEvent[], event: number, lines: Lines, refused: Refusal[]): void {
    try {
      addLine(lines, eventLine(this.#options.city, events[event]!), event);
    } catch (error) {
      refused.push({ event, reason: (error as Error).message });
    }
  }

  #block({ bytes, ends, indices }: Lines, recordLines: number, records: PackedRecords): LineBlock {
    this.#blockBytes = bytes.length + SPARE_BYTES;
    const body = bytes.written().subarray(0, -1);
    const lines = (): Line[] =>
      indices.map((at, line) => {
        const text = body.toString('utf8', line === 0 ? 0 : ends[line - 1]! + 1, ends[line]);
        return line < recordLines ? { text, at, record: records.at(at)! } : { text, at };
      });
    return { body, lines };
  }

  #remember(description: Description): void {
    const fields = this.#types.get(description.kind) ?? new Map<string, FieldType>();
    this.#types.set(description.kind, fields);
    for (const [name, { type = 'number' }] of Object.entries(description.fields)) fields.set(name, type);
    this.#described.set(description.kind, description);
  }
}

function once(block: LineBlock): LineSource {
  let next: LineBlock | undefined = block;
  return () => {
    const given = next;
    next = undefined;
    return given;
  };
}
