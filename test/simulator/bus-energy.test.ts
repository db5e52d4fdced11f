// Mean consumption of buses against what was measured on the road.
import { describe, expect, it } from 'vitest';
import { ENERGY, PROPULSIONS, cabinKw, drivingFuelL, energyOf } from '../../simulator/physics/bus-energy.ts';
import type { Propulsion } from '../../simulator/physics/bus-energy.ts';

/** The load of the reference, 2 t. */
const PASSENGERS = 2 / 0.065;
const MILD_C = 20;

/** Of 100 km at a mean speed. */
function per100Km(propulsion: Propulsion, speedKmh: number, tempC = MILD_C, passengers = PASSENGERS) {
  const use = ENERGY[propulsion].driving(100, 100 / speedKmh, passengers, tempC);
  return { ...use, amount: use.litres ?? use.gasKg ?? use.kwh ?? NaN };
}

const ratio = (propulsion: Propulsion) => per100Km(propulsion, 15).amount / per100Km(propulsion, 25).amount;

describe('a diesel bus', () => {
  it('takes 32.6 ± 1.5 L/100 km at 16 km/h, as in Beijing', () => {
    expect(per100Km('diesel', 16).litres).toBeGreaterThan(31.1);
    expect(per100Km('diesel', 16).litres).toBeLessThan(34.1);
  });

  it('takes 20…30 % more at 15 than at 25 km/h', () => {
    expect(ratio('diesel')).toBeGreaterThan(1.2);
    expect(ratio('diesel')).toBeLessThan(1.3);
  });

  it.each([
    [10, 42.0],
    [12, 37.8],
    [15, 33.6],
    [16, 32.55],
    [20, 29.4],
    [25, 26.88],
  ])('at %i km/h takes %f L/100 km', (speedKmh, litres) => {
    expect(per100Km('diesel', speedKmh).litres).toBeCloseTo(litres, 2);
  });

  it('takes up to a quarter more with 4 t of people on board, at speeds where distance counts', () => {
    const empty = per100Km('diesel', 60, MILD_C, 0).litres!;
    const full = per100Km('diesel', 60, MILD_C, 4 / 0.065).litres!;
    expect(full / empty).toBeGreaterThan(1.2);
    expect(full / empty).toBeLessThan(1.3);
  });

  it('is the bus of the city when it does not cool', () => {
    expect(drivingFuelL(12, 0.75, 20, false)).toBeCloseTo(ENERGY.diesel.driving(12, 0.75, 20, MILD_C).litres!, 12);
  });

  it('idles on 2 L/h, and on 3.0…3.5 L/h in summer', () => {
    expect(ENERGY.diesel.idle(1, MILD_C).litres).toBe(2);
    expect(ENERGY.diesel.idle(1, 35).litres).toBeGreaterThanOrEqual(3);
    expect(ENERGY.diesel.idle(1, 35).litres).toBeLessThanOrEqual(3.5);
  });
});

describe('a hybrid bus', () => {
  it('saves 18…29 % of the diesel at 16 km/h', () => {
    const saved = 1 - per100Km('hybrid', 16).litres! / per100Km('diesel', 16).litres!;
    expect(saved).toBeGreaterThan(0.18);
    expect(saved).toBeLessThan(0.29);
  });

  it('takes 45…55 % more at 15 than at 25 km/h', () => {
    expect(ratio('hybrid')).toBeGreaterThan(1.45);
    expect(ratio('hybrid')).toBeLessThan(1.55);
  });

  it('takes up to half as much again in the heat, and hardly less than the diesel then', () => {
    const hot = per100Km('hybrid', 16, 35).litres!;
    expect(hot / per100Km('hybrid', 16).litres!).toBeGreaterThan(1.3);
    expect(hot / per100Km('hybrid', 16).litres!).toBeLessThanOrEqual(1.5);
    expect(hot / per100Km('diesel', 16, 35).litres!).toBeGreaterThan(0.9);
  });
});

describe('a bus on natural gas', () => {
  it('gives off as much CO2 as the diesel, within 3 % at 16 km/h', () => {
    expect(per100Km('cng', 16).kgCo2 / per100Km('diesel', 16).kgCo2).toBeCloseTo(1, 1.5);
  });

  it('takes 30…45 % more at 15 than at 25 km/h', () => {
    expect(ratio('cng')).toBeGreaterThan(1.3);
    expect(ratio('cng')).toBeLessThan(1.45);
  });
});

describe('a battery bus', () => {
  it.each([
    [20, 0.96],
    [35, 1.35],
    [0, 1.52],
  ])('at %i °C and 18 km/h takes %f kWh/km', (tempC, kwh) => {
    expect(per100Km('battery', 18, tempC).kwh! / 100).toBeCloseTo(kwh, 2);
  });

  it('cools and heats as far as the machines go', () => {
    expect([21, 45, 60, -30].map(cabinKw)).toEqual([0, 10.5, 10.5, 20]);
  });

  it('is as clean as its grid', () => {
    const clean = energyOf('battery', 0.1).driving(1, 1 / 18, 0, MILD_C);
    const dirty = energyOf('battery', 0.9).driving(1, 1 / 18, 0, MILD_C);
    expect(dirty.kwh).toBe(clean.kwh);
    expect(dirty.kgCo2 / clean.kgCo2).toBeCloseTo(9, 9);
  });
});

describe('every bus', () => {
  it.each(PROPULSIONS)('%s: parts of a trip add up to the trip', (propulsion) => {
    const whole = ENERGY[propulsion].driving(12, 0.8, 35, 31);
    let kgCo2 = 0;
    for (let i = 0; i < 2880; i++) kgCo2 += ENERGY[propulsion].driving(12 / 2880, 0.8 / 2880, 35, 31).kgCo2;
    expect(kgCo2).toBeCloseTo(whole.kgCo2, 9);
  });

  it.each(PROPULSIONS)('%s: takes more with people, in jams and in the heat', (propulsion) => {
    const { amount } = per100Km(propulsion, 16);
    expect(per100Km(propulsion, 16, MILD_C, 70).amount).toBeGreaterThan(amount);
    expect(per100Km(propulsion, 8).amount).toBeGreaterThan(amount);
    expect(per100Km(propulsion, 16, 35).amount).toBeGreaterThan(amount);
  });

  it.each(PROPULSIONS)('%s: takes less at rest than under way, and more when it has to cool', (propulsion) => {
    const idle = (tempC: number) => ENERGY[propulsion].idle(1, tempC).kgCo2;
    expect(idle(MILD_C)).toBeGreaterThan(0);
    expect(idle(MILD_C)).toBeLessThan(ENERGY[propulsion].driving(16, 1, 0, MILD_C).kgCo2);
    expect(idle(35)).toBeGreaterThan(idle(MILD_C));
  });
});
