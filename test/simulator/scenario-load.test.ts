// Where scenarios come from: the shipped ones by name, files by path.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { listScenarios, loadScenario } from '../../simulator/scenario/load.ts';
import { context } from './scenario-models.ts';

const folder = mkdtempSync(join(tmpdir(), 'citytwin-scenarios-'));
afterAll(() => rmSync(folder, { recursive: true }));

const YAML = 'name: mine\nstart: 2026-05-20T06:00\nduration: 1h\n';

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('a YAML file and a TypeScript file of the same content are the same scenario', async () => {
  const yaml = await loadScenario(file('mine.yaml', `\uFEFF${YAML.replaceAll('\n', '\r\n')}`), context);
  const source = `export default { name: 'mine', start: '2026-05-20T06:00', duration: '1h' } as const;`;
  const typescript = await loadScenario(file('mine.ts', source), context);
  expect(typescript).toEqual(yaml);
  expect(yaml.name).toBe('mine');
});

test('a function makes a scenario of the seed', async () => {
  const source = `export default ({ seed }) => ({ name: 'mine', start: '2026-05-20T06:00', duration: seed + 'h', seed });`;
  const path = file('made.mjs', source);
  expect(await loadScenario(path, { ...context, seed: 3 })).toMatchObject({ seed: 3, durationMs: 3 * 3_600_000 });
  expect((await loadScenario(path, context)).seed).toBe(1);
});

test('the names of the shipped scenarios are those that the documentation promises', () => {
  expect(listScenarios()).toEqual([
    'bus-control-outage',
    'holiday',
    'network-outage',
    'ordinary-day',
    'power-cut',
    'quiet-night',
    'rainstorm',
    'rush-hour',
    'sensor-faults',
    'wuxi-10m',
  ]);
});

test.each([
  ['rainstrom', () => 'rainstrom', 'rainstrom: unknown scenario "rainstrom", did you mean rainstorm?, or give a file'],
  ['../package', () => '../package', 'unknown scenario "../package", expected one of bus-control-outage, holiday'],
  ['a missing file', () => join(folder, 'none.yaml'), 'none.yaml: there is no such file'],
  ['a folder', () => `${folder}/../${folder.split('/').at(-1)}.yaml`, 'there is no such file'],
  ['bytes that are no text', () => file('bytes.yaml', Uint8Array.of(0xff, 0xfe, 0x00)), 'is not UTF-8 text'],
  ['a module without a default', () => file('none.mjs', 'export const a = 1;'), 'must export a scenario as default'],
  ['a module that fails', () => file('fails.mjs', 'throw new Error("no luck");'), 'fails.mjs: no luck'],
  ['a module with a mistake', () => file('wrong.mjs', 'export default { name: "x" };'), 'wrong.mjs: start is missing'],
  ['a file that is too large', () => file('large.yaml', `${YAML}#${'x'.repeat(300_000)}`), 'at most 262144 bytes'],
])('%s is refused by name', async (_what, path, message) => {
  await expect(loadScenario(path(), context)).rejects.toThrow(message);
});
