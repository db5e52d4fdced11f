// What a run says of itself: that its own threads, this machine or its own parts were the limit, and not the target.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runLoad } from '../../loadtest/run.ts';
import { Turns } from '../../loadtest/turns.ts';
import { PLAIN, hasMosquitto, startMosquitto, target } from './plans.ts';

/** The process that receives. */
function receiverPid(): number {
  const tasks = readdirSync(`/proc/${process.pid}/task`);
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/${process.pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
  );
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('loadtest/thread.ts'));
  return Number(found);
}

describe.skipIf(!hasMosquitto)('a run', () => {
  it('whose receiver stands still for a while says nothing about the broker', async () => {
    const { port } = await startMosquitto();
    const stop = async (): Promise<void> => {
      const pid = receiverPid();
      process.kill(pid, 'SIGSTOP');
      await sleep(500);
      process.kill(pid, 'SIGCONT');
    };
    let stopped: Promise<void> | undefined;
    const plan = { ...PLAIN, receiverProcess: true, durationS: 2, target: target(port) };
    const result = await runLoad(plan, { onSecond: () => void (stopped ??= stop()) });
    await stopped;
    expect(result).toMatchObject({ lost: 0, generator: { saturated: true } });
    expect(result.generator.why).toMatch(/what arrived was read \d+(\.\d+)? ms late at the 99th percentile/);
    expect(result.generator.readLagMsP99).toBeGreaterThan(300);
    expect(result.generator.lagMsP99).toBeLessThan(300);
  });
});

describe('what a thread reads', () => {
  it('was late by the time since the loop meant to be back, and by what the same turn did before', () => {
    const turns = new Turns();
    expect(turns.read(5e6)).toBe(0); // it has not begun
    const next = new Turns();
    next.rest(0, 5e6);
    expect(next.read(4e6)).toBe(0);
    expect(next.read(7e6)).toBe(3e6);
  });

  it('was late too when the loop itself came around late before it', () => {
    const turns = new Turns();
    turns.rest(0, 5e6);
    turns.rest(1205e6, 5e6);
    expect(turns.read(1206e6)).toBe(1200e6);
  });
});
