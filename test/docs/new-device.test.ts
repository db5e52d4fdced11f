// The guide to a new kind cannot rot: its code is taken from the page, type-checked, and lived through in a real run.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe as group, expect, test } from 'vitest';
import { loadCity } from '../../simulator/city/load.ts';
import type { Model } from '../../simulator/fleet.ts';
import { describe, loadModels } from '../../simulator/kinds.ts';
import { Run } from '../../simulator/run.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import { readScenario } from '../../simulator/scenario/read.ts';
import type { Readings } from '../../simulator/sink.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import type { Ack } from '../../telemetry/messages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs', 'new-device.md'), 'utf8');
const city = loadCity();

/** The block of code that follows `<!-- file: name -->`. */
function blockOf(name: string): string {
  const found = new RegExp(`<!-- file: ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\\n\`\`\``).exec(page);
  if (found === null) throw new Error(`docs/new-device.md has no block for ${name}`);
  return `${found[1]!}\n`;
}

let folder: string;
let file: string;
let model: Model;
let scenario: Scenario;

beforeAll(async () => {
  mkdirSync(join(root, 'test-results'), { recursive: true });
  folder = mkdtempSync(join(root, 'test-results', 'new-device-'));
  file = join(folder, 'soil-probe.ts');
  const toRoot = relative(folder, root).split(sep).join('/');
  const source = blockOf('simulator/models/soil-probe.ts')
    .replaceAll("from '../../", `from '${toRoot}/`)
    .replaceAll("from '../", `from '${toRoot}/simulator/`);
  writeFileSync(file, source);
  ({ model } = (await import(pathToFileURL(file).href)) as { model: Model });
  const models = new Map([...(await loadModels()), ['soil-probe', model] as const]);
  scenario = readScenario(blockOf('soil.yaml'), 'soil.yaml', { city, models });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Message {
  readonly device: number;
  readonly ts: number;
  readonly readings: Readings;
}

function live(seconds: number, tickMs = 1000) {
  const records: Message[] = [];
  const events: (Message & { readonly name: string; readonly state: string | undefined })[] = [];
  const acks: (Ack & { readonly device: number })[] = [];
  const startMs = scenario.startCivilMs - city.utcOffsetMin * 60_000;
  const run = new Run({
    city,
    models: new Map([['soil-probe', model]]),
    fleets: scenario.fleets!,
    seed: scenario.seed,
    startMs,
    utcOffsetMin: city.utcOffsetMin,
    timeline: scenario.timeline,
    sink: {
      record: (_kind, device, ts, _seq, readings) => void records.push({ device, ts, readings }),
      event: (_kind, device, ts, _seq, name, state, readings) =>
        void events.push({ device, ts, name, state, readings }),
      ack: (_kind, device, ack) => void acks.push({ ...ack, device }),
    },
  });
  const runFor = (more: number) => {
    for (let ms = 0; ms < more * 1000; ms += tickMs) run.tick(tickMs);
  };
  runFor(seconds);
  return { records, events, acks, run, runFor, startMs };
}

group('the example of docs/new-device.md', () => {
  test('has no type errors under the rules of the repository', () => {
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: `${relative(folder, root).split(sep).join('/')}/tsconfig.json`, include: ['*.ts'] }),
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const check = () => execFileSync(process.execPath, [tsc, '--noEmit', '-p', folder], { encoding: 'utf8' });
    expect(check()).toBe('');
  });

  test('describes itself well, in both languages', () => {
    const { kind, labels, fields, events = {}, commands = {} } = model.description;
    expect(kind).toBe('soil-probe');
    expect(descriptionProblems(describe(model))).toEqual([]);
    const named = [{ labels }, ...Object.values(fields), ...Object.values(events), ...Object.values(commands)];
    expect(named.filter((one) => !one.labels?.zh)).toEqual([]);
  });

  test('reports within ten seconds, then once an hour, and obeys when it wakes', () => {
    const { records, acks, run, runFor, startMs } = live(10);
    expect(new Set(records.map(({ device }) => device)).size).toBe(50);
    expect(run.command('soil-probe', 'soil-probe-0007', { id: 'r', name: 'readNow', args: {} })).toBeUndefined();
    runFor(2 * 3600);
    const own = records.filter(({ device }) => device === 6);
    expect(own.length).toBe(3);
    expect(own[2]!.ts - own[1]!.ts).toBe(3_600_000);
    expect(acks.map(({ device, state, ts }) => [device, state, ts > startMs + 11_000])).toEqual([
      [6, 'accepted', false],
      [6, 'done', true],
    ]);
  });

  test('feels the hose of the scenario, and the alarm goes', () => {
    const { records, events, startMs } = live(6 * 3600, 60_000);
    const mean = (fromH: number, toH: number) => {
      const inside = records.filter(({ ts }) => ts >= startMs + fromH * 3_600_000 && ts < startMs + toH * 3_600_000);
      return inside.reduce((sum, { readings }) => sum + (readings.moisturePct as number), 0) / inside.length;
    };
    const { value } = scenario.expect.find(({ name }) => name === 'the hose is felt')!;
    expect(mean(4, 6) / mean(0.5, 2)).toBeGreaterThan(value as number);
    const cleared = events.filter(({ name, state }) => name === 'dry' && state === 'cleared');
    expect(cleared.length).toBeGreaterThan(0);
    for (const { ts } of cleared) expect(ts).toBeGreaterThan(startMs + 2 * 3_600_000);
  });

  test('is the same life with ticks of a second and of a minute', () => {
    const inOrder = (records: readonly Message[]) => records.toSorted((a, b) => a.device - b.device || a.ts - b.ts);
    expect(inOrder(live(2 * 3600, 60_000).records)).toEqual(inOrder(live(2 * 3600).records));
  });
});
