// The control centre as a process of its own, killed in the middle of the morning and started again: buses bunch without it, and even out
// with it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { eventually, startCity } from '../city-process.ts';
import type { CityProcess } from '../city-process.ts';
import { describeWith } from '../parts.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const SPEED = 60;
const HALF_HOUR_MS = 1_800_000;
/** Wall time that the simulated half hours may take. */
const PATIENCE_MS = 120_000;

interface Line {
  readonly headwayCv: number | null;
  readonly bunchedShare: number | null;
}

describeWith([], 'a control centre that is killed', () => {
  it(
    'lets buses bunch within half an hour, and evens them out when it is started again',
    async () => {
      const city = await startCity(['--no-control', '--speed', String(SPEED), '--start', '07:00', '--store', 'memory']);
      let control = startControl(city);
      try {
        await passes(city, 3 * HALF_HOUR_MS);
        const controlled = await meanCv(city);
        await kill(control);
        await passes(city, HALF_HOUR_MS);
        const alone = await meanCv(city);
        control = startControl(city);
        await passes(city, 2 * HALF_HOUR_MS);
        const again = await meanCv(city);
        console.log(
          `headway CV: controlled ${controlled.toFixed(3)}, half an hour alone ${alone.toFixed(3)}, again ${again.toFixed(3)}`,
        );
        expect(alone).toBeGreaterThan(1.1 * controlled);
        expect(again).toBeLessThan(0.95 * alone);
      } finally {
        await kill(control);
        expect(await city.stop()).toBe(0);
      }
    },
    6 * PATIENCE_MS,
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

/** Waits for simulated time to pass. */
async function passes(city: CityProcess, simMs: number): Promise<void> {
  const now = async () => ((await city.get('/api/health')) as { simTimeMs: number }).simTimeMs;
  const untilMs = (await now()) + simMs;
  await eventually(
    `${simMs / 60_000} simulated minutes`,
    async () => ((await now()) >= untilMs ? true : undefined),
    PATIENCE_MS,
  );
}

/** Of the last half hour, over lines. */
async function meanCv(city: CityProcess): Promise<number> {
  const { items } = (await city.get('/api/lines')) as { items: readonly Line[] };
  const values = items.flatMap(({ headwayCv }) => (headwayCv === null ? [] : [headwayCv]));
  expect(values.length).toBeGreaterThan(5);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
