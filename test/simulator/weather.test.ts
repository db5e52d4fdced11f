import { describe, expect, test } from 'vitest';
import { Random } from '../../simulator/random.ts';
import { Weather } from '../../simulator/world/weather.ts';

const FIRST_DAY = Date.UTC(1990, 0, 1) / 86_400_000;
const YEARS = 40;
const DAYS = Math.round(YEARS * 365.25);
const SEEDS = [1, 2, 3, 4, 5];

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Climate {
  readonly tempC: number;
  readonly wetDays: number;
  readonly rainMm: number;
  readonly wetSpell: number;
  readonly hotDays: number;
}

function climateOf(seed: number): Climate {
  const weather = new Weather(new Random(seed));
  const days = Array.from({ length: DAYS }, (_, i) => weather.day(FIRST_DAY + i));
  const spells = days.filter((day, i) => day.wet && days[i - 1]?.wet !== true).length;
  const wet = days.filter((day) => day.wet).length;
  return {
    tempC: mean(days.map((day) => day.meanTempC)),
    wetDays: wet / YEARS,
    rainMm: days.reduce((sum, day) => sum + day.rainMm, 0) / YEARS,
    wetSpell: wet / spells,
    hotDays: days.filter((day) => day.meanTempC + 0.53 * day.rangeK >= 35).length / YEARS,
  };
}

describe(`${YEARS} years of weather`, () => {
  const climates = SEEDS.map(climateOf);
  // Values of a 60-year run of the same generator, published with its parameters.
  const targets: readonly [keyof Climate, number, number][] = [
    ['tempC', 17.05, 0.8],
    ['wetDays', 126.7, 12],
    ['rainMm', 1237, 120],
    ['wetSpell', 2.25, 0.25],
    ['hotDays', 11, 5],
  ];
  for (const [name, target, tolerance] of targets) {
    test(`${name} is ${target} ± ${tolerance} a year for every seed`, () => {
      const errors = climates.map((climate) => climate[name] - target);
      const worst = Math.max(...errors.map(Math.abs));
      console.log(`${name}: target ${target}, mean error ${mean(errors).toFixed(2)}, worst ${worst.toFixed(2)}`);
      expect(worst).toBeLessThan(tolerance);
    });
  }

  test('an hour has the temperature, rain and cloud of its day', () => {
    const weather = new Weather(new Random(1));
    let worstRainMm = 0;
    const tempErrorsK: number[] = [];
    for (let day = FIRST_DAY; day < FIRST_DAY + 730; day++) {
      const hours = Array.from({ length: 24 }, (_, hour) => weather.hour(24 * day + hour));
      const { rainMm, meanTempC } = weather.day(day);
      worstRainMm = Math.max(worstRainMm, Math.abs(hours.reduce((sum, hour) => sum + hour.rainMmPerH, 0) - rainMm));
      tempErrorsK.push(mean(hours.map((hour) => hour.tempC)) - meanTempC);
      for (const hour of hours) {
        expect(hour.cloud).toBeGreaterThanOrEqual(hour.rainMmPerH > 0 ? 0.9 : 0);
        expect(hour.cloud).toBeLessThanOrEqual(1);
        expect(hour.windMps).toBeGreaterThan(0);
      }
    }
    console.log(
      `hours against days: rain worst ${worstRainMm.toExponential(1)} mm, temperature mean ${mean(tempErrorsK).toFixed(2)} K`,
    );
    expect(worstRainMm).toBeLessThan(1e-9);
    expect(Math.abs(mean(tempErrorsK))).toBeLessThan(0.2);
  });

  test('skies are clear or overcast more often than between, and wind averages 2.6 m/s', () => {
    const weather = new Weather(new Random(2));
    const hours = Array.from({ length: 2 * 8766 }, (_, i) => weather.hour(FIRST_DAY * 24 + i));
    const clear = hours.filter((hour) => hour.cloud < 0.1).length / hours.length;
    const overcast = hours.filter((hour) => hour.cloud >= 0.9).length / hours.length;
    const windMps = mean(hours.map((hour) => hour.windMps));
    console.log(
      `clear ${clear.toFixed(2)} (0.26), overcast ${overcast.toFixed(2)} (0.38), wind ${windMps.toFixed(2)} m/s (2.6)`,
    );
    expect(Math.abs(clear - 0.26)).toBeLessThan(0.08);
    expect(Math.abs(overcast - 0.38)).toBeLessThan(0.08);
    expect(Math.abs(windMps - 2.6)).toBeLessThan(0.2);
  });
});

test('an hour has the same weather whoever asked for what before', () => {
  const forward = new Weather(new Random(7));
  const alone = new Weather(new Random(7));
  const index = FIRST_DAY * 24 + 5000;
  for (let hour = index - 500; hour < index; hour++) forward.hour(hour);
  expect(forward.hour(index)).toEqual(alone.hour(index));
  expect(new Weather(new Random(8)).hour(index)).not.toEqual(alone.hour(index));
});

test('between the middles of two hours the weather is between theirs', () => {
  const weather = new Weather(new Random(3));
  const a = weather.hour(400_000);
  const b = weather.hour(400_001);
  const middle = weather.at((400_000 + 1) * 3_600_000);
  expect(middle.tempC).toBeCloseTo((a.tempC + b.tempC) / 2, 9);
  expect(weather.at((400_000 + 0.5) * 3_600_000).windMps).toBeCloseTo(a.windMps, 9);
});
