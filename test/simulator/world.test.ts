import { describe, expect, test } from 'vitest';
import { Random } from '../../simulator/random.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { fakeCity } from './fake-city.ts';

const HOUR_MS = 3_600_000;
/** Monday 2026-05-18, 00:00 civil time. */
const MONDAY_MS = Date.UTC(2026, 4, 17, 16);
const city = fakeCity();

const worldAt = (simTimeMs: number, seed = 1, utcOffsetMin = 480) =>
  createWorld({ city, random: new Random(seed), startMs: simTimeMs, utcOffsetMin });

describe('hours', () => {
  const index = (MONDAY_MS + 480 * 60_000) / HOUR_MS + 14;
  const overMs = MONDAY_MS + 15 * HOUR_MS;

  test('are the means of the sky that devices saw, with what was imposed', () => {
    const world = worldAt(MONDAY_MS);
    const fromMs = overMs - 40 * 60_000;
    const args = { rainMmPerH: 20, tempShiftK: -3 };
    world.impose({ id: 'a', event: 'weather', fromMs, untilMs: overMs + HOUR_MS, args });
    const seen = { tempC: 0, rainMmPerH: 0, irradianceWpm2: 0 };
    for (let s = 5; s < 3600; s += 10) {
      world.advance(overMs - HOUR_MS + s * 1000);
      for (const field of ['tempC', 'rainMmPerH', 'irradianceWpm2'] as const) seen[field] += world.sky[field] / 360;
    }
    world.advance(overMs);
    const hour = world.hour(index);
    expect(hour).toMatchObject({ hour: 14, dayType: 'workday', dayOfYear: 138 });
    expect(hour.tempC).toBeCloseTo(seen.tempC, 1);
    expect(hour.rainMmPerH / seen.rainMmPerH).toBeCloseTo(1, 1);
    expect(hour.irradianceWpm2 / seen.irradianceWpm2).toBeCloseTo(1, 1);
    expect(hour.rainMmPerH).toBeGreaterThan(8);
  });

  test('of the future are not known, those of last week are', () => {
    const world = worldAt(overMs - 1);
    expect(() => world.hour(index)).toThrow('hours are known when they are over');
    expect(() => world.hour(1.5)).toThrow('whole number of hours');
    world.advance(overMs);
    expect(world.hour(index - 7 * 24)).toEqual(worldAt(overMs - 7 * 24 * HOUR_MS).hour(index - 7 * 24));
  });

  test('feel the day before and the season, not what is still to come', () => {
    const plain = worldAt(overMs);
    const world = worldAt(overMs);
    world.impose({ id: 'a', event: 'weather', fromMs: overMs, untilMs: Infinity, args: { tempShiftK: -20, rampS: 0 } });
    expect(world.hour(index)).toEqual(plain.hour(index));
    for (const each of [world, plain]) each.advance(overMs + 48 * HOUR_MS);
    const [cold, mild] = [world, plain].map((each) => each.hour(index + 33));
    expect(cold!.dayMeanTempC - mild!.dayMeanTempC).toBeCloseTo(-20, 6);
    // All of the last day, nine of the hours of the one before.
    expect(cold!.weightedTempC - mild!.weightedTempC).toBeCloseTo((-20 * (1 + 0.5 * (9 / 24))) / 1.875, 6);
  });
});

describe('world', () => {
  test('is the same at a time however it was stepped', () => {
    const fine = worldAt(MONDAY_MS);
    for (let s = 1; s <= 6 * 3600; s++) fine.advance(MONDAY_MS + s * 1000);
    const coarse = worldAt(MONDAY_MS);
    coarse.advance(MONDAY_MS + 6 * HOUR_MS);
    const started = worldAt(MONDAY_MS + 6 * HOUR_MS);
    for (const world of [coarse, started]) {
      expect(world.sky).toEqual(fine.sky);
      expect(world.people).toEqual(fine.people);
      expect(world.streets.speedFactor(0)).toBe(fine.streets.speedFactor(0));
    }
    expect(worldAt(MONDAY_MS + 6 * HOUR_MS, 2).sky).not.toEqual(fine.sky);
  });

  test('tells civil time', () => {
    const world = worldAt(MONDAY_MS);
    expect([world.civilHour, world.civilWeekday]).toEqual([0, 1]);
    world.advance(MONDAY_MS + 6 * 24 * HOUR_MS + 7.5 * HOUR_MS);
    expect([world.civilHour, world.civilWeekday]).toEqual([7.5, 0]);
  });

  test('the sun follows a clock that a demo has moved', () => {
    const noonMs = MONDAY_MS + 12 * HOUR_MS;
    const moved = worldAt(noonMs - 9 * HOUR_MS, 1, 480 + 9 * 60);
    expect(moved.civilHour).toBe(12);
    expect(moved.sky).toEqual(worldAt(noonMs).sky);
    expect(moved.sky.sunElevationDeg).toBeGreaterThan(70);
  });

  test('does not go back in time', () => {
    const world = worldAt(MONDAY_MS);
    expect(() => world.advance(MONDAY_MS - 1)).toThrow('the world moves forward only');
  });
});
