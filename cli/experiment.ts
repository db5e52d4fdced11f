// `citytwin experiment NAME`: lives all arms with all seeds, and shows and keeps what came out. Exit 0: done; with --check 1: a check is not
// met; 2: bad input; 130: interrupted.
import { accessSync, constants, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXPERIMENTS } from '../experiments/catalog.ts';
import type { Experiment } from '../experiments/experiment.ts';
import { htmlOf } from '../experiments/report-html.ts';
import { interruptedLine, reportLines, wrapped } from '../experiments/report-text.ts';
import { jsonOf, reportOf } from '../experiments/report.ts';
import type { Report } from '../experiments/report.ts';
import { runExperiment } from '../experiments/runner.ts';
import { SettingsError, parameterLines, readSettings } from '../experiments/settings.ts';
import type { Assignment } from '../experiments/task-board.ts';
import { nearestChoice } from '../telemetry/names.ts';
import { EXIT_INTERRUPTED, interruption } from './history/interruption.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';
import { createProgress } from './progress.ts';
import { version } from './version.ts';

export async function experiment(settings: Settings, name: string | undefined): Promise<number> {
  if (name === undefined || settings.list) {
    list(settings.json);
    return 0;
  }
  const interrupted = interruption();
  const chosen = experimentNamed(name);
  const assignment: Assignment = {
    settings: settingsOf(chosen, settings.set),
    firstSeed: settings.firstSeed,
    seeds: settings.seeds ?? chosen.seeds,
  };
  if (settings.reportFolder !== undefined) prepareFolder(settings.reportFolder);
  const report = await carryOut(chosen, assignment, interrupted, settings);
  if (report === undefined) return EXIT_INTERRUPTED;
  // Before anything is said: who listens may leave (`| head`).
  await keep(report, settings);
  if (settings.reportFolder !== undefined) writeReport(settings.reportFolder, report, chosen);
  process.stdout.write(settings.json ? jsonOf(report) : `${reportLines(report).join('\n')}\n`);
  const { checks } = report;
  return settings.check && (checks.length === 0 || checks.some(({ ok }) => !ok)) ? 1 : 0;
}

/** What `--help` adds: the parameters of the experiment that is named among the words, else all experiments. @throws UsageError */
export function explanation(words: readonly string[]): string {
  const name = words.find((word) => !word.startsWith('-'));
  if (name === undefined) return listLines(EXPERIMENTS).join('\n');
  const chosen = experimentNamed(name);
  return [...listLines([chosen]), '', ...parameterLines(chosen)].join('\n');
}

/** @throws UsageError */
function experimentNamed(name: string): Experiment {
  const found = EXPERIMENTS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = EXPERIMENTS.map((one) => one.name);
  const nearest = nearestChoice(name, names);
  const hint = nearest === undefined ? '' : `, did you mean ${nearest}?`;
  throw new UsageError(`unknown experiment "${name}"${hint} (there are ${names.join(', ')})`);
}

/** @throws UsageError */
function settingsOf(chosen: Experiment, assignments: readonly string[]): Assignment['settings'] {
  try {
    return readSettings(chosen, assignments);
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(error.message);
    throw error;
  }
}

/** @returns undefined when it was interrupted */
async function carryOut(
  chosen: Experiment,
  assignment: Assignment,
  interrupted: AbortSignal,
  { json, logLevel, workers }: Settings,
): Promise<Report | undefined> {
  const startedMs = performance.now();
  const progress = createProgress(json || logLevel === 'silent');
  const lived = await runExperiment(chosen, {
    ...assignment,
    threads: workers,
    interrupted,
    onProgress: (done, tasks) => progress.show(done / tasks, `${chosen.name}, ${done} of ${tasks} lives`),
  }).finally(() => progress.end());
  if (!lived.complete) {
    process.stderr.write(`${interruptedLine(lived.done, assignment.seeds)}\n`);
    return undefined;
  }
  return reportOf(chosen, assignment, lived, {
    version,
    node: process.version,
    date: new Date().toISOString(),
    wallSeconds: () => Math.round(performance.now() - startedMs) / 1000,
  });
}

/** Nobody should wait for all seeds to hear of a folder that cannot be written. @throws UsageError */
function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(`cannot write to ${folder}: ${(error as Error).message}`);
  }
}

function writeReport(folder: string, report: Report, { parameters }: Experiment): void {
  try {
    writeFileSync(join(folder, `${report.name}.json`), jsonOf(report, 2));
    writeFileSync(join(folder, `${report.name}.html`), htmlOf(report, parameters));
  } catch (error) {
    throw new UsageError(`cannot write to ${folder}: ${(error as Error).message}`);
  }
}

/** The newest report of each experiment stays with the city's data; a city that runs may read it at any moment. */
async function keep(report: Report, { data, ...settings }: Settings): Promise<void> {
  const folder = join(data, 'experiments');
  const file = join(folder, `${report.name}.json`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.new`, jsonOf(report));
    renameSync(`${file}.new`, file);
  } catch (error) {
    // Loaded late: an experiment of a second should not wait for a logger.
    const { createLog } = await import('./log.ts');
    createLog(settings).warn(`the report is not kept: ${(error as Error).message}`);
  }
}

function list(json: boolean): void {
  const described = EXPERIMENTS.map(({ name, title, claim, sources, seeds, parameters, kpis }) => {
    return { name, title, claim, sources, seeds, parameters, kpis };
  });
  process.stdout.write(json ? `${JSON.stringify(described)}\n` : `${listLines(EXPERIMENTS).join('\n')}\n`);
}

function listLines(experiments: readonly Experiment[]): string[] {
  return experiments.flatMap(({ name, title, claim, seeds }, index) => [
    ...(index === 0 ? [] : ['']),
    `${name}  ${title} (${seeds} seeds)`,
    ...wrapped(claim).map((line) => `  ${line}`),
  ]);
}
