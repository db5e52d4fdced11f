import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIN_FREE_BYTES } from '../../api/journal/room.ts';
import { dataFolder } from '../../cli/doctor.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
let folder: string;

function citytwin(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-cli-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the command', () => {
  it.each([
    [],
    ['up'],
    ['broker'],
    ['api'],
    ['simulate'],
    ['control'],
    ['run'],
    ['verify'],
    ['backfill'],
    ['export'],
    ['replay'],
    ['kinds'],
    ['doctor'],
    ['experiment'],
    ['load'],
  ])('explains %s with examples first', (...words) => {
    const { status, stdout } = citytwin(...words, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}citytwin/);
  });

  it('lists every setting of up with its environment variable', () => {
    const { stdout } = citytwin('up', '--help');
    for (const word of [
      '--port',
      '--mqtt-port',
      '--host',
      '--data',
      '--store',
      '--store-url',
      '--broker',
      '--seed',
      '--scale',
      '--speed',
      '--start',
      '--no-simulator',
      '--no-control',
      'CITYTWIN_MQTT_PORT',
    ]) {
      expect(stdout).toContain(word);
    }
  });

  it.each(['broker', 'simulate', 'control'])('promises no page behind the port of %s', (service) => {
    const { stdout } = citytwin(service, '--help');
    expect(/--port <port> +([^;]*);/.exec(stdout)?.[1]).toMatch(/^HTTP: \/healthz, \/readyz, \/metrics/);
  });

  it('ends with 2 and the nearest word for a wrong one', () => {
    expect(citytwin('upp')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/upp[\s\S]*Did you mean up\?/) as string,
    });
    expect(citytwin('up', '--sede', '3')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--sede[\s\S]*--seed/) as string,
    });
  });

  it.each([
    [['--speed', '5000'], /5000.*0\.1 to 1000/],
    [['--port', 'http'], /http.*whole number from 0 to 65535/],
    [['--store', 'mysql'], /mysql.*duckdb, influx1, influx2, memory/],
    [['--start', '25:00'], /25:00.*HH:MM/],
    [['--scale', '0'], /0.*0\.001 to 1000/],
    [['--broker', 'localhost'], /localhost.*mqtt:/],
  ])('refuses %j with what was expected', (args, message) => {
    const { status, stderr } = citytwin('up', ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('takes settings from a config file, and refuses a wrong one', () => {
    const file = join(folder, 'settings.json');
    writeFileSync(file, JSON.stringify({ scale: 0.5, seed: 9 }));
    expect(citytwin('up', '--config', file, '--help').stdout).toMatch(/--scale[\s\S]*default: 0.5/);
    writeFileSync(file, JSON.stringify({ scael: 0.5 }));
    expect(citytwin('up', '--config', file)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('scael') as string,
    });
    writeFileSync(file, '{');
    expect(citytwin('up', '--config', file)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(file) as string,
    });
  });

  it.each([
    ['up', '0.0.0.0'],
    ['broker', '127.0.0.1.example'],
    ['api', '0.0.0.0'],
    ['simulate', '0.0.0.0'],
    ['control', '0.0.0.0'],
  ])('keeps %s on %s closed to others without credentials', (service, host) => {
    const { status, stderr } = citytwin(service, '--host', host, '--port', '0');
    expect(status).toBe(2);
    expect(stderr).toContain('citytwin credentials add admin --role admin --credentials ./credentials');
    expect(stderr).toContain(`citytwin ${service} --host ${host} --credentials ./credentials`);
  });

  it('names the kinds there are, as text and as JSON', () => {
    expect(citytwin('kinds').stdout).toMatch(/^bus {2}/m);
    const kinds = JSON.parse(citytwin('kinds', '--json').stdout) as { kind: string; demoCount: number }[];
    expect(kinds.map(({ kind, demoCount }) => `${demoCount} ${kind}`)).toEqual([
      '120 bus',
      '2000 electricity-meter',
      '2000 gas-meter',
      '2000 parking-spot',
      '1000 vehicle',
      '20000 water-meter',
      '12 weather-station',
    ]);
  });

  it('says what is wrong with a machine', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const sick = citytwin('doctor', '--json', '--port', String(port), '--mqtt-port', '0', '--data', folder);
    taken.close();
    expect(sick.status).toBe(1);
    const { findings } = JSON.parse(sick.stdout) as { findings: { check: string; state: string; advice?: string }[] };
    expect(findings.find(({ check }) => check === 'HTTP port')).toMatchObject({ state: 'bad' });
    expect(citytwin('doctor', '--port', '0', '--mqtt-port', '0', '--data', folder).status).toBe(0);
  });

  it('calls a disk bad on which the journal acknowledges nothing', () => {
    expect(dataFolder('data', MIN_FREE_BYTES - 1, true)).toMatchObject({
      state: 'bad',
      advice: expect.stringContaining('500 MB') as string,
    });
    expect(dataFolder('data', MIN_FREE_BYTES, true).state).toBe('watch');
    // A store in memory needs none of it.
    expect(dataFolder('data', 0, false).state).toBe('watch');
    expect(dataFolder('data', 2e9, true).state).toBe('good');
  });
});
