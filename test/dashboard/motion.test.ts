// Gliding: extrapolation, blending and the simulated clock that drives them.
import { describe, expect, test } from 'vitest';
import {
  AHEAD_LIMIT_S,
  BLEND_S,
  MOTION_STRIDE,
  drawnPosition,
  latOf,
  lonOf,
  mercatorX,
  mercatorY,
  observe,
  unitsPerMetre,
} from '../../dashboard/live/motion.ts';
import { Fleet } from '../../dashboard/live/fleet.ts';
import { SimClock } from '../../dashboard/live/sim-clock.ts';

const LAT = 31.57;
const LON = 120.3;
const origin = { x: mercatorX(LON), y: mercatorY(LAT) };
const perMetre = unitsPerMetre(LAT);

function eastM(motion: Float64Array, simMs: number, wallMs: number): number {
  const point = { x: 0, y: 0 };
  drawnPosition(motion, 0, { simMs, wallMs }, point);
  return point.x / perMetre;
}

const eastbound = { lat: LAT, lon: LON, ts: 0, speedMps: 10, headingDeg: 90 };

describe('motion', () => {
  test('mercator and degrees convert both ways to a millimetre', () => {
    expect(latOf(mercatorY(LAT))).toBeCloseTo(LAT, 9);
    expect(lonOf(mercatorX(LON))).toBeCloseTo(LON, 9);
  });

  test('a thing at 10 m/s heading east is 40 m further east after 4 s', () => {
    const motion = new Float64Array(MOTION_STRIDE);
    observe(motion, 0, origin, eastbound, { simMs: 0, wallMs: 0 }, true);
    expect(eastM(motion, 4000, 4000)).toBeCloseTo(40, 1);
  });

  test('heading north moves north, which is up the mercator axis', () => {
    const motion = new Float64Array(MOTION_STRIDE);
    observe(motion, 0, origin, { ...eastbound, headingDeg: 0 }, { simMs: 0, wallMs: 0 }, true);
    const point = { x: 0, y: 0 };
    drawnPosition(motion, 0, { simMs: 5000, wallMs: 5000 }, point);
    expect(latOf(point.y + origin.y)).toBeCloseTo(LAT + 50 / 111_319, 5);
    expect(point.x / perMetre).toBeCloseTo(0, 6);
  });

  test('nothing is drawn further ahead than the limit', () => {
    const motion = new Float64Array(MOTION_STRIDE);
    observe(motion, 0, origin, eastbound, { simMs: 0, wallMs: 0 }, true);
    expect(eastM(motion, 3_600_000, 0)).toBeCloseTo(10 * AHEAD_LIMIT_S, 1);
  });

  test('a report that disagrees does not jump: the drawn position starts where it was and ends where it is', () => {
    const motion = new Float64Array(MOTION_STRIDE);
    observe(motion, 0, origin, eastbound, { simMs: 0, wallMs: 0 }, true);
    const before = eastM(motion, 5000, 5000);
    observe(
      motion,
      0,
      origin,
      { lat: LAT, lon: LON, ts: 5000, speedMps: 0, headingDeg: 90 },
      { simMs: 5000, wallMs: 5000 },
      false,
    );
    expect(eastM(motion, 5000, 5000)).toBeCloseTo(before, 6);
    const half = eastM(motion, 5000, 5000 + 500 * BLEND_S);
    expect(half).toBeGreaterThan(1);
    expect(half).toBeLessThan(before - 1);
    expect(eastM(motion, 5000, 5000 + 1000 * BLEND_S)).toBeCloseTo(0, 6);
  });

  test('with times that step once a second a report shows at the next step, complete', () => {
    const motion = new Float64Array(MOTION_STRIDE);
    observe(motion, 0, origin, eastbound, { simMs: 1000, wallMs: 1000 }, true);
    const before = eastM(motion, 1000, 1000);
    observe(motion, 0, origin, { lat: LAT, lon: LON, ts: 1400 }, { simMs: 1000, wallMs: 1000 }, false);
    expect(eastM(motion, 1000, 1000)).toBeCloseTo(before, 6);
    expect(eastM(motion, 2000, 2000)).toBeCloseTo(0, 6);
  });

  test('a thing that appears kilometres away is there at once', () => {
    const motion = new Float64Array(MOTION_STRIDE);
    observe(motion, 0, origin, eastbound, { simMs: 0, wallMs: 0 }, true);
    observe(motion, 0, origin, { lat: LAT, lon: LON + 0.05, ts: 5000 }, { simMs: 5000, wallMs: 5000 }, false);
    expect(lonOf(eastM(motion, 5000, 5000) * perMetre + origin.x)).toBeCloseTo(LON + 0.05, 7);
  });
});

describe('fleet', () => {
  const description = {
    kind: 'bus',
    label: 'Bus',
    fields: {
      speedMps: { label: 'Speed', unit: 'm/s' },
      headingDeg: { label: 'Heading', unit: 'deg' },
      lat: { label: 'Latitude', unit: 'deg' },
      lon: { label: 'Longitude', unit: 'deg' },
    },
  };
  const time = { simMs: 0, wallMs: 0 };

  test('keeps the newest value of each field when a record carries only some', () => {
    const fleet = new Fleet(description, origin);
    fleet.take('bus-0001', 1, { speedMps: 5, lat: LAT, lon: LON }, time, 0);
    fleet.take('bus-0001', 2, { speedMps: 6 }, time, 0);
    expect(fleet.fields[0]).toEqual({ speedMps: 6, lat: LAT, lon: LON });
  });

  test('ignores a record older than the one it has', () => {
    const fleet = new Fleet(description, origin);
    fleet.take('bus-0001', 2, { speedMps: 6 }, time, 0);
    fleet.take('bus-0001', 1, { speedMps: 5 }, time, 0);
    expect(fleet.fields[0]).toEqual({ speedMps: 6 });
  });

  test('grows beyond its first room without moving anyone', () => {
    const fleet = new Fleet(description, origin);
    for (let index = 0; index < 1000; index++) {
      fleet.take(`bus-${index}`, 1, { lat: LAT, lon: LON + index / 1e4 }, time, 0);
    }
    expect(fleet.placedCount).toBe(1000);
    expect(fleet.drawnAt(700, time)!.lon).toBeCloseTo(LON + 0.07, 7);
    expect(fleet.drawnAt(3, time)!.lat).toBeCloseTo(LAT, 7);
  });

  test('a device without a position is known but nowhere', () => {
    const fleet = new Fleet(description, origin);
    fleet.take('bus-0001', 1, { speedMps: 5 }, time, 0);
    expect(fleet.ids).toEqual(['bus-0001']);
    expect(fleet.drawnAt(0, time)).toBeUndefined();
  });
});

describe('simulated clock', () => {
  test('runs at the true speed between messages', () => {
    const clock = new SimClock();
    clock.hear({ simTimeMs: 1000, speed: 10, trueSpeed: 9 }, 0);
    expect(clock.now(500)).toBe(1000 + 4500);
  });

  test('stands still while paused', () => {
    const clock = new SimClock();
    clock.hear({ simTimeMs: 1000, speed: 0, trueSpeed: 1 }, 0);
    expect(clock.now(1500)).toBe(1000);
  });

  test('does not run on for ever without news', () => {
    const clock = new SimClock();
    clock.hear({ simTimeMs: 0, speed: 1, trueSpeed: 1 }, 0);
    expect(clock.now(60_000)).toBe(2000);
  });

  test('waits instead of running backwards when a message is a little behind, and follows a jump', () => {
    const clock = new SimClock();
    clock.hear({ simTimeMs: 10_000, speed: 1, trueSpeed: 1 }, 0);
    expect(clock.now(1000)).toBe(11_000);
    clock.hear({ simTimeMs: 10_900, speed: 1, trueSpeed: 1 }, 1000);
    expect(clock.now(1000)).toBe(11_000);
    clock.hear({ simTimeMs: 0, speed: 1, trueSpeed: 1 }, 1000);
    expect(clock.now(1000)).toBe(0);
  });
});
