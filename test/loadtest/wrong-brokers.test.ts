// What brokers say and do that is not what was asked for: the tester must see it, and say it as it is.
import { describe, expect, it } from 'vitest';
import { judge, readExpectation } from '../../loadtest/expect.ts';
import { reportOf } from '../../loadtest/report.ts';
import type { Result } from '../../loadtest/result.ts';
import { whyNot } from '../../loadtest/rehearsal.ts';
import { runLoad } from '../../loadtest/run.ts';
import { reportLines } from '../../loadtest/report-text.ts';
import { fakeBroker, publishOf } from './fake-broker.ts';
import { PLAIN, target } from './plans.ts';

const SHORT = {
  ...PLAIN,
  publishers: 2,
  schedule: { kind: 'constant', perS: 400 },
  durationS: 0.5,
  drainS: 0.2,
} as const;
const circumstances = { version: '1', node: process.version, date: '', command: '', complete: true };

/** Of a generator that kept up, as it may not beside other tests. */
function reported(result: Result, ...expected: readonly string[]) {
  const judged = expected.map((text) => judge(readExpectation(text), result));
  return reportOf({ ...result, generator: { ...result.generator, saturated: false } }, judged, circumstances);
}

describe.concurrent('a publish that MQTT 5 answers with an error', () => {
  it('at QoS 1 is refused, with the reason, not acknowledged, and frees its place', async () => {
    const port = await fakeBroker({ version: '5', reason: 0x87 });
    const plan = { ...SHORT, subscribers: 0, qos: 1, window: 5, target: target(port, { version: '5' }) } as const;
    const result = await runLoad(plan);
    // On a busy machine the last ones may not go out in time; far more than the window of 5 must.
    const { sent } = result;
    expect(sent).toBeGreaterThan(100);
    expect(result).toMatchObject({ acked: 0, unsent: 200 - sent, lost: sent });
    expect(result.errors).toEqual({ 'publish refused: not authorized': sent });
    expect(result.ackMs.count).toBe(0);
    expect(reported(result).verdict).toContain(`${sent} × publish refused: not authorized`);
  });

  it('at QoS 2 is found before the run', async () => {
    const port = await fakeBroker({ version: '5', reason: 0x97 });
    const plan = { ...SHORT, subscribers: 0, qos: 2, target: target(port, { version: '5' }) } as const;
    expect((await runLoad(plan)).skipped).toBe('the broker refuses publishes at QoS 2: quota exceeded');
  });
});

describe.concurrent('a QoS below what was asked for', () => {
  it('in a SUBACK fails the run', async () => {
    const port = await fakeBroker({ granted: 0, deliverQos: 0 });
    const result = await runLoad({ ...SHORT, qos: 1, subscribeQos: 1, drainS: 2, target: target(port) });
    expect(result.errors).toEqual({
      'subscription granted at QoS 0, asked for 1': 1,
      'message delivered at QoS 0, due at 1': 200,
    });
    const report = reported(result);
    expect(report.ok).toBe(false);
    expect(report.verdict).toMatch(/^Not at the QoS that was asked for\. /);
  });

  it('of deliveries alone fails it as well', async () => {
    const port = await fakeBroker({ deliverQos: 0 });
    const result = await runLoad({ ...SHORT, qos: 1, subscribeQos: 1, target: target(port) });
    expect(result).toMatchObject({ received: 200, errors: { 'message delivered at QoS 0, due at 1': 200 } });
    expect(reported(result).ok).toBe(false);
  });
});

describe.concurrent('messages that never came', () => {
  const everySecond = () => {
    let count = 0;
    return (packet: Buffer) => (count++ % 2 === 0 ? [publishOf(packet)] : []);
  };

  it('have no latency, and the report says of which ones its percentiles are', async () => {
    const port = await fakeBroker({ deliver: everySecond() });
    const result = await runLoad({ ...SHORT, target: target(port) });
    expect(result).toMatchObject({ received: 100, lost: 100, latencyMs: { count: 100 } });
    const report = reported(result, 'latency.p40<10s', 'latency.p99<10s', 'latency.max<10s');
    expect(report.expectations).toMatchObject([
      { ok: true },
      { ok: false, reason: '50 % never arrived' },
      { ok: false, reason: '50 % never arrived' },
    ]);
    expect(report.verdict).toMatch(/100 lost; of those that arrived, half did in/);
    expect(reportLines(report).join('\n')).toMatch(
      /100 of 200 deliveries never came .* no percentile above 50 % is known/,
    );
  });
});

describe.concurrent('a message of p2p', () => {
  it('to the wrong subscriber is counted as that, neither as received nor as a duplicate', async () => {
    // Every subscriber gets everything.
    const port = await fakeBroker({});
    const result = await runLoad({ ...SHORT, profile: 'p2p', subscribers: 2, target: target(port) });
    expect(result).toMatchObject({ expected: 200, received: 200, duplicated: 0 });
    expect(result.errors).toEqual({ 'message to the wrong subscriber': 200 });
  });
});

describe.concurrent('a second copy', () => {
  it('of the last message is waited for', async () => {
    let count = 0;
    const late = (packet: Buffer) => (++count % 200 === 0 ? [publishOf(packet)] : []);
    const port = await fakeBroker({ again: late, againMs: 300, delayMs: 600 });
    const result = await runLoad({ ...SHORT, drainS: 3, target: target(port) });
    expect(result).toMatchObject({ received: 200, duplicated: 1 });
  });
});

describe.concurrent('a rehearsal', () => {
  const PLAN = { ...SHORT, qos: 2, subscribeQos: 2 } as const;
  const why = (port: number, signal?: AbortSignal) => whyNot({ ...PLAN, target: target(port) }, '127.0.0.1', signal);

  it('takes a slow way for no refusal', async () => {
    expect(await why(await fakeBroker({ delayMs: 800 }))).toBeUndefined();
  });

  it('that nothing comes of is told from a refusal', async () => {
    expect(await why(await fakeBroker({ deliver: () => [] }))).toMatch(
      /^the broker takes publishes at QoS 2 and delivers nothing within \d\.\d s$/,
    );
    expect(await why(await fakeBroker({ granted: 0x80 }))).toBe('the broker refuses subscriptions at QoS 2');
  });

  it('is not waited for after Ctrl-C', async () => {
    const port = await fakeBroker({ connack: 'silence' });
    expect(await why(port, AbortSignal.timeout(100))).toBeUndefined();
  });
});
