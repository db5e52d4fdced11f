// What riders gain from knowing when their bus comes.
import { beforeAll, describe, expect, it } from 'vitest';
import { busInformation } from '../../experiments/bus-information.ts';
import type { CountedOutcome } from '../../experiments/statistics.ts';
import { liveAll } from './live-all.ts';

const ONE_ARM = ['appShare=0.6', 'feedAgeS=60', 'errorShare=0'];
const APP = 'app-60-age-60-error-0';

describe('information for riders', () => {
  let outcome: CountedOutcome;
  beforeAll(() => {
    outcome = liveAll(busInformation, 3, ...ONE_ARM);
  }, 60_000);

  it('shortens the wait as users feel it by what was published', () => {
    const checks = busInformation.checks!(outcome);
    expect(checks).toHaveLength(1);
    expect(checks.filter(({ ok, id }) => !ok || id !== 'B11')).toEqual([]);
  });

  it('shortens the wait of users in fact, and hardly touches that of the others', () => {
    const share = (kpi: string) => outcome.shares[APP]![kpi]!.mean;
    expect(share('userWaitS')).toBeLessThan(-0.05);
    expect(Math.abs(share('otherWaitS'))).toBeLessThan(0.05);
  });

  it('is said with its intervals', () => {
    expect(busInformation.verdict(outcome)).toMatch(/users wait -\d+ % \(-\d+…-\d+\) in fact/);
  });
});

describe('an app', () => {
  const live = (arm: string, ...more: string[]) => {
    const { arms } = liveAll(busInformation, 2, 'hours=4', ...ONE_ARM.slice(0, 1), ...more);
    return Object.fromEntries(Object.entries(arms[arm]!).map(([kpi, { mean }]) => [kpi, mean]));
  };

  it('that is looked at in the street changes how waiting feels, not how long it is', () => {
    const outcome = liveAll(busInformation, 1, 'hours=3', ...ONE_ARM, 'aheadShare=0');
    expect(outcome.arms[APP]!['waitS']!.mean).toBeCloseTo(outcome.arms['none']!['waitS']!.mean, 9);
    expect(outcome.arms[APP]!['perceivedWaitS']!.mean).toBeLessThan(outcome.arms['none']!['perceivedWaitS']!.mean);
  });

  it('with old positions is further off, with wrong arrivals it fails people', () => {
    const fresh = live('app-60-age-10-error-0', 'feedAgeS=10', 'errorShare=0', 'aheadShare=1');
    const old = live('app-60-age-300-error-0', 'feedAgeS=300', 'errorShare=0', 'aheadShare=1');
    const wrong = live('app-60-age-10-error-50', 'feedAgeS=10', 'errorShare=0.5', 'aheadShare=1');
    expect(old['etaErrorS']).toBeGreaterThan(fresh['etaErrorS']! + 5);
    expect(wrong['userLongWaitShare']).toBeGreaterThan(2 * fresh['userLongWaitShare']!);
  });
});

describe('riders without an app', () => {
  it('come by the timetable when buses are rare, and wait less than half a headway', () => {
    const { arms } = liveAll(busInformation, 2, 'hours=5', ...ONE_ARM, 'headwayS=1200');
    expect(arms['none']!['waitS']!.mean).toBeLessThan(0.4 * 1200);
    expect(arms['none']!['waitS']!.mean).toBeGreaterThan(60);
  });

  it('wait half a headway and more when they come at random', () => {
    const { arms } = liveAll(busInformation, 2, 'hours=5', ...ONE_ARM, 'headwayS=600');
    expect(arms['none']!['waitS']!.mean).toBeGreaterThan(0.45 * 600);
  });
});
