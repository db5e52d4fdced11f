import { describe, expect, test } from 'vitest';
import type { City, LandUse } from '../../simulator/city.ts';
import { model } from '../../simulator/models/parking-spot.ts';
import { stayMs } from '../../simulator/parking/stay.ts';
import { lithiumCellV } from '../../simulator/physics/lithium-cell.ts';
import { Random } from '../../simulator/random.ts';
import type { Crowd, People } from '../../simulator/world.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS, fakeWorld } from './fake-world.ts';
import type { Reported } from './fake-world.ts';

const USES = ['retail', 'office', 'industry', 'housing'] as const;
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

function cityWith(landUse: LandUse, spots: number): City {
  const zone = {
    id: 'z',
    name: { en: 'Zone', zh: '区' },
    landUse,
    spots: Array.from({ length: spots }, (_, i) => ({ x: i, y: 0 })),
  };
  return { ...fakeCity(), parkingZones: [zone] };
}

/** A fleet in a moving world. after: called at the end of every tick. */
function lived(city: City, count: number, seconds: number, dtMs: number, after?: (life: Life) => void, seed = 1): Life {
  const life = new Life(model, city, count, seed);
  const world = createWorld({ city, random: new Random(seed), startMs: START_MS, utcOffsetMin: 480 });
  for (let s = 0; s < seconds; s += dtMs / 1000) {
    world.advance(life.nowMs + dtMs);
    life.run(dtMs / 1000, world, dtMs);
    after?.(life);
  }
  return life;
}

/** What changed: records that were not heartbeats. */
function changes(records: readonly Reported[]): Reported[] {
  return records.filter((record) => record.fields.sinceS === 0);
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each(USES)('%s', (landUse) => {
  const spots = 200;
  const occupancy: { civilHour: number; share: number }[] = [];
  const shown = new Map<number, boolean>();
  let read = 0;
  const life = lived(cityWith(landUse, spots), spots, 2 * DAY_S, 60_000, ({ records, nowMs }) => {
    for (; read < records.length; read++) shown.set(records[read]!.device, records[read]!.fields.occupied as boolean);
    // Every spot has had a heartbeat after half an hour.
    if (nowMs - START_MS < 1_800_000) return;
    const share = [...shown.values()].filter(Boolean).length / spots;
    occupancy.push({ civilHour: (((nowMs / 3_600_000 + 8) % 24) + 24) % 24, share });
  });

  test('is half to nearly full by day', () => {
    const day = occupancy.filter(({ civilHour }) => civilHour >= 10 && civilHour < 15).map(({ share }) => share);
    console.log(
      `${landUse}: daytime occupancy mean ${meanOf(day).toFixed(2)}, ${Math.min(...day).toFixed(2)}…${Math.max(...day).toFixed(2)}`,
    );
    expect(meanOf(day)).toBeGreaterThan(0.5);
    expect(meanOf(day)).toBeLessThan(0.95);
    expect(Math.min(...day)).toBeGreaterThan(0.45);
    expect(Math.max(...day)).toBeLessThan(0.98);
  });

  test('turns over as often as its land use does', () => {
    const perDay = changes(life.records).filter((record) => record.fields.occupied).length / spots / 2;
    const [low, high] = { retail: [10, 20], office: [1, 4], industry: [1.2, 4], housing: [0.8, 3] }[landUse] as [
      number,
      number,
    ];
    console.log(`${landUse}: ${perDay.toFixed(2)} arrivals a spot and day, expected ${low}–${high}`);
    expect(perDay).toBeGreaterThan(low);
    expect(perDay).toBeLessThan(high);
  });
});

test('stays have the mean of their law', () => {
  const random = new Random(1);
  const meanMin = {
    retail: 38 * Math.exp(0.405),
    office: 0.7 * 510 + 0.3 * 90 * Math.exp(0.245),
    industry: 0.8 * 540 + 0.2 * 60 * Math.exp(0.245),
    housing: 0.75 * 660 + 0.25 * 1800,
  };
  for (const use of USES) {
    const got = meanOf(Array.from({ length: 20_000 }, (_, i) => stayMs(use, random, i, 1, 0) / 60_000));
    console.log(
      `${use}: mean stay ${got.toFixed(0)} min, law ${meanMin[use].toFixed(0)}, error ${(100 * (got / meanMin[use] - 1)).toFixed(1)} %`,
    );
    expect(Math.abs(got / meanMin[use] - 1)).toBeLessThan(0.03);
  }
});

test('a world without cars shows only false triggers: 0.2 a spot and day, each with its end', () => {
  const empty = fakeWorld();
  const still = {
    ...empty,
    people: { ...empty.people, parkingFactor: { retail: 0, office: 0, industry: 0, housing: 0 } },
  };
  const spots = 400;
  const life = new Life(model, cityWith('retail', spots), spots);
  // Longer than the longest stay: what was parked at the start is gone.
  life.run(4 * DAY_S, still, 600_000);
  const from = life.nowMs;
  life.run(20 * DAY_S, still, 600_000);
  const late = changes(life.records).filter((record) => record.tsMs > from);
  const perDay = late.filter((record) => record.fields.occupied).length / spots / 20;
  console.log(`false triggers: ${perDay.toFixed(3)} a spot and day, target 0.2`);
  expect(Math.abs(perDay / 0.2 - 1)).toBeLessThan(0.1);
  expect(Math.abs(late.filter((record) => !record.fields.occupied).length / spots / 20 - perDay)).toBeLessThan(0.01);
});

describe('time', () => {
  const city = cityWith('retail', 120);

  test('the same seed is the same life, another seed another one', () => {
    const a = lived(city, 60, HOUR_S, 1000).records;
    expect(lived(city, 60, HOUR_S, 1000).records).toEqual(a);
    expect(lived(city, 60, HOUR_S, 1000, undefined, 2).records).not.toEqual(a);
  });

  test('a spot lives the same alone and in a crowd', () => {
    const own = (count: number) =>
      lived(city, count, 6 * HOUR_S, 10_000).records.filter((record) => record.device === 2);
    expect(own(120)).toEqual(own(3));
    expect(own(3).length).toBeGreaterThan(12);
  });

  test('ticks of 1 s and of 60 s show the same changes but for 2 % of them', () => {
    const keys = (dtMs: number) =>
      new Set(
        changes(lived(city, 120, 12 * HOUR_S, dtMs).records).map(
          ({ device, tsMs, fields }) => `${device} ${tsMs} ${fields.occupied}`,
        ),
      );
    const fine = keys(1000);
    const coarse = keys(60_000);
    const differing = 1 - (2 * [...fine].filter((key) => coarse.has(key)).length) / (fine.size + coarse.size);
    console.log(`1 s against 60 s: ${fine.size} changes, ${(100 * differing).toFixed(2)} % differ`);
    expect(fine.size).toBeGreaterThan(500);
    expect(differing).toBeLessThan(0.02);
  });

  test('means over a day differ between ticks of 1 s and of 60 s by no more than the model says', () => {
    const means = (dtMs: number) => {
      const { records } = lived(city, 60, DAY_S, dtMs);
      const of = (field: string) => meanOf(records.map(({ fields }) => Number(fields[field])));
      return ['occupied', 'sinceS', 'tempC', 'batteryV', 'lat', 'lon'].map((field) => [field, of(field)] as const);
    };
    const coarse = new Map(means(60_000));
    for (const [field, fine] of means(1000)) {
      const differing = Math.abs(fine - coarse.get(field)!) / Math.max(Math.abs(fine), Math.abs(coarse.get(field)!));
      const allowed = model.tickTolerance![field] ?? 1e-9;
      console.log(
        `${field}: ticks of 1 s and 60 s differ by ${(100 * differing).toFixed(3)} %, allowed ${100 * allowed} %`,
      );
      expect(differing).toBeLessThanOrEqual(allowed);
    }
  });

  test('ticks of any length lose and double nothing', () => {
    const still = fakeWorld();
    const at = (dtMs: number) => new Life(model, city, 60).run(6 * HOUR_S, still, dtMs).records;
    const fine = at(1000);
    expect(at(100_000)).toEqual(fine);
    expect(at(HOUR_S * 1000)).toEqual(fine);
  });

  test('a change is shown once and a heartbeat comes every 30 min', () => {
    const life = lived(city, 50, 6 * HOUR_S, 1000);
    for (let spot = 0; spot < 50; spot++) {
      const own = life.records.filter((record) => record.device === spot);
      const changed = changes(own);
      expect(changed.every((record, i) => i === 0 || record.fields.occupied !== changed[i - 1]!.fields.occupied)).toBe(
        true,
      );
      // Twelve and the first message, which counts as a heartbeat where the two nearly coincide.
      expect([12, 13]).toContain(own.length - changed.length);
      expect(own[0]!.tsMs - START_MS).toBeLessThanOrEqual(10_000);
    }
  });
});

describe('commands', () => {
  const life = () => new Life(model, cityWith('housing', 10), 10);
  const send = (of: Life, intervalS: unknown) =>
    of.fleet.command!(4, { id: 'c', name: 'setHeartbeat', args: { intervalS } }, of.nowMs, of.report);
  const beats = (of: Life) => of.records.filter((record) => record.device === 4 && record.fields.sinceS !== 0).length;

  test('setHeartbeat is done at once and sets the rhythm', () => {
    const fast = life();
    expect(send(fast, 60)).toEqual({ state: 'done' });
    fast.run(HOUR_S);
    expect(beats(fast)).toBe(60);
    const slow = life();
    send(slow, 86_400);
    slow.run(6 * HOUR_S);
    expect(beats(slow)).toBe(0);
  });

  test('of a flood of commands the last one counts', () => {
    const of = life();
    for (let i = 0; i < 5000; i++) {
      send(of, 60 + (i % 2));
      if (i % 100 === 0) of.run(1);
    }
    send(of, 60);
    const before = beats(of);
    of.run(600);
    expect(beats(of) - before).toBe(10);
  });

  test('bad values are refused with the reason', () => {
    for (const bad of [59, 86_401, 60.5, '60', undefined]) expect(send(life(), bad).state).toBe('rejected');
    expect(send(life(), 5).reason).toBe('intervalS must be a whole number 60…86400, got 5');
    expect(life().fleet.command!(0, { id: 'c', name: 'fly', args: {} }, START_MS, life().report).reason).toContain(
      'unknown command fly',
    );
  });
});

test('a cell is flat, then falls, and is weaker in the cold', () => {
  expect([lithiumCellV(1, 20), lithiumCellV(0.1, 20), lithiumCellV(1, -10)]).toEqual([3.6, 3.6, 3.5]);
  expect(lithiumCellV(0.05, 20)).toBeCloseTo(3.15, 9);
  expect(lithiumCellV(-1, 20)).toBeCloseTo(2.7, 9);
});

test('a spot whose battery sags in a cold night says so once, and one that was low before the run does not', () => {
  const mild = fakeWorld();
  const cold = { ...mild, sky: { ...mild.sky, tempC: -10, illuminanceLx: 0 } };
  const life = new Life(model, cityWith('housing', 2000), 2000).run(HOUR_S, mild, 60_000);
  expect(life.events).toEqual([]);
  const low = life.run(2 * HOUR_S, cold, 60_000).events.filter((event) => event.name === 'batteryLow');
  console.log(`batteries low in the cold: ${low.length} of 2000`);
  expect(low.length).toBeGreaterThan(2);
  expect(low.length).toBeLessThan(60);
  expect(new Set(low.map((event) => event.device)).size).toBe(low.length);
  expect(low.every((event) => event.state === 'raised')).toBe(true);
});

describe('a crowd', () => {
  const city = cityWith('office', 100);
  const night = { parkingFactor: { retail: 0.02, office: 0.02, industry: 0.02, housing: 0.02 } };
  /** Cars that come within four hours, after a day in which most spots became free. */
  const arrivals = (people: Partial<People>, crowds: readonly Crowd[] = [], spots = 100) => {
    const life = new Life(model, city, spots).run(DAY_S, fakeWorld({ people: night }), 60_000);
    const from = life.nowMs;
    life.run(4 * HOUR_S, fakeWorld({ people, crowds }), 60_000);
    return changes(life.records).filter(({ tsMs, fields }) => fields.occupied && tsMs > from);
  };
  const crowd = (people: number): Crowd => ({ center: { x: 20, y: 0 }, radiusM: 29.5, people });

  test('brings one car for ten people within two hours to the spots in its circle, and none elsewhere', () => {
    const quiet = arrivals(night);
    const loud = arrivals(night, [crowd(100)]);
    const inside = (records: readonly Reported[]) => records.filter(({ device }) => device < 50);
    // Five cars an hour, less those that find a car on their spot.
    const more = inside(loud).length - inside(quiet).length;
    console.log(`a crowd of 100 for 4 h: ${more} cars more`);
    expect(more).toBeGreaterThan(10);
    expect(more).toBeLessThan(25);
    const outside = (records: readonly Reported[]) => records.filter(({ device }) => device >= 50);
    expect(outside(loud)).toEqual(outside(quiet));
  });

  test('however large, it brings no more than the busiest hour of the week does', () => {
    const busiest = { parkingFactor: { retail: 99, office: 99, industry: 99, housing: 99 } };
    const most = arrivals(busiest, [], 50);
    expect(most.length).toBeGreaterThan(50);
    expect(arrivals(night, [crowd(1_000_000)], 50)).toEqual(most);
  });
});

test('the truth knows whether a car is there, and sensors mostly see it', () => {
  const { records } = lived(cityWith('retail', 100), 100, 6 * HOUR_S, 60_000);
  const right = records.filter(({ fields, hidden }) => fields.occupied === hidden!.parked).length / records.length;
  console.log(`the sensor is right in ${(100 * right).toFixed(1)} % of the records`);
  expect(right).toBeGreaterThan(0.9);
  expect(right).toBeLessThan(1);
});

test('a city without spots is refused by name', () => {
  expect(() => new Life(model, fakeCity(), 3)).toThrow('city fake must have parking spots for 3 sensors, got none');
});

test('the description is a good one', () => {
  expect(descriptionProblems(model.description)).toEqual([]);
  const life = new Life(model, cityWith('office', 5), 5).run(HOUR_S);
  for (const record of life.records)
    expect(Object.keys(record.fields).sort()).toEqual(Object.keys(model.description.fields).sort());
});
