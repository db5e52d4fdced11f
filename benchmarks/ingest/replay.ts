// Raw replay, a process of its own: line protocol of the same records, made and put into batches before the clock starts, by plain HTTP as fast
// as InfluxDB takes them. Nothing is decoded, checked, kept or made on the way.
import { Agent, request } from 'node:http';
import { recordLine } from '../../api/stores/line-protocol.ts';
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

function batches({ devices, lines, linesAtOnce }: ReplayJob): Buffer[] {
  const all: Buffer[] = [];
  const startMs = Date.now() - lines / RECORDS_PER_MS;
  for (let from = 0; from < lines; from += linesAtOnce) {
    const some: string[] = [];
    for (let at = from; at < Math.min(lines, from + linesAtOnce); at++) {
      const ts = Math.floor(startMs + at / RECORDS_PER_MS);
      some.push(recordLine(CITY, recordOf(at % devices, ts, FIRST_SEQ + Math.floor(at / devices))));
    }
    all.push(Buffer.from(some.join('\n')));
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
