import { describe, expect, it, test } from 'vitest';
import type { ModelField } from '../../simulator/fleet.ts';
import { Random } from '../../simulator/random.ts';
import { createSensor, sensorFaultProblem } from '../../simulator/sensor.ts';
import type { SensorFault } from '../../simulator/sensor.ts';
import { WEAR, Wear } from '../../simulator/sensor/wear.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365.25 * DAY_MS;
const START_MS = Date.UTC(2026, 0, 1);
const field: ModelField = { label: 'x', unit: '' };
const N = 20_000;

type ModelFields = { [name: string]: ModelField };

function sensorOf(fields: ModelFields, seed = 1, quality: 'ideal' | 'field' = 'ideal') {
  return createSensor(fields, new Random(seed), { startMs: START_MS, quality });
}

function statistics(values: readonly number[]): { mean: number; sd: number; lag1: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  let products = 0;
  for (let i = 1; i < values.length; i++) products += (values[i]! - mean) * (values[i - 1]! - mean);
  return { mean, sd: Math.sqrt(squares / values.length), lag1: products / squares };
}

/** Readings of one field in a row, five seconds apart. */
function series(sensor: ReturnType<typeof sensorOf>, device: number, name: string, truth: number, count = N): number[] {
  return Array.from(
    { length: count },
    (_, i) => sensor.read(device, i + 1, START_MS + i * 5000, { [name]: truth })[name] as number,
  );
}

describe('a sensor without faults', () => {
  it('shows the truth where no error is declared', () => {
    expect(sensorOf({ a: field }).read(5, 9, START_MS, { a: 0.1234567891 })).toEqual({ a: 0.1234567891 });
  });

  it('has noise that is new with every reading, and a bias and a gain that belong to the device', () => {
    const sensor = sensorOf({
      noisy: { ...field, sensor: { noiseSd: 2 } },
      own: { ...field, sensor: { biasSd: 3, gainSd: 0.1 } },
    });
    const own = (device: number, truth: number) => sensor.read(device, 1, START_MS, { own: truth }).own as number;
    const noise = statistics(series(sensor, 7, 'noisy', 50));
    const bias = statistics(Array.from({ length: N }, (_, device) => own(device, 0)));
    const both = statistics(Array.from({ length: N }, (_, device) => own(device, 100)));
    expect(Math.abs(noise.mean - 50)).toBeLessThan(0.06);
    expect(Math.abs(noise.sd / 2 - 1)).toBeLessThan(0.05);
    expect(Math.abs(noise.lag1)).toBeLessThan(0.03);
    expect(Math.abs(bias.sd / 3 - 1)).toBeLessThan(0.05);
    expect(Math.abs(both.sd / Math.sqrt(9 + 100) - 1)).toBeLessThan(0.05);
    expect(sensor.read(3, 1, START_MS, { noisy: 5 })).not.toEqual(sensor.read(3, 2, START_MS, { noisy: 5 }));
  });

  it('keeps its constants, whether they are remembered or drawn anew', () => {
    const fields = { own: { ...field, sensor: { biasSd: 3, gainSd: 0.1, driftPerYearSd: 1 } } };
    for (const device of [0, 7, 63, 64, 99_999, 100_000, 5_000_000]) {
      const sensor = sensorOf(fields);
      const atMs = START_MS + YEAR_MS / 3;
      const first = sensor.read(device, 1, atMs, { own: 5 });
      sensor.read(device + 1000, 1, atMs, { own: 5 });
      expect(sensor.read(device, 2, atMs, { own: 5 })).toEqual(first);
      expect(sensorOf(fields).read(device, 9, atMs, { own: 5 })).toEqual(first);
    }
  });

  it('has noise in proportion to the value, beside the absolute one', () => {
    const sensor = sensorOf({ a: { ...field, sensor: { noiseSd: 0.5, noiseShare: 0.02 } } });
    expect(Math.abs(statistics(series(sensor, 1, 'a', 0)).sd / 0.5 - 1)).toBeLessThan(0.05);
    expect(Math.abs(statistics(series(sensor, 1, 'a', -100)).sd / 2.5 - 1)).toBeLessThan(0.05);
  });

  it.each([
    { sd: 2, phi: 0 },
    { sd: 0.3, phi: 0.6 },
    { sd: 5, phi: 0.95 },
  ])('has slow noise of the declared spread and correlation: $sd, $phi', ({ sd, phi }) => {
    const sensor = sensorOf({ a: { ...field, sensor: { slowNoise: { sd, phi } } } });
    // Long memory takes many devices to average over.
    const all = Array.from({ length: 20 }, (_, device) => statistics(series(sensor, device, 'a', 10, 2000)));
    const mean = (pick: (one: (typeof all)[number]) => number) => all.reduce((sum, one) => sum + pick(one), 0) / 20;
    expect(Math.abs(mean((one) => one.sd) / sd - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean((one) => one.lag1) - phi)).toBeLessThan(0.05 * Math.max(phi, 0.2));
  });

  it('refuses slow noise that never ends', () => {
    const forever = { a: { ...field, sensor: { slowNoise: { sd: 1, phi: 1 } } } };
    expect(() => sensorOf(forever)).toThrow('slowNoise.phi of a must be 0…0.99, got 1');
  });

  it('drifts with the time of the run, each device its own way', () => {
    const sensor = sensorOf({ a: { ...field, sensor: { driftPerYearSd: 2 } } });
    const at = (device: number, years: number) =>
      (sensor.read(device, 1, START_MS + years * YEAR_MS, { a: 10 }).a as number) - 10;
    expect(at(3, 0)).toBe(0);
    expect(at(3, 2)).toBeCloseTo(2 * at(3, 1), 9);
    const spread = statistics(Array.from({ length: N }, (_, device) => at(device, 1)));
    expect(Math.abs(spread.sd / 2 - 1)).toBeLessThan(0.05);
    expect(Math.abs(spread.mean)).toBeLessThan(0.05);
  });

  it('does not change a field when another is added', () => {
    const noisy = { ...field, sensor: { noiseSd: 1, biasSd: 1 } };
    const alone = sensorOf({ a: noisy }, 4).read(1, 1, START_MS, { a: 3 });
    const together = sensorOf({ b: noisy, a: noisy }, 4).read(1, 1, START_MS, { b: 3, a: 3 });
    expect(together.a).toBe(alone.a);
    expect(together.b).not.toBe(alone.a);
  });

  it('shows steps of the resolution, without binary dust, inside the range', () => {
    const sensor = sensorOf({
      milli: { ...field, resolution: 0.001, max: 10 },
      half: { ...field, resolution: 0.5 },
      ten: { ...field, resolution: 10, min: 0 },
    });
    const read = (truth: { [name: string]: number }) => sensor.read(0, 1, START_MS, truth);
    expect(read({ milli: 1.2345678, half: 3.3, ten: 47 })).toEqual({ milli: 1.235, half: 3.5, ten: 50 });
    expect(read({ milli: 12, half: -0.1, ten: -80 })).toEqual({ milli: 10, half: 0, ten: 0 });
  });

  it('lets texts and booleans pass and leaves out what is absent', () => {
    const sensor = sensorOf({ a: field, on: { ...field, type: 'boolean' }, state: { ...field, type: 'string' } });
    expect(Object.entries(sensor.read(0, 1, START_MS, { on: true, state: 'open', a: undefined }))).toEqual([
      ['on', true],
      ['state', 'open'],
    ]);
  });

  it('tells a model that reports nonsense', () => {
    const sensor = sensorOf({ a: field });
    expect(() => sensor.read(0, 1, START_MS, { b: 1 })).toThrow('does not describe: b');
    expect(() => sensor.read(4, 1, START_MS, { a: Number.NaN })).toThrow(
      'a of device 4 must be a finite number, got NaN',
    );
  });
});

const FROM_MS = START_MS + HOUR_MS;
const UNTIL_MS = START_MS + 3 * HOUR_MS;
const FIELDS: ModelFields = {
  tempC: { label: 't', unit: 'Cel', min: -40, max: 60, resolution: 0.1, sensor: { noiseSd: 0.2 } },
  levelM: { label: 'l', unit: 'm', min: 0, max: 10, resolution: 0.01 },
  countN: { label: 'n', unit: '', min: 0, resolution: 1 },
  open: { label: 'o', unit: '', type: 'boolean' },
};

function faulty(fault: Omit<SensorFault, 'fromMs' | 'untilMs'>, ...more: Omit<SensorFault, 'fromMs' | 'untilMs'>[]) {
  const sensor = sensorOf(FIELDS);
  for (const one of [fault, ...more]) sensor.impose(3, { ...one, fromMs: FROM_MS, untilMs: UNTIL_MS });
  return sensor;
}

describe('a fault', () => {
  const during = Array.from({ length: 2000 }, (_, i) => FROM_MS + i * 3600);
  const read = (sensor: ReturnType<typeof sensorOf>, atMs: number, truth: { [name: string]: number | boolean }) =>
    sensor.read(3, atMs - START_MS, atMs, truth);

  it('bends the readings of its device, its field and its time, and is named for these', () => {
    const sensor = faulty({ field: 'levelM', fault: 'offset', size: -1.5 });
    const truth = { levelM: 4, countN: 7 };
    expect(read(sensor, FROM_MS - 1, truth)).toEqual({ levelM: 4, countN: 7 });
    expect(read(sensor, FROM_MS, truth)).toEqual({ levelM: 2.5, countN: 7 });
    expect(read(sensor, UNTIL_MS - 1, truth)).toEqual({ levelM: 2.5, countN: 7 });
    expect(read(sensor, UNTIL_MS, truth)).toEqual({ levelM: 4, countN: 7 });
    expect(sensor.read(4, 1, FROM_MS, truth)).toEqual({ levelM: 4, countN: 7 });
    expect(sensor.faultsOf(3, FROM_MS)).toEqual(['offset:levelM']);
    expect(sensor.faultsOf(3, UNTIL_MS)).toEqual([]);
    expect(sensor.faultsOf(4, FROM_MS)).toEqual([]);
  });

  it('stuck shows its first reading again and again, of any type', () => {
    const sensor = faulty({ field: 'levelM', fault: 'stuck' }, { field: 'open', fault: 'stuck' });
    read(sensor, FROM_MS - 1, { levelM: 1, open: true });
    const seen = [5, 6, 7].map((levelM, i) => read(sensor, FROM_MS + i, { levelM, open: i > 0 }));
    expect(seen).toEqual(Array.from({ length: 3 }, () => ({ levelM: 5, open: false })));
    expect(read(sensor, UNTIL_MS, { levelM: 8, open: true })).toEqual({ levelM: 8, open: true });
  });

  it('rail shows a limit of the field, some devices one, some the other', () => {
    const sensor = sensorOf(FIELDS);
    const shown = Array.from({ length: 200 }, (_, device) => {
      sensor.impose(device, { field: 'levelM', fault: 'rail', fromMs: FROM_MS, untilMs: UNTIL_MS });
      return sensor.read(device, 1, FROM_MS, { levelM: 4 }).levelM;
    });
    const high = shown.filter((level) => level === 10).length;
    expect(shown.filter((level) => level === 0).length).toBe(200 - high);
    expect(Math.abs(high - 100)).toBeLessThan(25);
    expect(read(faulty({ field: 'countN', fault: 'rail' }), FROM_MS, { countN: 9 })).toEqual({ countN: 0 });
  });

  it('noise multiplies the noise that there is, or the rounding of an exact field', () => {
    const sd = (sensor: ReturnType<typeof sensorOf>, name: string, truth: number) =>
      statistics(during.map((atMs) => read(sensor, atMs, { [name]: truth })[name] as number)).sd;
    expect(Math.abs(sd(faulty({ field: 'tempC', fault: 'noise' }), 'tempC', 10) / 2 - 1)).toBeLessThan(0.05);
    expect(Math.abs(sd(faulty({ field: 'tempC', fault: 'noise', size: 3 }), 'tempC', 10) / 0.6 - 1)).toBeLessThan(0.05);
    const exact = sd(faulty({ field: 'levelM', fault: 'noise', size: 50 }), 'levelM', 5);
    expect(Math.abs(exact / ((50 * 0.01) / Math.sqrt(12)) - 1)).toBeLessThan(0.05);
  });

  it('spike throws single readings off by 5 to 20 % of the range, and the truth names just these', () => {
    const sensor = faulty({ field: 'levelM', fault: 'spike', size: 0.3 });
    const errors = during.map((atMs) => ({
      errorM: (read(sensor, atMs, { levelM: 5 }).levelM as number) - 5,
      named: sensor.faultsOf(3, atMs).length === 1,
    }));
    const spikes = errors.filter(({ errorM }) => errorM !== 0);
    expect(errors.every(({ errorM, named }) => named === (errorM !== 0))).toBe(true);
    expect(Math.abs(spikes.length / during.length - 0.3)).toBeLessThan(0.03);
    expect(Math.min(...spikes.map(({ errorM }) => Math.abs(errorM)))).toBeGreaterThanOrEqual(0.499);
    expect(Math.max(...spikes.map(({ errorM }) => Math.abs(errorM)))).toBeLessThanOrEqual(2.001);
    const up = spikes.filter(({ errorM }) => errorM > 0).length / spikes.length;
    expect(Math.abs(up - 0.5)).toBeLessThan(0.06);
    const few = faulty({ field: 'levelM', fault: 'spike' });
    const share = during.filter((atMs) => read(few, atMs, { levelM: 5 }).levelM !== 5).length / during.length;
    expect(Math.abs(share - 0.1)).toBeLessThan(0.02);
  });

  it('drift grows by the hour from its beginning', () => {
    const sensor = faulty({ field: 'levelM', fault: 'drift', size: 0.5 });
    const at = (hours: number) => read(sensor, FROM_MS + hours * HOUR_MS, { levelM: 5 }).levelM;
    expect([at(0), at(1), at(1.5)]).toEqual([5, 5.5, 5.75]);
  });

  it('dead leaves the field out', () => {
    const sensor = faulty({ field: 'levelM', fault: 'dead' }, { field: 'open', fault: 'dead' });
    expect(read(sensor, FROM_MS, { levelM: 4, open: true, countN: 1 })).toEqual({ countN: 1 });
  });

  it('adds to others on the same field, inside the range; stuck and dead have the last word', () => {
    const two = faulty({ field: 'levelM', fault: 'offset', size: 2 }, { field: 'levelM', fault: 'drift', size: 1 });
    expect(read(two, FROM_MS + HOUR_MS, { levelM: 4 })).toEqual({ levelM: 7 });
    expect(read(two, FROM_MS + HOUR_MS, { levelM: 9 })).toEqual({ levelM: 10 });
    expect(two.faultsOf(3, FROM_MS)).toEqual(['offset:levelM', 'drift:levelM']);
    const stuck = faulty({ field: 'levelM', fault: 'stuck' }, { field: 'levelM', fault: 'drift', size: 1 });
    expect([0, 1].map((h) => read(stuck, FROM_MS + h * HOUR_MS, { levelM: 4 }).levelM)).toEqual([4, 4]);
    const dead = faulty({ field: 'levelM', fault: 'dead' }, { field: 'levelM', fault: 'rail' });
    expect(read(dead, FROM_MS, { levelM: 4 })).toEqual({});
  });

  it('lasts for good when it has no end', () => {
    const sensor = sensorOf(FIELDS);
    sensor.impose(3, { field: 'levelM', fault: 'offset', size: 1, fromMs: FROM_MS, untilMs: Infinity });
    expect(read(sensor, FROM_MS + YEAR_MS, { levelM: 4 })).toEqual({ levelM: 5 });
  });

  it('leaves the white noise of the other readings as it was', () => {
    const [clean, bent] = [sensorOf(FIELDS), faulty({ field: 'tempC', fault: 'offset', size: 5 })];
    for (const atMs of [START_MS, FROM_MS, UNTIL_MS]) {
      const expected = read(clean, atMs, { tempC: 20 }).tempC as number;
      const error = (read(bent, atMs, { tempC: 20 }).tempC as number) - expected;
      expect(error).toBeCloseTo(atMs === FROM_MS ? 5 : 0, 6);
    }
  });

  test.each([
    [{ field: 'levelM', fault: 'offset', size: 2 }, undefined],
    [{ field: 'open', fault: 'stuck' }, undefined],
    [{ field: 'levelM', fault: 'ofset', size: 2 }, 'unknown fault "ofset", did you mean offset?'],
    [{ field: 'level', fault: 'stuck' }, 'unknown field "level", did you mean levelM?'],
    [{ fault: 'stuck' }, 'unknown field nothing, expected one of tempC, levelM, countN, open'],
    [{ field: 'open', fault: 'offset', size: 1 }, 'field open is a boolean: it can be stuck or dead, but not offset'],
    [{ field: 'levelM', fault: 'offset' }, "fault offset needs a size in the field's unit, got nothing"],
    [{ field: 'levelM', fault: 'drift', size: 'x' }, `fault drift needs a size in the field's unit per hour, got "x"`],
    [{ field: 'levelM', fault: 'spike', size: 2 }, 'probability above 0, up to 1, got 2'],
    [{ field: 'levelM', fault: 'noise', size: 0 }, 'factor above 0, got 0'],
    [{ field: 'levelM', fault: 'stuck', size: 3 }, 'fault stuck takes no size, got 3'],
    [{ field: 'countN', fault: 'spike' }, 'field countN has no range (min and max)'],
  ])('is checked: %j', (fault, problem) => {
    const found = sensorFaultProblem(FIELDS, fault);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });

  it('that cannot be is refused when it is imposed', () => {
    expect(() => faulty({ field: 'open', fault: 'rail' })).toThrow('but not rail');
  });
});

describe('in the field', () => {
  const wearing = { tempC: FIELDS.tempC!, levelM: { ...FIELDS.levelM!, sensor: {} }, countN: FIELDS.countN! };

  /** Faults that begin in `years`, found by looking every `stepMs`, which must be shorter than the shortest. */
  function begun(wear: Wear, devices: number, years: number, stepMs: number) {
    const found = new Map<string, { count: number; totalMs: number }>();
    for (let device = 0; device < devices; device++) {
      const last: { [fault: string]: number } = {};
      for (let atMs = START_MS; atMs < START_MS + years * YEAR_MS; atMs += stepMs) {
        for (const { fault, fromMs, untilMs } of wear.at(device, atMs)) {
          if (last[fault] === fromMs || fromMs < START_MS) continue;
          last[fault] = fromMs;
          const sum = found.get(fault) ?? { count: 0, totalMs: 0 };
          found.set(fault, { count: sum.count + 1, totalMs: sum.totalMs + untilMs - fromMs });
        }
      }
    }
    return found;
  }

  it.each([
    { names: ['offset', 'dead'], devices: 4000, years: 10, stepMs: 14 * DAY_MS },
    { names: ['stuck', 'rail', 'noise'], devices: 1200, years: 12, stepMs: 0.9 * DAY_MS },
    { names: ['spike'], devices: 150, years: 10, stepMs: 0.45 * HOUR_MS },
  ])('faults begin and last as declared: $names', ({ names, devices, years, stepMs }) => {
    const rates = WEAR.filter(({ fault }) => names.includes(fault));
    const found = begun(new Wear(wearing, new Random(5), rates), devices, years, stepMs);
    expect([...found.keys()].sort()).toEqual([...names].sort());
    for (const { fault, perYear, meanMs } of rates) {
      const { count, totalMs } = found.get(fault)!;
      expect(Math.abs(count / (devices * years) / perYear - 1), `${fault} per year`).toBeLessThan(0.1);
      expect(Math.abs(totalMs / count / meanMs - 1), `${fault} duration`).toBeLessThan(0.1);
    }
  });

  it('a reading is wrong when a fault is named, whoever asks and in whatever order', () => {
    const count = 4000;
    const moments = [10, 200, 201, 400, 30].map((days) => START_MS + days * DAY_MS);
    const sensor = sensorOf(wearing, 8, 'field');
    const other = sensorOf(wearing, 8, 'field');
    const ideal = sensorOf(wearing, 8);
    const truth = { tempC: 11.2, levelM: 3.3, countN: 5 };
    let wrong = 0;
    for (const atMs of moments) {
      for (let device = 0; device < count; device++) {
        const readings = sensor.read(device, 1, atMs, truth);
        const right = ideal.read(device, 1, atMs, truth);
        const faults = sensor.faultsOf(device, atMs);
        if (faults.length === 0) expect(readings).toEqual(right);
        else if (!faults.every((name) => /stuck|noise/.test(name))) {
          wrong++;
          expect(readings, faults.join(',')).not.toEqual(right);
        }
        expect(readings.countN).toBe(5);
        expect(other.faultsOf(device, atMs)).toEqual(faults);
      }
    }
    // Of a device's time 0.10 × 30 d + 0.05 × 5 d + 0.03 × 30 d a year.
    expect(Math.abs(wrong / (count * moments.length) / (4.15 / 365.25) - 1)).toBeLessThan(0.2);
  });

  it('a sensor that got stuck stays where it was until it is over', () => {
    const onlyStuck = new Wear(
      wearing,
      new Random(8).fork('wear'),
      WEAR.filter(({ fault }) => fault === 'stuck'),
    );
    const sensor = sensorOf(wearing, 8, 'field');
    let checked = 0;
    for (let device = 0; device < 40_000; device++) {
      const [fault] = onlyStuck.at(device, START_MS);
      if (fault?.field !== 'levelM' || sensor.faultsOf(device, START_MS).length > 1) continue;
      checked++;
      const at = (atMs: number, levelM: number) => sensor.read(device, 1, atMs, { levelM }).levelM;
      expect([at(START_MS, 3), at(fault.untilMs - 1, 4), at(fault.untilMs, 5)]).toEqual([3, 3, 5]);
    }
    expect(checked).toBeGreaterThan(5);
  });

  it('what has no sensor does not fail by itself', () => {
    const { countN } = FIELDS;
    const sensor = sensorOf({ countN: countN!, open: FIELDS.open! }, 8, 'field');
    for (let device = 0; device < 5000; device++) {
      expect(sensor.faultsOf(device, START_MS)).toEqual([]);
      expect(sensor.read(device, 1, START_MS, { countN: 4, open: true })).toEqual({ countN: 4, open: true });
    }
  });
});
