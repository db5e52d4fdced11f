// docs/load.md tells the truth: its commands run, its profiles, flags, measures and keys are there.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOAD_TABLE } from '../../cli/load-options.ts';
import { readExpectation } from '../../loadtest/expect.ts';
import { PROFILES } from '../../loadtest/plan.ts';
import { reportOf } from '../../loadtest/report.ts';
import { spawnLoad, startTarget } from '../cli/load-command.ts';
import { madeResult } from '../loadtest/made-result.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/load.md', import.meta.url)), 'utf8');
let folder: string;
let broker: Awaited<ReturnType<typeof startTarget>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-docs-load-'));
  broker = await startTarget();
});
afterAll(async () => {
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

test('its commands run', { timeout: 60_000 }, async () => {
  const commands = /```sh\n([\s\S]*?)```/.exec(page)![1]!.trimEnd().split('\n');
  expect(commands.length).toBeGreaterThan(3);
  // All at once: they are small, and most of their time is waiting.
  await Promise.all(
    commands.map(async (command) => {
      const [program, load, ...args] = command.split(' ');
      expect([program, load]).toEqual(['citytwin', 'load']);
      const { status, stdout, stderr } = await spawnLoad([...args, '-p', String(broker.port)], folder).ended;
      expect(stderr).toBe('');
      // On a busy machine the generator may be late; then it must say so.
      if (status !== 0) expect(stdout).toMatch(/Not valid|"saturated":true/);
    }),
  );
  expect(readFileSync(join(folder, 'load.html'), 'utf8')).toContain('<h2>Repeat it</h2>');
});

test('its profiles are all there are', () => {
  const named = [...page.matchAll(/^\| `([a-z0-9-]+)` \| /gm)].map((match) => match[1]!);
  expect(named).toEqual([...PROFILES]);
});

test('its flags are those of the command', () => {
  const flags = [...page.matchAll(/(?<=[`\s(])--?[A-Za-z][a-z-]*/g)].map(([flag]) => flag);
  const known = Object.values(LOAD_TABLE).flatMap((option) => option.flags.split(/[ ,]+/));
  expect(new Set(flags).size).toBeGreaterThan(20);
  expect(flags.filter((flag) => ![...known, '--help', '--json'].includes(flag))).toEqual([]);
});

test('its measures can be expected', () => {
  const section = page.slice(page.indexOf('| measure |'), page.indexOf('## The highest rate'));
  const names = [...section.matchAll(/`([A-Za-z][A-Za-z.…0-9]+)`/g)].map((match) => match[1]!);
  const measures = names.filter((name) => name.length > 2 && !/^(min|mean|p\d+|max)$/.test(name));
  expect(measures.length).toBeGreaterThan(15);
  for (const name of measures) readExpectation(`${name.replace('.…', '.p99')}<1`);
});

test('its keys are in the report', () => {
  const report = reportOf(madeResult(), [], { version: '', node: '', date: '', command: '', complete: true });
  const sentence = page.slice(page.indexOf('Keys that stay'), page.indexOf('Each distribution'));
  const keys = [...sentence.matchAll(/`([A-Za-z]+)`/g)].map((match) => match[1]!);
  expect(keys.length).toBeGreaterThan(15);
  expect(keys.filter((key) => key !== 'findMax' && !Object.hasOwn(report, key))).toEqual([]);
});
