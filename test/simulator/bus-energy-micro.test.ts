// Second by second power against a sum by hand, and against the mean values.
import { describe, expect, it } from 'vitest';
import {
  BATTERY_EXTRA_KG,
  REFERENCE_MASS_KG,
  batteryCycleKwh,
  dieselCycleL,
  driveCycle,
  hybridCycleL,
  wheelPowerW,
  wheelWork,
} from '../../simulator/physics/bus-energy-micro.ts';
import { ENERGY } from '../../simulator/physics/bus-energy.ts';

const PASSENGERS = 2 / 0.065;

/** 2.5 stops/km from 35 km/h, the like of the Beijing bus cycle: 16 km/h in the mean. */
function beijing(massKg = REFERENCE_MASS_KG, cruiseKmh = 35) {
  const leg = { metres: 400, cruiseMps: cruiseKmh / 3.6, accelMps2: 0.9, brakeMps2: 1, standS: 38 };
  return wheelWork(driveCycle(Array.from({ length: 100 }, () => leg)), massKg);
}

describe('a cycle like that of Beijing', () => {
  const work = beijing();

  it('has a mean speed of 16 km/h', () => {
    expect(work.km).toBeCloseTo(40, 1);
    expect(work.km / work.hours).toBeGreaterThan(15.5);
    expect(work.km / work.hours).toBeLessThan(16.5);
  });

  it('takes 2.95…3.15 MJ/km at the wheels', () => {
    expect(work.driveMj / work.km).toBeGreaterThan(2.95);
    expect(work.driveMj / work.km).toBeLessThan(3.15);
  });

  it('keeps energy: what goes in is rolling, drag and what the brakes take', () => {
    const metres = work.km * 1000;
    const rollingMj = (14_000 * 9.81 * 0.008 * metres) / 1e6;
    // Drag at the full speed all the way is an upper bound, at 70 % of its square a lower one.
    const dragMj = (0.5 * 1.2 * 5.6 * (35 / 3.6) ** 2 * metres) / 1e6;
    const lost = work.driveMj - work.brakeMj;
    expect(lost).toBeGreaterThan(rollingMj + 0.7 * dragMj);
    expect(lost).toBeLessThan(rollingMj + dragMj);
  });

  it('takes 32.5…33.8 L/100 km of diesel, within 4 % of the mean value', () => {
    const litres = (100 * dieselCycleL(work, 20)) / work.km;
    expect(litres).toBeGreaterThan(32.5);
    expect(litres).toBeLessThan(33.8);
    const mean = (100 * ENERGY.diesel.driving(work.km, work.hours, PASSENGERS, 20).litres!) / work.km;
    expect(Math.abs(litres / mean - 1)).toBeLessThan(0.04);
  });

  it('agrees with the mean values of hybrid and battery buses within 10 %, mild and hot', () => {
    const electric = beijing(REFERENCE_MASS_KG + BATTERY_EXTRA_KG);
    for (const tempC of [20, 35]) {
      const hybrid = ENERGY.hybrid.driving(work.km, work.hours, PASSENGERS, tempC).litres!;
      expect(Math.abs(hybridCycleL(work, tempC) / hybrid - 1)).toBeLessThan(0.1);
      const battery = ENERGY.battery.driving(electric.km, electric.hours, PASSENGERS, tempC).kwh!;
      expect(Math.abs(batteryCycleKwh(electric, tempC) / battery - 1)).toBeLessThan(0.1);
    }
  });

  it('takes less from a calmer top speed', () => {
    expect(dieselCycleL(beijing(REFERENCE_MASS_KG, 30), 20)).toBeLessThan(dieselCycleL(work, 20));
  });
});

describe('power at the wheels', () => {
  it('is rolling and drag at a steady speed', () => {
    // 10 m/s: 14,000 kg × 9.81 × 0.008 = 1,098.7 N and 0.6 × 5.6 × 100 = 336 N.
    expect(wheelPowerW(10, 0, 14_000)).toBeCloseTo(14_347, 0);
  });

  it('is the brakes’ when slowing down, and nothing at rest', () => {
    expect(wheelPowerW(10, -1, 14_000)).toBeLessThan(0);
    expect(wheelPowerW(0, 0.9, 14_000)).toBe(0);
  });
});

describe('a drive cycle', () => {
  it('goes as far as its legs say, and stands at their ends', () => {
    const legs = [
      { metres: 60, cruiseMps: 12, accelMps2: 0.9, brakeMps2: 1, standS: 20 },
      { metres: 700, cruiseMps: 12, accelMps2: 0.7, brakeMps2: 0.8, standS: 35 },
    ];
    const speeds = driveCycle(legs);
    expect(wheelWork(speeds, 14_000).km).toBeCloseTo(0.76, 2);
    expect(speeds.at(-1)).toBe(0);
    expect([...speeds].filter((speed) => speed === 0).length).toBeGreaterThanOrEqual(55);
    expect(Math.max(...speeds)).toBeLessThanOrEqual(12);
  });
});
