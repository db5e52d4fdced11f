import { describe, expect, test } from 'vitest';
import type { DayType } from '../../simulator/world.ts';
import { Random } from '../../simulator/random.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { parkingPeak } from '../../simulator/world/people.ts';
import { fakeCity } from './fake-city.ts';

const HOUR_MS = 3_600_000;
/** Monday 2026-05-18, 00:00 civil time. */
const MONDAY_MS = Date.UTC(2026, 4, 17, 16);
const city = fakeCity();

const worldAt = (simTimeMs: number, seed = 1, utcOffsetMin = 480) =>
  createWorld({ city, random: new Random(seed), startMs: simTimeMs, utcOffsetMin });

/** Means of the hours of a day that begins at `fromMs`, by the minute. */
function hourly(fromMs: number, read: (world: ReturnType<typeof createWorld>) => number): number[] {
  const world = worldAt(fromMs);
  return Array.from({ length: 24 }, (_, hour) => {
    let sum = 0;
    for (let minute = 0; minute < 60; minute++) {
      world.advance(fromMs + hour * HOUR_MS + minute * 60_000 + 30_000);
      sum += read(world);
    }
    return sum / 60;
  });
}

function errors(name: string, got: readonly number[], wanted: readonly number[]): number {
  const differences = got.map((value, i) => Math.abs(value - wanted[i]!));
  const worst = Math.max(...differences);
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  console.log(`${name}: mean error ${mean.toFixed(4)}, worst ${worst.toFixed(4)}`);
  return worst;
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const mean = (values: readonly number[]) => total(values) / values.length;

describe('people', () => {
  test('hourly means of water use are those of the measured homes', () => {
    const wanted = [
      0.23, 0.14, 0.12, 0.13, 0.19, 0.47, 1.31, 1.68, 1.26, 0.93, 1.07, 1.43, 1.2, 0.79, 0.68, 0.64, 0.85, 1.45, 2.05,
      2, 1.78, 1.59, 1.24, 0.77,
    ];
    const got = hourly(MONDAY_MS + 24 * HOUR_MS, (world) => world.people.waterFactor);
    expect(errors('water factor', got, wanted)).toBeLessThan(0.02);
    expect(total(got)).toBeCloseTo(24, 1);
  });

  test('boardings of a working day have their two peaks, those of a free day a plateau and 0.85 of the sum', () => {
    const sums = { workday: [] as number[], weekend: [] as number[], holiday: [] as number[] };
    const world = worldAt(MONDAY_MS);
    for (let day = 0; day < 70; day++) {
      const shares = Array.from({ length: 24 }, (_, hour) => {
        world.advance(MONDAY_MS + (24 * day + hour + 0.5) * HOUR_MS);
        return world.people.boardingShare;
      });
      if (day === 1)
        expect(
          errors(
            'boarding share',
            shares.slice(6, 10).map((share) => share / total(shares)),
            [0.035, 0.118, 0.112, 0.056],
          ),
        ).toBeLessThan(0.02);
      sums[world.calendar.dayType].push(total(shares));
      for (const hour of [0, 1, 2, 3, 4]) expect(shares[hour]).toBe(0);
    }
    const workday = mean(sums.workday);
    expect(workday).toBeGreaterThan(0.96);
    expect(workday).toBeLessThan(1.04);
    expect(mean(sums.weekend) / workday).toBeGreaterThan(0.8);
    expect(mean(sums.weekend) / workday).toBeLessThan(0.9);
  });

  test('parking factors average one over a working day', () => {
    for (const use of ['retail', 'office', 'industry', 'housing'] as const) {
      const got = hourly(MONDAY_MS + 24 * HOUR_MS, (world) => world.people.parkingFactor[use]);
      expect(Math.abs(mean(got) - 1)).toBeLessThan(0.02);
      expect(Math.min(...got)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...got)).toBeLessThanOrEqual(parkingPeak(use));
    }
  });

  test('nothing jumps, over midnight and into the weekend neither', () => {
    const fridayMs = MONDAY_MS + 4 * 24 * HOUR_MS;
    const world = worldAt(fridayMs);
    const worst = { waterFactor: 0, boardingShare: 0, traffic: 0 };
    let before = world.people;
    for (let s = 10; s <= 48 * 3600; s += 10) {
      world.advance(fridayMs + s * 1000);
      const now = world.people;
      for (const name of ['waterFactor', 'boardingShare', 'traffic'] as const)
        worst[name] = Math.max(worst[name], Math.abs(now[name] - before[name]));
      before = now;
    }
    expect(worst.waterFactor).toBeLessThan(0.01);
    expect(worst.boardingShare).toBeLessThan(0.001);
    expect(worst.traffic).toBeLessThan(0.005);
  });
});

describe('holidays', () => {
  /** Means over a civil day. date: civil */
  function dayOf(date: string, dayType?: DayType) {
    const fromMs = Date.parse(`${date}T00:00:00Z`) - 480 * 60_000;
    const base = { city, random: new Random(1), startMs: fromMs, utcOffsetMin: 480 };
    const world = createWorld(dayType === undefined ? base : { ...base, dayType });
    const sums = { boardings: 0, water: 0, traffic: 0, retail: 0, office: 0, morning: 0 };
    for (let minute = 5; minute < 1440; minute += 10) {
      world.advance(fromMs + minute * 60_000);
      const { people } = world;
      sums.boardings += people.boardingShare / 144;
      sums.water += people.waterFactor / 144;
      sums.traffic += people.traffic / 144;
      sums.retail += people.parkingFactor.retail / 144;
      sums.office += people.parkingFactor.office / 144;
      if (Math.floor(world.civilHour) === 7) sums.morning += people.traffic / 6;
    }
    return sums;
  }

  test('a holiday has no morning peak, empty offices and full shops', () => {
    // The same day, so that weather and chance are the same.
    const [work, free] = [dayOf('2026-05-20'), dayOf('2026-05-20', 'holiday')];
    expect(free.morning).toBeLessThan(0.4 * work.morning);
    expect(free.office).toBeLessThan(0.2 * work.office);
    expect(free.retail).toBeGreaterThan(1.3 * work.retail);
    expect(free.boardings / work.boardings).toBeCloseTo(0.85, 2);
    expect(free.water).toBeCloseTo(work.water, 2);
  });

  test('Spring Festival takes a quarter of the water, a third of the traffic and two fifths of the boardings', () => {
    // An ordinary weekend day on the same date has the same weather and the same day factor.
    const [festival, weekend] = [dayOf('2026-02-18'), dayOf('2026-02-18', 'weekend')];
    expect(festival.water / weekend.water).toBeCloseTo(0.75, 2);
    expect(festival.traffic / weekend.traffic).toBeGreaterThan(0.6);
    expect(festival.traffic / weekend.traffic).toBeLessThan(0.66);
    expect(festival.boardings / weekend.boardings).toBeCloseTo(0.6, 2);
  });

  test('without school the morning peak of a working day has 8 % fewer cars, the evening as many', () => {
    const at = (date: string, hour: number) => {
      const ms = Date.parse(`${date}T00:00:00Z`) - 480 * 60_000 + (hour + 0.5) * HOUR_MS;
      const { people, sky } = worldAt(ms);
      return people.traffic / (1 + 0.03 * Math.min(1, sky.rainMmPerH / 2.5));
    };
    expect(at('2026-07-15', 7) / at('2026-06-10', 7)).toBeCloseTo(0.92, 9);
    expect(at('2026-07-15', 17)).toBeGreaterThan(0.95);
  });

  test('a run may have one type of day for all its days', () => {
    const world = createWorld({
      city,
      random: new Random(1),
      startMs: MONDAY_MS,
      utcOffsetMin: 480,
      dayType: 'weekend',
    });
    expect(world.calendar.dayType).toBe('weekend');
    world.advance(MONDAY_MS + 3 * HOUR_MS);
    expect(world.hour((MONDAY_MS + 480 * 60_000) / HOUR_MS).dayType).toBe('weekend');
  });
});
