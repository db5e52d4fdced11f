import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Broker, BrokerOptions } from '../../broker/broker.ts';
import { ephemeralCredentials } from '../../broker/credentials.ts';
import { Replayer } from '../../cli/history/replayer.ts';
import type { ReplayOptions, Replayed } from '../../cli/history/replayer.ts';
import { openRecording } from '../../cli/history/recording-source.ts';
import { EVERYTHING } from '../../cli/history/source.ts';
import type { ClockMessage, Frame } from '../../telemetry/messages.ts';
import { start } from '../broker/start.ts';
import { startCity, storedCounters } from '../city-process.ts';
import { STEP_MS, citytwin, recordingLines } from './recordings.ts';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'citytwin-replay-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OLD = Date.UTC(2025, 0, 1);
const NOT_LONG_AGO = Math.floor(Date.now() / 1000) * 1000 - DAY_MS;

interface Sent {
  readonly topic: string;
  readonly message: { readonly [key: string]: unknown };
}

/** Replays into a broker of its own; what comes there, in order. */
async function replayed(
  lines: readonly string[],
  options: Partial<ReplayOptions> = {},
  brokerOptions: Partial<BrokerOptions> = {},
): Promise<{ sent: Sent[]; outcome: Replayed; broker: Broker & { frames: Frame[] } }> {
  const { credentials, secretOf } = ephemeralCredentials();
  const broker = await start({ credentials, ...brokerOptions });
  writeFileSync(at('recording.ndjson'), lines.join(''));
  const source = await openRecording(at('recording.ndjson'), EVERYTHING);
  const replayer = new Replayer({
    broker: { host: '127.0.0.1', port: broker.port, username: 'simulator', password: secretOf('simulator') },
    header: source.header,
    speed: 'max',
    shift: 'none',
    interrupted: new AbortController().signal,
    ...options,
    ...(options.broker && { broker: { ...options.broker, port: broker.port } }),
  });
  try {
    await replayer.start();
    for await (const batch of source.messages()) await replayer.send(batch);
    await replayer.finish();
  } finally {
    await replayer.stop();
    await source.close();
  }
  const sent = broker.frames.map(({ topic, payload }) => ({
    topic,
    message: JSON.parse(Buffer.from(payload).toString()) as Sent['message'],
  }));
  return { sent, outcome: replayer.replayed, broker };
}

const isData = ({ topic }: Sent) => /\/(telemetry|event)$/.test(topic);
const clocksOf = (sent: readonly Sent[]) =>
  sent.filter(({ topic }) => topic === 'city/wuxi/clock').map(({ message }) => message as unknown as ClockMessage);

describe('a replay', () => {
  const lines = recordingLines(2000, OLD);

  it('sends descriptions, then the clock, then every message as it was recorded, in its order', async () => {
    const { sent, outcome } = await replayed(lines);
    expect(sent.slice(0, 3).map(({ topic }) => topic)).toEqual([
      'city/wuxi/kinds/meter',
      'city/wuxi/kinds/tram',
      'city/wuxi/clock',
    ]);
    const expected = lines.slice(1).map((line) => {
      const { kind, device, event, ...rest } = JSON.parse(line) as { [key: string]: unknown };
      const topic = `city/wuxi/${String(kind)}/${String(device)}`;
      return event === undefined
        ? { topic: `${topic}/telemetry`, message: rest }
        : { topic: `${topic}/event`, message: { ...rest, name: event } };
    });
    expect(sent.filter(isData)).toEqual(expected);
    expect(outcome).toMatchObject({ records: 2000 - outcome.events, acknowledged: 2000, late: 0, skipped: 0 });
  });

  it('keeps the clock ahead of the messages, never more than the api believes behind them', async () => {
    const { sent } = await replayed(lines);
    let simTimeMs = -Infinity;
    for (const { topic, message } of sent) {
      if (topic === 'city/wuxi/clock') simTimeMs = message.simTimeMs as number;
      else if (/\/(telemetry|event)$/.test(topic))
        expect((message.ts as number) - simTimeMs).toBeLessThanOrEqual(60_000);
    }
    expect(clocksOf(sent)[0]).toMatchObject({ simTimeMs: OLD, utcOffsetMin: 480, speed: 'max', scenario: 'replay' });
    // At its end time stands still.
    expect(clocksOf(sent).at(-1)).toMatchObject({ simTimeMs: OLD + 19 * STEP_MS, speed: 0 });
  });

  it('takes as long as its speed says', async () => {
    const { outcome } = await replayed(recordingLines(300, OLD), { speed: 20 });
    // Three steps of 5 s: the last message comes after 10 s of recorded time.
    expect(outcome.seconds).toBeGreaterThan(0.5);
    expect(outcome.seconds).toBeLessThan(2);
  });

  it('moved to now keeps all distances', async () => {
    const before = Date.now();
    const { sent } = await replayed(lines, { shift: 'now' });
    const times = sent.filter(isData).map(({ message }) => message.ts as number);
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(times[0]).toBeLessThanOrEqual(Date.now());
    expect(times.map((ts) => ts - times[0]!)).toEqual(
      lines.slice(1).map((line) => (JSON.parse(line) as { ts: number }).ts - OLD),
    );
  });

  it('sends a line that comes late at once, and says so; ground truth stays here', async () => {
    const late = `{"kind":"tram","device":"tram-1","ts":${OLD - 5000},"seq":0,"speedMps":1}\n`;
    const truth = `{"truth":true,"kind":"tram","device":"tram-1","ts":${OLD},"seq":1,"hiddenM":1}\n`;
    const { sent, outcome } = await replayed([...lines.slice(0, 1500), late, truth, ...lines.slice(1500)]);
    expect(outcome).toMatchObject({ late: 1, skipped: 1, acknowledged: 2001 });
    expect(sent.filter(isData)[1499]!.message).toEqual({ ts: OLD - 5000, seq: 0, speedMps: 1 });
  });

  it('keeps out of a city whose simulator runs', async () => {
    const { credentials, secretOf } = ephemeralCredentials();
    const broker = await start({ credentials });
    const clock = Buffer.from(JSON.stringify({ simTimeMs: OLD, scenario: 'demo', speed: 1, utcOffsetMin: 480 }));
    await broker.publish('city/wuxi/clock', clock, { qos: 1, retain: true });
    const ticking = setInterval(() => void broker.publish('city/wuxi/clock', clock, { qos: 1, retain: true }), 100);
    const replayer = new Replayer({
      broker: { host: '127.0.0.1', port: broker.port, username: 'simulator', password: secretOf('simulator') },
      header: { city: 'wuxi', descriptions: [] },
      speed: 'max',
      shift: 'none',
      interrupted: new AbortController().signal,
    });
    try {
      await expect(replayer.start()).rejects.toThrow(/simulator runs .*demo.*--no-simulator/);
    } finally {
      clearInterval(ticking);
      await replayer.stop();
    }
  });

  it('says at once when times would not be believed because it may not tell the time', async () => {
    const nameless = { broker: { host: '127.0.0.1', port: 0 } };
    await expect(replayed(lines, nameless)).rejects.toThrow(/2025-01-01.*--credentials.*--shift now/);
    const { outcome } = await replayed(recordingLines(200, NOT_LONG_AGO), nameless);
    expect(outcome.acknowledged).toBe(200);
  });
});

describe.each(['duckdb', 'memory'])('a city with store %s', { timeout: 60_000 }, (store) => {
  it('stores a recording that is replayed twice once, however old it is, from NDJSON and from Parquet', async () => {
    const credentials = at(`credentials-${store}`);
    const open = ['--credentials', credentials, '--open-http'];
    const city = await startCity(['--no-simulator', '--no-control', '--store', store, ...open]);
    const lines = recordingLines(5000, OLD);
    writeFileSync(at('old.ndjson.gz'), gzipSync(lines.join('')));
    const broker = ['--broker', `mqtt://127.0.0.1:${city.mqttPort}`, '--credentials', credentials, '--speed', 'max'];
    const first = await citytwin(['replay', at('old.ndjson.gz'), '--json', ...broker]);
    expect(first.status).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ acknowledged: 5000, late: 0, interrupted: false });
    expect((await storedCounters(city)).ingest).toMatchObject({ stored: 5000, duplicates: 0, rejected: 0, gaps: 0 });
    await citytwin(['export', '--from', at('old.ndjson.gz'), '--format', 'parquet', '--out', at(`old-${store}/`)]);
    expect((await citytwin(['replay', at(`old-${store}`), ...broker])).stdout).toContain('5,000 acknowledged');
    expect((await storedCounters(city)).ingest).toMatchObject({ stored: 5000, duplicates: 5000, rejected: 0 });
    await citytwin(['replay', at('old.ndjson.gz'), '--kinds', 'meter', ...broker]);
    const meters = lines.filter((line) => line.startsWith('{"kind":"meter"')).length;
    expect((await storedCounters(city)).ingest).toMatchObject({ stored: 5000, duplicates: 5000 + meters });
    expect(await city.stop()).toBe(0);
  });
});

describe('the command', () => {
  it.each([
    [['nowhere.ndjson'], /no recording nowhere\.ndjson/],
    [['NOTES'], /notes\.txt line 1: .*JSON/],
    [['OTHER'], /other\.parquet has no column ts, only a/],
    [['RECORDING', '--kinds', 'trma'], /unknown kind trma \(did you mean tram\?\)/],
    [['RECORDING', '--speed', '0'], /0\.1 to 1000/],
    [['RECORDING', '--shift', 'then'], /then.*none, now/],
  ])('refuses %j with the reason', async (args, message) => {
    writeFileSync(at('notes.txt'), 'buy milk\n');
    writeFileSync(at('recording.ndjson'), recordingLines(10, OLD).join(''));
    writeOtherParquet(at('other.parquet'));
    const words: { [word: string]: string } = {
      NOTES: at('notes.txt'),
      OTHER: at('other.parquet'),
      RECORDING: at('recording.ndjson'),
    };
    const { status, stderr } = await citytwin(['replay', ...args.map((word) => words[word] ?? word)]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

/** In a process of its own: a test that ends must not wait for a database. */
function writeOtherParquet(file: string): void {
  const script = `const { DuckDBInstance } = await import('@duckdb/node-api');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run("COPY (SELECT 1 AS a) TO '${file}' (FORMAT parquet)");`;
  execFileSync(process.execPath, ['--input-type=module', '-e', script]);
}
