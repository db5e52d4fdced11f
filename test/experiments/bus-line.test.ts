// The experiment on one line: its checks, its arms, its settings.
import { describe, expect, it } from 'vitest';
import { busLine } from '../../experiments/bus-line.ts';
import { busLoop } from '../../experiments/bus-loop.ts';
import { LINE_POLICIES } from '../../experiments/line-settings.ts';
import { SettingsError, readSettings } from '../../experiments/settings.ts';
import { liveAll } from './live-all.ts';

describe('the bus line', () => {
  const outcome = liveAll(busLine, 20, 'policy=timetable,forward-headway');

  it('meets the equations and the reference values', () => {
    const checks = busLine.checks!(outcome);
    expect(checks.map(({ id }) => id)).toEqual(['B1', 'B2', 'B3', 'B3', 'B4', 'B4']);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('halves the extra wait by holding, at the price of time and fuel', () => {
    const shares = outcome.shares['forward-headway']!;
    expect(shares['excessWaitS']!.ci95[1]).toBeLessThan(-0.4);
    expect(shares['tripS']!.ci95[0]).toBeGreaterThan(0.03);
    // 2.52 L an hour with the engine running.
    const extraL = outcome.differences['forward-headway']!['fuelLPerTrip']!.mean;
    const extraS = outcome.differences['forward-headway']!['tripS']!.mean;
    expect(extraL).toBeCloseTo((2.52 * extraS) / 3600, 2);
    expect(busLine.verdict(outcome)).toContain('Held after the bus ahead: −17 s');
  });

  it('has arms that do something, each something else', () => {
    const all = liveAll(busLine, 1, `policy=${LINE_POLICIES.join(',')}`);
    const tracks = LINE_POLICIES.map((policy) => all.arms[policy]!['tripS']!.mean);
    expect(new Set(tracks).size).toBe(LINE_POLICIES.length);
    for (const policy of LINE_POLICIES.slice(1)) expect(all.arms[policy]!['orders']!.mean, policy).toBeGreaterThan(0);
  });

  it('counts the length and the diesel of whole trips: turning early makes none shorter', () => {
    const { shares } = liveAll(busLine, 5, 'policy=timetable,short-turn');
    for (const kpi of ['tripS', 'fuelLPerTrip']) expect(shares['short-turn']![kpi]!.mean, kpi).toBeGreaterThan(0);
  });

  it('says when a policy found nothing to do', () => {
    const idle = liveAll(busLine, 1, 'policy=timetable,short-turn', 'noise=0', 'hours=4');
    expect(busLine.verdict(idle)).toContain('found nothing to do');
    const deaf = liveAll(busLine, 1, 'policy=timetable,forward-headway', 'compliance=0', 'hours=4', 'buses=1');
    expect(busLine.verdict(deaf)).toContain(', 1 bus: ');
    expect(busLine.verdict(deaf)).toContain('Held after the bus ahead: no driver obeys.');
  });

  it('misses every departure that no bus begins, to the end of the day', () => {
    // One bus at a terminal, nothing on its way that could vary: it turns at once and begins a way each time it has ended one.
    const alone = liveAll(busLine, 1, 'buses=1', 'demand=0', 'noise=0', 'layoverS=0', 'hours=10');
    const wayS = 24 * (90 + 2) + 2;
    const begun = Math.floor(36_000 / wayS) + 1;
    const due = 2 * (36_000 / 300);
    // The two that are due in the last headway may still get a bus.
    expect(due - begun - alone.arms['timetable']!['cancelledSlots']!.mean).toBeGreaterThanOrEqual(0);
    expect(due - begun - alone.arms['timetable']!['cancelledSlots']!.mean).toBeLessThanOrEqual(2);
  });

  it('claims nothing about settings for which there are no reference values', () => {
    expect(busLine.checks!(liveAll(busLine, 1, 'buses=18'))).toEqual([]);
  });

  it('refuses a day that is all warm-up', () => {
    for (const experiment of [busLine, busLoop]) {
      const read = () => readSettings(experiment, ['hours=2', 'warmupH=2']);
      expect(read).toThrow(SettingsError);
      expect(read).toThrow('warmupH must be below hours (2), got 2');
    }
  });

  it('lives the same day twice', () => {
    const { settings } = outcome;
    expect(busLine.live('forward-headway', 3, settings)).toEqual(busLine.live('forward-headway', 3, settings));
  });
});
