// When and as what a live city begins.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Settings } from '../../cli/options.ts';
import { liveStart } from '../../cli/scenario.ts';
import { startSimulatorThread } from '../../cli/simulator-thread.ts';
import { loadModels } from '../../simulator/kinds.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 4, 0, 0); // a Saturday
const HOUR_MS = 3_600_000;
const models = await loadModels();
let data: string;
beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'citytwin-start-'));
});
afterAll(() => {
  rmSync(data, { recursive: true, force: true });
});

const settingsOf = (more: Partial<Settings> = {}) => ({ scale: 1, data, ...more }) as Settings;
const civilHour = ({ startMs, utcOffsetMin }: { startMs: number; utcOffsetMin: number }) =>
  ((startMs / HOUR_MS + utcOffsetMin / 60) % 24) + 0;

describe('the start of a live city', () => {
  it('gives a scenario the time of day and the kind of day that it was written for, whatever today is', async () => {
    for (const [name, dayType] of [
      ['rush-hour', 'workday'],
      ['holiday', 'holiday'],
    ] as const) {
      const start = (await liveStart(settingsOf(), name, models))({ nowMs: NOW_MS });
      expect([name, start.scenario.dayType, civilHour(start)]).toEqual([name, dayType, 6]);
    }
    expect((await liveStart(settingsOf(), undefined, models))({ nowMs: NOW_MS }).scenario.dayType).toBeUndefined();
  });

  it('keeps the time of day when the store is hours ahead', async () => {
    const newestMs = NOW_MS + 9.5 * HOUR_MS;
    const start = (await liveStart(settingsOf(), 'rush-hour', models))({ nowMs: NOW_MS, newestMs });
    expect(start.startMs).toBe(newestMs + 1000);
    expect(civilHour(start)).toBeCloseTo(6, 2);
  });

  it('refuses another seed over an unfinished backfill, and takes any after a finished one', async () => {
    const progress = { scenarioHash: '0', seed: 1, fleets: {}, utcOffsetMin: 480, fromMs: 0, settledMs: 0 };
    writeFileSync(join(data, 'backfill.json'), JSON.stringify({ ...progress, done: false }));
    await expect(liveStart(settingsOf({ seed: 2 }), undefined, models)).rejects.toThrow('unfinished backfill');
    writeFileSync(join(data, 'backfill.json'), JSON.stringify({ ...progress, done: true }));
    await expect(liveStart(settingsOf({ seed: 2 }), undefined, models)).resolves.toBeDefined();
  });
});

describe('the thread of the simulator', () => {
  it('can be stopped twice, and when it is gone already', async () => {
    const log = { info() {}, warn() {}, error() {}, debug() {} } as never;
    const thread = startSimulatorThread(log, { onFailed: (message) => expect.unreachable(message) });
    await Promise.all([thread.stop(), thread.stop()]);
    await thread.stop();
  });
});
