import { expect, test } from 'vitest';
import { Random } from '../../simulator/random.ts';
import { createSensor } from '../../simulator/sensor.ts';

const field = { label: 'x', unit: '' };
const N = 20_000;

function deviation(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    mean,
    sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length),
  };
}

test('without a sensor error a reading is the truth', () => {
  const sensor = createSensor({ a: field }, new Random(1));
  expect(sensor.read(5, 9, { a: 0.1234567891 })).toEqual({ a: 0.1234567891 });
});

test('noise is new with every reading, bias and gain belong to the device', () => {
  const sensor = createSensor(
    { noisy: { ...field, sensor: { noiseSd: 2 } }, own: { ...field, sensor: { biasSd: 3, gainSd: 0.1 } } },
    new Random(1),
  );
  const noise = deviation(Array.from({ length: N }, (_, i) => sensor.read(7, i, { noisy: 50 }).noisy as number));
  const bias = deviation(Array.from({ length: N }, (_, i) => sensor.read(i, 1, { own: 0 }).own as number));
  const both = deviation(Array.from({ length: N }, (_, i) => sensor.read(i, 1, { own: 100 }).own as number));
  expect(Math.abs(noise.mean - 50)).toBeLessThan(0.06);
  expect(Math.abs(noise.sd - 2)).toBeLessThan(0.05);
  expect(Math.abs(bias.sd - 3)).toBeLessThan(0.08);
  expect(Math.abs(both.sd - Math.sqrt(9 + 100))).toBeLessThan(0.3);
  expect(sensor.read(3, 1, { own: 5 })).toEqual(sensor.read(3, 2, { own: 5 }));
  expect(sensor.read(3, 1, { noisy: 5 })).not.toEqual(sensor.read(3, 2, { noisy: 5 }));
});

test('a field that is added does not change the noise of another', () => {
  const noisy = { ...field, sensor: { noiseSd: 1, biasSd: 1 } };
  const alone = createSensor({ a: noisy }, new Random(4)).read(1, 1, { a: 3 });
  const together = createSensor({ b: noisy, a: noisy }, new Random(4)).read(1, 1, { b: 3, a: 3 });
  expect(together.a).toBe(alone.a);
  expect(together.b).not.toBe(alone.a);
});

test('readings are steps of the resolution, without binary dust, inside the range', () => {
  const sensor = createSensor(
    {
      milli: { ...field, resolution: 0.001, max: 10 },
      half: { ...field, resolution: 0.5 },
      ten: { ...field, resolution: 10, min: 0 },
    },
    new Random(1),
  );
  expect(sensor.read(0, 1, { milli: 1.2345678, half: 3.3, ten: 47 })).toEqual({ milli: 1.235, half: 3.5, ten: 50 });
  expect(sensor.read(0, 1, { milli: 12, half: -0.1, ten: -80 })).toEqual({ milli: 10, half: 0, ten: 0 });
});

test('texts and booleans pass untouched, what is absent stays absent', () => {
  const sensor = createSensor(
    { a: field, on: { ...field, type: 'boolean' }, state: { ...field, type: 'string' } },
    new Random(1),
  );
  expect(Object.entries(sensor.read(0, 1, { on: true, state: 'open', a: undefined }))).toEqual([
    ['on', true],
    ['state', 'open'],
  ]);
});

test('a model that reports nonsense is told so', () => {
  const sensor = createSensor({ a: field }, new Random(1));
  expect(() => sensor.read(0, 1, { b: 1 })).toThrow('does not describe: b');
  expect(() => sensor.read(4, 1, { a: Number.NaN })).toThrow('a of device 4 must be a finite number, got NaN');
});
