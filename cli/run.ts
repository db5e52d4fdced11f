// `citytwin run SCENARIO`: to the end, then judges. Exit 0: all expectations met; 1: one not met; 2: bad input.
import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadCity } from '../simulator/city/load.ts';
import { loadModels } from '../simulator/kinds.ts';
import { platformMeasure } from '../simulator/scenario/measure.ts';
import { runCity } from './city-run.ts';
import { createLog } from './log.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';
import { runPipeline } from './pipeline-run.ts';
import { createProgress } from './progress.ts';
import { openRecording } from './recording.ts';
import { junitOfRun, reportLines } from './report.ts';
import type { RunReport } from './report.ts';
import { fleetsOf, scenarioNamed, startOfRun } from './scenario.ts';
import type { RunTask } from './shard.ts';
import { version } from './version.ts';

/** From this many devices on, memory per device says something. */
const MANY = 100_000;

export interface Outcome {
  readonly report: RunReport;
  readonly task: RunTask;
}

export async function run(settings: Settings, source: string): Promise<number> {
  const stop = untilInterrupted();
  // Nobody should wait a day of simulated time to hear of a misspelt folder.
  for (const file of [settings.report, settings.junit]) if (file !== undefined) checkWritable(file);
  const { report } = await carryOut(settings, source, stop);
  if (settings.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(`${reportLines(report).join('\n')}\n`);
  if (settings.report !== undefined) writeReport(settings.report, `${JSON.stringify(report, null, 2)}\n`);
  if (settings.junit !== undefined) writeReport(settings.junit, junitOfRun(report));
  return report.ok ? 0 : 1;
}

/** Runs a scenario as the settings say. stopped: true ends it early; only: the city is run, whatever is expected of the platform. @throws UsageError */
export async function carryOut(
  settings: Settings,
  source: string,
  stopped: () => boolean,
  only?: 'city',
): Promise<Outcome> {
  const city = loadCity();
  const models = await loadModels();
  const scenario = await scenarioNamed(source, city, models, settings.seed);
  const startMs = startOfRun(scenario, city);
  const task: RunTask = {
    scenario,
    fleets: fleetsOf(scenario, models, settings.scale, city),
    seed: settings.seed ?? scenario.seed,
    startMs,
    endMs: startMs + scenario.durationMs,
    utcOffsetMin: city.utcOffsetMin,
    control: settings.control && scenario.control,
  };
  const platform = scenario.expect.some(({ of }) => platformMeasure(of) !== undefined);
  const mode = only ?? (settings.pipeline || settings.broker !== undefined || platform ? 'pipeline' : 'city');
  if (mode === 'pipeline' && settings.workers > 1)
    throw new UsageError('--workers goes with city mode, not with --pipeline or --broker');
  if (settings.record !== undefined && settings.workers > 1) throw new UsageError('--record goes with one worker only');
  const speed = settings.speed ?? scenario.speed ?? (mode === 'city' ? 'max' : 1);
  const startedMs = performance.now();
  const done =
    mode === 'city'
      ? await inCity(task, settings, speed, stopped)
      : await runPipeline(task, { settings, speed, stopped, log: createLog(settings) });
  const wallSeconds = (performance.now() - startedMs) / 1000;
  const simSeconds = (done.simTimeMs - startMs) / 1000;
  const { simTimeMs, records, recordHash, commandLogHash, expectations, ...rest } = done;
  const complete = simTimeMs >= task.endMs;
  const report: RunReport = {
    version,
    node: process.version,
    source,
    scenario: scenario.name,
    scenarioHash: scenario.hash,
    settings: {
      mode,
      scale: settings.scale,
      speed,
      workers: settings.workers,
      control: task.control,
      fleets: task.fleets,
    },
    seed: task.seed,
    simSeconds,
    wallSeconds: Math.round(wallSeconds * 1000) / 1000,
    trueSpeed: Math.round((simSeconds / wallSeconds) * 10) / 10,
    records,
    recordHash,
    commandLogHash,
    ...rest,
    expectations,
    complete,
    ok: complete && expectations.every(({ ok }) => ok),
  };
  return { report, task };
}

async function inCity(
  task: RunTask,
  settings: Settings,
  speed: RunReport['settings']['speed'],
  stopped: () => boolean,
) {
  const progress = createProgress(settings.json || settings.logLevel === 'silent');
  const recording = settings.record === undefined ? undefined : await openRecording(settings.record, task);
  const { recordsByKind, lost, peak, memoryBytes, ...result } = await runCity(task, {
    workers: settings.workers,
    speed,
    extra: recording?.sink,
    stopped,
    onProgress: (simTimeMs) =>
      progress.show((simTimeMs - task.startMs) / (task.endMs - task.startMs), task.scenario.name),
  });
  progress.end();
  recording?.close();
  const devices = Object.values(task.fleets).reduce((sum, count) => sum + count, 0);
  const counters = {
    devices,
    recordsByKind,
    lost,
    peakPerS: peak.perS,
    peakAt: new Date(peak.atMs + 60_000 * task.utcOffsetMin).toISOString().slice(0, 16),
    // In a small fleet the program itself weighs more than its devices.
    ...(devices >= MANY
      ? {
          bytesPerDevice: Math.round((memoryBytes / devices) * 10) / 10,
          maxResidentMb: Math.round(process.resourceUsage().maxRSS / 1024),
        }
      : {}),
  };
  return { ...result, counters };
}

/** True after the first Ctrl-C; the second ends the process at once. */
export function untilInterrupted(): () => boolean {
  let interrupted = false;
  process.once('SIGINT', () => (interrupted = true));
  process.once('SIGTERM', () => (interrupted = true));
  return () => interrupted;
}

function checkWritable(file: string): void {
  try {
    if (existsSync(file) && statSync(file).isDirectory()) throw new Error('it is a folder');
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`);
  }
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`);
  }
}
