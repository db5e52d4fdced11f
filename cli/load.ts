// `citytwin load`: load-tests any MQTT broker, shows it second by second, judges and reports. Exit 0: all that was expected is met; 1: not, or the
// generator was at its limit; 2: nothing was measured, because of bad input or a target that cannot do it. What a run does is in loadtest/.
import { accessSync, constants, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { shownUrl } from '../loadtest/address.ts';
import { judge, readExpectation } from '../loadtest/expect.ts';
import type { Expectation } from '../loadtest/expect.ts';
import { findMax } from '../loadtest/find-max.ts';
import type { Finding } from '../loadtest/find-max.ts';
import type { Plan } from '../loadtest/plan.ts';
import { PlanError } from '../loadtest/profiles.ts';
import { TargetError } from '../loadtest/refusal.ts';
import { PRESETS, SHAPES } from '../loadtest/presets.ts';
import { htmlOf } from '../loadtest/report-html.ts';
import { reportLines, stepLine } from '../loadtest/report-text.ts';
import { junitOfLoad, ms, reportOf, whole } from '../loadtest/report.ts';
import type { LoadReport } from '../loadtest/report.ts';
import type { Result, Second } from '../loadtest/result.ts';
import { runLoad } from '../loadtest/run.ts';
import { interruption } from './history/interruption.ts';
import { checkCertificates } from './load-certificates.ts';
import { planOf, profileOf } from './load-plan.ts';
import { shareWith } from './load-share.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { version } from './version.ts';

/** Without expectations of the user. */
const LIMITS = ['lossRatio=0', 'latency.p99<100ms'];
const ACK_LIMITS = ['lossRatio=0', 'ack.p99<100ms'];
/** Between two steps of a search the broker gets this long, ms. */
const PAUSE_MS = 1000;
const SPOOL_MARGIN_S = 1;
const PROGRESS_MS = 1000;

export async function load(settings: Settings, argument: string | undefined): Promise<number> {
  if (settings.listLoads) {
    list(settings.json);
    return 0;
  }
  const signal = interruption();
  for (const file of settings.loadReport) checkWritable(file);
  const progress = createProgress(settings.json || settings.logLevel === 'silent');
  const folder = profileOf(settings, argument) === 'city' ? mkdtempSync(join(tmpdir(), 'citytwin-load-')) : undefined;
  try {
    const plan = planOf(settings, argument, folder === undefined ? undefined : join(folder, 'city.spool'));
    checkCertificates(plan.target, settings);
    if (plan.schedule.kind === 'spool') await spool(plan, settings, progress, signal);
    const report = await carryOut(plan, settings, progress, signal);
    progress.end();
    for (const file of settings.loadReport) writeReport(file, report);
    const lines = () => reportLines(report, !process.stdout.isTTY).join('\n');
    process.stdout.write(`${settings.json ? JSON.stringify(report) : lines()}\n`);
    if (report.skipped !== undefined) return 2;
    return report.ok ? 0 : 1;
  } catch (error) {
    // Nothing was measured, so nothing can be judged.
    if (signal.aborted) throw new Error('stopped before anything was measured', { cause: error });
    const mistake = error instanceof TargetError || error instanceof PlanError;
    throw mistake ? new UsageError(error.message, { cause: error }) : error;
  } finally {
    progress.end();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function carryOut(plan: Plan, settings: Settings, progress: Progress, signal: AbortSignal): Promise<LoadReport> {
  const expectations = settings.expect.map(readExpectation);
  const startedMs = Date.now();
  const share = shareWith(plan.target);
  const connecting = setInterval(() => showConnecting(progress, plan, startedMs), PROGRESS_MS);
  const onSecond = (of: Plan, second: Second) => {
    clearInterval(connecting);
    share.second(second);
    show(progress, of, second);
  };
  let result: Result | undefined;
  let finding: Finding | undefined;
  try {
    if (settings.findMax)
      ({ result, finding } = await search(plan, expectations, settings, progress, signal, onSecond));
    else result = await runLoad(plan, { onSecond: (second) => onSecond(plan, second), signal });
  } finally {
    clearInterval(connecting);
    await share.end(result);
  }
  const judged = expectations.map((expectation) => judge(expectation, result));
  const circumstances = {
    version,
    node: process.version,
    date: new Date(startedMs).toISOString(),
    command: commandLine(process.argv.slice(2)),
    complete: !signal.aborted,
  };
  return reportOf(result, judged, circumstances, finding);
}

async function search(
  plan: Plan,
  expectations: readonly Expectation[],
  { stepS, ceiling, json, logLevel }: Settings,
  progress: Progress,
  signal: AbortSignal,
  onSecond: (of: Plan, second: Second) => void,
): Promise<{ result: Result; finding: Finding }> {
  const { schedule } = plan;
  if (schedule.kind === 'ramp' || schedule.kind === 'spool') throw new Error(`no rate to raise in ${schedule.kind}`);
  const { kind } = schedule;
  let last: Result | undefined;
  const { finding, best } = await findMax({
    startPerS: schedule.perS,
    ceilingPerS: Math.max(ceiling, schedule.perS),
    limits: expectations.length > 0 ? expectations : limitsOf(plan).map(readExpectation),
    signal,
    run: async (perS) => {
      const step = { ...plan, schedule: { kind, perS }, durationS: stepS };
      last = await runLoad(step, { onSecond: (second) => onSecond(step, second), signal });
      return last;
    },
    // An interrupted pause is over.
    pause: () => delay(PAUSE_MS, undefined, { signal }).catch(() => undefined),
    onStep: (step) => {
      progress.end();
      if (!json && logLevel !== 'silent') process.stderr.write(`${stepLine(step)}\n`);
    },
  });
  const result = best ?? last;
  if (result === undefined) throw new Error(finding.conclusion);
  return { result, finding };
}

/** Where nobody subscribes only acknowledgements tell; at QoS 0 nothing but what could be sent. */
function limitsOf({ subscribers, qos }: Plan): readonly string[] {
  if (subscribers > 0) return LIMITS;
  return qos > 0 ? ACK_LIMITS : [];
}

/** The plan has it as file; what is measured begins after the warm-up, which is of the city too. */
async function spool(plan: Plan, settings: Settings, progress: Progress, signal: AbortSignal): Promise<void> {
  // The simulator is only for this profile: others should not wait for it.
  const { spoolCity } = await import('./city-spool.ts');
  if (plan.schedule.kind !== 'spool') return;
  const { file, speed } = plan.schedule;
  const { messages, text } = await spoolCity(file, {
    scenario: settings.scenario,
    scale: settings.loadScale,
    seed: settings.loadSeed,
    start: settings.loadStart,
    lengthS: (plan.warmUpS + plan.durationS + SPOOL_MARGIN_S) * speed,
    stopped: () => signal.aborted,
    onProgress: (share) => progress.show(share, `simulating ${settings.scenario}`),
  });
  if (messages === 0) throw new UsageError(`${text}: nobody says anything; more --scale or --duration?`);
}

/** Many devices take their time, and seconds are counted from when all are there. */
function showConnecting(progress: Progress, { connections, connectPerS }: Plan, startedMs: number): void {
  const due = Math.min(connections, ((Date.now() - startedMs) / 1000) * connectPerS);
  progress.show(undefined, `connecting: ${whole(due)} of ${whole(connections)} are due`);
}

function show(progress: Progress, { warmUpS, durationS }: Plan, second: Second): void {
  const { atS, sent, received, connected, p99Ms, lagP99Ms } = second;
  const phase = atS < 0 ? 'warm-up' : `${Math.min(atS + 1, durationS)} of ${durationS} s`;
  progress.show(
    Math.min(1, Math.max(0, (atS + 1 + warmUpS) / (warmUpS + durationS))),
    `${phase}  ${whole(connected)} connected  ${whole(sent)}/s sent  ${whole(received)}/s received  p99 ${ms(p99Ms)}  lag ${ms(lagP99Ms)}`,
  );
}

function checkWritable(file: string): void {
  try {
    if (existsSync(file) && statSync(file).isDirectory()) throw new Error('it is a folder');
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`);
  }
}

function writeReport(file: string, report: LoadReport): void {
  const text = file.endsWith('.html')
    ? htmlOf(report)
    : file.endsWith('.xml')
      ? junitOfLoad(report)
      : `${JSON.stringify(report, null, 2)}\n`;
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`);
  }
}

/** As one types it, without the secrets that an address may hold. */
export function commandLine(words: readonly string[]): string {
  const shown = words.map((word) => word.replace(/(?:mqtt|ws)s?:\/\/.*/s, shownUrl));
  const quoted = shown.map((word) => (/^[\w./:@%,+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return ['citytwin', ...quoted].join(' ');
}

function list(json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ profiles: Object.values(SHAPES), presets: PRESETS })}\n`);
    return;
  }
  const names = [...Object.keys(SHAPES), ...PRESETS.map(({ name }) => name)];
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const lines = [
    'Profiles',
    ...Object.entries(SHAPES).map(([name, { text }]) => `  ${name.padEnd(width)}${text}`),
    '',
    'Presets, from the Open MQTT Benchmark Suite of EMQ; --scale 0.1 makes them a tenth',
    ...PRESETS.map(({ name, text }) => `  ${name.padEnd(width)}${text}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
