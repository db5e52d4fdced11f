import { describe, expect, test } from 'vitest';
import { loadCity } from '../../simulator/city/load.ts';
import { model } from '../../simulator/models/weather-station.ts';
import { builtUpShare, heatIslandK } from '../../simulator/physics/local-climate.ts';
import { caughtMmPerH } from '../../simulator/physics/tipping-bucket.ts';
import type { Sky } from '../../simulator/world.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { Random } from '../../simulator/random.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import { fakeWorld } from './fake-world.ts';
import { Sleepers, UTC_OFFSET_MIN, civil } from './sleepers.ts';
import type { SleepersOptions, Told } from './sleepers.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const START_MS = civil(2026, 6, 20, 6);
const TIP_MM = model.description.fields.rainMm!.resolution!;

const number = (record: Told, field: string) => record.fields[field] as number;
const rainOf = (life: Sleepers, device: number) => {
  const own = life.of(device);
  return number(own.at(-1)!, 'rainMm') - number(own[0]!, 'rainMm');
};

/** Stations under a sky of the test's own. */
function under(skyAt: (sinceMs: number) => Partial<Sky>, options: Partial<SleepersOptions> = {}): Sleepers {
  const worldAt = (nowMs: number) => fakeWorld({ simTimeMs: nowMs, isOn: false, sky: skyAt(nowMs - START_MS) });
  return new Sleepers(model, { count: 1, startMs: START_MS, worldAt, ...options });
}

/** A shower of two hours that swells to a peak and ebbs away. */
const shower = (peakMmPerH: number) => (sinceMs: number) => {
  const share = (sinceMs - HOUR_MS) / (2 * HOUR_MS);
  const inside = share > 0 && share < 1;
  return { rainMmPerH: inside ? (peakMmPerH * (1 - Math.cos(2 * Math.PI * share))) / 2 : 0 };
};

describe('rain', () => {
  test('every millimetre that reaches the bucket is counted, within one tip', () => {
    for (const peakMmPerH of [2.13, 19.7, 45.05, 121.3]) {
      const fallenAt = shower(peakMmPerH);
      let [fallenMm, caughtMm] = [0, 0];
      for (let ms = 500; ms < 4 * HOUR_MS; ms += 1000) {
        fallenMm += fallenAt(ms).rainMmPerH / 3600;
        caughtMm += caughtMmPerH(fallenAt(ms).rainMmPerH) / 3600;
      }
      const life = under(fallenAt, { count: 12 }).runUntil(START_MS + 4 * HOUR_MS);
      const got = Array.from({ length: 12 }, (_, device) => rainOf(life, device));
      const worst = Math.max(...got.map((mm) => Math.abs(mm - caughtMm)));
      console.log(
        `rain: ${fallenMm.toFixed(2)} mm fell, ${caughtMm.toFixed(2)} caught, worst station ${worst.toFixed(2)} mm off`,
      );
      // A look a minute sees the edge of a downpour at most a minute late.
      expect(worst).toBeLessThan(TIP_MM + 0.02);
      expect(life.of(0).at(-1)!.hidden!.fallenMm).toBeCloseTo(fallenMm, 2);
      if (peakMmPerH < 50) expect(caughtMm).toBeCloseTo(fallenMm, 9);
      else expect(caughtMm / fallenMm).toBeCloseTo(0.96, 2);
    }
  });

  test('a rainy day of the city adds up in every station', () => {
    const world = createWorld({
      city: loadCity(),
      random: new Random(1).fork('world'),
      startMs: civil(2026, 6, 1),
      utcOffsetMin: UTC_OFFSET_MIN,
    });
    let caughtMm = 0;
    // The first day of summer with a good rain.
    for (let day = 1; day < 60 && caughtMm < 10; day++) {
      world.advance(civil(2026, 6, day + 1));
      const first = (civil(2026, 6, day) + UTC_OFFSET_MIN * MIN_MS) / HOUR_MS;
      caughtMm = 0;
      for (let hour = first; hour < first + 24; hour++) caughtMm += caughtMmPerH(world.hour(hour).rainMmPerH);
    }
    const startMs = world.simTimeMs - 24 * HOUR_MS;
    const life = new Sleepers(model, { count: 3, startMs }).runUntil(world.simTimeMs);
    const got = [0, 1, 2].map((device) => rainOf(life, device));
    console.log(`rain: ${caughtMm.toFixed(1)} mm in a day, stations ${got.map((mm) => mm.toFixed(1)).join(', ')}`);
    expect(caughtMm).toBeGreaterThan(10);
    for (const mm of got) expect(Math.abs(mm - caughtMm)).toBeLessThan(0.02 * caughtMm + TIP_MM);
  });

  test('is told in whole tips, and per hour since the last record', () => {
    const own = under(shower(30))
      .runUntil(START_MS + 4 * HOUR_MS)
      .of(0);
    for (let i = 1; i < own.length; i++) {
      const tips = number(own[i]!, 'rainMm') / TIP_MM;
      expect(Math.abs(tips - Math.round(tips))).toBeLessThan(1e-6);
      const hours = (own[i]!.tsMs - own[i - 1]!.tsMs) / HOUR_MS;
      const grownMm = number(own[i]!, 'rainMm') - number(own[i - 1]!, 'rainMm');
      expect(number(own[i]!, 'rainMmPerH')).toBeCloseTo(grownMm / hours, 6);
    }
    expect(own[0]!.fields.rainMmPerH).toBeUndefined();
  });

  test('begins with a tip and is over half an hour after the last one', () => {
    const life = under(shower(20), { count: 4 }).runUntil(START_MS + 5 * HOUR_MS);
    for (let device = 0; device < 4; device++) {
      const told = life.events.filter((event) => event.device === device);
      expect(told.map(({ name, state }) => `${name} ${state}`)).toEqual(['rain raised', 'rain cleared']);
      const [raised, cleared] = told;
      expect(raised!.tsMs).toBeGreaterThan(START_MS + HOUR_MS);
      expect(raised!.tsMs).toBeLessThan(START_MS + 1.5 * HOUR_MS);
      const tipping = life.of(device).filter((record) => (record.fields.rainMmPerH as number) > 0);
      const sinceLastMs = cleared!.tsMs - tipping.at(-1)!.tsMs;
      expect(sinceLastMs).toBeGreaterThanOrEqual(25 * MIN_MS);
      expect(sinceLastMs).toBeLessThanOrEqual(30 * MIN_MS);
    }
  });
});

describe('wind', () => {
  test('below the start of the cups nothing turns, neither cups nor vane', () => {
    const life = under((ms) => ({
      windMps: ms < HOUR_MS ? 4 : 0.2,
      gustMps: 0.3,
      windFromDeg: ms < HOUR_MS ? 90 : 270,
    }));
    life.runUntil(START_MS + 2 * HOUR_MS);
    expect(life.of(0).at(-1)!.fields).toMatchObject({ windMps: 0, windFromDeg: 90 });
    expect(number(life.of(0)[5]!, 'windMps')).toBeGreaterThan(3);
    const calm = under(() => ({ windMps: 0.2 })).runUntil(START_MS + HOUR_MS);
    expect(calm.of(0).at(-1)!.fields.windFromDeg).toBeUndefined();
  });

  test('the strongest gust of the interval is kept, not the last one', () => {
    const life = under((ms) => ({ windMps: 3, gustMps: Math.floor(ms / MIN_MS) === 62 ? 20 : 5 }));
    life.runUntil(START_MS + 2 * HOUR_MS);
    const gusts = life.of(0).map((record) => number(record, 'gustMps'));
    const strong = life.of(0).filter((record) => number(record, 'gustMps') > 2 * Math.min(...gusts));
    expect(strong.map(({ tsMs }) => tsMs)).toEqual([START_MS + 65 * MIN_MS]);
  });
});

describe('temperature', () => {
  const bright: Partial<Sky> = { irradianceWpm2: 800, sunElevationDeg: 60, tempC: 30, dewPointC: 20 };

  test('sun without wind warms the shield by 1.5 K, and dries the air in it', () => {
    const read = (windMps: number, irradianceWpm2: number) =>
      under(() => ({ ...bright, windMps, irradianceWpm2 }))
        .runUntil(START_MS + 10 * MIN_MS)
        .of(0)
        .at(-1)!;
    const glaring = read(0.5, 800);
    expect(number(glaring, 'tempC') - (glaring.hidden!.airC as number)).toBeCloseTo(1.5, 9);
    for (const [wind, light] of [
      [2, 800],
      [0.5, 500],
    ] as const) {
      const record = read(wind, light);
      expect(record.fields.tempC).toBe(record.hidden!.airC);
      expect(number(record, 'humidityPct')).toBeGreaterThan(number(glaring, 'humidityPct'));
    }
  });

  test('the old town keeps up to 0.8 K of the day on a calm night, open country nothing, and by day all are alike', () => {
    const city = loadCity();
    const night = { ...fakeWorld().sky, sunElevationDeg: -30, windMps: 0 };
    const town = builtUpShare(city, { x: 0, y: 0 });
    console.log(`heat island: the old town is ${(100 * town).toFixed(0)} % built up`);
    expect(town).toBeGreaterThan(0.6);
    expect(heatIslandK(1, night)).toBeCloseTo(0.8, 9);
    expect(heatIslandK(town, night)).toBeGreaterThan(heatIslandK(0.2, night));
    expect(heatIslandK(0, night)).toBe(0);
    expect(heatIslandK(1, { ...night, sunElevationDeg: 40 })).toBe(0);
  });
});

describe('reports', () => {
  test('come every five minutes on the mark, and once within ten seconds of the start, also in a power cut', () => {
    const life = under(() => ({}), { tickMs: 1000, count: 3 }).runUntil(START_MS + HOUR_MS);
    for (let device = 0; device < 3; device++) {
      const [first, ...rest] = life.of(device).map(({ tsMs }) => tsMs - START_MS);
      expect(first).toBeLessThanOrEqual(10_000);
      expect(rest).toEqual(Array.from({ length: 12 }, (_, i) => (i + 1) * 5 * MIN_MS));
    }
    expect('notice' in life.fleet).toBe(false);
  });

  test('follow setInterval from the next mark on, and bad intervals are refused', () => {
    const life = under(() => ({})).runUntil(START_MS + 10 * MIN_MS);
    expect(life.send(0, 'setInterval', { intervalS: 90 })).toEqual({ state: 'done' });
    const before = life.of(0).length;
    life.runUntil(START_MS + 16 * MIN_MS);
    expect(
      life
        .of(0)
        .slice(before)
        .map(({ tsMs }) => (tsMs - START_MS) / 1000),
    ).toEqual([630, 720, 810, 900]);
    expect(life.send(0, 'setInterval', { intervalS: 30 })).toEqual({
      state: 'rejected',
      reason: 'intervalS must be a whole number 60…3600, got 30',
    });
    expect(life.send(0, 'dance').reason).toContain('unknown command dance');
  });

  test('are the same with ticks of a second and of a minute, alone and in a crowd', () => {
    const sky = shower(60);
    const live = (options: Partial<SleepersOptions>) =>
      under(sky, { count: 2, ...options })
        .runUntil(START_MS + 3 * HOUR_MS)
        .of(1);
    // The first one is sent between two whole minutes.
    expect(live({ tickMs: 1000 }).slice(1)).toEqual(live({}).slice(1));
    expect(live({ count: 9 })).toEqual(live({}));
    expect(live({ seed: 2 })).not.toEqual(live({}));
  });
});

describe('places', () => {
  const city = loadCity();
  const placesOf = (count: number) => {
    const { fleet } = under(() => ({}), { count });
    return Array.from({ length: count }, (_, device) => fleet.placeOf(device));
  };

  test('the first stations stand in the districts, the others far from all before them', () => {
    const places = placesOf(model.demoCount);
    expect(places.slice(0, city.districts.length)).toEqual(city.districts.map(({ center }) => center));
    let nearestM = Infinity;
    places.forEach((a, i) =>
      places.slice(0, i).forEach((b) => (nearestM = Math.min(nearestM, Math.hypot(a.x - b.x, a.y - b.y)))),
    );
    console.log(`weather stations: ${places.length}, the nearest two ${(nearestM / 1000).toFixed(1)} km apart`);
    expect(nearestM).toBeGreaterThan(3000);
  });

  test('more stations move none, and hundreds have places too', () => {
    const many = placesOf(300);
    for (const count of [1, 6, 12, 40]) expect(placesOf(count)).toEqual(many.slice(0, count));
    expect(new Set(many.map(({ x, y }) => `${x} ${y}`)).size).toBeGreaterThan(290);
  });
});

test('the description is a good one and every report fits it', () => {
  expect(descriptionProblems(model.description)).toEqual([]);
  const { fields } = model.description;
  const startMs = civil(2026, 7, 10);
  const life = new Sleepers(model, { count: 12, startMs }).runUntil(startMs + 24 * HOUR_MS);
  const outside = life.records.flatMap((record) =>
    Object.entries(record.fields).filter(
      ([name, value]) => typeof value === 'number' && !(value >= fields[name]!.min! && value <= fields[name]!.max!),
    ),
  );
  expect(outside).toEqual([]);
  const seen = new Set(life.records.flatMap((record) => Object.keys(record.fields)));
  expect([...seen].sort()).toEqual(Object.keys(fields).sort());
});
