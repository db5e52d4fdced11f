import { describe, expect, it } from 'vitest';
import { ExpectationError, judge, readExpectation } from '../../loadtest/expect.ts';
import { FOREIGN } from '../../loadtest/result.ts';
import { NOTHING, madeResult } from './made-result.ts';

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

  it('of what was not measured is not met', () => {
    expect(outcome('ack.p99<1s')).toMatchObject({ ok: false, reason: 'nothing was measured' });
    expect(outcome('lost=0', { sent: 0 })).toMatchObject({ ok: false });
    expect(outcome('lost=0', { sent: 0, latencyMs: NOTHING, skipped: 'it has no $share' })).toMatchObject({
      ok: false,
      reason: 'it has no $share',
    });
  });
});
