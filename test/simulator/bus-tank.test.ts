// What the buses of a fleet are driven by, what they take, and how batteries get it back.
import { describe, expect, it } from 'vitest';
import { propulsionOf } from '../../simulator/bus/tank.ts';
import { model } from '../../simulator/models/bus.ts';
import { GRID_CO2_KG_PER_KWH } from '../../simulator/physics/bus-energy.ts';
import { fakeCity } from './fake-city.ts';
import { Life, fakeWorld } from './fake-world.ts';
import type { Reported } from './fake-world.ts';

const HOUR_S = 3600;
const BUSES = 10;
const city = fakeCity();

function ofBus(life: Life, bus: number): Reported[] {
  return life.records.filter(({ device }) => device === bus);
}

/** Records of a battery bus, and what is in the battery by them, less or more than at the first one, kWh. */
function balance(records: readonly Reported[], capacityKwh: number): number[] {
  const balanceOf = ({ fields }: Reported) =>
    (Number(fields.socPct) / 100) * capacityKwh + Number(fields.energyKwh) - Number(fields.chargedKwh);
  return records.map((record) => balanceOf(record) - balanceOf(records[0]!));
}

/** Of a battery bus, by its records: what a per cent is. */
function capacityKwh(records: readonly Reported[]): number {
  const [first, last] = [
    records[0]!,
    records.findLast(({ fields }) => fields.chargedKwh === records[0]!.fields.chargedKwh)!,
  ];
  const taken = Number(last.fields.energyKwh) - Number(first.fields.energyKwh);
  return (100 * taken) / (Number(first.fields.socPct) - Number(last.fields.socPct));
}

describe('a fleet', () => {
  it('is half battery, three tenths diesel, a tenth hybrid and a tenth gas, at every scale and on every line', () => {
    for (const [from, count] of [
      [0, 10],
      [40, 20],
      [0, 1000],
    ] as const) {
      const fleet = Array.from({ length: count }, (_, i) => propulsionOf(from + i));
      const share = (propulsion: string) => fleet.filter((one) => one === propulsion).length / count;
      expect(['battery', 'diesel', 'hybrid', 'cng'].map(share)).toEqual([0.5, 0.3, 0.1, 0.1]);
    }
  });

  it('says of each bus what it is driven by and only what that takes', () => {
    const life = new Life(model, city, BUSES).run(HOUR_S);
    const counters = { diesel: 'fuelL', hybrid: 'fuelL', cng: 'gasKg', battery: 'energyKwh' } as const;
    for (const { device, fields } of life.records) {
      const propulsion = propulsionOf(device);
      expect(fields.propulsion).toBe(propulsion);
      for (const counter of ['fuelL', 'gasKg', 'energyKwh'])
        expect(fields[counter] !== undefined).toBe(counter === counters[propulsion]);
      expect(fields.socPct !== undefined).toBe(propulsion === 'battery');
    }
  });

  it('emits for a battery what the grid emits', () => {
    const life = new Life(model, city, BUSES).run(HOUR_S);
    const battery = life.records.filter(({ fields }) => fields.co2Kg !== undefined && fields.energyKwh !== undefined);
    expect(battery.length).toBeGreaterThan(20);
    for (const { fields } of battery)
      expect(Number(fields.co2Kg)).toBeCloseTo(GRID_CO2_KG_PER_KWH * Number(fields.energyKwh), 6);
  });

  it('takes more in the heat, whatever it is driven by', () => {
    const taken = (tempC: number) => {
      const life = new Life(model, city, BUSES).run(2 * HOUR_S, fakeWorld({ sky: { tempC } }));
      return Array.from({ length: BUSES }, (_, bus) => {
        const { fields } = ofBus(life, bus).at(-1)!;
        return Number(fields.fuelL ?? fields.gasKg ?? fields.energyKwh);
      });
    };
    const [mild, hot] = [taken(20), taken(35)];
    for (let bus = 0; bus < BUSES; bus++) expect(hot[bus]!, propulsionOf(bus)).toBeGreaterThan(1.03 * mild[bus]!);
  });
});

describe('a battery', () => {
  const day = new Life(model, city, BUSES).run(22 * HOUR_S, fakeWorld(), 10_000);

  it('holds what was in it, plus what was charged, less what was taken, at every record of a day', () => {
    for (let bus = 0; bus < BUSES; bus++) {
      if (propulsionOf(bus) !== 'battery') continue;
      const records = ofBus(day, bus);
      const capacity = capacityKwh(records);
      expect(capacity).toBeGreaterThanOrEqual(250);
      expect(capacity).toBeLessThanOrEqual(300);
      for (const leftKwh of balance(records, capacity)) expect(Math.abs(leftKwh)).toBeLessThan(1e-6);
    }
  });

  it('is charged at the depot only, with the engine off, and full in the morning', () => {
    for (let bus = 0; bus < BUSES; bus++) {
      if (propulsionOf(bus) !== 'battery') continue;
      const records = ofBus(day, bus);
      for (const [i, after] of records.slice(1).entries()) {
        const before = records[i]!;
        if (after.fields.chargedKwh === before.fields.chargedKwh) continue;
        expect([before.fields.status, after.fields.status]).toContain('charging');
        const hours = (after.tsMs - before.tsMs) / 3_600_000;
        expect(Number(after.fields.chargedKwh) - Number(before.fields.chargedKwh)).toBeLessThanOrEqual(
          90 * hours + 1e-6,
        );
        if (after.fields.status === 'charging') expect(after.fields.engineOn).toBe(false);
      }
      // 04:00 to 05:00, before the first trips.
      const morning = records.filter(({ tsMs }) => tsMs > records[0]!.tsMs + 20 * HOUR_S * 1000)[0]!;
      expect(Number(morning.fields.socPct)).toBeGreaterThan(95);
    }
  });

  it('never runs flat in a working day', () => {
    const lowest = Math.min(
      ...day.records.flatMap(({ fields }) => (fields.socPct === undefined ? [] : [Number(fields.socPct)])),
    );
    console.log(`lowest state of charge of a day: ${lowest.toFixed(0)} %`);
    expect(lowest).toBeGreaterThan(10);
  });
});
