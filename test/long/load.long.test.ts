// What `citytwin load` does over longer: the city's telemetry, and the search for the highest rate.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reportIn, spawnLoad, startTarget } from '../cli/load-command.ts';

const TIMEOUT_MS = 120_000;
let broker: Awaited<ReturnType<typeof startTarget>>;
beforeAll(async () => {
  broker = await startTarget();
});
afterAll(() => broker.close());

const load = (words: string) => spawnLoad([...words.split(' '), '-p', String(broker.port), '--json']).ended;

it('the city sends what a scenario says, all of it', { timeout: TIMEOUT_MS }, async () => {
  const ended = await load('city --scale 0.05 --scenario rush-hour --start 07:00 --duration 5 --warm-up 1');
  expect(ended.stderr).toBe('');
  const report = reportIn(ended);
  expect(report.plan.schedule).toMatchObject({ kind: 'spool', speed: 1 });
  expect(report.sent).toBeGreaterThan(20);
  expect(report.received).toBe(report.sent);
});

it.each([
  ['a scenario that is none', '--scenario ordinary-dya', /ordinary-dya[\s\S]*ordinary-day/],
  ['an hour that it has not', '--scenario rush-hour --start 12:00', /--start 12:00: rush-hour takes 240 min/],
])('the city refuses %s', async (_, words, message) => {
  const { status, stderr } = await load(`city ${words}`);
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

it('the search goes up to the ceiling', { timeout: TIMEOUT_MS }, async () => {
  const ended = await load(
    'publish --find-max --rate 50 --ceiling 60 --step 1 --warm-up 1 --drain 1 --expect lost=0 --expect latency.p99<10s',
  );
  expect(ended.stderr).toBe('');
  const { findMax } = reportIn(ended);
  expect(findMax!.steps[0]!.perS).toBe(50);
  expect(findMax!.steps.length).toBeGreaterThan(1);
  // Where others take the cores the generator may be late: then it must say so.
  for (const { outcome } of findMax!.steps) expect(['holds', 'saturated']).toContain(outcome);
});
