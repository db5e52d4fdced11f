// A scenario through a real broker and store, and through a broker of others: the city is judged alike, the platform as far as it can be.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunReport } from '../../cli/report.ts';
import { describeWith, program } from '../parts.ts';
import { connectable, freePort } from '../ports.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
let folder: string;

const SCENARIO = `
name: pipeline
start: "2026-05-20T08:00"
duration: 2m
fleets: {bus: 24, vehicle: 50, water-meter: 500}
expect:
  - {name: buses move, of: mean(bus.speedMps), op: '>', value: 1}
  - {name: nothing lost, of: platform.lossRatio, op: '==', value: 0}
  - {name: nothing twice, of: platform.duplicates, op: '==', value: 0}
  - {name: delivered, of: platform.deliveredLatencyMs.p50, op: '<', value: 10000}
  - {name: stored, of: platform.storedLatencyMs.p50, op: '<', value: 10000}
  - {name: seen, of: platform.visibleLatencyMs.p50, op: '<', value: 10000}
`;

function run(...args: string[]): { status: number | null; report: RunReport } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [launcher, 'run', 'pipeline.yaml', '--json', '--speed', '40', ...args],
    { cwd: folder, encoding: 'utf8', timeout: 60_000 },
  );
  expect(stderr).toBe('');
  return { status, report: JSON.parse(stdout) as RunReport };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-pipeline-'));
  writeFileSync(join(folder, 'pipeline.yaml'), SCENARIO);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a run through our own platform', () => {
  it('judges loss and latencies, and gives the same city as without a platform', { timeout: 90_000 }, () => {
    const { status, report } = run();
    expect(report.expectations.filter(({ ok }) => !ok)).toEqual([]);
    expect(status).toBe(0);
    expect(report.platform).toMatchObject({ sent: report.records, received: report.records, rejected: 0 });
    writeFileSync(join(folder, 'city.yaml'), SCENARIO.replaceAll(/^.*platform\..*$\n/gm, ''));
    const city = spawnSync(process.execPath, [launcher, 'run', 'city.yaml', '--json'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const { records, recordHash, settings } = JSON.parse(city.stdout) as RunReport;
    expect([settings.mode, records, recordHash]).toEqual(['city', report.records, report.recordHash]);
  });
});

describeWith(['mosquitto'], 'a run through a broker of others', () => {
  it('judges what a subscriber can see, and says of the rest that it cannot know', { timeout: 90_000 }, async () => {
    const port = await freePort();
    const mosquitto = spawn(program('mosquitto')!, ['-p', String(port)], { stdio: 'ignore' });
    try {
      await connectable(port);
      const { status, report } = run('--broker', `mqtt://127.0.0.1:${port}`);
      const failed = report.expectations.filter(({ ok }) => !ok).map(({ name, reason }) => [name, reason]);
      expect(failed).toEqual([
        ['stored', 'not known of this platform'],
        ['seen', 'not known of this platform'],
      ]);
      expect(status).toBe(1);
    } finally {
      const gone = once(mosquitto, 'exit');
      mosquitto.kill();
      await gone;
    }
  });
});
