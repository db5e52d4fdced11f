// `citytwin verify REPORT`: runs it again; what a run promises to repeat must be the same. Exit 0 same, 1 different, 2 bad input, 130 when it
// was interrupted and nobody knows.
import { readFileSync } from 'node:fs';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';
import type { RunReport } from './report.ts';
import { platformMeasure } from '../simulator/scenario/measure.ts';
import { runCity } from './city-run.ts';
import { createProgress } from './progress.ts';
import { EXIT_INTERRUPTED } from './history/interruption.ts';
import { carryOut, untilInterrupted } from './run.ts';
import type { Outcome } from './run.ts';
import { readSession } from './session.ts';
import type { Session } from './session.ts';

export async function verify(settings: Settings, file: string): Promise<number> {
  const session = sessionIn(file);
  const stopped = untilInterrupted();
  const differences =
    session === undefined
      ? await differencesOfReport(settings, readReport(file), stopped)
      : await differencesOfSession(settings, session, stopped);
  if (stopped()) {
    process.stderr.write('citytwin: interrupted, nothing is known\n');
    return EXIT_INTERRUPTED;
  }
  const ok = differences.length === 0;
  if (settings.json) process.stdout.write(`${JSON.stringify({ ok, differences })}\n`);
  else
    process.stdout.write(
      ok ? 'same\n' : `different\n${differences.map((difference) => `  ${difference}`).join('\n')}\n`,
    );
  return ok ? 0 : 1;
}

async function differencesOfReport(settings: Settings, claimed: RunReport, stopped: () => boolean): Promise<string[]> {
  const { scale, control } = claimed.settings;
  const asClaimed = {
    ...settings,
    scale,
    control,
    seed: claimed.seed,
    speed: 'max',
    pipeline: false,
    store: 'memory',
  } as const;
  return differencesOf(claimed, await carryOut(asClaimed, claimed.source, stopped, 'city'));
}

/** A live session again, from its log. */
async function differencesOfSession(
  { workers, json }: Settings,
  session: Session,
  stopped: () => boolean,
): Promise<string[]> {
  const { entries, end, session: _format, ...header } = session;
  const { scenario, startMs } = header;
  const task = { ...header, endMs: end.simTimeMs, control: false, replay: entries };
  const progress = createProgress(json);
  const onProgress = (simTimeMs: number) =>
    progress.show((simTimeMs - startMs) / (end.simTimeMs - startMs), scenario.name);
  const again = await runCity(task, { workers, speed: 'max', onProgress, stopped });
  progress.end();
  return (['simTimeMs', 'records', 'recordHash', 'commandLogHash'] as const).flatMap((name) =>
    differenceIn(name, end[name], again[name]),
  );
}

function sessionIn(file: string): Session | undefined {
  try {
    return readSession(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
}

function differencesOf(claimed: RunReport, { report, task }: Outcome): string[] {
  const differences = (
    ['scenario', 'scenarioHash', 'simSeconds', 'records', 'recordHash', 'commandLogHash'] as const
  ).flatMap((name) => differenceIn(name, claimed[name], report[name]));
  const platform = new Set(task.scenario.expect.filter(({ of }) => platformMeasure(of)).map(({ name }) => name));
  const judged = (from: RunReport) => from.expectations.filter(({ name }) => !platform.has(name));
  differences.push(...differenceIn('fleets', byName(claimed.settings.fleets), byName(report.settings.fleets)));
  // The platform is not asked again: of it, only that the report agrees with itself.
  const isOk = claimed.complete && claimed.expectations.every(({ ok }) => ok);
  if (claimed.ok !== isOk)
    differences.push(`ok: the file says ${claimed.ok}, its expectations and complete say ${isOk}`);
  differences.push(...differenceIn('complete', claimed.complete, report.complete));
  differences.push(...differenceIn('city expectations', judged(claimed).length, judged(report).length));
  for (const is of judged(report)) {
    const said = claimed.expectations.find(({ name }) => name === is.name);
    for (const part of ['ok', 'value', 'limit'] as const) {
      differences.push(...differenceIn(`expectation "${is.name}" ${part}`, said?.[part], is[part]));
    }
  }
  return differences;
}

function byName(fleets: RunReport['settings']['fleets'] | undefined): string {
  return JSON.stringify(Object.entries(fleets ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function differenceIn(name: string, said: unknown, is: unknown): string[] {
  if (said === is) return [];
  return [`${name}: the file says ${JSON.stringify(said)}, this run has ${JSON.stringify(is)}`];
}

/** @throws UsageError when the file is no report of a run */
function readReport(file: string): RunReport {
  let report: Partial<RunReport> | null;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Partial<RunReport> | null;
  } catch (error) {
    throw new UsageError(`cannot read the report ${file}: ${(error as Error).message}`);
  }
  const { source, seed, settings, expectations, recordHash } = report ?? {};
  const scaleIsThere = typeof settings?.scale === 'number' && settings.scale > 0;
  const areNamed = Array.isArray(expectations) && expectations.every((said) => typeof said?.name === 'string');
  if (
    typeof source !== 'string' ||
    !Number.isSafeInteger(seed) ||
    !scaleIsThere ||
    !areNamed ||
    typeof recordHash !== 'string'
  ) {
    throw new UsageError(
      `${file} is no report of a run: it must have source, seed, settings, expectations and recordHash`,
    );
  }
  return report as RunReport;
}
