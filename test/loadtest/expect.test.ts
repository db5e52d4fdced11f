import { describe, expect, it } from 'vitest';
import { ExpectationError, judge, readExpectation } from '../../loadtest/expect.ts';
import { FOREIGN } from '../../loadtest/result.ts';
import { NOTHING, madePlan, madeResult } from './made-result.ts';

const outcome = (text: string, ...changes: Parameters<typeof madeResult>) =>
  judge(readExpectation(text), madeResult(...changes));

describe('an expectation', () => {
  it.each([
    ['latency.p99<50ms', { measure: 'latency.p99', operator: '<', limit: 50 }],
    ['latency.p99 <= 0.05 s', { operator: '<=', limit: 50 }],
    ['ack.p50<800us', { measure: 'ack.p50', limit: 0.8 }],
    ['connect.max<1000', { limit: 1000 }],
    ['lossRatio<0.1%', { limit: 0.001 }],
    ['lost==0', { operator: '=', limit: 0 }],
    ['receivedPerS>=250k/s', { operator: '>=', limit: 250_000 }],
    ['received>1M', { limit: 1e6 }],
  ])('is read: %s', (text, expected) => {
    expect(readExpectation(text)).toMatchObject({ name: text, ...expected });
  });

  it.each([
    ['latency.p99', /like latency\.p99<50ms/],
    ['latncy.p99<50ms', /"latncy\.p99", did you mean latency\.p99\?/],
    ['p99<50ms', /unknown measure "p99"/],
    ['latency.p9<50ms', /"latency\.p9", did you mean latency\.p90\?/],
    ['latency.p99<50 furlongs', /us, µs, ms, s.*"50furlongs"/],
    ['lost<5%', /lost is compared to a number with one of k, M or nothing, got "5%"/],
    ['latency.p99<1.2.3ms', /got "1\.2\.3ms"/],
  ])('is refused: %s', (text, message) => {
    expect(() => readExpectation(text)).toThrow(ExpectationError);
    expect(() => readExpectation(text)).toThrow(message);
  });

  it('is met or not met, and says by what', () => {
    expect(outcome('latency.p99<50ms')).toMatchObject({ ok: true, limit: '< 50 ms' });
    expect(outcome('latency.p99<5ms')).toMatchObject({ ok: false, limit: '< 5 ms' });
    expect(outcome('latency.p99<5ms').value).toBeCloseTo(9.91, 1);
    expect(outcome('lost=0', { lost: 1 })).toMatchObject({ ok: false, value: 1 });
    expect(outcome('lossRatio<=0.01%', { lost: 1 })).toMatchObject({ ok: true, value: 0.0001, limit: '<= 0.01 %' });
    expect(outcome('sentPerS>=1k')).toMatchObject({ ok: true, value: 1000 });
    expect(outcome('errors<1', { errors: { refused: 2, closed: 1, [FOREIGN]: 40 } })).toMatchObject({
      ok: false,
      value: 3,
    });
  });

  it('may be of any percentile of the histogram', () => {
    expect(outcome('latency.p95<9ms').value).toBeCloseTo(9.55, 1);
    expect(outcome('latency.p9999<11ms').value).toBeCloseTo(10, 1);
  });

  it('of p100 is of the slowest, and of a percentile that can be read in two ways is refused', () => {
    expect(outcome('latency.p100<10ms')).toMatchObject({ ok: false, value: 10 });
    for (const name of ['p150', 'p500', 'p1000', 'p000'])
      expect(() => readExpectation(`latency.${name}<1s`)).toThrow(/p01 to p99, p100, or nines like p999 for 99\.9 %/);
  });

  it('of a share of loss counts what was never sent among what was due', () => {
    const unsent = { plan: { ...madePlan, subscribers: 0 }, expected: 0, sent: 100, unsent: 300, lost: 300 };
    expect(outcome('lossRatio<80%', unsent)).toMatchObject({ ok: true, value: 0.75 });
  });

  it.each([
    ['nobody subscribes', ['duplicated=0', 'reordered=0', 'received=0', 'receivedPerS=0'], { subscribers: 0 }],
    ['nobody subscribes at QoS 0', ['lost=0', 'lossRatio=0', 'acked=0'], { subscribers: 0, qos: 0 }],
    ['members of a group take turns', ['reordered=0'], { profile: 'shared' }],
    ['a topic retains one message', ['reordered=0'], { profile: 'retained' }],
    ['a publisher has many topics', ['reordered=0'], { profile: 'city' }],
  ] as const)('of what cannot be counted, because %s, is not met', (_, expected, changes) => {
    const plan = { ...madePlan, ...changes };
    for (const text of expected)
      expect(outcome(text, { plan, expected: plan.subscribers > 0 ? 10_000 : 0 })).toMatchObject({
        ok: false,
        reason: 'nothing was measured',
      });
  });

  it('of a percentile is not met where so much never arrived', () => {
    const lossy = { expected: 10_100, lost: 100 };
    expect(outcome('latency.p98<1s', lossy)).toMatchObject({ ok: true });
    expect(outcome('latency.p999<1s', lossy)).toMatchObject({ ok: false, reason: '0.990099 % never arrived' });
    expect(outcome('latency.max<1s', lossy)).toMatchObject({ ok: false });
  });

  it('of what was not measured is not met', () => {
    expect(outcome('ack.p99<1s')).toMatchObject({ ok: false, reason: 'nothing was measured' });
    expect(outcome('lost=0', { sent: 0 })).toMatchObject({ ok: false });
    expect(outcome('lost=0', { sent: 0, latencyMs: NOTHING, skipped: 'it has no $share' })).toMatchObject({
      ok: false,
      reason: 'it has no $share',
    });
  });
});
