import { describe, expect, it } from 'vitest';
import { complaints, runWithStop } from '../loadtest/honesty.ts';
import { hasMosquitto } from '../loadtest/plans.ts';

describe.skipIf(!hasMosquitto)('a load run of 20 s whose target stands still for 2 s', () => {
  it('gives a tenth of the messages latencies evenly spread from 0 to 2 s', async () => {
    const result = await runWithStop(20, 2);
    expect(complaints(result, 20, 2)).toEqual([]);
    expect(result.latencyMs.max).toBeGreaterThan(1900);
    expect(result.latencyMs.p50).toBeLessThan(20);
  }, 60_000);
});
