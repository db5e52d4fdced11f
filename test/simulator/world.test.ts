import { describe, expect, test } from 'vitest';
import { Random } from '../../simulator/random.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { CityStreets, rainLoss } from '../../simulator/world/streets.ts';
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

  test('boardings of a working day have their two peaks, those of a weekend a plateau and 0.85 of the sum', () => {
    const sums = { workday: 0, weekend: 0 };
    for (let day = 0; day < 70; day++) {
      const weekend = day % 7 >= 5;
      const shares = Array.from(
        { length: 24 },
        (_, hour) => worldAt(MONDAY_MS + (24 * day + hour + 0.5) * HOUR_MS).people.boardingShare,
      );
      if (day === 1)
        expect(
          errors(
            'boarding share',
            shares.slice(6, 10).map((share) => share / total(shares)),
            [0.035, 0.118, 0.112, 0.056],
          ),
        ).toBeLessThan(0.02);
      sums[weekend ? 'weekend' : 'workday'] += total(shares) / (weekend ? 20 : 50);
      for (const hour of [0, 1, 2, 3, 4]) expect(shares[hour]).toBe(0);
    }
    expect(sums.workday).toBeGreaterThan(0.96);
    expect(sums.workday).toBeLessThan(1.04);
    expect(sums.weekend / sums.workday).toBeGreaterThan(0.8);
    expect(sums.weekend / sums.workday).toBeLessThan(0.9);
  });

  test('parking factors average one over a working day', () => {
    for (const use of ['retail', 'office', 'industry', 'housing'] as const) {
      const got = hourly(MONDAY_MS + 24 * HOUR_MS, (world) => world.people.parkingFactor[use]);
      expect(Math.abs(total(got) / 24 - 1)).toBeLessThan(0.02);
      expect(Math.min(...got)).toBeGreaterThanOrEqual(0);
    }
  });

  test('nothing jumps, over midnight and into the weekend neither', () => {
    const fridayMs = MONDAY_MS + 4 * 24 * HOUR_MS;
    const world = worldAt(fridayMs);
    let before = world.people;
    for (let s = 10; s <= 48 * 3600; s += 10) {
      world.advance(fridayMs + s * 1000);
      const now = world.people;
      expect(Math.abs(now.waterFactor - before.waterFactor)).toBeLessThan(0.01);
      expect(Math.abs(now.boardingShare - before.boardingShare)).toBeLessThan(0.001);
      expect(Math.abs(now.traffic - before.traffic)).toBeLessThan(0.005);
      before = now;
    }
  });
});

describe('streets', () => {
  const kmh = (streets: CityStreets) => streets.meanSpeedMps() * 3.6;

  test('the network drives 38–40 km/h when empty and 27.9 km/h at the peak', () => {
    const streets = new CityStreets(city, new Random(4));
    streets.advance(0, 0, 0);
    const freeKmh = kmh(streets);
    streets.advance(0, 1, 0);
    console.log(`network mean: free ${freeKmh.toFixed(2)} km/h, peak ${kmh(streets).toFixed(2)} km/h`);
    expect(freeKmh).toBeGreaterThan(38);
    expect(freeKmh).toBeLessThan(40);
    expect(Math.abs(kmh(streets) - 27.9)).toBeLessThan(0.3);
  });

  test('moderate rain takes 12–20 % at the peak and less than 6 % at night', () => {
    const streets = new CityStreets(city, new Random(4));
    const lossAt = (traffic: number) => {
      streets.advance(0, traffic, 0);
      const dryKmh = kmh(streets);
      streets.advance(0, traffic, 5);
      return 1 - kmh(streets) / dryKmh;
    };
    expect(lossAt(1)).toBeGreaterThan(0.12);
    expect(lossAt(1)).toBeLessThan(0.2);
    expect(lossAt(0.05)).toBeGreaterThan(0);
    expect(lossAt(0.05)).toBeLessThan(0.065);
    expect(rainLoss(200, 1)).toBeCloseTo(0.249, 9);
  });

  test('what vehicles drive is felt on their link one advance later, and forgotten when they are gone', () => {
    const streets = new CityStreets(city, new Random(4));
    streets.advance(0, 0.5, 0);
    const before = streets.speedFactor(3);
    const elsewhere = streets.speedFactor(9);
    const drive = (share: (link: number) => number) => {
      for (let link = 0; link < 40; link++)
        streets.observe(link, share(link) * streets.speedFactor(link) * city.links[link]!.speedLimitMps);
    };
    drive((link) => (link === 3 ? 0.2 : 0.9));
    expect(streets.speedFactor(3)).toBe(before);
    for (let i = 0; i < 600; i++) {
      streets.advance(1000, 0.5, 0);
      drive((link) => (link === 3 ? 0.2 : 0.9));
    }
    expect(streets.speedFactor(3)).toBeLessThan(0.5 * before);
    expect(Math.abs(streets.speedFactor(9) / elsewhere - 1)).toBeLessThan(0.1);
    for (let i = 0; i < 7200; i++) streets.advance(1000, 0.5, 0);
    expect(Math.abs(streets.speedFactor(3) / before - 1)).toBeLessThan(0.01);
  });

  test('vehicles that always stop at signals do not slow the city for ever', () => {
    const streets = new CityStreets(city, new Random(4));
    streets.advance(0, 1, 0);
    const before = kmh(streets);
    for (let i = 0; i < 3600; i++) {
      city.links.forEach((link, index) =>
        streets.observe(index, 0.6 * streets.speedFactor(index) * link.speedLimitMps),
      );
      streets.advance(1000, 1, 0);
    }
    expect(Math.abs(kmh(streets) / before - 1)).toBeLessThan(0.02);
  });

  test('a speed that cannot be is refused', () => {
    const streets = new CityStreets(city, new Random(4));
    expect(() => streets.observe(0, Number.NaN)).toThrow('speed on link 0 must be 0…100 m/s, got NaN');
    expect(() => streets.observe(0, -1)).toThrow('got -1');
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
