// docs/scenarios.md tells the truth: its blocks are read, its commands run, its tables complete.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { loadCity } from '../../simulator/city/load.ts';
import { loadModels } from '../../simulator/kinds.ts';
import { CHANNEL_FAULTS } from '../../simulator/channel.ts';
import { listScenarios, loadScenario } from '../../simulator/scenario/load.ts';
import { FUNCTIONS, PLATFORM_MEASURES } from '../../simulator/scenario/measure.ts';
import { ScenarioError } from '../../simulator/scenario/problems.ts';
import { readEntry, readScenario } from '../../simulator/scenario/read.ts';
import { scenarioSchema } from '../../simulator/scenario/schema.ts';
import { SENSOR_FAULTS } from '../../simulator/sensor.ts';
import { WORLD_EVENTS } from '../../simulator/world/events.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/scenarios.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!);
const context = { city: loadCity(), models: await loadModels() };
const folder = mkdtempSync(join(tmpdir(), 'citytwin-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = 'name: part\nstart: 2026-05-20T06:00\nduration: 3d\n';
const [first = '', ...parts] = blocks('yaml');

test.each([first, ...parts.map((part) => HEAD + part)])('block %# of YAML is a scenario', (text) => {
  const { timeline, expect: expectations } = readScenario(text, 'docs/scenarios.md', context);
  expect(timeline.length + expectations.length).toBeGreaterThan(0);
});

test('the mistakes that it shows are said like that', () => {
  const shown = blocks('text')[0]!;
  const wrong = first.replace('fleets:', 'fleet:').replace('rainMmPerH)', 'rainMmPerHr)');
  const read = () => readScenario(wrong, 'first.yaml', context);
  expect(read).toThrow(ScenarioError);
  expect(read).toThrow(shown.trimEnd());
});

test('the TypeScript is a scenario', async () => {
  const file = join(folder, 'breakdowns.ts');
  writeFileSync(file, blocks('ts')[0]!.replace("'./simulator", `'${root}simulator`));
  const { timeline } = await loadScenario(file, { ...context, seed: 7 });
  expect(timeline.map(({ target }) => target?.devices)).toEqual([['bus-0008'], ['bus-0004'], ['bus-0024']]);
});

test('the event by hand is one', () => {
  const { args } = JSON.parse(blocks('json')[0]!) as { args: unknown };
  expect(readEntry(args, context)).toMatchObject({ entry: { target: { kind: 'water-meter', count: 3 } } });
});

test('its tables are complete', () => {
  const { properties } = scenarioSchema(context) as { properties: object };
  const args = Object.values(WORLD_EVENTS).flatMap((event) => Object.keys(event.args.properties));
  const words = [
    ...Object.keys(properties),
    ...Object.keys(WORLD_EVENTS),
    ...args,
    ...SENSOR_FAULTS,
    ...CHANNEL_FAULTS,
  ];
  expect([...words, ...listScenarios()].filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
  expect(FUNCTIONS.filter((name) => !new RegExp(`\`${name}[\`(]`).test(page))).toEqual([]);
  const stems = new Set(PLATFORM_MEASURES.map((path) => path.split('.')[0]!));
  expect([...stems].filter((stem) => !page.includes(`\`platform.${stem}\``))).toEqual([]);
});

describe('its commands', () => {
  const commands = blocks('sh').flatMap((block) => block.trimEnd().split('\n'));

  test('are there', () => expect(commands.length).toBeGreaterThanOrEqual(2));

  test('run one after the other, and end well', { timeout: 120_000 }, async () => {
    writeFileSync(join(folder, 'first.yaml'), first);
    for (const command of commands) {
      const [program, ...args] = command.split(' ');
      expect(program).toBe('citytwin');
      await promisify(execFile)(process.execPath, [join(root, 'bin/citytwin.js'), ...args], { cwd: folder });
    }
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { ok: boolean };
    expect(report.ok).toBe(true);
  });
});
