// `citytwin run` and `verify` as a user types them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunReport } from '../../cli/report.ts';
import { eventually } from '../city-process.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
let folder: string;

const SMALL = `
name: small
seed: 7
start: "2026-05-20T08:00"
duration: 3m
fleets: {bus: 24, vehicle: 100, parking-spot: 50, water-meter: 100}
timeline:
  - {at: +60s, event: breakdown, kind: bus, devices: [bus-0003], repairS: 60}
expect:
  - {name: buses move, of: mean(bus.speedMps), op: '>', value: 1}
  - {name: a breakdown is seen, of: count(bus.breakdown), op: '==', value: 1}
`;

function citytwin(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

function reportOf(...args: string[]): RunReport {
  const { status, stdout, stderr } = citytwin('run', 'small.yaml', '--json', ...args);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as RunReport;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-run-'));
  writeFileSync(join(folder, 'small.yaml'), SMALL);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('citytwin run', () => {
  it('gives one report, the same at any speed and on two workers, and another for another seed', () => {
    const report = reportOf();
    expect(report).toMatchObject({ scenario: 'small', seed: 7, simSeconds: 180, ok: true, complete: true });
    expect(report.expectations.map(({ name, ok }) => [name, ok])).toEqual([
      ['buses move', true],
      ['a breakdown is seen', true],
    ]);
    expect(report.recordHash).toMatch(/^[0-9a-f]{16}$/);
    expect(report.records).toBeGreaterThan(1000);
    const fingerprint = ({ records, recordHash, commandLogHash, expectations }: RunReport) => ({
      records,
      recordHash,
      commandLogHash,
      expectations,
    });
    for (const settings of [[], ['--workers', '2'], ['--speed', '50']]) {
      expect(fingerprint(reportOf(...settings))).toEqual(fingerprint(report));
    }
    expect(reportOf('--seed', '8').recordHash).not.toBe(report.recordHash);
  }, 90_000);

  it('ends with 1 when an expectation is not met, and says which in JUnit', () => {
    writeFileSync(join(folder, 'wrong.yaml'), SMALL.replace("op: '>', value: 1}", "op: '>', value: 100}"));
    const { status, stdout } = citytwin('run', 'wrong.yaml', '--junit', 'junit.xml');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}buses move .*> 100$/m);
    expect(stdout).toMatch(/^ok {4}a breakdown is seen/m);
    const junit = readFileSync(join(folder, 'junit.xml'), 'utf8');
    expect(junit).toContain('tests="2" failures="1"');
    expect(junit).toMatch(
      /<testcase classname="small" name="buses move">\s*<failure message="is [0-9.]+, expected &gt; 100"/,
    );
  });

  it('ends with 2 and points at a typo: line, column, the bad word and the right one', () => {
    writeFileSync(join(folder, 'typo.yaml'), SMALL.replace('timeline:', 'timelin:'));
    const { status, stdout, stderr } = citytwin('run', 'typo.yaml');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/typo\.yaml:7:1: .*timelin.*timeline/);
  });

  it('ends with 2 for a scenario that is not there, and names the shipped ones', () => {
    const { status, stderr } = citytwin('run', 'ordinary-dya');
    expect(status).toBe(2);
    expect(stderr).toContain('ordinary-day');
  });

  it('refuses settings that do not go together', () => {
    expect(citytwin('run', 'small.yaml', '--workers', '2', '--pipeline')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--workers') as string,
    });
  });

  it('says before it runs that a report cannot be written, or that a scale leaves out who is named', () => {
    writeFileSync(join(folder, 'long.yaml'), SMALL.replace('duration: 3m', 'duration: 100d'));
    for (const [settings, said] of [
      [['--report', 'nowhere/report.json'], 'cannot write nowhere/report.json'],
      [['--junit', '.'], 'cannot write .: it is a folder'],
      [['--scale', '0.1'], '--scale 0.1 leaves bus-0003 out'],
      [['--scale', '1000', '--seed', '2'], undefined],
    ] as const) {
      const { status, stderr } = citytwin('run', said === undefined ? 'wuxi-10m' : 'long.yaml', ...settings);
      expect([status, stderr]).toEqual([2, expect.stringContaining(said ?? 'devices, at most')]);
    }
  });

  it('gives the seed to a scenario that is a function', () => {
    writeFileSync(
      join(folder, 'seeded.mjs'),
      `export default ({ seed }) => ({ name: \`seed-\${seed}\`, start: '2026-05-20T08:00', duration: '5s', seed, fleets: { bus: 1 } });`,
    );
    const named = (...settings: string[]) =>
      (JSON.parse(citytwin('run', 'seeded.mjs', '--json', ...settings).stdout) as RunReport).scenario;
    expect([named(), named('--seed', '9')]).toEqual(['seed-1', 'seed-9']);
  });

  it('ends early with Ctrl-C and reports what was done so far', async () => {
    writeFileSync(join(folder, 'long.yaml'), SMALL.replace('duration: 3m', 'duration: 100d'));
    const args = [launcher, 'run', 'long.yaml', '--json', '--speed', '1', '--record', 'long.ndjson'];
    const child = spawn(process.execPath, args, { cwd: folder });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const ended = once(child, 'close');
    await eventually('its first messages', async () => existsSync(join(folder, 'long.ndjson')) || undefined);
    child.kill('SIGINT');
    const [code] = (await ended) as [number | null];
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as RunReport;
    expect(report).toMatchObject({ complete: false, ok: false });
    expect(report.simSeconds).toBeLessThan(60);
  });
});

describe('citytwin verify', () => {
  it('ends with 0 for a true report, with 1 after any of its claims was edited', () => {
    const { status } = citytwin('run', 'small.yaml', '--report', 'report.json');
    expect(status).toBe(0);
    expect(citytwin('verify', 'report.json')).toMatchObject({ status: 0, stdout: 'same\n' });
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as RunReport;
    const [first, second] = report.expectations;
    const lies: [string, Partial<RunReport>][] = [
      ['recordHash', { recordHash: report.recordHash.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) }],
      ['records', { records: report.records + 1 }],
      ['ok', { ok: false }],
      ['fleets', { settings: { ...report.settings, fleets: { ...report.settings.fleets, bus: 25 } } }],
      ['"buses move" value', { expectations: [{ ...first!, value: first!.value! + 0.1 }, second!] }],
    ];
    // Each has a line of its own.
    writeFileSync(join(folder, 'lies.json'), JSON.stringify(Object.assign({}, report, ...lies.map(([, lie]) => lie))));
    const answer = citytwin('verify', 'lies.json', '--workers', '2');
    expect(answer.status).toBe(1);
    for (const [what] of lies) expect(answer.stdout).toContain(what);
    expect(answer.stdout.trimEnd().split('\n')).toHaveLength(1 + lies.length);
  }, 90_000);

  it('ends with 1 when the scenario has changed since', () => {
    citytwin('run', 'small.yaml', '--report', 'report.json');
    writeFileSync(join(folder, 'small.yaml'), SMALL.replace('value: 1}', 'value: 1.5}'));
    const { status, stdout } = citytwin('verify', 'report.json');
    writeFileSync(join(folder, 'small.yaml'), SMALL);
    expect(status).toBe(1);
    expect(stdout).toContain('scenarioHash');
  });

  it('ends with 2 for what is no report', () => {
    writeFileSync(join(folder, 'other.json'), '{"seed":1}');
    writeFileSync(join(folder, 'null.json'), 'null');
    for (const file of ['other.json', 'null.json', 'missing.json', 'small.yaml'])
      expect(citytwin('verify', file).status).toBe(2);
  });
});
