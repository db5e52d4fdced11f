// Recordings and tables as text: NDJSON as telemetry/ndjson.ts has it, CSV by RFC 4180 with one file a kind.
import type { Value } from '../../telemetry/description.ts';
import { RecordingEncoder } from '../../telemetry/ndjson.ts';
import type { RecordingHeader } from '../../telemetry/ndjson.ts';
import { TextFile } from './sink.ts';
import type { Output, Sink, Written } from './sink.ts';
import type { Message } from './source.ts';

/** Everything in one file, ground truth too. */
export class NdjsonSink implements Sink {
  readonly #file: TextFile;
  #encoder!: RecordingEncoder;
  #records = 0;
  #events = 0;

  constructor(output: Output) {
    this.#file = new TextFile(output, 'recording');
  }

  async begin(header: RecordingHeader): Promise<void> {
    this.#encoder = new RecordingEncoder(header);
    await this.#file.write(this.#encoder.header());
  }

  async write(messages: readonly Message[]): Promise<void> {
    let text = '';
    for (const message of messages) {
      if (message.type === 'event') {
        const { kind, device, ts, seq, name, state, fields } = message.event;
        text += this.#encoder.event(kind, device, ts, seq, name, state, fields);
        this.#events++;
        continue;
      }
      const { kind, device, ts, seq, fields } = message.type === 'record' ? message.record : message.truth;
      text += this.#encoder[message.type](kind, device, ts, seq, fields);
      if (message.type === 'record') this.#records++;
    }
    await this.#file.write(text);
  }

  async finish(): Promise<Written[]> {
    return [{ ...(await this.#file.finish()), records: this.#records, events: this.#events }];
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
  }
}

const EVENTS = '_event';
const LINE_END = '\r\n';

interface Table {
  readonly file: TextFile;
  readonly fields: readonly string[];
  rows: number;
  /** Not written yet. */
  text: string;
}

/** `time,ts,kind,device,seq,…fields`; time is ISO 8601 in UTC, absent values are empty. Events have a table of their own in a folder. */
export class CsvSink implements Sink {
  readonly #output: Output;
  readonly #tables = new Map<string, Table>();

  constructor(output: Output) {
    this.#output = output;
  }

  async begin(header: RecordingHeader): Promise<void> {
    for (const { kind, fields } of header.descriptions) this.#open(kind, Object.keys(fields));
    if (this.#output.isFolder) this.#open(EVENTS, ['event', 'state', 'fields']);
  }

  async write(messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      if (message.type === 'truth') continue;
      if (message.type === 'record') this.#row(message.record.kind, message.record, message.record.fields);
      else {
        const { name, state = '', fields } = message.event;
        this.#row(EVENTS, message.event, { event: name, state, fields: JSON.stringify(fields) });
      }
    }
    for (const table of this.#tables.values()) {
      const { text } = table;
      table.text = '';
      if (text !== '') await table.file.write(text);
    }
  }

  async finish(): Promise<Written[]> {
    const written: Written[] = [];
    for (const [name, { file, rows }] of this.#tables) {
      const counts = name === EVENTS ? { records: 0, events: rows } : { kind: name, records: rows, events: 0 };
      written.push({ ...(await file.finish()), ...counts });
    }
    return written;
  }

  async abandon(): Promise<void> {
    for (const { file } of this.#tables.values()) await file.abandon();
  }

  #open(name: string, fields: readonly string[]): void {
    const text = `${['time', 'ts', 'kind', 'device', 'seq', ...fields].join(',')}${LINE_END}`;
    this.#tables.set(name, { file: new TextFile(this.#output, name), fields, rows: 0, text });
  }

  #row(
    name: string,
    { ts, kind, device, seq }: { ts: number; kind: string; device: string; seq: number },
    fields: { readonly [field: string]: Value },
  ): void {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    let row = `${new Date(ts).toISOString()},${ts},${kind},${device},${seq}`;
    for (const field of table.fields) row += `,${cell(fields[field])}`;
    table.text += row + LINE_END;
    table.rows++;
  }
}

function cell(value: Value | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return Object.is(value, -0) ? '-0' : String(value);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
