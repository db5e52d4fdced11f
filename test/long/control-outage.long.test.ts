// The control centre as a process of its own, killed before the morning's peak: buses of frequent lines bunch without it. In one of two
// equal cities it is started again: there they even out.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { eventually, startCity } from '../city-process.ts';
import type { CityProcess } from '../city-process.ts';
import { describeWith } from '../parts.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const SPEED = 60;
const HALF_HOUR_MS = 1_800_000;
/** Wall time for one wait: five times what a machine needs that keeps the pace. */
const PATIENCE_MS = 600_000;
/** A working day, whatever today is; buses only, so that two cities keep the pace on two cores. */
const MORNING = 'name: morning\nstart: 2026-05-20T06:00\ndayType: workday\nduration: 12h\nfleets: { bus: 120 }\n';
/** Lines with more time between buses are left alone by the centre, s. */
const FREQUENT_S = 720;

interface Line {
  readonly headwayCv: number | null;
  readonly bunchedShare: number | null;
  readonly targetHeadwayS: number | null;
}

interface Service {
  readonly headwayCv: number;
  readonly bunchedShare: number;
}

describeWith([], 'a control centre that is killed', () => {
  it(
    'lets buses bunch within half an hour, and evens them out when it is started again',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'citytwin-outage-'));
      const morning = join(folder, 'morning.yaml');
      await writeFile(morning, MORNING);
      const start = () => startCity([morning, '--no-control', '--speed', String(SPEED), '--store', 'memory']);
      const cities = [await start(), await start()] as const;
      const [helped, left] = cities;
      const controls = cities.map(startControl);
      try {
        const [controlled] = await Promise.all(cities.map((city) => after(city, 3 * HALF_HOUR_MS)));
        await Promise.all(controls.map(kill));
        const [alone] = await Promise.all(cities.map((city) => after(city, HALF_HOUR_MS)));
        controls.push(startControl(helped));
        const [again, never] = await Promise.all([helped, left].map((city) => after(city, 3.5 * HALF_HOUR_MS)));
        console.log(JSON.stringify({ controlled, alone, again, never }));
        expect(alone!.headwayCv).toBeGreaterThan(1.25 * controlled!.headwayCv);
        expect(again!.headwayCv).toBeLessThan(0.85 * never!.headwayCv);
        expect(again!.bunchedShare).toBeLessThan(0.5 * never!.bunchedShare);
      } finally {
        await Promise.all(controls.map(kill));
        const codes = await Promise.all(cities.map((city) => city.stop()));
        await rm(folder, { recursive: true, force: true });
        expect(codes).toEqual([0, 0]);
      }
    },
    4 * PATIENCE_MS,
  );
});

function startControl(city: CityProcess): ChildProcess {
  return spawn(
    process.execPath,
    [launcher, 'control', '--broker', `mqtt://127.0.0.1:${city.mqttPort}`, '--port', '0', '--log-level', 'silent'],
    { stdio: 'ignore' },
  );
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** How frequent lines have run in the last half hour, once simulated time has passed; means over lines. */
async function after(city: CityProcess, simMs: number): Promise<Service> {
  const now = async () => ((await city.get('/api/health')) as { simTimeMs: number }).simTimeMs;
  const untilMs = (await now()) + simMs;
  await eventually(
    `${simMs / 60_000} simulated minutes`,
    async () => ((await now()) >= untilMs ? true : undefined),
    PATIENCE_MS,
  );
  const { items } = (await city.get('/api/lines')) as { items: readonly Line[] };
  const frequent = items.filter(({ targetHeadwayS }) => targetHeadwayS !== null && targetHeadwayS <= FREQUENT_S);
  expect(frequent.length).toBeGreaterThanOrEqual(2);
  const mean = (of: 'headwayCv' | 'bunchedShare') =>
    frequent.reduce((sum, line) => sum + line[of]!, 0) / frequent.length;
  return { headwayCv: mean('headwayCv'), bunchedShare: mean('bunchedShare') };
}
