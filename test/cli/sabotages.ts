// The shipped scenarios, and how each is broken: what it is about is taken away, and the expectations that must notice.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../../cli/report.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const folder = fileURLToPath(new URL('../../scenarios', import.meta.url));

export interface Sabotage {
  readonly scenario: string;
  readonly what: string;
  /** In the scenario's text; each must be found. */
  readonly replace: readonly (readonly [from: string, to: string])[];
  /** Expectations that fail then, among others. */
  readonly noticed: readonly string[];
}

export const SABOTAGES: readonly Sabotage[] = [
  {
    scenario: 'ordinary-day',
    what: 'the day is a holiday',
    replace: [['quality: field', 'quality: field\ndayType: holiday']],
    noticed: ['buses are fuller in the morning than in the evening'],
  },
  {
    scenario: 'rush-hour',
    what: 'the day is a holiday, and breakdowns happen in the lake',
    replace: [
      ['duration: 4h', 'duration: 4h\ndayType: holiday'],
      ['count: 2', 'count: 2\n    where: { lat: 31.4, lon: 120.15, radiusM: 10 }'],
    ],
    noticed: ['cars slow down between six and eight', 'both broken buses say so'],
  },
  {
    scenario: 'rainstorm',
    what: 'it does not rain',
    replace: [['rainMmPerH: 20', 'rainMmPerH: 0']],
    noticed: ['stations measure the rain', 'rain slows cars down'],
  },
  {
    scenario: 'bus-control-outage',
    what: 'the outage lasts a second',
    replace: [['for: 45m', 'for: 1s']],
    noticed: ['without it buses bunch within half an hour', 'without it one bus in fifty is close behind another'],
  },
  {
    scenario: 'power-cut',
    what: 'the cut is in the lake, where nobody lives',
    replace: [['where: { district: Liangxi District }', 'where: { lat: 31.4, lon: 120.15, radiusM: 10 }']],
    noticed: ['meters without power stay silent'],
  },
  {
    scenario: 'sensor-faults',
    what: 'no sensor breaks',
    replace: [
      ['size: 20', 'size: 0.1'],
      ['share: 0.5\n    fault: dropout', 'share: 0.01\n    fault: dropout'],
      ['size: 100', 'size: 1'],
    ],
    noticed: ['a tenth of the water meters read twenty degrees too much', 'half of the cars are silent'],
  },
  {
    scenario: 'network-outage',
    what: 'the network stays',
    replace: [
      ['where: { district: Binhu District }', 'where: { district: Binhu District }\n    kinds: [weather-station]'],
    ],
    noticed: ['cars in the district are not heard'],
  },
  {
    scenario: 'holiday',
    what: 'the holiday is a working day',
    replace: [['duration: 17h', 'duration: 17h\ndayType: workday']],
    noticed: ['there is no morning rush'],
  },
  {
    scenario: 'quiet-night',
    what: 'nothing leaks',
    replace: [['flowLph: 1500', 'flowLph: 1']],
    noticed: ['the leak is seen'],
  },
  {
    scenario: 'wuxi-10m',
    what: 'a tenth of the meters is missing',
    replace: [['water-meter: 7379850', 'water-meter: 6641865']],
    noticed: ['every water meter is heard'],
  },
];

export interface Outcome {
  readonly status: number | null;
  readonly failed: readonly string[];
  readonly report: RunReport;
}

/** Runs a shipped scenario as it is. */
export function runShipped(scenario: string): Promise<Outcome> {
  return run(scenario, folder);
}

/** Runs the broken copy, which is written into a folder. @throws Error when the scenario no longer says what is to be broken */
export function runSabotaged({ scenario, replace }: Sabotage, into: string): Promise<Outcome> {
  let text = readFileSync(join(folder, `${scenario}.yaml`), 'utf8');
  for (const [from, to] of replace) {
    if (!text.includes(from)) throw new Error(`${scenario}.yaml no longer says ${JSON.stringify(from)}`);
    text = text.replace(from, to);
  }
  const file = join(into, `${scenario}.yaml`);
  writeFileSync(file, text);
  return run(file, into);
}

async function run(source: string, cwd: string): Promise<Outcome> {
  const child = spawn(process.execPath, [launcher, 'run', source, '--json'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  if (stdout === '') throw new Error(`citytwin run ${source} ended with ${status}\n${stderr}`);
  const report = JSON.parse(stdout) as RunReport;
  return { status, failed: report.expectations.filter(({ ok }) => !ok).map(({ name }) => name), report };
}
