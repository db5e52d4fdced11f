// What every experiment owes to whoever runs it, whatever it is about.
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXPERIMENTS } from '../../experiments/catalog.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { htmlOf } from '../../experiments/report-html.ts';
import { reportLines } from '../../experiments/report-text.ts';
import { reportOf } from '../../experiments/report.ts';
import { runExperiment } from '../../experiments/runner.ts';
import { readSettings } from '../../experiments/settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const circumstances = { version: '0', node: 'v24', date: '2026-05-20T08:00:00.000Z', wallSeconds: () => 1 };

async function reported(experiment: Experiment, assignments: readonly string[]) {
  const assignment = { settings: readSettings(experiment, assignments), firstSeed: 1, seeds: 1 };
  return reportOf(
    experiment,
    assignment,
    await runExperiment(experiment, { ...assignment, threads: 1 }),
    circumstances,
  );
}

/** Packages and files behind a file of ours, through all that it imports at run time. */
function importedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(join(root, file), 'utf8').replace(/^import type .*?;$/gms, '');
  for (const [, target] of source.matchAll(/\bfrom\s+'([^']+)'|\bimport\(?\s*'([^']+)'/g)) {
    if (target!.startsWith('.')) importedBy(relative(root, resolve(root, dirname(file), target!)), seen);
    else seen.add(target!);
  }
  return seen;
}

/** Each list with one word only, and each choice with another one than usual. */
function corner({ parameters }: Experiment): string[] {
  return parameters.flatMap((parameter) => {
    if (parameter.type === 'number') return [];
    const other = parameter.choices.filter((word) => String(parameter.default) !== word).at(-1);
    return other === undefined ? [] : [`${parameter.name}=${other}`];
  });
}

describe.each(EXPERIMENTS.map((experiment) => [experiment.name, experiment] as const))('%s', (_, experiment) => {
  it('is well formed', () => {
    const { name, parameters, kpis, sources, seeds, claim, title } = experiment;
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect([title.length > 0, claim.length > 0, sources.length > 0, seeds > 1]).toEqual([true, true, true, true]);
    // Defaults are what a user may set.
    const settings = readSettings(
      experiment,
      parameters.map((one) => `${one.name}=${String(one.default)}`),
    );
    const arms = experiment.arms(settings);
    expect([arms.length > 0, kpis.length > 0]).toEqual([true, true]);
    for (const words of [parameters, kpis, arms]) {
      expect(new Set(words.map((word) => word.name)).size).toBe(words.length);
    }
  });

  it('lives the same life again', () => {
    const settings = readSettings(experiment, []);
    const { name } = experiment.arms(settings).at(-1)!;
    expect(experiment.live(name, 3, settings)).toEqual(experiment.live(name, 3, settings));
  });

  it.each([
    ['as usual', []],
    ['with one arm, or few', corner(experiment)],
  ])('has something to say %s', { timeout: 60_000 }, async (_, assignments) => {
    const report = await reported(experiment, assignments);
    expect(report.verdict).not.toMatch(/NaN|undefined|Infinity/);
    expect(reportLines(report).join('\n')).not.toMatch(/NaN|undefined|Infinity/);
    expect(htmlOf(report, experiment.parameters)).not.toMatch(/NaN|undefined|Infinity/);
  });
});

it('no thread has to load what talks to a network or a store', () => {
  const files = [...importedBy('experiments/runner-worker.ts'), ...importedBy('experiments/catalog.ts')];
  expect(files).toContain('experiments/electric-bus.ts');
  expect(files.filter((file) => /^(api|broker|cli|dashboard|mqtt)\//.test(file))).toEqual([]);
  const packages = new Set(files.filter((file) => !file.endsWith('.ts') && !file.startsWith('node:')));
  expect([...packages].filter((name) => name !== 'flatqueue')).toEqual([]);
});

it('no two have the same name', () => {
  expect(new Set(EXPERIMENTS.map(({ name }) => name)).size).toBe(EXPERIMENTS.length);
});
