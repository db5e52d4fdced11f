// docs/experiments.md tells the truth: its commands run, its flags and keys are there, its experiment works.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Experiment } from '../../experiments/experiment.ts';
import { reportOf } from '../../experiments/report.ts';
import { runExperiment } from '../../experiments/runner.ts';
import { readSettings } from '../../experiments/settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/experiments.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!);
let folder: string;

beforeAll(() => {
  mkdirSync(join(root, 'test-results'), { recursive: true });
  folder = mkdtempSync(join(root, 'test-results', 'experiments-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('its commands run one after the other, and end well', { timeout: 120_000 }, async () => {
  const commands = blocks('sh').flatMap((block) => block.trimEnd().split('\n'));
  expect(commands.length).toBeGreaterThan(2);
  for (const command of commands) {
    const [program, ...args] = command.split(' ');
    expect(program).toBe('citytwin');
    await promisify(execFile)(process.execPath, [join(root, 'bin/citytwin.js'), ...args], { cwd: folder });
  }
  const report = JSON.parse(readFileSync(join(folder, 'report/bus-line.json'), 'utf8')) as object;
  expect(existsSync(join(folder, 'report/bus-line.html'))).toBe(true);
  const shown = JSON.parse(blocks('json')[0]!) as object;
  expect(Object.keys(shown).filter((key) => !Object.hasOwn(report, key))).toEqual([]);
});

test('its flags are those of the command', () => {
  const flags = [...page.matchAll(/^\| `(--[a-z]+)/gm)].map((match) => match[1]!);
  const help = execFileSync(process.execPath, [join(root, 'bin/citytwin.js'), 'experiment', '--help'], {
    encoding: 'utf8',
  });
  expect(flags.length).toBeGreaterThan(5);
  expect(flags.filter((flag) => !help.includes(`  ${flag} `))).toEqual([]);
});

describe('its experiment', () => {
  test('has no type errors under the rules of the repository', () => {
    writeExample();
    const toRoot = relative(folder, root).split(sep).join('/');
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: `${toRoot}/tsconfig.json`, include: ['*.ts'] }),
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    expect(execFileSync(process.execPath, [tsc, '--noEmit', '-p', folder], { encoding: 'utf8' })).toBe('');
  });

  test('meets its check, says so, and runs in threads', async () => {
    const file = writeExample();
    const { irregularBuses } = (await import(pathToFileURL(file).href)) as { irregularBuses: Experiment };
    const catalog = join(folder, 'catalog.ts');
    writeFileSync(
      catalog,
      "import { irregularBuses } from './irregular-buses.ts';\nexport const EXPERIMENTS = [irregularBuses];\n",
    );
    const assignment = { settings: readSettings(irregularBuses, []), firstSeed: 1, seeds: irregularBuses.seeds };
    const options = { ...assignment, threads: 2, worthThreadsMs: 0, catalog: pathToFileURL(catalog).href };
    const circumstances = { version: '', node: '', date: '', wallSeconds: () => 0 };
    const report = reportOf(irregularBuses, assignment, await runExperiment(irregularBuses, options), circumstances);
    expect(report.checks.map(({ ok }) => ok)).toEqual([true]);
    expect(report.differences.map(({ effect }) => effect)).toEqual(['worse']);
    expect(report.verdict).toMatch(/wait 2[3-7] % longer/);
  });
});

/** → the file of the experiment in the page. */
function writeExample(): string {
  const found = /<!-- file: experiments\/irregular-buses\.ts -->\n```ts\n([\s\S]*?)```/.exec(page);
  const toRoot = relative(folder, root).split(sep).join('/');
  const file = join(folder, 'irregular-buses.ts');
  const source = found![1]!
    .replaceAll("from '../", `from '${toRoot}/`)
    .replaceAll("from './", `from '${toRoot}/experiments/`);
  writeFileSync(file, source);
  return file;
}
