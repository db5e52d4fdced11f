// The search for the highest rate against a real broker, to its end: it converges or says who stopped it, and never reports a rate that it
// did not see hold twice. Whatever the machine is worth, and whoever shares it.
import { expect, it } from 'vitest';
import type { Finding } from '../../loadtest/find-max.ts';
import { reportIn, spawnLoad } from '../cli/load-command.ts';
import { startMosquitto } from '../loadtest/plans.ts';
import { describeWith } from '../parts.ts';

const TIMEOUT_MS = 240_000;
const COMMON = '--find-max --step 2 --warm-up 1 --drain 2 --json';

/** Whatever was found, the steps bear it out. */
function expectBorneOut({ highestPerS, confirmed, limitedBy, steps, conclusion }: Finding): void {
  expect(steps.length).toBeGreaterThan(2);
  expect(steps.length).toBeLessThanOrEqual(24);
  expect(limitedBy).toMatch(/^(broker|generator|search)$/);
  if (highestPerS === undefined) {
    expect(conclusion).toMatch(/^No rate held/);
    return;
  }
  const held = steps.filter(({ perS, outcome }) => perS === highestPerS && outcome === 'holds');
  expect(held.length).toBeGreaterThanOrEqual(confirmed ? 2 : 1);
  expect(conclusion).toContain(`${highestPerS}/s ${confirmed ? 'holds' : 'held once'}`);
  for (const step of steps) expect(step.why === undefined).toBe(step.outcome === 'holds');
  if (limitedBy === 'search') return;
  const broken = steps.filter(({ outcome, perS }) => outcome !== 'holds' && perS > highestPerS);
  expect(Math.min(...broken.map(({ perS }) => perS)) / highestPerS).toBeLessThan(1.1);
}

describeWith(['mosquitto'], 'the search against mosquitto', () => {
  it.each([
    ['a latency at QoS 1', '-q 1 --rate 1000 --expect latency.p99<20ms --expect lost=0'],
    ['loss and back-pressure of a fan-in at QoS 0', '-q 0 --rate 20000'],
  ])('ends at %s', { timeout: TIMEOUT_MS }, async (_, words) => {
    const { port } = await startMosquitto();
    const ended = await spawnLoad(`publish -p ${port} ${words} ${COMMON}`.split(' ')).ended;
    const { findMax, verdict } = reportIn(ended);
    expectBorneOut(findMax!);
    expect(verdict).toBe(findMax!.conclusion);
  });

  it('keeps what it knew when the broker dies', { timeout: TIMEOUT_MS }, async () => {
    const { port, child } = await startMosquitto();
    const { child: load, ended } = spawnLoad(
      `publish -p ${port} --find-max --step 2 --warm-up 0 --drain 1 --rate 100`.split(' '),
    );
    load.stderr.on('data', (line: Buffer) => {
      if (line.toString().includes('/s  p99')) child.kill('SIGKILL');
    });
    const { stdout, status } = await ended;
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^(100\/s held once|No rate held); then \d+\/s could not be tried: 127\.0\.0\.1:\d+: ECONNREFUSED: nobody listens there\.$/,
    );
    expect(status).toBe(stdout.includes('held once') ? 0 : 1);
  });
});
