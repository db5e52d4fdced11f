// What a run says of itself: that its own threads, this machine or its own parts were the limit, and not the target.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { judge, readExpectation } from '../../loadtest/expect.ts';
import { cautionsOf, reportOf } from '../../loadtest/report.ts';
import { resultOf } from '../../loadtest/verdict.ts';
import { nowNs } from '../../loadtest/clock.ts';
import { Part } from '../../loadtest/part.ts';
import type { Plan } from '../../loadtest/plan.ts';
import { runLoad } from '../../loadtest/run.ts';
import { Turns } from '../../loadtest/turns.ts';
import { eventually } from '../city-process.ts';
import { fakeBroker } from './fake-broker.ts';
import { madeResult } from './made-result.ts';
import { PLAIN, hasMosquitto, startMosquitto, target } from './plans.ts';

const CIRCUMSTANCES = { version: '1', node: process.version, date: '', command: '', complete: true };

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

  it('keeps what its receiver counted when Ctrl-C reaches that too', async () => {
    const { port } = await startMosquitto();
    const stop = new AbortController();
    const plan = { ...PLAIN, receiverProcess: true, durationS: 20, target: target(port) };
    const interrupt = (): void => {
      if (stop.signal.aborted) return;
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.kill(receiverPid(), name);
      stop.abort();
    };
    const result = await runLoad(plan, { onSecond: interrupt, signal: stop.signal });
    expect(result.sent).toBeGreaterThan(500);
    expect(result).toMatchObject({ received: result.sent, lost: 0 });
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

describe('a message that waits for an acknowledgement', () => {
  it('leaves when that is read, whenever the thread would have come around', async () => {
    const port = await fakeBroker({});
    const schedule = { kind: 'constant', perS: 50 } as const;
    const plan: Plan = { ...PLAIN, publishers: 1, subscribers: 0, qos: 1, window: 1, schedule, target: target(port) };
    const part = new Part({ plan, runId: 1, kind: 'send', part: 0, parts: 1, address: '127.0.0.1' }, () => undefined);
    part.obey({ type: 'connect', beginNs: 0, first: 0 });
    part.tick(nowNs());
    await eventually('the CONNACK', () => part.devices[0]!.up || undefined, 3000);
    part.obey({ type: 'start', startNs: nowNs() - 2e9 });
    part.tick(nowNs()); // the only one
    await eventually('50 acknowledgements', () => part.tally.acked === 50 || undefined, 3000);
    expect(part.tally.sent).toBe(50);
    part.obey({ type: 'finish' });
  });
});

describe('a time that is too long', () => {
  const { latencyMs, generator } = madeResult(); // 1 to 10 ms
  const lateMs = { p50: 0.1, p90: 0.1, p99: 6, p999: 6, max: 6 };
  const late = madeResult({ generator: { ...generator, ownMs: lateMs } });

  it('is told to be partly the own lateness of the generator where that is a good part of it', () => {
    expect(judge(readExpectation('latency.p99<5ms'), late).reason).toBe(
      'the generator itself was up to 6 ms late there',
    );
    expect(judge(readExpectation('latency.p95<5ms'), late).reason).toMatch('6 ms late');
    expect(judge(readExpectation('latency.p50<5ms'), late)).toMatchObject({ ok: false, value: latencyMs.p50 });
    expect(judge(readExpectation('latency.p50<5ms'), late).reason).toBeUndefined();
    expect(judge(readExpectation('latency.p99<50ms'), late)).toMatchObject({ ok: true });
  });

  it('is cautioned about, however short the lateness is', () => {
    expect(cautionsOf(reportOf(late, [], CIRCUMSTANCES)).join()).toMatch(
      'up to 6 ms of p99, 6 ms of p999, 6 ms of max',
    );
    expect(cautionsOf(reportOf(madeResult(), [], CIRCUMSTANCES))).toEqual([]);
  });
});

describe('connections that are begun late', () => {
  it.each([
    ['connect', true],
    ['reconnect-storm', true],
    ['retained', true],
    ['publish', false],
  ] as const)('make a run of %s invalid: %s', (profile, saturated) => {
    const plan: Plan = { ...PLAIN, profile, connections: 1 };
    const part = new Part({ plan, runId: 1, kind: 'send', part: 0, parts: 1, address: '' }, () => undefined);
    part.tally.opening.record(50_000);
    const final = part.final({ loopDelayMsP99: 0, cpuShare: 0, connectCpuShare: 0 });
    const course = { plan, startNs: 0, endNs: 1e9, connections: 1, timeline: [], wallSeconds: 1 };
    expect(resultOf(course, [{ kind: 'send', final }]).generator.saturated).toBe(saturated);
  });
});
