// The experiment on a loop: collapse without control, what each rule makes of it, and where self-equalizing headways settle.
import { describe, expect, it } from 'vitest';
import { fixedPoint } from '../../experiments/bus-loop-fixed-point.ts';
import { busLoop, naturalHeadwayS } from '../../experiments/bus-loop.ts';
import { readSettings } from '../../experiments/settings.ts';
import { liveAll } from './live-all.ts';

const SEEDS = 12;

describe('the bus loop', () => {
  const outcome = liveAll(busLoop, SEEDS);
  const row = (arm: string) => {
    const kpi = (name: string) => outcome.arms[arm]![name]!.mean;
    return { headwayS: kpi('meanHeadwayS'), cv: kpi('headwayCv'), waitS: kpi('excessWaitS') };
  };

  it('collapses without control', () => {
    const { headwayS, cv, waitS } = row('none');
    expect(Math.abs(headwayS - 385)).toBeLessThan(15);
    expect(Math.abs(cv - 2.3)).toBeLessThan(0.3);
    expect(Math.abs(waitS - 1062)).toBeLessThan(250);
    expect(outcome.arms['none']!['bunchedShare']!.mean).toBeCloseTo(0.67, 1);
  });

  it('collapses more slowly with fewer people', () => {
    const settings = readSettings(busLoop, ['peoplePerS=0.004']);
    const lives = Array.from({ length: 60 }, (_, seed) => busLoop.live('none', seed + 1, settings));
    const mean = (kpi: string) => lives.reduce((sum, life) => sum + life[kpi]!, 0) / lives.length;
    expect(Math.abs(mean('meanHeadwayS') - 330)).toBeLessThan(2);
    expect(Math.abs(mean('headwayCv') - 1.04)).toBeLessThan(0.08);
    expect(Math.abs(mean('excessWaitS') - 183)).toBeLessThan(25);
  });

  it('is kept even by a schedule with slack', () => {
    const { headwayS, cv, waitS } = row('schedule');
    expect(Math.abs(headwayS - 384)).toBeLessThan(1);
    expect(Math.abs(cv - 0.13)).toBeLessThan(0.01);
    expect(Math.abs(waitS - 21)).toBeLessThan(1);
  });

  it('is kept even by holding after the bus ahead, the better the harder the law', () => {
    const soft = row('forward-headway');
    expect(Math.abs(soft.headwayS - 377)).toBeLessThan(3);
    expect(Math.abs(soft.cv - 0.26)).toBeLessThan(0.1);
    const settings = readSettings(busLoop, ['holdGain=0.8']);
    const lives = Array.from({ length: 6 }, (_, seed) => busLoop.live('forward-headway', seed + 1, settings));
    const mean = (kpi: string) => lives.reduce((sum, life) => sum + life[kpi]!, 0) / lives.length;
    expect(Math.abs(mean('meanHeadwayS') - 383)).toBeLessThan(1.5);
    expect(Math.abs(mean('headwayCv') - 0.14)).toBeLessThan(0.01);
    expect(Math.abs(mean('excessWaitS') - 21)).toBeLessThan(1);
  });

  it('needs a third less slack when holds look both ways', () => {
    const checks = busLoop.checks!(outcome);
    expect(checks.map(({ id }) => id)).toEqual(['B6', 'B6', 'slack']);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(Math.abs(row('two-way-headway').waitS - row('schedule').waitS)).toBeLessThan(2);
  });

  it('holds self-equalizing buses for a share of the gap behind at two stops', () => {
    // n h = M (r + c) + M λ b h + 2 α h
    const settings = readSettings(busLoop, []);
    const headwayS = (30 * 108) / (10 - 30 * 0.012 * 2 - 2 * 0.3);
    expect(Math.abs(row('self-equalizing').headwayS / headwayS - 1)).toBeLessThan(0.005);
    expect(headwayS).toBeGreaterThan(naturalHeadwayS(settings));
  });

  it('lets headways settle from any start', () => {
    const cvAfter = (rounds: number) => fixedPoint({ buses: 6, roundS: 2880, share: 0.5 }, rounds, 2).cv;
    expect(cvAfter(10)).toBeLessThan(cvAfter(5) / 2);
    expect(cvAfter(40)).toBeLessThan(0.002);
  });

  it('refuses more people than buses can come round with', () => {
    const settings = readSettings(busLoop, ['peoplePerS=0.1', 'buses=5']);
    expect(() => busLoop.live('none', 1, settings)).toThrow('5 buses never come round with peoplePerS=0.1');
  });
});
