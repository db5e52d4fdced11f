// `citytwin experiment` as a user types it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPERIMENTS } from '../../experiments/catalog.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import type { Report } from '../../experiments/report.ts';
import { eventually } from '../city-process.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const QUICK = ['electric-bus', '--seeds', '2'];
let folder: string;

function citytwin(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, 'experiment', ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

function reported(...args: string[]): Report {
  const { status, stdout, stderr } = citytwin(...QUICK, '--json', ...args);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Report;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-experiment-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('citytwin experiment', { timeout: 60_000 }, () => {
  it('lists the experiments with their claims when none is named', () => {
    const { status, stdout } = citytwin();
    expect(status).toBe(0);
    const words = stdout.split(/\s+/).join(' ');
    for (const { name, title, claim } of EXPERIMENTS) {
      expect(words).toContain(`${name} ${title}`);
      expect(words).toContain(claim.split(/\s+/).join(' '));
    }
    const listed = JSON.parse(citytwin('--list', '--json').stdout) as Experiment[];
    expect(listed.map(({ name, parameters }) => [name, parameters])).toEqual(
      EXPERIMENTS.map(({ name, parameters }) => [name, parameters]),
    );
  });

  it.each(EXPERIMENTS.map((experiment) => [experiment.name, experiment] as const))(
    'explains every parameter of %s',
    (name, { parameters }) => {
      const { status, stdout } = citytwin(name, '--help');
      expect([status, stdout]).toEqual([0, expect.stringMatching(/^Examples:\n {2}citytwin/)]);
      for (const parameter of parameters) {
        expect(stdout).toContain(`\n  ${parameter.name}=${String(parameter.default)}\n      ${parameter.label}: `);
        const accepted = parameter.type === 'number' ? [`${parameter.min} to ${parameter.max}`] : parameter.choices;
        for (const word of accepted) expect(stdout).toContain(word);
      }
    },
  );

  it('writes JSON and page, and keeps the newest report with the data', () => {
    const { status, stdout } = citytwin(...QUICK, '--report', 'out/report');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Verdict: /m);
    const written = JSON.parse(readFileSync(join(folder, 'out/report/electric-bus.json'), 'utf8')) as Report;
    expect(written).toMatchObject({ name: 'electric-bus', seeds: 2, firstSeed: 1, node: process.version });
    expect(readFileSync(join(folder, 'out/report/electric-bus.html'), 'utf8')).toContain(`<h1>${written.title}</h1>`);
    const kept = () => JSON.parse(readFileSync(join(folder, 'data/experiments/electric-bus.json'), 'utf8')) as Report;
    expect(kept()).toEqual(written);
    const newer = reported('--seed', '7');
    expect(newer).toMatchObject({ firstSeed: 7 });
    expect(newer.samples).not.toEqual(written.samples);
    expect(kept()).toEqual(newer);
    expect(readdirSync(join(folder, 'data/experiments'))).toEqual(['electric-bus.json']);
  });

  it('gives the same numbers on one worker and on three', () => {
    const numbers = ({ wallSeconds, date, ...rest }: Report) => {
      expect([wallSeconds > 0, Date.parse(date) > 0]).toEqual([true, true]);
      return rest;
    };
    expect(numbers(reported('--workers', '1'))).toEqual(numbers(reported('--workers', '3')));
  });

  it('is repeated by the command in its report', () => {
    const report = reported('--set', 'passengers=40', '--set', 'tempC=0,20');
    expect(report.settings).toMatchObject({ passengers: 40, tempC: ['0', '20'] });
    const [program, experiment, ...words] = report.command.split(' ');
    expect([program, experiment]).toEqual(['citytwin', 'experiment']);
    const again = JSON.parse(citytwin(...words, '--json').stdout) as Report;
    expect([again.arms, again.samples]).toEqual([report.arms, report.samples]);
  });

  it('takes settings from the config file, flags before them', () => {
    writeFileSync(join(folder, 'settings.json'), JSON.stringify({ set: ['passengers=40', 'speedKmh=20'] }));
    const { settings } = reported('--config', 'settings.json', '--set', 'speedKmh=25');
    expect(settings).toMatchObject({ passengers: 40, speedKmh: 25 });
  });

  it('ends with 1 for --check when a check is not met, else with 0', () => {
    const checked = citytwin('electric-bus', '--seeds', '1', '--seed', '2', '--json', '--check');
    const { checks } = JSON.parse(checked.stdout) as Report;
    expect(checks.length).toBeGreaterThan(0);
    expect(checked.status).toBe(checks.every(({ ok }) => ok) ? 0 : 1);
    // Published values are of 20 °C.
    const unchecked = citytwin(...QUICK, '--json', '--check', '--set', 'tempC=35');
    expect((JSON.parse(unchecked.stdout) as Report).checks).toEqual([]);
    expect(unchecked.status).toBe(1);
  });

  it.each([
    [['electric-bux'], /unknown experiment "electric-bux", did you mean electric-bus\? \(there are .*electric-bus/],
    [['electric-bux', '--help'], /unknown experiment "electric-bux"/],
    [['electric-bus', '--set', 'passenger=3'], /no parameter "passenger", did you mean passengers\?/],
    [['electric-bus', '--set', 'passengers=many'], /a number from 0 to 70, got "many"/],
    [['electric-bus', '--set', 'passengers=71', '--set', 'tempC=21'], /passengers=71.*\n.*"21", did you mean 20\?/],
    [['electric-bus', '--seeds', '0'], /'0'.*whole number from 1 to/],
    [['electric-bus', '--seeds', '1.5'], /'1\.5'.*whole number/],
    [['electric-bus', '--seed', '-1'], /'-1'.*whole number from 0/],
    [['electric-bus', '--workers', '0'], /'0'.*from 1 to 64/],
    [['electric-bus', '--report', 'settings.json'], /cannot write to settings\.json/],
    [['electric-bus', '--repot', 'x'], /--repot[\s\S]*--report/],
  ])('refuses %j with 2 and what was expected', (args, message) => {
    writeFileSync(join(folder, 'settings.json'), '{}');
    const { status, stdout, stderr } = citytwin(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('warns when the report cannot be kept, and goes on', () => {
    writeFileSync(join(folder, 'a-file'), '');
    const { status, stdout, stderr } = citytwin(...QUICK, '--json', '--data', 'a-file');
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Report).name).toBe('electric-bus');
    expect(stderr).toMatch(/not kept.*a-file/);
  });

  it('says at Ctrl-C how many seeds of each arm were done', async () => {
    const child = spawn(
      process.execPath,
      [launcher, 'experiment', 'electric-bus', '--seeds', '10000', '--report', 'interrupted', '--data', 'other'],
      { cwd: folder },
    );
    let said = '';
    child.stderr.on('data', (chunk) => (said += String(chunk)));
    const ended = once(child, 'exit');
    // Made before the first life.
    await eventually('the folder of the report', async () => existsSync(join(folder, 'interrupted')) || undefined);
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
    expect(said).toMatch(/^interrupted: seeds done of 10000: \S+ \d+(, \S+ \d+)+$/m);
    expect([readdirSync(join(folder, 'interrupted')), existsSync(join(folder, 'other'))]).toEqual([[], false]);
  });
});
