import { describe, expect, test } from 'vitest';
import { Random } from '../../simulator/random.ts';
import { relativeHumidityPct } from '../../simulator/physics/humidity.ts';
import { calendar, seasonOf, seasonTempC } from '../../simulator/world/climate.ts';
import { WIND_ROSE_FROM_DEG } from '../../simulator/world/wind-rose.ts';
import { Weather } from '../../simulator/world/weather.ts';

const FIRST_DAY = Date.UTC(1990, 0, 1) / 86_400_000;
const YEARS = 40;
const DAYS = Math.round(YEARS * 365.25);
const SEEDS = [1, 2, 3, 4, 5];

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: readonly number[], y: readonly number[], meanX: number, meanY: number) =>
    x.reduce((sum, value, i) => sum + (value - meanX) * (y[i]! - meanY), 0);
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
}

interface Climate {
  readonly tempC: number;
  readonly wetDays: number;
  readonly rainMm: number;
  readonly wetSpell: number;
  readonly hotDays: number;
  /** Sums over a year of what daily means lie below 18 °C and above 26 °C. */
  readonly hdd18: number;
  readonly cdd26: number;
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
    hdd18: days.reduce((sum, day) => sum + Math.max(0, 18 - day.meanTempC), 0) / YEARS,
    cdd26: days.reduce((sum, day) => sum + Math.max(0, day.meanTempC - 26), 0) / YEARS,
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

  // Normals of Wuxi; degree days of the typical year of Shanghai.
  const normals: readonly [keyof Climate, number, number][] = [
    ['tempC', 17, 0.3],
    ['rainMm', 1216, 0.08 * 1216],
    ['wetDays', 127, 5],
    ['hdd18', 1565, 0.07 * 1565],
    ['cdd26', 202, 0.2 * 202],
  ];
  for (const [name, target, tolerance] of normals) {
    test(`${name} of all seeds together is the normal ${target} ± ${tolerance.toFixed(1)}`, () => {
      const got = mean(climates.map((climate) => climate[name]));
      console.log(`${name}: normal ${target}, ${SEEDS.length * YEARS} years ${got.toFixed(2)}`);
      expect(Math.abs(got - target)).toBeLessThan(tolerance);
    });
  }

  test('a day is like the one before it as much as in the typical year', () => {
    const weather = new Weather(new Random(1));
    const residuals = Array.from({ length: DAYS }, (_, i) => {
      const { dayOfYear } = calendar(FIRST_DAY + i);
      return weather.day(FIRST_DAY + i).meanTempC - seasonTempC(dayOfYear);
    });
    const lagOne = correlation(residuals.slice(1), residuals.slice(0, -1));
    console.log(`lag-one correlation of the daily residual: ${lagOne.toFixed(3)} (0.62)`);
    expect(Math.abs(lagOne - 0.62)).toBeLessThan(0.05);
  });
});

describe('hours of three years', () => {
  const weather = new Weather(new Random(2));
  const firstDay = FIRST_DAY + 365;
  const days = Array.from({ length: 3 * 365 }, (_, i) => {
    const hours = Array.from({ length: 24 }, (_unused, hour) => weather.hour(24 * (firstDay + i) + hour));
    return { day: weather.day(firstDay + i), season: seasonOf(calendar(firstDay + i).month), hours };
  });
  const hours = days.flatMap((each) => each.hours);

  test('have the temperature, rain and cloud of their day', () => {
    let worstRainMm = 0;
    const tempErrorsK: number[] = [];
    for (const { day, hours: own } of days) {
      worstRainMm = Math.max(worstRainMm, Math.abs(own.reduce((sum, hour) => sum + hour.rainMmPerH, 0) - day.rainMm));
      tempErrorsK.push(mean(own.map((hour) => hour.tempC)) - day.meanTempC);
    }
    console.log(
      `hours against days: rain worst ${worstRainMm.toExponential(1)} mm, temperature mean ${mean(tempErrorsK).toFixed(2)} K`,
    );
    expect(worstRainMm).toBeLessThan(1e-9);
    expect(Math.abs(mean(tempErrorsK))).toBeLessThan(0.2);
    expect(hours.every(({ cloud, rainMmPerH }) => cloud <= 1 && cloud >= (rainMmPerH > 0 ? 0.9 : 0))).toBe(true);
    expect(hours.every(({ windMps }) => windMps > 0)).toBe(true);
  });

  test('are clear or overcast more often than between, and wind averages 2.6 m/s', () => {
    const clear = hours.filter((hour) => hour.cloud < 0.1).length / hours.length;
    const overcast = hours.filter((hour) => hour.cloud >= 0.9).length / hours.length;
    const winds = hours.map((hour) => hour.windMps);
    const windMps = mean(winds);
    const lagOne = correlation(winds.slice(1), winds.slice(0, -1));
    console.log(
      `clear ${clear.toFixed(2)} (0.26), overcast ${overcast.toFixed(2)} (0.38), wind ${windMps.toFixed(2)} m/s (2.6), lag one ${lagOne.toFixed(2)} (0.88)`,
    );
    expect(Math.abs(clear - 0.26)).toBeLessThan(0.08);
    expect(Math.abs(overcast - 0.38)).toBeLessThan(0.08);
    expect(Math.abs(windMps - 2.6)).toBeLessThan(0.2);
    expect(Math.abs(lagOne - 0.88)).toBeLessThan(0.05);
  });

  // Relative humidity of dry and wet days in the typical year of Shanghai.
  test('are as moist as the season has it, and no dew point is above its temperature', () => {
    const targets = [
      [70, 80],
      [62, 79],
      [76, 85],
      [71, 84],
    ];
    const errors = targets.flatMap((pair, season) =>
      pair.map((target, wet) => {
        const some = days.filter((each) => each.season === season && each.day.wet === (wet === 1));
        const humidity = some.flatMap((each) =>
          each.hours.map((hour) => relativeHumidityPct(hour.tempC, hour.dewPointC)),
        );
        return mean(humidity) - target;
      }),
    );
    console.log(`humidity, dry and wet by season: errors ${errors.map((error) => error.toFixed(1)).join(' ')} points`);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(4);
    expect(hours.every(({ tempC, dewPointC }) => dewPointC <= tempC)).toBe(true);
    expect(hours.every(({ tempC, dewPointC, rainMmPerH }) => rainMmPerH === 0 || tempC - dewPointC <= 2)).toBe(true);
  });

  test('have high pressure in winter and low in summer, never beyond what was ever measured', () => {
    const of = (season: number) =>
      mean(days.filter((each) => each.season === season).flatMap((each) => each.hours.map((hour) => hour.pressureHpa)));
    console.log(`pressure: winter ${of(0).toFixed(0)}, summer ${of(2).toFixed(0)} hPa`);
    expect(of(0) - of(2)).toBeGreaterThan(15);
    expect(of(0) - of(2)).toBeLessThan(24);
    const all = hours.map(({ pressureHpa }) => pressureHpa);
    expect(Math.min(...all)).toBeGreaterThan(985);
    expect(Math.max(...all)).toBeLessThan(1048);
  });

  // Shares of the half of the rose around north and around south-east, from the typical year of Shanghai.
  test('have winds from the north in winter and from the south-east in summer', () => {
    const share = (season: number, fromDeg: number) => {
      const winds = days.filter((each) => each.season === season).flatMap((each) => each.hours);
      const inside = winds.filter(({ windTurnDeg }) => (WIND_ROSE_FROM_DEG + windTurnDeg - fromDeg + 720) % 360 < 135);
      return inside.length / winds.length;
    };
    const [winter, summer] = [share(0, 292.5), share(2, 67.5 + 22.5)];
    console.log(
      `winds from NW to NE in winter ${winter.toFixed(2)} (0.55), from E to S in summer ${summer.toFixed(2)}`,
    );
    expect(Math.abs(winter - 0.55)).toBeLessThan(0.1);
    expect(summer).toBeGreaterThan(0.45);
    expect(share(2, 292.5)).toBeLessThan(0.5 * winter);
  });

  test('turn the wind without leaps across the rose', () => {
    const turns = hours.map(({ windTurnDeg }) => windTurnDeg);
    expect(Math.min(...turns)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...turns)).toBeLessThanOrEqual(360);
    expect(correlation(turns.slice(1), turns.slice(0, -1))).toBeGreaterThan(0.85);
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
