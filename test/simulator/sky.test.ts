import { describe, expect, test } from 'vitest';
import { dewPointC, relativeHumidityPct, saturationHpa } from '../../simulator/physics/humidity.ts';
import { globalIrradianceWm2, illuminanceLx } from '../../simulator/physics/light.ts';
import { normalCdf } from '../../simulator/physics/normal.ts';
import { sunElevationDeg } from '../../simulator/physics/sun.ts';
import { visibilityM } from '../../simulator/physics/visibility.ts';

const WUXI = { lat: 31.57, lon: 120.3 };
const HORIZON_DEG = -0.833;

/** First moment from `fromMs` at which the sun crosses the horizon upwards or downwards, to the second. */
function crossing(fromMs: number, rising: boolean, { lat, lon } = WUXI): number {
  const up = (ms: number) => sunElevationDeg(ms, lat, lon) > HORIZON_DEG;
  for (let ms = fromMs; ms < fromMs + 86_400_000; ms += 1000) {
    if (up(ms) === rising && up(ms - 1000) !== rising) return ms;
  }
  throw new Error(`no crossing within a day of ${new Date(fromMs).toISOString()}`);
}

describe('sun', () => {
  // Rise and set by an independent library (suncalc 2.0.2), Wuxi; noon elevation 90 − latitude + declination at the solstices.
  const midnight = Date.UTC(2026, 10, 20, 16);
  test('rises and sets over Wuxi within two minutes of the published times', () => {
    const errorsS = [
      (crossing(midnight, true) - Date.UTC(2026, 10, 20, 22, 31, 33)) / 1000,
      (crossing(midnight + 8 * 3_600_000, false) - Date.UTC(2026, 10, 21, 8, 57, 21)) / 1000,
    ];
    console.log(`sunrise and sunset error: ${errorsS.join(' s, ')} s`);
    for (const errorS of errorsS) expect(Math.abs(errorS)).toBeLessThan(120);
  });

  test('stands at noon where the solstices and the equinox put it', () => {
    const noonDeg = (dayMs: number) =>
      Math.max(...Array.from({ length: 1440 }, (_, min) => sunElevationDeg(dayMs + min * 60_000, WUXI.lat, WUXI.lon)));
    const errorsDeg = [
      noonDeg(Date.UTC(2026, 5, 21)) - (90 - WUXI.lat + 23.436),
      noonDeg(Date.UTC(2026, 11, 21, 18)) - (90 - WUXI.lat - 23.436),
      noonDeg(Date.UTC(2026, 2, 20)) - (90 - WUXI.lat),
    ];
    console.log(`noon elevation error: worst ${Math.max(...errorsDeg.map(Math.abs)).toFixed(3)} deg`);
    expect(Math.abs(errorsDeg[0]!)).toBeLessThan(0.02);
    expect(Math.abs(errorsDeg[1]!)).toBeLessThan(0.02);
    // The sun moves 0.4° a day at the equinox.
    expect(Math.abs(errorsDeg[2]!)).toBeLessThan(0.4);
  });
});

describe('light', () => {
  test('a clear high sun gives about 100 klx, an overcast one a third of it', () => {
    const clearLx = illuminanceLx(80, 0, 0);
    expect(clearLx).toBeGreaterThan(80_000);
    expect(clearLx).toBeLessThan(115_000);
    expect(illuminanceLx(80, 1, 0) / clearLx).toBeGreaterThan(0.3);
    expect(illuminanceLx(80, 1, 0) / clearLx).toBeLessThan(0.6);
    expect(globalIrradianceWm2(-1, 0)).toBe(0);
  });

  test('twilight meets its table', () => {
    for (const [elevationDeg, lx] of [
      [0, 700],
      [-0.8, 400],
      [-3, 80],
      [-6, 3.4],
      [-12, 0.008],
      [-18, 0.0006],
      [-60, 0.0006],
    ] as const) {
      expect(illuminanceLx(elevationDeg, 0, 0) / lx).toBeCloseTo(1, 6);
    }
    expect(illuminanceLx(-3, 1, 0)).toBeCloseTo(24, 6);
    expect(illuminanceLx(-3, 1, 20)).toBeCloseTo(12, 6);
  });

  test('never falls while the sun rises and never jumps', () => {
    for (const cloud of [0, 0.5, 1]) {
      let before = illuminanceLx(-20, cloud, 0);
      const falls: number[] = [];
      const jumps: number[] = [];
      for (let elevationDeg = -20; elevationDeg <= 90; elevationDeg += 0.01) {
        const lx = illuminanceLx(elevationDeg, cloud, 0);
        if (lx < before) falls.push(elevationDeg);
        if (lx >= before * 1.03 + 1e-6) jumps.push(elevationDeg);
        before = lx;
      }
      expect([falls, jumps]).toEqual([[], []]);
    }
  });
});

test('falling rain dims daylight beyond its clouds', () => {
  const dimmed = (rainMmPerH: number) => globalIrradianceWm2(60, 1, rainMmPerH) / globalIrradianceWm2(60, 1, 0);
  expect([0, 10, 40, 150].map(dimmed)).toEqual([1, 0.5, 1 / 6, 1 / 6].map((share) => expect.closeTo(share, 9)));
  expect(dimmed(5)).toBeGreaterThan(dimmed(6));
  expect(illuminanceLx(60, 1, 40)).toBeLessThan(0.25 * illuminanceLx(60, 1, 0));
});

describe('moist air', () => {
  // Saturation vapour pressure over water, Smithsonian Meteorological Tables.
  test('saturates at the pressures of the tables', () => {
    const errors = (
      [
        [0, 6.1078],
        [10, 12.272],
        [20, 23.373],
        [30, 42.43],
      ] as const
    ).map(([tempC, hPa]) => saturationHpa(tempC) / hPa - 1);
    console.log(`saturation pressure: worst error ${(100 * Math.max(...errors.map(Math.abs))).toFixed(2)} %`);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.004);
  });

  test('has the dew point that gives its humidity', () => {
    for (const [tempC, humidityPct] of [
      [-5, 40],
      [20, 60],
      [38, 99],
    ] as const) {
      expect(relativeHumidityPct(tempC, dewPointC(tempC, humidityPct))).toBeCloseTo(humidityPct, 9);
    }
    expect(dewPointC(25, 100)).toBeCloseTo(25, 9);
  });

  test('is seen through less far the moister it is and the harder it rains', () => {
    expect(visibilityM(50, 0)).toBe(20_000);
    expect(visibilityM(95, 0)).toBeLessThan(visibilityM(85, 0));
    expect(visibilityM(100, 0)).toBeGreaterThan(1000);
    // Atlas: 11.6 km at 1 mm/h, and 2.7 km at 10 mm/h, in clear air; haze takes its part.
    expect(1 / (1 / visibilityM(60, 1) - 1 / 20_000)).toBeCloseTo(11_600, 6);
    expect(1 / (1 / visibilityM(60, 10) - 1 / 20_000)).toBeCloseTo(2719, 0);
  });
});

test('the normal distribution function meets its table', () => {
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.8413447],
    [-1.96, 0.0249979],
    [3, 0.9986501],
  ] as const) {
    expect(Math.abs(normalCdf(z) - p)).toBeLessThan(1e-6);
  }
});
