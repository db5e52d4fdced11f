// A live session, repeated from its log.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersOf, eventually, startCity } from '../city-process.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
let data: string;

function verify(file: string, ...settings: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, 'verify', file, '--json', ...settings], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  return { status, answer: JSON.parse(stdout) as { ok: boolean; differences: string[] } };
}

beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'citytwin-session-'));
});
afterAll(() => {
  rmSync(data, { recursive: true, force: true });
});

describe('a live session', () => {
  it('is repeated exactly from its log, with its commands and injected events, and not without them', async () => {
    const city = await startCity(['--store', 'memory', '--scale', '0.1', '--speed', '30'], { data });
    await city.post('/api/devices/parking-spot/parking-spot-0003/commands', {
      name: 'setHeartbeat',
      args: { intervalS: 60 },
    });
    await city.post('/api/scenario', { name: 'speed', args: { speed: 60 } });
    const injected = await city.post('/api/scenario', {
      name: 'event',
      args: { event: 'weather', rainMmPerH: 20, rampS: 0, for: '10m' },
    });
    expect(injected).toMatchObject({ status: 200, body: { state: 'done' } });
    const before = (await countersOf(city)).ingest.stored;
    await eventually('some life after the rain began', async () =>
      (await countersOf(city)).ingest.stored > before + 2000 ? true : undefined,
    );
    // Nobody feels an event that comes after the last tick.
    await city.post('/api/scenario', { name: 'pause' });
    await city.post('/api/scenario', { name: 'event', args: { event: 'weather', rainMmPerH: 5, for: '10m' } });
    await city.stop();
    const file = join(
      data,
      readdirSync(data).find((name) => name.startsWith('session-'))!,
    );
    for (const workers of ['1', '2'])
      expect(verify(file, '--workers', workers)).toEqual({ status: 0, answer: { ok: true, differences: [] } });

    const lines = readFileSync(file, 'utf8').split('\n');
    const withoutRain = lines.filter((line) => !line.includes('"rainMmPerH"') || line.includes('"session"'));
    expect(withoutRain.length).toBe(lines.length - 1);
    const other = join(data, 'without-rain.ndjson');
    writeFileSync(other, withoutRain.join('\n'));
    const { status, answer } = verify(other);
    expect(status).toBe(1);
    expect(answer.differences.join()).toContain('recordHash');

    // A killed session ends in the middle of a line.
    appendFileSync(file, '{"atMs":17');
    expect(verify(file).status).toBe(0);
  }, 60_000);

  it('refuses an event that this city cannot have, with the nearest word', async () => {
    const city = await startCity(['--store', 'memory', '--scale', '0.05']);
    const wrong = await city.post('/api/scenario', { name: 'event', args: { event: 'wether', rainMmPerH: 20 } });
    expect(wrong.body).toMatchObject({ state: 'rejected', reason: expect.stringContaining('weather') as string });
    const nowhere = await city.post('/api/scenario', {
      name: 'event',
      args: { event: 'power-cut', where: { district: 'Atlantis' }, for: '5m' },
    });
    expect(nowhere.body).toMatchObject({ state: 'rejected', reason: expect.stringContaining('Atlantis') as string });
    await city.stop();
  });
});
