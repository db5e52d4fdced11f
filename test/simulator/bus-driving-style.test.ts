// What the accelerometer at the wheel flags, and when a bus is too fast.
import { describe, expect, it } from 'vitest';
import { watchSpeed } from '../../simulator/bus/driving-style.ts';
import type { Bus } from '../../simulator/bus/state.ts';
import { model } from '../../simulator/models/bus.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS, fakeWorld } from './fake-world.ts';

describe('driving style', () => {
  const life = new Life(model, fakeCity(), 40).run(8 * 3600, fakeWorld({ boardingShare: 0.01 }));
  const flagged = (name: string) => life.events.filter((event) => event.name === name);

  it('is harsh once in some 80 km at braking and once in some 130 km at starting, beyond the threshold', () => {
    let km = 0;
    for (let bus = 0; bus < 40; bus++) {
      const odometers = life.records
        .filter(({ device }) => device === bus)
        .map(({ fields }) => Number(fields.odometerM));
      km += (odometers.at(-1)! - odometers[0]!) / 1000;
    }
    const [brakes, accels] = [flagged('harshBrake'), flagged('harshAccel')];
    console.log(`${brakes.length} harsh brakings and ${accels.length} starts in ${km.toFixed(0)} km`);
    expect(km / brakes.length).toBeGreaterThan(50);
    expect(km / brakes.length).toBeLessThan(130);
    expect(km / accels.length).toBeGreaterThan(80);
    expect(km / accels.length).toBeLessThan(220);
    expect(brakes.every(({ fields }) => Number(fields!.accelMps2) <= -3 && Number(fields!.accelMps2) >= -7)).toBe(true);
    expect(accels.every(({ fields }) => Number(fields!.accelMps2) >= 2.5)).toBe(true);
  });

  it('differs from driver to driver', () => {
    const byDriver = Array.from(
      { length: 40 },
      (_, bus) => flagged('harshBrake').filter(({ device }) => device === bus).length,
    );
    const mean = byDriver.reduce((sum, n) => sum + n, 0) / 40;
    const variance = byDriver.reduce((sum, n) => sum + (n - mean) * (n - mean), 0) / 39;
    // One driver like another would make it the mean.
    expect(variance).toBeGreaterThan(1.4 * mean);
  });

  it('says once that a bus is a tenth above the limit, and again only after it was not', () => {
    const bus = {
      index: 0,
      speedMps: 10,
      linkIndex: 0,
      isTooFast: false,
      side: { line: { id: '1' }, limitMps: () => 10 },
    };
    const said: unknown[] = [];
    const report = { ...life.report, event: (...event: unknown[]) => void said.push(event[4]) };
    for (const speedMps of [10, 10.9, 11.1, 11.5, 10.5, 11.2, 10, 11.3]) {
      bus.speedMps = speedMps;
      watchSpeed(bus as unknown as Bus, START_MS, report);
    }
    expect(said).toEqual([
      { line: '1', speedMps: 11.1 },
      { line: '1', speedMps: 11.3 },
    ]);
  });
});
