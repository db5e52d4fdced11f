import { describe, expect, test } from 'vitest';
import { Random } from '../../simulator/random.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { Observations } from '../../simulator/world/observations.ts';
import { CityStreets, rainLoss } from '../../simulator/world/streets.ts';
import { fakeCity } from './fake-city.ts';

/** Monday 2026-05-18, 00:00 civil time. */
const MONDAY_MS = Date.UTC(2026, 4, 17, 16);
const city = fakeCity();

const worldAt = (simTimeMs: number, seed = 1, utcOffsetMin = 480) =>
  createWorld({ city, random: new Random(seed), startMs: simTimeMs, utcOffsetMin });

describe('streets', () => {
  const kmh = (streets: CityStreets) => streets.meanSpeedMps() * 3.6;

  test('the network drives 38–40 km/h when empty and 27.9 km/h at the peak', () => {
    const streets = new CityStreets(city, new Random(4));
    streets.flow(0, 0);
    const freeKmh = kmh(streets);
    streets.flow(1, 0);
    console.log(`network mean: free ${freeKmh.toFixed(2)} km/h, peak ${kmh(streets).toFixed(2)} km/h`);
    expect(freeKmh).toBeGreaterThan(38);
    expect(freeKmh).toBeLessThan(40);
    expect(Math.abs(kmh(streets) - 27.9)).toBeLessThan(0.3);
  });

  test('moderate rain takes 12–20 % at the peak and less than 6 % at night', () => {
    const streets = new CityStreets(city, new Random(4));
    const lossAt = (traffic: number) => {
      streets.flow(traffic, 0);
      const dryKmh = kmh(streets);
      streets.flow(traffic, 5);
      return 1 - kmh(streets) / dryKmh;
    };
    expect(lossAt(1)).toBeGreaterThan(0.12);
    expect(lossAt(1)).toBeLessThan(0.2);
    expect(lossAt(0.05)).toBeGreaterThan(0);
    expect(lossAt(0.05)).toBeLessThan(0.06);
    expect(rainLoss(200, 1)).toBeCloseTo(0.249, 9);
  });

  test('what vehicles drive is felt on their link one advance later, and forgotten when they are gone', () => {
    const streets = new CityStreets(city, new Random(4));
    streets.flow(0.5, 0);
    const before = streets.speedFactor(3);
    const elsewhere = streets.speedFactor(9);
    const drive = (share: (link: number) => number) => {
      for (let link = 0; link < 40; link++)
        streets.observe(link, share(link) * streets.speedFactor(link) * city.links[link]!.speedLimitMps);
    };
    drive((link) => (link === 3 ? 0.2 : 0.9));
    expect(streets.speedFactor(3)).toBe(before);
    for (let i = 0; i < 600; i++) {
      streets.learn(1000);
      drive((link) => (link === 3 ? 0.2 : 0.9));
    }
    expect(streets.speedFactor(3)).toBeLessThan(0.5 * before);
    expect(Math.abs(streets.speedFactor(9) / elsewhere - 1)).toBeLessThan(0.1);
    for (let i = 0; i < 7200; i++) streets.learn(1000);
    expect(Math.abs(streets.speedFactor(3) / before - 1)).toBeLessThan(0.01);
  });

  test('vehicles that always stop at signals do not slow the city for ever', () => {
    const streets = new CityStreets(city, new Random(4));
    streets.flow(1, 0);
    const before = kmh(streets);
    for (let i = 0; i < 3600; i++) {
      city.links.forEach((link, index) =>
        streets.observe(index, 0.6 * streets.speedFactor(index) * link.speedLimitMps),
      );
      streets.learn(1000);
    }
    expect(Math.abs(kmh(streets) / before - 1)).toBeLessThan(0.02);
  });

  test('a speed that cannot be is refused', () => {
    const streets = new CityStreets(city, new Random(4));
    expect(() => streets.observe(0, Number.NaN)).toThrow('speed on link 0 must be 0…100 m/s, got NaN');
    expect(() => streets.observe(0, -1)).toThrow('got -1');
  });
});

describe('observations', () => {
  test('sum the same in any order and over any number of workers, complete one turn later', () => {
    const links = 5;
    const said = Array.from({ length: 400 }, (_, i) => [(i * 7) % links, (i * 977) % 20_000] as const);
    const alone = new Observations(links);
    for (const [link, mmps] of said) alone.add(link, mmps);
    const buffer = new SharedArrayBuffer(Observations.bytes(links));
    const workers = [0, 1, 2].map((worker) => new Observations(links, buffer, worker === 0));
    said.toReversed().forEach(([link, mmps], i) => workers[i % 3]!.add(link, mmps));
    const wanted = alone.turn();
    for (const worker of workers) expect(worker.turn()).toEqual(wanted);
    expect(wanted.count.reduce((sum, count) => sum + count, 0)).toBe(400);
  });

  test('of a tick are gone two turns later, and the turn after starts from nothing', () => {
    const observations = new Observations(2);
    for (let tick = 1; tick <= 7; tick++) {
      observations.add(1, 1000 * tick);
      expect(observations.turn()).toEqual({ sum: Int32Array.of(0, 1000 * tick), count: Int32Array.of(0, 1) });
    }
    observations.turn();
    expect(observations.turn().count[1]).toBe(0);
  });

  test('need a buffer of their size', () => {
    expect(() => new Observations(5, new SharedArrayBuffer(8))).toThrow(
      'observations of 5 links need 120 bytes, got 8',
    );
  });

  test('make the same streets in one world and in replicas over one buffer', () => {
    const buffer = new SharedArrayBuffer(Observations.bytes(city.links.length));
    const create = (observations?: Observations) => {
      const options = { city, random: new Random(1), startMs: MONDAY_MS, utcOffsetMin: 480 };
      return createWorld(observations === undefined ? options : { ...options, observations });
    };
    const alone = create();
    const replicas = [true, false].map((cleans) => create(new Observations(city.links.length, buffer, cleans)));
    for (let second = 1; second <= 300; second++) {
      for (let car = 0; car < 20; car++) {
        const [link, speedMps] = [(car * 13 + (second % 5)) % city.links.length, ((car * second) % 14) + 0.3];
        alone.streets.observe(link, speedMps);
        replicas[car % 2]!.streets.observe(link, speedMps);
      }
      for (const world of [...replicas, alone]) world.advance(MONDAY_MS + second * 1000);
    }
    const speeds = (world: typeof alone) => city.links.map((_, link) => world.streets.speedFactor(link));
    for (const replica of replicas) expect(speeds(replica)).toEqual(speeds(alone));
    expect(speeds(alone)).not.toEqual(speeds(worldAt(MONDAY_MS + 300_000)));
  });
});
