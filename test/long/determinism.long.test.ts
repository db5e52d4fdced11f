// The ordinary day, cut down: one fingerprint at every speed and on any number of workers.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunReport } from '../../cli/report.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const ORDINARY = fileURLToPath(new URL('../../scenarios/ordinary-day.yaml', import.meta.url));
let folder: string;

/** Runs the demo city of the ordinary day from seven o'clock, without its expectations, which are about the whole day. */
function fingerprint(duration: string, ...settings: string[]): string {
  const text = readFileSync(ORDINARY, 'utf8')
    .replace('2026-05-20T00:00', '2026-05-20T07:00')
    .replace('duration: 24h', `duration: ${duration}`)
    .replace(/^expect:[\s\S]*/m, '');
  writeFileSync(join(folder, 'part.yaml'), text);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [launcher, 'run', 'part.yaml', '--seed', '7', '--json', ...settings],
    { cwd: folder, encoding: 'utf8' },
  );
  const { records, recordHash, commandLogHash, trueSpeed } = JSON.parse(stdout || `"${stderr}"`) as RunReport;
  console.log(
    `${duration} ${settings.join(' ')}: ${records} messages, ${recordHash}, ${commandLogHash}, ${trueSpeed}×`,
  );
  return `${records} ${recordHash} ${commandLogHash}`;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-determinism-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the demo city', { timeout: 300_000 }, () => {
  it('is the same for a minute at speed 1, 10 and max, and on two and three workers', () => {
    const once = fingerprint('1m');
    for (const settings of [
      ['--speed', '1'],
      ['--speed', '10'],
      ['--workers', '2'],
      ['--workers', '3'],
    ]) {
      expect(fingerprint('1m', ...settings)).toBe(once);
    }
  });

  it('is the same for an hour at speed 50 and on two workers, with its controllers at work', () => {
    const once = fingerprint('1h');
    expect(once).not.toMatch(/ 0{16}$/);
    expect(fingerprint('1h', '--speed', '50')).toBe(once);
    expect(fingerprint('1h', '--workers', '2')).toBe(once);
  });
});
