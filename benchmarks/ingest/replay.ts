// Raw replay, a process of its own: line protocol of the same records, made and put into batches before the clock starts, by plain HTTP as fast
// as InfluxDB takes them. Nothing is decoded, checked, kept or made on the way.
import { Agent, request } from 'node:http';
import { PackedRecords } from '../../api/packed-records.ts';
import { RecordLines, noLines } from '../../api/stores/record-lines.ts';
import { DATABASE } from './influx.ts';
import { CITY, FIRST_SEQ, recordOf } from './records.ts';

export interface ReplayJob {
  readonly port: number;
  readonly devices: number;
  readonly lines: number;
  readonly linesAtOnce: number;
  /** Requests under way at once. */
  readonly inFlight: number;
}

export type ReplayReport = { readonly step: 'ready' } | { readonly step: 'done' };

/** Of the records' own time, as they come at 80,000 a second. */
const RECORDS_PER_MS = 80;
/** About as many. */
const BYTES_OF_A_LINE = 160;

function fail(reason: string): never {
  throw new Error(reason);
}

function batches({ devices, lines, linesAtOnce }: ReplayJob): Buffer[] {
  const all: Buffer[] = [];
  const startMs = Date.now() - lines / RECORDS_PER_MS;
  const encoder = new RecordLines(CITY);
  for (let from = 0; from < lines; from += linesAtOnce) {
    const records = new PackedRecords();
    for (let at = from; at < Math.min(lines, from + linesAtOnce); at++) {
      const ts = Math.floor(startMs + at / RECORDS_PER_MS);
      records.add(recordOf(at % devices, ts, FIRST_SEQ + Math.floor(at / devices)));
    }
    const some = noLines(BYTES_OF_A_LINE * linesAtOnce);
    for (const rows of records.kinds) encoder.write(rows, 0, rows.count, some, (_, reason) => fail(reason));
    all.push(some.bytes.written());
  }
  return all;
}

async function replay(job: ReplayJob): Promise<void> {
  const waiting = batches(job);
  process.send!({ step: 'ready' } satisfies ReplayReport);
  await new Promise((resolve) => process.once('message', resolve));
  const agent = new Agent({ keepAlive: true });
  const one = async (): Promise<void> => {
    for (let batch = waiting.shift(); batch; batch = waiting.shift()) await write(agent, job.port, batch);
  };
  await Promise.all(Array.from({ length: job.inFlight }, one));
  agent.destroy();
  process.send!({ step: 'done' } satisfies ReplayReport);
  process.disconnect();
}

function write(agent: Agent, port: number, batch: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = `/write?db=${DATABASE}&precision=ns`;
    const headers = { 'content-length': batch.length };
    const sending = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 204) resolve();
        else reject(new Error(`InfluxDB answered ${response.statusCode}`));
      });
    });
    sending.once('error', reject);
    sending.end(batch);
  });
}

process.once('message', (job: ReplayJob) => void replay(job));
