import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Aedes } from 'aedes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoreLines } from '../../examples/leak-detector.ts';
import type { Score } from '../../examples/leak-score.ts';
import { loadCity } from '../../simulator/city/load.ts';
import { deviceId } from '../../simulator/devices.ts';
import { describe as describeModel } from '../../simulator/kinds.ts';
import { model } from '../../simulator/models/water-meter.ts';
import { Run } from '../../simulator/run.ts';
import { loadScenario } from '../../simulator/scenario/load.ts';
import type { RecordingLine } from '../../telemetry/ndjson.ts';
import { RecordingEncoder, decodeRecordingLine } from '../../telemetry/ndjson.ts';

const KIND = 'water-meter';
const OFFSET_MIN = 480;
const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 5, 1) - OFFSET_MIN * 60_000;
const TICK_MS = 300_000;
const METERS = 200;
const PROGRAM = fileURLToPath(new URL('../../examples/leak-detector.ts', import.meta.url));
const SETTINGS = { thresholdLph: 5, nights: 2 };

/** Five days of a city in which every tenth pipe begins to leak in the second night, as a recording. */
function record(quality: 'ideal' | 'field'): string[] {
  const encoder = new RecordingEncoder({
    city: 'wuxi',
    startMs: START_MS,
    utcOffsetMin: OFFSET_MIN,
    descriptions: [describeModel(model)],
  });
  const lines = [encoder.header()];
  const run = new Run({
    city: loadCity(),
    models: new Map([[KIND, model]]),
    fleets: { [KIND]: METERS },
    seed: 5,
    startMs: START_MS,
    utcOffsetMin: OFFSET_MIN,
    quality,
    timeline: [
      {
        id: 'leak',
        event: 'leak',
        atMs: 34 * HOUR_MS,
        durationMs: Infinity,
        target: { kind: KIND, share: 0.1 },
        args: { flowLph: 30 },
      },
    ],
    sink: {
      record: (kind, device, ts, seq, fields) =>
        lines.push(encoder.record(kind, deviceId(kind, device), ts, seq, fields)),
      event: (kind, device, ts, seq, name, state, fields) =>
        lines.push(encoder.event(kind, deviceId(kind, device), ts, seq, name, state, fields)),
      ack: () => {},
      truth: (kind, device, ts, seq, fields) =>
        lines.push(encoder.truth(kind, deviceId(kind, device), ts, seq, fields)),
    },
  });
  for (let tick = 0; tick < (5 * 24 * HOUR_MS) / TICK_MS; tick++) run.tick(TICK_MS);
  return lines;
}

let lines: string[];
let ideal: Score;
beforeAll(async () => {
  lines = record('ideal');
  ideal = await scoreLines(lines, SETTINGS);
});

describe('the leak detector', () => {
  it('finds most leaks of a run, mostly rightly, two nights after they began', () => {
    expect(ideal.meters).toBe(METERS);
    expect(ideal.leaks).toBeGreaterThan(0.08 * METERS);
    expect(ideal.leaks).toBeLessThan(0.18 * METERS);
    expect(ideal.recall).toBeGreaterThan(0.7);
    expect(ideal.recall).toBeLessThanOrEqual(1);
    expect(ideal.precision).toBeGreaterThan(0.7);
    expect(ideal.waterRecall).toBeGreaterThan(ideal.recall!);
    // From 10 o'clock on the second day to the end of the second night after it.
    expect(ideal.delayH).toBeGreaterThan(18 + 24);
    expect(ideal.delayH).toBeLessThan(21 + 24);
  });

  it('is earlier and more often wrong when one night is enough', async () => {
    const hasty = await scoreLines(lines, { ...SETTINGS, nights: 1 });
    expect(Math.abs(ideal.delayH! - hasty.delayH! - 24)).toBeLessThan(3);
    expect(hasty.precision).toBeLessThan(ideal.precision!);
    expect(hasty.recall).toBeGreaterThanOrEqual(ideal.recall!);
  });

  it('takes every home for leaking when everything is suspicious, and none when nothing is', async () => {
    const nervous = await scoreLines(lines, { ...SETTINGS, thresholdLph: 0 });
    expect(nervous.recall).toBe(1);
    expect(nervous.precision).toBeLessThan(0.25);
    const blind = await scoreLines(lines, { ...SETTINGS, thresholdLph: 3000 });
    expect([blind.alarms, blind.recall, blind.precision, blind.delayH]).toEqual([0, 0, undefined, undefined]);
  });

  it('fails when it is shown other homes, or the day for the night', async () => {
    const turned = (change: (line: string) => string) =>
      lines.map((line) => (line.startsWith('{"kind"') ? change(line) : line));
    const swapped = await scoreLines(
      turned((line) =>
        line.replace(
          /meter-(\d+)/,
          (_, id: string) => `meter-${String(((Number(id) + 100) % METERS) + 1).padStart(4, '0')}`,
        ),
      ),
      SETTINGS,
    );
    expect(swapped.precision).toBeLessThan(0.3);
    expect(swapped.recall).toBeLessThan(0.3);
    const byDay = lines.map((line) => line.replace('"utcOffsetMin":480', '"utcOffsetMin":-240'));
    const noon = await scoreLines(byDay, { ...SETTINGS, nights: 1 });
    const night = await scoreLines(lines, { ...SETTINGS, nights: 1 });
    expect(noon.alarms - noon.trueAlarms).toBeGreaterThan(2 * (night.alarms - night.trueAlarms));
  });

  it('still works in the field, where messages are lost, doubled and late', async () => {
    const field = await scoreLines(record('field'), SETTINGS);
    expect(field).not.toEqual(ideal);
    expect(field.recall).toBeGreaterThan(0.6);
    expect(field.precision).toBeGreaterThan(0.6);
  });

  it('says which line is none', async () => {
    const bad = (...text: string[]) => scoreLines(text, SETTINGS);
    await expect(bad(lines[0]!, 'oops')).rejects.toThrow('line 2: ');
    await expect(bad(lines[1]!)).rejects.toThrow('line 1: expected the header of a recording');
    await expect(bad()).rejects.toThrow('the recording is empty');
  });
});

/** Runs the program to its end. onText: told what it has written to stderr so far. */
async function program(args: string[], onText?: (text: string, kill: () => void) => void) {
  const child = spawn(process.execPath, [PROGRAM, ...args]);
  let out = '';
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    onText?.(log, () => child.kill('SIGINT'));
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, log };
}

describe('its program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'leaks-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads a recording, packed or not', async () => {
    const text = lines.join('');
    writeFileSync(join(folder, 'run.ndjson'), text);
    writeFileSync(join(folder, 'run.ndjson.gz'), gzipSync(text));
    const plain = await program(['--file', join(folder, 'run.ndjson'), '--json']);
    expect(plain.code).toBe(0);
    expect(JSON.parse(plain.out)).toEqual(ideal);
    expect(plain.log).toMatch(/water-meter-\d{4} leaks: never below [\d.]+ L\/h at night/);
    const packed = await program(['--file', join(folder, 'run.ndjson.gz'), '--nights', '1']);
    expect(packed.out).toMatch(new RegExp(`^meters {5}${METERS}\\nleaks`));
  });

  it('refuses what it does not understand', async () => {
    const refused = await Promise.all([program([]), program(['--file', 'x', '--nights', 'two'])]);
    expect(refused.map(({ code }) => code)).toEqual([2, 2]);
    expect(refused.map(({ log }) => log.trim())).toEqual([
      'give either --file or --broker, see --help',
      '--nights must be a number above 0, got two',
    ]);
  });

  it.each([
    { truth: true, says: 'Ctrl-C shows the score' },
    { truth: false, says: 'no score' },
  ])('listens to a live city, with truth: $truth', async ({ truth, says }) => {
    const aedes = await Aedes.createBroker({
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, truth || !subscription.topic.startsWith('truth/') ? subscription : null),
    });
    const server = createServer(aedes.handle).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const publish = (topic: string, value: object, retain = false) =>
      new Promise<void>((resolve, reject) => {
        const payload = Buffer.from(JSON.stringify(value));
        aedes.publish({ cmd: 'publish', topic, payload, qos: 0, retain, dup: false }, (error) =>
          error ? reject(error) : resolve(),
        );
      });
    await publish('city/wuxi/clock', { simTimeMs: START_MS, utcOffsetMin: OFFSET_MIN }, true);
    const messages = lines.map((line, i) => decodeRecordingLine(line, i + 1)).flatMap(messageOf);
    const broker = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    let sending: Promise<void> | undefined;
    const { out, log } = await program(['--broker', broker, '--json'], (text, kill) => {
      const isListening = text.includes('listening');
      if (isListening) sending ??= sendAll();
      async function sendAll() {
        for (const { topic, value } of messages) await publish(topic, value);
        await publish('city/wuxi/water-meter/x/telemetry', { ts: 'no record' });
        kill();
      }
    });
    expect(log).toContain(says);
    if (truth) expect(JSON.parse(out)).toEqual(ideal);
    else expect(out).toBe('');
    server.close();
    await new Promise<void>((resolve) => aedes.close(resolve));
  });

  it('has a scenario to practise on, which publishes the truth', async () => {
    const file = fileURLToPath(new URL('../../examples/leaks.yaml', import.meta.url));
    const scenario = await loadScenario(file, { city: loadCity(), models: new Map([[KIND, model]]) });
    expect(scenario.truth).toBe(true);
    expect(scenario.timeline.map(({ event, target }) => [event, target?.kind])).toEqual([
      ['leak', KIND],
      ['leak', KIND],
    ]);
  });
});

function messageOf(line: RecordingLine): { topic: string; value: object }[] {
  if (line.type !== 'record' && line.type !== 'truth') return [];
  const { kind, device, ts, seq, fields } = line.type === 'record' ? line.record : line.truth;
  const topic = line.type === 'record' ? `city/wuxi/${kind}/${device}/telemetry` : `truth/wuxi/${kind}/${device}`;
  return [{ topic, value: { ts, seq, ...fields } }];
}
