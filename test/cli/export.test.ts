import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCity, storedCounters } from '../city-process.ts';
import type { CityProcess } from '../city-process.ts';
import { LINES, STEP_MS, citytwin, recordingLines, tram } from './recordings.ts';

/** More than two of the api's largest pages of trams. */
const MESSAGES = 30_000;
const START = Math.floor(Date.now() / 1000) * 1000 - 2 * 86_400_000;

const folder = mkdtempSync(join(tmpdir(), 'citytwin-export-'));
const at = (name: string) => join(folder, name);
const lines = recordingLines(MESSAGES, START);
const sorted = (text: string) => text.trimEnd().split('\n').slice(1).sort();
const expected = lines
  .slice(1)
  .map((line) => line.trimEnd())
  .sort();
const events = lines.filter((line) => line.includes('"event"')).length;

writeFileSync(at('made.ndjson'), lines.join(''));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Summary {
  readonly file: string;
  readonly records: number;
  readonly events: number;
  readonly bytes: number;
  readonly files: readonly { readonly file: string; readonly kind?: string; readonly records: number }[];
}

async function exported(...args: string[]): Promise<Summary> {
  const { status, stdout, stderr } = await citytwin(['export', '--json', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Summary;
}

describe.each(['duckdb', 'memory'])('an export of a running city with store %s', { timeout: 60_000 }, (store) => {
  let city: CityProcess;
  const data = at(store);
  beforeAll(async () => {
    city = await startCity(['--no-simulator', '--no-control', '--store', store], { data });
    const replayed = await citytwin([
      'replay',
      at('made.ndjson'),
      '--speed',
      'max',
      '--broker',
      `mqtt://127.0.0.1:${city.mqttPort}`,
    ]);
    expect(replayed.status).toBe(0);
    expect((await storedCounters(city)).ingest).toMatchObject({ stored: MESSAGES, rejected: 0 });
  }, 60_000);
  afterAll(() => city?.stop());

  it('holds every message that went in, in the order of time, to the last digit', async () => {
    const summary = await exported('--from', city.http, '--out', at(`${store}.ndjson`));
    expect(summary).toMatchObject({ records: MESSAGES - events, events });
    const text = readFileSync(at(`${store}.ndjson`), 'utf8');
    expect(summary.bytes).toBe(Buffer.byteLength(text));
    expect(sorted(text)).toEqual(expected);
    const times = text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => (JSON.parse(line) as { ts: number }).ts);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('takes a span of time and some kinds, compressed', async () => {
    const [from, to] = [START + 10 * STEP_MS, START + 20 * STEP_MS];
    const range = ['--start', new Date(from).toISOString(), '--end', String(to)];
    await exported('--from', city.http, '--kind', 'meter', ...range, '--out', at(`${store}-part.ndjson.gz`));
    const text = gunzipSync(readFileSync(at(`${store}-part.ndjson.gz`))).toString();
    const wanted = expected.filter((line) => {
      const { kind, ts } = JSON.parse(line) as { kind: string; ts: number };
      return kind === 'meter' && ts >= from && ts < to;
    });
    expect(wanted).toHaveLength(300);
    expect(sorted(text)).toEqual(wanted);
  });

  // Memory is gone when the city is.
  const ofStopped = store === 'memory' ? undefined : it;
  ofStopped?.('is the same from the data of the city once that has stopped', async () => {
    const inUse = await citytwin(['export', '--data', data, '--out', at('in-use.ndjson')]);
    expect(inUse).toMatchObject({ status: 2, stderr: expect.stringContaining('in use by a running city') as string });
    await exported('--from', city.http, '--format', 'csv', '--out', at('running/'));
    await exported('--from', city.http, '--format', 'parquet', '--out', at('running-parquet/'));
    expect(await city.stop()).toBe(0);
    await exported('--data', data, '--out', at('stopped.ndjson'));
    expect(sorted(readFileSync(at('stopped.ndjson'), 'utf8'))).toEqual(expected);
    await exported('--data', data, '--format', 'csv', '--out', at('stopped/'));
    for (const table of ['tram.csv', 'meter.csv', '_event.csv'])
      expect(readFileSync(at(`stopped/${table}`), 'utf8')).toBe(readFileSync(at(`running/${table}`), 'utf8'));
    const summary = await exported('--data', data, '--format', 'parquet', '--out', at('stopped-parquet/'));
    expect(summary).toMatchObject({ records: MESSAGES - events, events });
    for (const parquet of ['running-parquet', 'stopped-parquet']) {
      expect(readdirSync(at(parquet)).sort()).toEqual(['_event.parquet', 'meter.parquet', 'tram.parquet']);
      await exported('--from', at(parquet), '--out', at(`${parquet}.ndjson`));
      expect(sorted(readFileSync(at(`${parquet}.ndjson`), 'utf8'))).toEqual(expected);
    }
  });
});

describe('an export of a recording', { timeout: 60_000 }, () => {
  it('becomes Parquet and comes back whole', async () => {
    await exported('--from', at('made.ndjson'), '--format', 'parquet', '--out', at('parquet/'));
    await exported('--from', at('parquet'), '--out', at('back.ndjson'));
    expect(sorted(readFileSync(at('back.ndjson'), 'utf8'))).toEqual(expected);
    await exported('--from', at('made.ndjson'), '--kind', 'tram', '--out', at('tram.parquet'));
    const trams = await exported('--from', at('tram.parquet'), '--out', at('trams.ndjson'));
    expect(trams.records).toBe(expected.filter((line) => /"tram"(?!.*"event")/.test(line)).length);
  });

  it('as CSV has a header, ISO times, CRLF, and quotes where RFC 4180 wants them', async () => {
    await exported('--from', at('made.ndjson'), '--kind', 'tram', '--out', at('tram.csv'));
    const text = readFileSync(at('tram.csv'), 'utf8');
    const [header, first] = text.split('\r\n');
    expect(header).toBe('time,ts,kind,device,seq,lat,speedMps,doorOpen,line');
    expect(first).toBe(
      `${new Date(START).toISOString()},${START},tram,tram-1,1,${31 + 1 / 3e6},1,false,"say ""环线"""`,
    );
    expect(text.endsWith('\r\n')).toBe(true);
    expect(
      new Set(
        parseCsv(text)
          .slice(1)
          .map((row) => row[8]),
      ),
    ).toEqual(new Set(LINES));
  });

  it('goes to stdout, and ends quietly when nobody reads on', async () => {
    const { status, stdout } = await citytwin(['export', '--from', at('made.ndjson'), '--kind', 'meter']);
    expect(status).toBe(0);
    expect(sorted(stdout)).toEqual(expected.filter((line) => line.includes('"kind":"meter"')));
    const unread = await citytwin(['export', '--from', at('made.ndjson')], ({ stdout: pipe }) =>
      pipe!.once('data', () => pipe!.destroy()),
    );
    expect(unread).toMatchObject({ status: 0, stderr: '' });
  });

  it('that breaks off leaves no half file behind and names the line', async () => {
    writeFileSync(at('broken.ndjson'), `${lines[0]!}${lines[1]!}{"kind":"tram"\n`);
    const broken = await citytwin(['export', '--from', at('broken.ndjson'), '--out', at('half.ndjson.gz')]);
    expect(broken).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/broken\.ndjson line 3: .*JSON/) as string,
    });
    expect(readdirSync(folder).filter((name) => name.includes('half'))).toEqual([]);
  });

  it.each(['ndjson', 'csv', 'parquet'])('that is interrupted leaves no half file of %s behind', async (format) => {
    const out = at(`interrupted.${format}`);
    const asked = Promise.withResolvers<void>();
    // A city that never answers the second page.
    const server = createServer((request, response) => {
      const answer = (value: unknown) => response.end(JSON.stringify(value));
      const record = { kind: 'tram', device: 't-1', ts: START, seq: 1, fields: { speedMps: 1 } };
      if (request.url!.startsWith('/api/health')) answer({ city: 'wuxi', scenario: null, seed: null, simTimeMs: null });
      else if (request.url!.startsWith('/api/kinds')) answer([{ ...tram, events: {}, devices: 1 }]);
      else if (!request.url!.includes('cursor')) answer({ items: [record], next: 'more' });
      else asked.resolve();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ended = await citytwin(['export', '--from', from, '--out', out], (child) => {
      void asked.promise.then(() => child.kill('SIGINT'));
    });
    server.closeAllConnections();
    server.close();
    expect(ended).toMatchObject({ status: 130, stderr: expect.stringContaining('no file was made') as string });
    expect(readdirSync(folder).filter((name) => name.includes('interrupted'))).toEqual([]);
  });

  it.each([
    [['--from', 'nowhere.ndjson'], /no recording nowhere\.ndjson/],
    [['--data', 'nowhere'], /no nowhere.city\.duckdb/],
    [['--from', 'MADE', '--kind', 'trma'], /unknown kind trma \(did you mean tram\?\)/],
    [['--from', 'MADE', '--out', 'x.csv'], /meter, tram do not fit in one table/],
    [['--from', 'MADE', '--out', 'x.xls'], /x\.xls.*ndjson, csv, parquet/],
    [['--from', 'MADE', '--format', 'parquet'], /Parquet needs a file/],
    [['--from', 'MADE', '--json'], /--json/],
    [['--from', 'MADE', '--start', 'yesterday'], /yesterday.*ISO 8601/],
    [['--from', 'MADE', '--format', 'xml'], /xml.*ndjson, csv, parquet/],
  ])('refuses %j with the reason', async (args, message) => {
    const { status, stderr } = await citytwin([
      'export',
      ...args.map((word) => word.replace('MADE', at('made.ndjson'))),
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

/** RFC 4180 by the letter. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let [row, field, quoted] = [[] as string[], '', false];
  for (let n = 0; n < text.length; n++) {
    const char = text[n]!;
    if (quoted && char === '"' && text[n + 1] === '"') field += text[n++];
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === ',') [row, field] = [[...row, field], ''];
    else if (!quoted && char === '\r' && text[n + 1] === '\n') {
      rows.push([...row, field]);
      [row, field] = [[], ''];
      n++;
    } else field += char;
  }
  return rows;
}
