import { describe, expect, it } from 'vitest';
import { emptyBucket } from '../../loadtest/tally.ts';
import { Timeline } from '../../loadtest/timeline.ts';

function bucketOf(second: number, times: number) {
  const bucket = emptyBucket();
  bucket.received = times;
  for (let at = 0; at < times; at++) bucket.latency.record(1000 * (1 + ((second + at) % 50)));
  bucket.lag.record(7);
  return bucket;
}

describe('the seconds of a long run', () => {
  it('keep their figures when they are old, and take what comes late', () => {
    const [short, long] = [new Timeline(), new Timeline()];
    for (let second = -5; second < 500; second++) {
      long.add(second, bucketOf(second, 100));
      long.connected(second, second + 10);
    }
    for (const second of [3, 250]) {
      long.add(second, bucketOf(second + 7, 40));
      short.add(second, bucketOf(second, 100));
      short.add(second, bucketOf(second + 7, 40));
      short.connected(second, second + 10);
      expect(long.second(second)).toEqual(short.second(second));
      expect(long.second(second).p99Ms).toBeGreaterThan(40);
    }
    expect(long.seconds(-5, 500).reduce((sum, { received }) => sum + received, 0)).toBe(505 * 100 + 80);
  });
});
