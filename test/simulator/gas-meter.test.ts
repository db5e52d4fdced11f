import { describe, expect, test } from 'vitest';
import { loadCity } from '../../simulator/city/load.ts';
import { model } from '../../simulator/models/gas-meter.ts';
import { gasM3, isHeated } from '../../simulator/physics/gas-demand.ts';
import { Random } from '../../simulator/random.ts';
import { createSensor } from '../../simulator/sensor.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import { fakeCity } from './fake-city.ts';
import { fakeWorld } from './fake-world.ts';
import { Sleepers, UTC_OFFSET_MIN, civil } from './sleepers.ts';
import type { Told } from './sleepers.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const number = (record: Told, field: string) => record.fields[field] as number;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const civilHour = (ms: number) => ((((ms + UTC_OFFSET_MIN * MIN_MS) % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS;

/** Square of the correlation. */
function r2(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  const xy = sum(x.map((value, i) => (value - mx) * (y[i]! - my)));
  return (
    (xy * xy) /
    (sum(x.map((value) => (value - mx) * (value - mx))) * sum(y.map((value) => (value - my) * (value - my))))
  );
}

/** A mild day that never changes: for what does not depend on the weather. */
const calm = (nowMs: number) => fakeWorld({ simTimeMs: nowMs });
const small = { city: fakeCity(), worldAt: calm };

describe('a year of homes', () => {
  const startMs = civil(2026, 1, 1);
  const root = new Random(1);
  const random = root.fork('gas-meter');
  const all = Array.from({ length: 3000 }, (_, home) => home);
  const heated = all.filter((home) => isHeated(random, home)).slice(0, 60);
  const others = all.filter((home) => !isHeated(random, home)).slice(0, 500);
  const monthly = new Map([...heated, ...others].map((home) => [home, Array.from({ length: 12 }, () => 0)]));
  const degreeDays = Array.from({ length: 12 }, () => 0);
  const ofHour = Array.from({ length: 24 }, () => 0);
  const world = createWorld({ city: loadCity(), random: root.fork('world'), startMs, utcOffsetMin: UTC_OFFSET_MIN });
  for (let day = 0; day < 365; day++) {
    const dayMs = startMs + day * DAY_MS;
    world.advance(dayMs + DAY_MS);
    const month = new Date(dayMs + UTC_OFFSET_MIN * MIN_MS).getUTCMonth();
    const first = (dayMs + UTC_OFFSET_MIN * MIN_MS) / HOUR_MS;
    degreeDays[month]! += Math.max(0, 15 - world.hour(first).dayMeanTempC);
    for (let hour = 0; hour < 24; hour++) {
      const when = world.hour(first + hour);
      for (const [home, months] of monthly) {
        const m3 = gasM3(random, home, first + hour, when);
        months[month]! += m3;
        if (!isHeated(random, home)) ofHour[hour]! += m3;
      }
    }
  }
  const yearly = (homes: readonly number[]) => homes.map((home) => sum(monthly.get(home)!));

  test('a home without heating burns 274 m³', () => {
    const m3 = mean(yearly(others));
    console.log(
      `gas: ${m3.toFixed(0)} m³ a year without heating, target 274 ± 20 %; median ${median(yearly(others)).toFixed(0)}`,
    );
    expect(Math.abs(m3 / 274 - 1)).toBeLessThan(0.2);
  });

  test('a heated home burns 800 to 1,400 m³', () => {
    const m3 = mean(yearly(heated));
    console.log(
      `gas: ${m3.toFixed(0)} m³ a year with heating, target 800–1,400; ${sum(degreeDays).toFixed(0)} degree days below 15 °C`,
    );
    expect(m3).toBeGreaterThan(800);
    expect(m3).toBeLessThan(1400);
  });

  test('the cold explains the months of heated homes, and not those of the others', () => {
    const explained = (homes: readonly number[]) => median(homes.map((home) => r2(degreeDays, monthly.get(home)!)));
    console.log(
      `gas: R² of months against degree days: heated ${explained(heated).toFixed(2)}, others ${explained(others).toFixed(2)}`,
    );
    expect(explained(heated)).toBeGreaterThan(0.85);
    expect(explained(others)).toBeLessThan(0.4);
  });

  test('gas burns at meals and in the evening, and one home in eight heats', () => {
    const total = sum(ofHour);
    const share = (...hours: number[]) => sum(hours.map((hour) => ofHour[hour]!)) / total;
    const usual = share(6, 7, 11, 17, 18, 19, 20, 21, 22);
    expect(usual).toBeGreaterThan(0.9);
    expect(usual).toBeLessThan(0.97);
    expect(share(0, 1, 2, 3, 4, 5)).toBe(0);
    const meals = share(6, 7, 11, 17, 18);
    console.log(`gas: ${(100 * meals).toFixed(0)} % of an unheated home's gas cooks`);
    expect(share(17, 18) / meals).toBeCloseTo(0.45, 1);
    expect(share(11) / meals).toBeCloseTo(0.3, 1);
    const heatedShare = all.filter((home) => isHeated(random, home)).length / all.length;
    expect(Math.abs(heatedShare - 0.12)).toBeLessThan(0.02);
  });
});

describe('reports', () => {
  const startMs = civil(2026, 1, 14, 10, 20);
  const life = new Sleepers(model, { count: 200, startMs }).runUntil(startMs + 3 * DAY_MS);

  test('a meter tells what it has counted within ten seconds of the start, then once a night', () => {
    for (let device = 0; device < 200; device++) {
      const [first] = life.of(device);
      expect(first!.tsMs - startMs).toBeLessThanOrEqual(10_000);
      expect(first!.fields.valve).toBe('open');
      expect(first!.fields.flowM3PerH).toBeUndefined();
    }
  });

  test('each night brings every full hour since the last one, each with its own time', () => {
    for (let device = 0; device < 200; device++) {
      const own = life.of(device).slice(1);
      expect(own.map(({ tsMs }) => tsMs)).toEqual(own.map((_, i) => civil(2026, 1, 14, 11) + i * HOUR_MS));
      expect(own.length).toBeGreaterThan(2 * 24);
      const whole = own.filter(({ fields }) => fields.batteryV !== undefined);
      expect(whole.length).toBe(3);
      for (const { tsMs } of whole) expect(civilHour(tsMs)).toBeLessThan(8);
    }
  });

  test('nights are spread over eight hours', () => {
    const last = Array.from({ length: 200 }, (_, device) => civilHour(life.of(device).at(-1)!.tsMs));
    for (let hour = 0; hour < 8; hour++)
      expect(last.filter((value) => Math.floor(value) === hour).length).toBeGreaterThan(8);
  });

  test('the volume grows by the flow of each hour, and readings never run back', () => {
    const sensor = createSensor(model.description.fields, new Random(9), { startMs, quality: 'ideal' });
    let worstM3 = 0;
    for (let device = 0; device < 200; device++) {
      const own = life.of(device);
      for (let i = 1; i < own.length; i++) {
        const grown = number(own[i]!, 'volumeM3') - number(own[i - 1]!, 'volumeM3');
        worstM3 = Math.max(worstM3, Math.abs(grown - number(own[i]!, 'flowM3PerH')));
      }
      const read = own.map(({ tsMs, fields }, i) => sensor.read(device, i + 1, tsMs, fields).volumeM3 as number);
      expect(read.every((value, i) => i === 0 || value >= read[i - 1]!)).toBe(true);
    }
    expect(worstM3).toBeLessThan(1e-9);
  });

  test('ticks of a second and of an hour give the same reports, alone and in a crowd; another seed is another life', () => {
    const live = (options: { count?: number; seed?: number; tickMs?: number }) =>
      new Sleepers(model, { ...small, count: 5, startMs, ...options }).runUntil(startMs + 26 * HOUR_MS);
    const records = live({}).records;
    const inOrder = (told: readonly Told[]) => [...told].sort((a, b) => a.device - b.device || a.tsMs - b.tsMs);
    expect(inOrder(live({ tickMs: 10_000 }).records)).toEqual(inOrder(records));
    expect(inOrder(live({ tickMs: HOUR_MS }).records)).toEqual(inOrder(records));
    expect(live({ count: 50 }).of(4)).toEqual(live({}).of(4));
    expect(live({ seed: 2 }).of(4)).not.toEqual(live({}).of(4));
  });

  test('millions of meters hold at most 24 bytes each and say nothing until their night', () => {
    const count = 250_000;
    const context = { count, startMs, city: fakeCity(), random: new Random(1), utcOffsetMin: UTC_OFFSET_MIN };
    const before = process.memoryUsage().arrayBuffers;
    const fleet = model.createFleet({ ...context, deviceId: String, wakeAt: () => {} });
    const bytes = (process.memoryUsage().arrayBuffers - before) / count;
    console.log(`gas: ${bytes.toFixed(1)} bytes a meter`);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(24);
    for (let device = 0; device < count; device += 997) {
      expect(civilHour(fleet.firstWakeMs!(device))).toBeLessThan(8);
    }
    // Whoever wakes before a full hour has passed has no hour to tell, but is heard.
    let heard = 0;
    const midnight = civil(2026, 1, 15);
    const late = model.createFleet({ ...context, startMs: midnight, deviceId: String, wakeAt: () => {} });
    const early = Array.from({ length: 2000 }, (_, device) => device).filter(
      (device) => late.firstWakeMs!(device) < midnight + HOUR_MS,
    );
    const report = { record: () => void heard++, event: () => {}, ack: () => {} };
    for (const device of early) late.wake!(device, late.firstWakeMs!(device), calm(midnight + HOUR_MS), report);
    expect(early.length).toBeGreaterThan(100);
    expect(heard).toBe(early.length);
  });
});

describe('leaks', () => {
  const startMs = civil(2026, 5, 20, 10);
  const start = (tickMs = 1000) =>
    new Sleepers(model, { ...small, count: 20, startMs, tickMs }).runUntil(startMs + MIN_MS);

  test('a small one is told after eight hours, found in every hour, and cleared by the repair', () => {
    const life = start(MIN_MS);
    const fromMs = life.nowMs;
    life.befall(3, 'leak', { flowM3PerH: 0.02 }, fromMs + 20 * HOUR_MS);
    life.runUntil(startMs + 2 * DAY_MS);
    expect(life.events).toMatchObject([
      { device: 3, name: 'microLeak', state: 'raised', tsMs: fromMs + 8 * HOUR_MS, fields: { flowM3PerH: 0.02 } },
      { device: 3, name: 'microLeak', state: 'cleared', tsMs: fromMs + 20 * HOUR_MS },
    ]);
    const tight = start(MIN_MS).runUntil(startMs + 2 * DAY_MS);
    const hours = life.of(3).filter(({ fields }) => fields.flowM3PerH !== undefined);
    const leakedM3 = sum(hours.map(({ hidden }) => hidden!.leakM3PerH as number));
    expect(leakedM3).toBeCloseTo(20 * 0.02, 9);
    const grown = number(life.of(3).at(-1)!, 'volumeM3') - number(tight.of(3).at(-1)!, 'volumeM3');
    expect(Math.abs(grown / leakedM3 - 1)).toBeLessThan(0.02);
    expect(life.of(4)).toEqual(tight.of(4));
  });

  test('a middling one counts as long use after three hours', () => {
    const life = start(MIN_MS);
    life.befall(3, 'leak', { flowM3PerH: 0.5 });
    life.runUntil(life.nowMs + 4 * HOUR_MS);
    expect(life.events.map(({ name, state, tsMs }) => [name, state, tsMs])).toEqual([
      ['longUse', 'raised', startMs + MIN_MS + 3 * HOUR_MS],
    ]);
  });

  test('one beyond the meter’s range shuts the valve at once; who repairs it opens it', () => {
    const life = start();
    const fromMs = life.nowMs;
    life.befall(3, 'leak', { flowM3PerH: 6 }, fromMs + 2 * HOUR_MS);
    life.runUntil(fromMs + 30_000);
    expect(life.events).toMatchObject([{ name: 'overFlow', state: 'raised', tsMs: fromMs + 10_000 }]);
    expect(life.of(3).at(-1)!.fields).toEqual({ valve: 'closed' });
    const rest = life.runUntil(fromMs + 3 * HOUR_MS);
    expect(rest.events.at(-1)).toMatchObject({ name: 'overFlow', state: 'cleared', tsMs: fromMs + 2 * HOUR_MS });
    expect(rest.of(3).at(-1)!.fields).toEqual({ valve: 'open' });
    rest.runUntil(startMs + DAY_MS);
    const leakedM3 = sum(rest.of(3).map(({ hidden }) => (hidden?.leakM3PerH as number | undefined) ?? 0));
    expect(leakedM3).toBeCloseTo((6 * 10) / 3600, 9);
  });

  test('one that befalls a meter in the tick of its nightly report does not cost the report', () => {
    const hours = (life: Sleepers) => life.of(5).filter(({ fields }) => fields.flowM3PerH !== undefined);
    const free = new Sleepers(model, { ...small, count: 20, startMs, tickMs: MIN_MS });
    while (hours(free).length === 0) free.runUntil(free.nowMs + MIN_MS);
    const struck = new Sleepers(model, { ...small, count: 20, startMs, tickMs: MIN_MS });
    struck.at(free.nowMs, () => struck.befall(5, 'leak', { flowM3PerH: 6 })).runUntil(free.nowMs + MIN_MS);
    expect(hours(struck)).toEqual(hours(free));
    expect(struck.events).toMatchObject([{ device: 5, name: 'overFlow', state: 'raised' }]);
  });
});

describe('the valve', () => {
  const startMs = civil(2026, 5, 20, 10);
  const start = () => new Sleepers(model, { ...small, count: 20, startMs, tickMs: MIN_MS }).runUntil(startMs + MIN_MS);

  test('shuts when the meter wakes in its night, and then nothing flows', () => {
    const life = start();
    expect(life.send(3, 'valve', { state: 'closed' })).toEqual({ state: 'accepted' });
    life.runUntil(startMs + 12 * HOUR_MS);
    expect(life.acks).toEqual([]);
    life.runUntil(startMs + 3 * DAY_MS);
    expect(life.acks).toMatchObject([{ device: 3, id: 'valve-3', state: 'done' }]);
    const { tsMs } = life.acks[0]!;
    expect(civilHour(tsMs)).toBeLessThan(8);
    expect(life.of(3).find((record) => record.tsMs === tsMs)!.fields).toEqual({ valve: 'closed' });
    const after = life.of(3).filter((record) => record.tsMs > tsMs + HOUR_MS);
    expect(after.length).toBeGreaterThan(24);
    for (const { fields } of after) expect(fields.flowM3PerH).toBe(0);
    expect(after.findLast(({ fields }) => fields.valve !== undefined)!.fields.valve).toBe('closed');
  });

  test('a leak behind a shut valve leaks nothing, and shutting it ends a leak', () => {
    const life = start();
    life.befall(3, 'leak', { flowM3PerH: 0.02 });
    life.send(3, 'valve', { state: 'closed' });
    life.runUntil(startMs + DAY_MS);
    expect(life.events.map(({ name, state }) => `${name} ${state}`)).toEqual(['microLeak raised', 'microLeak cleared']);
    const shutMs = life.acks[0]!.tsMs;
    life.befall(3, 'leak', { flowM3PerH: 1 });
    life.runUntil(startMs + 3 * DAY_MS);
    expect(life.events.length).toBe(2);
    const later = life.of(3).filter(({ tsMs, hidden }) => tsMs > shutMs + HOUR_MS && hidden !== undefined);
    expect(later.every(({ hidden }) => hidden!.leakM3PerH === 0)).toBe(true);
  });

  test('opens on site only; bad commands are refused, late ones expire', () => {
    const life = start();
    expect(life.send(3, 'valve', { state: 'open' })).toMatchObject({ state: 'rejected' });
    expect(life.send(3, 'valve', { state: 'open' }).reason).toContain('on site only');
    expect(life.send(3, 'valve', { state: 'ajar' }).reason).toBe('state must be closed, got "ajar"');
    expect(life.send(3, 'explode').reason).toContain('unknown command explode');
    life.send(4, 'valve', { state: 'closed' }, { expiresMs: HOUR_MS });
    life.runUntil(startMs + DAY_MS);
    expect(life.acks).toMatchObject([{ device: 4, state: 'expired' }]);
    expect(life.of(4).at(-1)!.fields.valve).toBe('open');
  });
});

test('the description is a good one and every report fits it', () => {
  expect(descriptionProblems(model.description)).toEqual([]);
  const { fields } = model.description;
  const life = new Sleepers(model, { count: 300, startMs: civil(2026, 1, 20), tickMs: HOUR_MS }).runUntil(
    civil(2026, 1, 22),
  );
  const outside = life.records.flatMap((record) =>
    Object.entries(record.fields).filter(
      ([name, value]) => typeof value === 'number' && !(value >= fields[name]!.min! && value <= fields[name]!.max!),
    ),
  );
  expect(outside).toEqual([]);
  const seen = new Set(life.records.flatMap((record) => Object.keys(record.fields)));
  expect([...seen].sort()).toEqual(Object.keys(fields).sort());
});
