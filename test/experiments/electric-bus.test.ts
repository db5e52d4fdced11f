// The day of a bus under three drives and three temperatures.
import { describe, expect, it } from 'vitest';
import { electricBus } from '../../experiments/electric-bus.ts';
import { liveAll } from './live-all.ts';

describe('the electric bus', () => {
  const outcome = liveAll(electricBus, 10);
  const co2 = (arm: string) => outcome.arms[arm]!['co2GPerKm']!.mean;

  it('meets what was measured in Beijing', () => {
    const checks = electricBus.checks!(outcome);
    expect(checks).toHaveLength(4);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('takes a third of the diesel’s energy in spring', () => {
    const share = outcome.shares['battery-20c']!['energyMjPerKm']!;
    expect(share.ci95[1]).toBeLessThan(-0.5);
  });

  it('takes most in frost, when the cabin is heated from the battery', () => {
    const kwh = (arm: string) => outcome.arms[arm]!['kwhPer100Km']!.mean;
    expect(kwh('battery-0c')).toBeGreaterThan(kwh('battery-35c'));
    expect(kwh('battery-35c')).toBeGreaterThan(kwh('battery-20c'));
  });

  it('leaves frost to the waste heat of a diesel', () => {
    expect(co2('diesel-0c')).toBe(co2('diesel-20c'));
    expect(co2('diesel-35c')).toBeGreaterThan(co2('diesel-20c'));
  });

  it('lets a hybrid lose most of its gain in the heat', () => {
    const gain = (tempC: number) => 1 - co2(`hybrid-${tempC}c`) / co2(`diesel-${tempC}c`);
    expect(gain(20)).toBeGreaterThan(0.18);
    expect(gain(35)).toBeLessThan(gain(20) / 2);
  });

  it('says how clean a battery bus is by the grid that it hangs on', () => {
    const clean = liveAll(electricBus, 2, 'tempC=-10', 'gridKgPerKwh=0.05');
    expect(clean.arms['battery-minus-10c']!['co2GPerKm']!.mean).toBeLessThan(150);
    expect(electricBus.verdict(clean)).toContain('at -10 °C');
    expect(electricBus.checks!(clean)).toEqual([]);
  });

  it('lives the same day twice', () => {
    const { settings } = outcome;
    expect(electricBus.live('hybrid-35c', 7, settings)).toEqual(electricBus.live('hybrid-35c', 7, settings));
    expect(electricBus.live('hybrid-35c', 8, settings)).not.toEqual(electricBus.live('hybrid-35c', 7, settings));
  });
});
