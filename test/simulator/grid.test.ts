import { describe, expect, test } from 'vitest';
import { baseLoadKw, coolingKw, heatingKw, homeLoadKw } from '../../simulator/physics/home-load.ts';
import { Random } from '../../simulator/random.ts';
import { calendarOf } from '../../simulator/world/calendar.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { CityGrid } from '../../simulator/world/grid.ts';
import { Weather } from '../../simulator/world/weather.ts';
import { loadCity } from '../../simulator/city/load.ts';
import { fakeCity } from './fake-city.ts';

const DAY_MS = 86_400_000;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('load of a mean home', () => {
  /** kWh of a civil day with a generated weather. */
  function dayKwh(weather: Weather, day: number): number {
    const temps = Array.from({ length: 24 }, (_, hour) => weather.hour(24 * day + hour).tempC);
    const { dayType } = calendarOf(day);
    const dayMeanTempC = mean(temps);
    return temps.reduce((sum, tempC, hour) => sum + homeLoadKw({ hour: hour + 0.5, tempC, dayMeanTempC, dayType }), 0);
  }

  // Targets of the published parameter set: 8.1 kWh a day, July 1.81 times April.
  test('sums to 8.1 kWh a day over the years, and to 1.81 times as much in July as in April', () => {
    const weather = new Weather(new Random(1));
    const months: number[][] = Array.from({ length: 12 }, () => []);
    const first = Date.UTC(2000, 0, 1) / DAY_MS;
    for (let i = 0; i < 20 * 365; i += 5)
      months[new Date((first + i) * DAY_MS).getUTCMonth()]!.push(dayKwh(weather, first + i));
    const yearKwh = mean(months.map(mean));
    const ratio = mean(months[6]!) / mean(months[3]!);
    console.log(`home load: ${yearKwh.toFixed(2)} kWh/day (8.1), July/April ${ratio.toFixed(2)} (1.81)`);
    expect(Math.abs(yearKwh / 8.1 - 1)).toBeLessThan(0.1);
    expect(Math.abs(ratio - 1.81)).toBeLessThan(0.15);
  });

  test('has no weather in its base, which sums to 6.4 kWh over the days of a week', () => {
    const sums = (['workday', 'weekend'] as const).map((dayType) =>
      Array.from({ length: 24 }, (_, hour) => baseLoadKw(hour + 0.5, dayType)).reduce((sum, kw) => sum + kw, 0),
    );
    expect((5 * sums[0]! + 2 * sums[1]!) / 7).toBeCloseTo(6.4, 9);
    expect(sums[1]!).toBeGreaterThan(sums[0]!);
  });

  test('cools when it is hot, heats when it is cold, and does neither in between', () => {
    const at = (tempC: number) => ({ hour: 20.5, tempC, dayMeanTempC: tempC });
    expect(coolingKw(at(34))).toBeGreaterThan(0.4);
    expect(heatingKw(at(34))).toBeLessThan(1e-5);
    expect(heatingKw(at(-2))).toBeGreaterThan(0.3);
    expect(coolingKw(at(-2))).toBeLessThan(1e-5);
    expect(coolingKw(at(18)) + heatingKw(at(18))).toBeLessThan(0.01);
  });

  test('runs on over midnight without a jump', () => {
    const at = (hour: number) => homeLoadKw({ hour, tempC: 30, dayMeanTempC: 30, dayType: 'workday' });
    expect(at(0)).toBeCloseTo(at(24), 12);
    expect(at(7.5)).toBeGreaterThan(at(4.5));
  });
});

describe('feeders', () => {
  test('every feeder serves homes, none a fifth of the city, and which one does not depend on the seed', () => {
    const city = loadCity();
    const grid = new CityGrid(city, new Random(1));
    expect(grid.feederCount).toBeGreaterThanOrEqual(40);
    expect(grid.feederCount).toBeLessThanOrEqual(80);
    const homes = Array.from({ length: grid.feederCount }, () => 0);
    for (let home = 5000; home < 9000; home++) homes[grid.feederAt(city.home(home))]!++;
    console.log(`homes a feeder: ${Math.min(...homes)}…${Math.max(...homes)} of 4000`);
    expect(Math.min(...homes)).toBeGreaterThan(0);
    expect(Math.max(...homes)).toBeLessThan(800);
    expect(new CityGrid(city, new Random(2)).feederAt(city.home(17))).toBe(grid.feederAt(city.home(17)));
  });
});

describe('voltage', () => {
  const city = fakeCity();
  const FEEDERS = Array.from({ length: 60 }, (_, feeder) => feeder);

  test('stays in the standard’s band all year, mostly between 214 and 230 V, lower the more homes draw', () => {
    const startMs = Date.UTC(2026, 0, 1);
    const world = createWorld({ city, random: new Random(1), startMs, utcOffsetMin: 480 });
    const volts: number[] = [];
    const byHour: number[][] = Array.from({ length: 24 }, () => []);
    for (let hour = 7; hour < 365 * 24; hour += 41) {
      world.advance(startMs + hour * 3_600_000);
      const now = FEEDERS.map((feeder) => world.grid.voltageV(feeder));
      volts.push(...now);
      byHour[Math.floor(world.civilHour)]!.push(mean(now));
    }
    const sorted = volts.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
    console.log(
      `voltage: ${[0, 0.01, 0.5, 0.99, 1].map((share) => at(share).toFixed(1)).join(' ')} V (min 1 50 99 % max)`,
    );
    expect(at(0)).toBeGreaterThan(198);
    expect(at(1)).toBeLessThan(235.4);
    expect(at(0.01)).toBeGreaterThan(212);
    expect(at(0.99)).toBeLessThan(231);
    expect(mean(byHour[4]!) - mean(byHour[20]!)).toBeGreaterThan(2);
  });

  test('of a feeder is the same at a time however the world was stepped, differs between feeders and wanders', () => {
    const startMs = Date.UTC(2026, 6, 20);
    const create = () => createWorld({ city, random: new Random(1), startMs, utcOffsetMin: 480 });
    const [fine, coarse] = [create(), create()];
    for (let s = 1; s <= 600; s++) fine.advance(startMs + s * 1000);
    coarse.advance(startMs + 600_000);
    expect(fine.grid.voltageV(3)).toBe(coarse.grid.voltageV(3));
    expect(fine.grid.frequencyHz).toBe(coarse.grid.frequencyHz);
    expect(fine.grid.voltageV(4)).not.toBe(fine.grid.voltageV(3));
    const before = fine.grid.voltageV(3);
    fine.advance(startMs + 660_000);
    expect(Math.abs(fine.grid.voltageV(3) - before)).toBeGreaterThan(0);
    expect(Math.abs(fine.grid.voltageV(3) - before)).toBeLessThan(2);
  });

  test('nothing jumps at the hour or at midnight', () => {
    const startMs = Date.UTC(2026, 6, 20, 15, 30); // 23:30 civil
    const world = createWorld({ city, random: new Random(1), startMs, utcOffsetMin: 480 });
    let before = world.grid.voltageV(0);
    for (let s = 1; s <= 3600; s++) {
      world.advance(startMs + s * 1000);
      const now = world.grid.voltageV(0);
      expect(Math.abs(now - before)).toBeLessThan(0.1);
      before = now;
    }
  });

  test('frequency keeps within 0.05 Hz, nearly always within 0.02', () => {
    const grid = new CityGrid(city, new Random(1));
    const offsets = Array.from({ length: 5000 }, (_, i) => {
      grid.advance(Date.UTC(2026, 0, 1) + i * 37_000, () => 0);
      return Math.abs(grid.frequencyHz - 50);
    });
    expect(Math.max(...offsets)).toBeLessThan(0.05);
    expect(offsets.filter((offset) => offset <= 0.02).length / offsets.length).toBeGreaterThan(0.97);
    expect(mean(offsets)).toBeGreaterThan(0.002);
  });
});
