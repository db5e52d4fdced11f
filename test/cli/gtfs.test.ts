// `--gtfs FEED`: a live city of a feed, what it has, and what is said when it cannot be.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCity } from '../../cli/city-run.ts';
import { cityOf } from '../../cli/city.ts';
import type { Settings } from '../../cli/options.ts';
import { liveStart } from '../../cli/scenario.ts';
import { openSession, readSession } from '../../cli/session.ts';
import { busesNeeded } from '../../simulator/bus/duties.ts';
import { loadModels } from '../../simulator/kinds.ts';
import { Run } from '../../simulator/run.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const town = fileURLToPath(new URL('../fixtures/gtfs/town/', import.meta.url));
const NOW_MS = Date.UTC(2026, 10, 18, 9, 0, 0); // a Wednesday
const HOUR_MS = 3_600_000;
const models = await loadModels();
let data: string;
beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'citytwin-gtfs-cli-'));
});
afterAll(() => {
  rmSync(data, { recursive: true, force: true });
});

const settingsOf = (more: Partial<Settings> = {}) => ({ scale: 1, data, gtfs: town, ...more }) as Settings;

function scenarioFile(name: string, lines: readonly string[]): string {
  const file = join(data, `${name}.yaml`);
  writeFileSync(file, [`name: ${name}`, 'start: 2026-11-18T07:00', 'duration: 1h', ...lines].join('\n'));
  return file;
}

describe('a live city of a feed', () => {
  it('has the buses that its timetable needs and weather stations, times the scale', async () => {
    const city = await cityOf({ gtfs: town });
    const needed = busesNeeded(city);
    const { fleets, scenario, utcOffsetMin } = (await liveStart(settingsOf(), undefined, models))({ nowMs: NOW_MS });
    expect(fleets).toEqual({ bus: needed, 'weather-station': models.get('weather-station')!.demoCount });
    expect([scenario.city, utcOffsetMin]).toEqual(['stadtbus-uberall', 60]);
    const doubled = (await liveStart(settingsOf({ scale: 2 }), undefined, models))({ nowMs: NOW_MS });
    expect(doubled.fleets.bus).toBe(2 * needed);
  });

  it('has a past of its own: its demo has another fingerprint than that of the generated city', async () => {
    const of = async (settings: Settings) =>
      (await liveStart(settings, undefined, models))({ nowMs: NOW_MS }).scenario.hash;
    const { gtfs: _gtfs, ...generated } = settingsOf();
    expect(await of(settingsOf())).not.toBe(await of(generated as Settings));
    expect(await of(settingsOf())).toMatch(/^[0-9a-f]{16}$/);
  });

  it('takes the fleets of a scenario, but none that a feed knows nothing of', async () => {
    const meters = scenarioFile('meters', ['fleets: { bus: 3, water-meter: 20 }']);
    const { fleets } = (await liveStart(settingsOf(), meters, models))({ nowMs: NOW_MS });
    expect(fleets).toEqual({ bus: 3, 'water-meter': 20 });
    for (const kind of ['parking-spot', 'vehicle']) {
      const file = scenarioFile(kind, [`fleets: { bus: 3, ${kind}: 20 }`]);
      await expect(liveStart(settingsOf(), file, models)).rejects.toThrow(`the city of --gtfs has no ${kind}`);
    }
  });

  it('is called what --city says, in topics and on the map', async () => {
    const { id, map } = await cityOf({ gtfs: town, city: 'my-town' });
    expect([id, map.id]).toEqual(['my-town', 'my-town']);
    expect((await cityOf({ city: 'elsewhere' })).map.id).toBe('elsewhere');
  });

  it('lives the same day on one worker and on two', async () => {
    const start = (await liveStart(settingsOf(), undefined, models))({ nowMs: NOW_MS });
    const task = { ...start, gtfs: town, endMs: start.startMs + HOUR_MS / 4, control: false };
    const lived = (workers: number) =>
      runCity(task, { workers, speed: 'max', onProgress: () => undefined, stopped: () => false });
    const one = await lived(1);
    expect(one.records).toBeGreaterThan(100);
    expect((await lived(2)).recordHash).toBe(one.recordHash);
  });

  it('keeps its published timetable: outside the peaks buses are on average within a minute of it', async () => {
    const city = await cityOf({ gtfs: town });
    const delaysS: number[] = [];
    const run = new Run({
      city,
      models,
      fleets: { bus: busesNeeded(city) },
      seed: 1,
      startMs: NOW_MS,
      utcOffsetMin: city.utcOffsetMin,
      sink: {
        record: (_kind, _device, _ts, _seq, { headwayS, delayS }) => {
          if (headwayS !== undefined) delaysS.push(delayS as number);
        },
        event: () => undefined,
        ack: () => undefined,
      },
      timeline: [],
      controllers: () => [],
    });
    while (run.simTimeMs < NOW_MS + 5 * HOUR_MS) run.tick(1000);
    expect(delaysS.length).toBeGreaterThan(100);
    const meanS = delaysS.reduce((sum, delayS) => sum + delayS, 0) / delaysS.length;
    expect(Math.abs(meanS)).toBeLessThan(60);
  });

  it('is written into the log of its session, so that verify finds it', () => {
    const file = join(data, 'session.ndjson');
    const header = { scenario: { name: 'demo' } as never, fleets: { bus: 3 }, seed: 1, startMs: 0, utcOffsetMin: 60 };
    const session = openSession(file, { ...header, gtfs: town, city: 'my-town' });
    session.checkpoint({ simTimeMs: 1, records: 1, recordHash: '0', commandLogHash: '0' });
    session.close();
    expect(readSession(file)).toMatchObject({ gtfs: town.replace(/\/$/, ''), city: 'my-town' });
  });
});

describe('the command with a feed that cannot be used', () => {
  it.each(['up', 'simulate'])('%s ends with exit code 2 and all that is wrong', (command) => {
    const feed = join(data, `broken-${command}`);
    const { status, stderr } = citytwin(command, '--gtfs', feed, '--store', 'memory');
    expect([status, stderr]).toEqual([
      2,
      `citytwin: ${feed} cannot be used as a GTFS feed, one problem:\n  ${feed}: expected a zip archive or a folder, but there is none\n`,
    ]);
  });

  it('refuses a name of a city that topics cannot carry', () => {
    const { status, stderr } = citytwin('up', '--city', 'My Town');
    expect(status).toBe(2);
    expect(stderr).toContain('expected at most 64 of a-z, 0-9 and -');
  });
});

function citytwin(...args: string[]) {
  const words = args[0] === 'simulate' ? args.filter((word) => word !== '--store' && word !== 'memory') : args;
  return spawnSync(process.execPath, [launcher, ...words], { cwd: data, encoding: 'utf8', timeout: 20_000 });
}
