// Weather that a scenario imposes, and what the city makes of it.
import { describe, expect, test } from 'vitest';
import { WEATHER_PRESETS } from '../../simulator/world/imposed-weather.ts';
import { HOUR_MS, MIN_MS, START_MS, createAt, eventOf, pairAt } from './world-pair.ts';
import type { Args } from './world-pair.ts';

describe('weather', () => {
  const fromMs = START_MS + 11 * HOUR_MS;
  const untilMs = fromMs + 2 * HOUR_MS;
  const rain = (rainMmPerH: number, more: Args = {}) => eventOf('weather', fromMs, untilMs, { rainMmPerH, ...more });

  test('rain closes the sky, dims the light, moistens the air and takes the view', () => {
    const [{ sky }, { sky: fair }] = pairAt(fromMs + HOUR_MS, rain(10));
    expect(fair.rainMmPerH).toBe(0);
    expect(sky.rainMmPerH).toBeCloseTo(10, 9);
    expect(sky.cloud).toBeGreaterThanOrEqual(0.9);
    expect(sky.irradianceWpm2 / fair.irradianceWpm2).toBeLessThan(0.5);
    expect(sky.illuminanceLx / fair.illuminanceLx).toBeLessThan(0.6);
    expect(sky.humidityPct).toBeGreaterThan(91.9);
    expect(sky.dewPointC).toBeLessThanOrEqual(sky.tempC);
    expect(sky.visibilityM).toBeLessThan(3500);
    expect(sky.tempC).toBe(fair.tempC);
    expect(sky.windMps).toBe(fair.windMps);
    expect(sky.sunElevationDeg).toBe(fair.sunElevationDeg);
  });

  test('comes and goes linearly over its ramp', () => {
    const at = (ms: number) => pairAt(fromMs + ms, rain(12, { rampS: 1200 }))[0].sky.rainMmPerH;
    expect(
      [at(0), at(10 * MIN_MS), at(20 * MIN_MS), at(115 * MIN_MS)].map((mmPerH) => Number(mmPerH.toFixed(9))),
    ).toEqual([0, 6, 12, 3]);
  });

  test('rain fills buses, brings cars and empties the kerbs of shops, and leaves offices alone', () => {
    const [{ people }, { people: dry }] = pairAt(fromMs + HOUR_MS, rain(5));
    expect(people.boardingShare / dry.boardingShare).toBeCloseTo(1.03, 9);
    expect(people.traffic / dry.traffic).toBeCloseTo(1.03, 9);
    expect(people.parkingFactor.retail / dry.parkingFactor.retail).toBeCloseTo(0.85, 9);
    expect(people.parkingFactor.office).toBe(dry.parkingFactor.office);
    expect(people.waterFactor).toBe(dry.waterFactor);
  });

  test('boardings of the hours without the rain are what they were, so that the day grows by the rain’s share of it only', () => {
    const [wet, dry] = [createAt(), createAt()];
    wet.impose(rain(5));
    let [wetSum, drySum, shareInRain] = [0, 0, 0];
    for (let minute = 0; minute < 24 * 60; minute++) {
      const nowMs = START_MS + (minute + 0.5) * MIN_MS;
      for (const world of [wet, dry]) world.advance(nowMs);
      const [a, b] = [wet.people.boardingShare / 60, dry.people.boardingShare / 60];
      if (nowMs < fromMs || nowMs >= untilMs) expect(a).toBe(b);
      else shareInRain += b;
      wetSum += a;
      drySum += b;
    }
    expect(wetSum - drySum).toBeGreaterThan(0.025 * shareInRain);
    expect(wetSum - drySum).toBeLessThanOrEqual(0.03 * shareInRain);
    // The day factor: lognormal, 0.08.
    expect(Math.abs(Math.log(drySum))).toBeLessThan(0.3);
  });

  test('moderate rain slows the network by 12–20 % at the peak and by less than 6 % at night', () => {
    const lossAt = (hour: number) => {
      const event = eventOf('weather', START_MS + hour * HOUR_MS, START_MS + (hour + 1) * HOUR_MS, { rainMmPerH: 5 });
      const [wet, dry] = pairAt(START_MS + (hour + 0.5) * HOUR_MS, event);
      return 1 - wet.streets.meanSpeedMps() / dry.streets.meanSpeedMps();
    };
    const [peak, night] = [lossAt(8), lossAt(3)];
    console.log(
      `rain of 5 mm/h takes ${(100 * peak).toFixed(1)} % at the peak, ${(100 * night).toFixed(1)} % at night`,
    );
    expect(peak).toBeGreaterThan(0.12);
    expect(peak).toBeLessThan(0.2);
    expect(night).toBeGreaterThan(0.02);
    expect(night).toBeLessThan(0.06);
  });

  test('great heat takes people off the streets, and voltage with it', () => {
    const [{ people, grid, sky }, cool] = pairAt(fromMs + HOUR_MS, rain(0, { tempShiftK: 15 }));
    expect(sky.tempC).toBeGreaterThan(35);
    expect(people.boardingShare / cool.people.boardingShare).toBeCloseTo(0.95, 6);
    expect(people.parkingFactor.retail / cool.people.parkingFactor.retail).toBeCloseTo(0.9, 6);
    expect(grid.voltageV(0)).toBeLessThan(cool.grid.voltageV(0));
    expect(sky.humidityPct).toBeCloseTo(cool.sky.humidityPct, 6);
  });
});

describe('weather presets', () => {
  const durationMs = 24 * HOUR_MS;
  const noonOf = (preset: keyof typeof WEATHER_PRESETS, duration = durationMs) =>
    pairAt(START_MS + duration / 2, eventOf('weather', START_MS, START_MS + duration, { preset }));

  test('a typhoon brings 100–200 mm in 24 hours, gusts of 20–32 m/s and low pressure', () => {
    const world = createAt();
    world.impose(eventOf('weather', START_MS, START_MS + durationMs, { preset: 'typhoon' }));
    world.advance(START_MS + durationMs);
    const first = (START_MS + 480 * MIN_MS) / HOUR_MS;
    const rainMm = Array.from({ length: 24 }, (_, i) => world.hour(first + i).rainMmPerH).reduce(
      (sum, mm) => sum + mm,
      0,
    );
    expect(rainMm).toBeGreaterThan(100);
    expect(rainMm).toBeLessThan(200);
    const [{ sky }, { sky: without }] = noonOf('typhoon');
    expect(sky.gustMps).toBeGreaterThan(20);
    expect(sky.gustMps).toBeLessThan(32);
    expect(without.pressureHpa - sky.pressureHpa).toBeCloseTo(25, 6);
  });

  test('a cold wave takes 8–12 K within 48 hours, a heat wave brings 1.5 standard deviations', () => {
    const [cold, without] = noonOf('cold-wave', 5 * durationMs);
    expect(cold.sky.tempC - without.sky.tempC).toBeGreaterThan(-12);
    expect(cold.sky.tempC - without.sky.tempC).toBeLessThan(-8);
    const [hot, mild] = noonOf('heat-wave', 3 * durationMs);
    expect(hot.sky.tempC - mild.sky.tempC).toBeCloseTo(1.5 * 2.8, 9); // May
  });

  test('fog leaves 50–500 m of view in still, moist air under a closed sky', () => {
    const [{ sky }] = noonOf('fog', 4 * HOUR_MS);
    expect(sky.visibilityM).toBeGreaterThan(50);
    expect(sky.visibilityM).toBeLessThan(500);
    expect(sky.humidityPct).toBeGreaterThan(95);
    expect(sky.windMps).toBeLessThan(1.5);
    expect(sky.rainMmPerH).toBe(0);
  });

  test('a thunderstorm darkens noon to a tenth and less, plum rain is wet but gentle', () => {
    const noonMs = START_MS + 12 * HOUR_MS;
    const at = (preset: string) => pairAt(noonMs, eventOf('weather', noonMs - HOUR_MS, noonMs + HOUR_MS, { preset }));
    const [storm, fair] = at('thunderstorm');
    expect(storm.sky.irradianceWpm2 / fair.sky.irradianceWpm2).toBeLessThan(0.15);
    expect(storm.sky.tempC).toBeLessThan(fair.sky.tempC - 4);
    const [plum] = at('plum-rain');
    expect(plum.sky.rainMmPerH).toBeCloseTo(2, 9);
    expect(plum.sky.humidityPct).toBeGreaterThan(90);
  });

  test('arguments change a preset', () => {
    const event = eventOf('weather', START_MS, START_MS + HOUR_MS, {
      preset: 'thunderstorm',
      rainMmPerH: 60,
      rampS: 0,
    });
    const [{ sky }] = pairAt(START_MS + 1, event);
    expect(sky.rainMmPerH).toBeCloseTo(60, 9);
  });
});
