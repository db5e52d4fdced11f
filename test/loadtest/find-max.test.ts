import { describe, expect, it } from 'vitest';
import { readExpectation } from '../../loadtest/expect.ts';
import { findMax } from '../../loadtest/find-max.ts';
import type { Search } from '../../loadtest/find-max.ts';
import type { Result } from '../../loadtest/result.ts';
import { distributionOf, madeResult } from './made-result.ts';

const LIMITS = [readExpectation('lossRatio=0'), readExpectation('latency.p99<100ms')];
const SATURATED = { ...madeResult().generator, saturated: true, why: 'a thread at 100 %' };

/** A broker that answers as told at each rate. */
async function search(answer: (perS: number, step: number) => Partial<Result>, changes: Partial<Search> = {}) {
  const tried: number[] = [];
  let pauses = 0;
  const { finding, best } = await findMax({
    startPerS: 1000,
    ceilingPerS: 1e6,
    limits: LIMITS,
    run: async (perS) => {
      tried.push(perS);
      return madeResult({ offeredPerS: perS, sentPerS: perS, receivedPerS: perS, ...answer(perS, tried.length) });
    },
    pause: async () => void pauses++,
    ...changes,
  });
  return { finding, best, tried, pauses };
}
const lossAbove = (limit: number) => (perS: number) => (perS > limit ? { lost: 7 } : {});

describe('the search for the highest rate', () => {
  it('doubles, halves the rest, and tries the winner twice', async () => {
    const { finding, best, tried, pauses } = await search(lossAbove(10_000));
    expect(tried.slice(0, 5)).toEqual([1000, 2000, 4000, 8000, 16_000]);
    expect(finding).toMatchObject({ limitedBy: 'broker', confirmed: true });
    expect(finding.highestPerS).toBeLessThanOrEqual(10_000);
    expect(finding.highestPerS).toBeGreaterThanOrEqual(10_000 / 1.05);
    expect(tried.filter((perS) => perS === finding.highestPerS)).toHaveLength(2);
    expect(tried.at(-1)).toBe(finding.highestPerS);
    expect(best?.offeredPerS).toBe(finding.highestPerS);
    expect(pauses).toBe(tried.length - 1);
    expect(finding.conclusion).toMatch(/does not: lossRatio=0: 0\.0007\.$/);
  });

  it.each([
    ['p99', { latencyMs: distributionOf([120, 130]), expected: 2 }, /latency\.p99<100ms: 130/],
    ['back-pressure', { sentPerS: 500 }, /500\/s of .* could be sent/],
    ['lost connections', { errors: { closed: 2 } }, /2 errors/],
    ['a profile that the broker has not', { skipped: 'no $share' }, /no \$share/],
  ])('is ended by %s', async (_, broken, why) => {
    const { finding } = await search((perS) => (perS > 3000 ? broken : {}));
    expect(finding.highestPerS).toBeGreaterThan(2800);
    expect(finding.conclusion).toMatch(why);
  });

  it('is not begun with a target that cannot do the profile at all', async () => {
    const { finding, tried } = await search(() => ({ skipped: 'it has no $share' }));
    expect(tried).toHaveLength(1);
    expect(finding).toMatchObject({ limitedBy: 'target', conclusion: 'No rate held; it has no $share.' });
  });

  it('never calls the limit of the generator that of the broker', async () => {
    const { finding } = await search((perS) => (perS > 5000 ? { generator: SATURATED, lost: 100 } : {}));
    expect(finding.limitedBy).toBe('generator');
    expect(finding.conclusion).toMatch(/generator was at its limit, not the broker.*at least this much/);
    expect(finding.steps.filter(({ perS }) => perS > 5000).map(({ outcome }) => outcome)).not.toContain('breaks');
  });

  it('does not blame the broker for a latency that is the generator being late', async () => {
    const late = (lagMsP99: number) => ({ ...madeResult().generator, lagMsP99 });
    const slow = { latencyMs: distributionOf([120, 130]), expected: 2 };
    const own = await search((perS) => (perS > 3000 ? { ...slow, generator: late(40) } : {}));
    expect(own.finding.limitedBy).toBe('generator');
    const above = own.finding.steps.filter(({ perS }) => perS > 3000);
    expect(new Set(above.map(({ outcome }) => outcome))).toEqual(new Set(['saturated']));
    expect(above[0]!.why).toMatch(/^the generator: 40 ms late itself; latency\.p99<100ms: 1/);
    const lossy = await search((perS) => (perS > 3000 ? { ...slow, lost: 1, generator: late(40) } : {}));
    expect(lossy.finding.limitedBy).toBe('broker');
    const punctual = await search((perS) => (perS > 3000 ? { ...slow, generator: late(4) } : {}));
    expect(punctual.finding.limitedBy).toBe('broker');
  });

  it('gives a saturated step a second chance', async () => {
    const { finding, tried } = await search((_, step) => (step === 2 ? { generator: SATURATED } : {}), {
      ceilingPerS: 4000,
    });
    expect(tried).toEqual([1000, 2000, 2000, 4000, 4000]);
    expect(finding).toMatchObject({ highestPerS: 4000, limitedBy: 'search' });
  });

  it('goes down when the first rate is too high', async () => {
    const { finding, tried } = await search(lossAbove(300));
    expect(tried.slice(0, 3)).toEqual([1000, 500, 250]);
    expect(finding.highestPerS).toBeGreaterThan(285);
  });

  it('says when nothing holds', async () => {
    const { finding, best } = await search(() => ({ lost: 1 }));
    expect(finding.highestPerS).toBeUndefined();
    expect(finding.conclusion).toMatch(/^No rate held; /);
    expect(best).toBeUndefined();
  });

  it('does not believe a rate that held once only', async () => {
    let lucky = 0;
    const { finding } = await search((perS) => (perS > 1500 && (perS !== 2000 || lucky++ > 0) ? { lost: 1 } : {}));
    expect(lucky).toBeGreaterThan(1);
    expect(finding.highestPerS).toBeGreaterThan(1400);
    expect(finding.highestPerS).toBeLessThanOrEqual(1500);
  });

  it('stops at the highest rate that is tried', async () => {
    const { finding, tried } = await search(() => ({}), { ceilingPerS: 3000 });
    expect(tried).toEqual([1000, 2000, 3000, 3000]);
    expect(finding).toMatchObject({ highestPerS: 3000, limitedBy: 'search' });
  });

  it('ends when it is interrupted, without believing the step that was cut', async () => {
    const controller = new AbortController();
    const { finding } = await search(
      (_, step) => {
        if (step === 3) controller.abort();
        return {};
      },
      { signal: controller.signal },
    );
    expect(finding).toMatchObject({ highestPerS: 2000, limitedBy: 'interruption', confirmed: false });
    expect(finding.conclusion).toBe('2000/s held once; the search was interrupted.');
    expect(finding.steps).toHaveLength(2);
  });

  it('ends with what it knows when the target is lost, unless nothing was tried yet', async () => {
    const lostAt = (lost: number) =>
      search((_, step) => {
        if (step === lost) throw new Error('127.0.0.1:1883: ECONNREFUSED');
        return {};
      });
    const { finding, best } = await lostAt(3);
    expect(finding).toMatchObject({ highestPerS: 2000, limitedBy: 'target', confirmed: false });
    expect(finding.conclusion).toBe('2000/s held once; then 4000/s could not be tried: 127.0.0.1:1883: ECONNREFUSED.');
    expect(best?.offeredPerS).toBe(2000);
    await expect(lostAt(1)).rejects.toThrow('ECONNREFUSED');
  });

  it('gives up on a broker that never answers twice the same, and says that nothing is sure', async () => {
    const tried = new Set<number>();
    const { finding } = await search((perS) => {
      const first = !tried.has(perS) && perS < 1e5;
      tried.add(perS);
      return first ? {} : { lost: 1 };
    });
    expect(finding.steps.length).toBeLessThanOrEqual(24);
    expect(finding.confirmed).toBe(false);
    expect(finding.conclusion).not.toMatch(/\d\/s holds/);
  });
});
