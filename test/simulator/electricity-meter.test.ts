import { describe, expect, test } from 'vitest';
import { loadCity } from '../../simulator/city/load.ts';
import { model } from '../../simulator/models/electricity-meter.ts';
import { HomeEnergy, QUARTER_MS } from '../../simulator/physics/home-energy.ts';
import { solarKw } from '../../simulator/physics/home-solar.ts';
import { Random } from '../../simulator/random.ts';
import { createSensor } from '../../simulator/sensor.ts';
import type { WorldEvent } from '../../simulator/world.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import { fakeWorld } from './fake-world.ts';
import { Sleepers, UTC_OFFSET_MIN, civil } from './sleepers.ts';
import type { Told } from './sleepers.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const city = loadCity();

const number = (record: Pick<Told, 'fields'>, field: string) => record.fields[field] as number;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const rank = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(share * values.length)]!;

function cutOf(fromMs: number, untilMs: number, where?: WorldEvent['where']): WorldEvent {
  return {
    id: `cut-${fromMs}`,
    event: 'power-cut',
    fromMs,
    untilMs,
    args: {},
    ...(where === undefined ? {} : { where }),
  };
}

describe('the load of homes', () => {
  const HOMES = 2000;
  const startMs = civil(2026, 1, 1);
  const root = new Random(1);
  const energy = new HomeEnergy(root.fork('electricity-meter'), UTC_OFFSET_MIN);
  /** kWh a day of each home, by month; and the kW of a mean home without a car in the hours of July. Three days a month, one quarter of each hour. */
  const kwhPerDay = Array.from({ length: 12 }, () => new Float64Array(HOMES));
  const julyKw = Array.from({ length: 24 }, () => 0);
  const carless = Array.from({ length: HOMES }, (_, home) => home).filter((home) => !energy.hasCar(home)).length;
  const world = createWorld({ city, random: root.fork('world'), startMs, utcOffsetMin: UTC_OFFSET_MIN });
  for (let month = 1; month <= 12; month++) {
    for (const day of [5, 15, 25]) {
      const dayMs = civil(2026, month, day);
      world.advance(dayMs + DAY_MS);
      for (let hour = 0; hour < 24; hour++) {
        const fromMs = dayMs + hour * HOUR_MS + ((7 * hour + day) % 4) * QUARTER_MS;
        for (let home = 0; home < HOMES; home++) {
          const kw = energy.loadKw(home, fromMs, fromMs + QUARTER_MS, world);
          kwhPerDay[month - 1]![home]! += kw / 3;
          if (month === 7 && !energy.hasCar(home)) julyKw[hour]! += kw / (3 * carless);
        }
      }
    }
  }
  const monthly = kwhPerDay.map((homes) => sum([...homes]) / HOMES);

  test('a home draws 8.1 kWh a day over a year', () => {
    const kwh = mean(monthly);
    console.log(
      `electricity: ${kwh.toFixed(2)} kWh a home and day, cars included, target 8.1, ${percent(kwh / 8.1 - 1)}`,
    );
    console.log(`electricity: by month ${monthly.map((value) => value.toFixed(1)).join(' ')}`);
    expect(Math.abs(kwh / 8.1 - 1)).toBeLessThan(0.1);
  });

  test('homes differ as the tiers of the tariff say: P95 is 1.74 times P80', () => {
    const homes = Array.from({ length: HOMES }, (_, home) => mean(kwhPerDay.map((month) => month[home]!)));
    const ratio = rank(homes, 0.95) / rank(homes, 0.8);
    console.log(`electricity: P95 / P80 of use ${ratio.toFixed(2)}, target 1.74`);
    expect(Math.abs(ratio / 1.74 - 1)).toBeLessThan(0.08);
  });

  test('July needs nearly twice what April needs, and homes without a car peak between 19 and 21 h', () => {
    const ratio = monthly[6]! / monthly[3]!;
    const peak = julyKw.indexOf(Math.max(...julyKw));
    console.log(
      `electricity: July / April ${ratio.toFixed(2)}, target 1.8; the highest hour of July begins at ${peak} h`,
    );
    expect(Math.abs(ratio / 1.8 - 1)).toBeLessThan(0.15);
    expect([19, 20]).toContain(peak);
  });

  test('the more homes, the flatter their sum, as on a transformer', () => {
    const dayMs = civil(2026, 12, 15);
    const loads = Array.from({ length: 400 }, (_, home) =>
      Array.from({ length: 96 }, (_, quarter) =>
        energy.loadKw(home, dayMs + quarter * QUARTER_MS, dayMs + (quarter + 1) * QUARTER_MS, world),
      ),
    );
    const coincidence = (size: number) => {
      const groups = Array.from({ length: 400 / size }, (_, i) => loads.slice(i * size, (i + 1) * size));
      const peakOf = (group: number[][]) => Math.max(...group[0]!.map((_, q) => sum(group.map((load) => load[q]!))));
      return sum(groups.map(peakOf)) / sum(loads.map((load) => Math.max(...load)));
    };
    const line = [1, 5, 10, 50, 100].map((size) => {
      const rusck = 0.2 + 0.8 / Math.sqrt(size);
      return { size, got: coincidence(size), rusck };
    });
    console.log(
      `electricity: coincidence ${line.map(({ size, got, rusck }) => `${size}: ${got.toFixed(2)} (Rusck ${rusck.toFixed(2)})`).join(', ')}`,
    );
    for (const { got, rusck } of line) expect(Math.abs(got - rusck)).toBeLessThan(0.13);
  });
});

test('a kilowatt of panels yields about 1,100 kWh a year', () => {
  const startMs = civil(2026, 1, 1);
  const world = createWorld({ city, random: new Random(3).fork('world'), startMs, utcOffsetMin: UTC_OFFSET_MIN });
  let kwh = 0;
  // Every fifth day.
  for (let day = 1; day < 365; day += 5) {
    world.advance(startMs + (day + 1) * DAY_MS);
    const first = (startMs + day * DAY_MS + UTC_OFFSET_MIN * MIN_MS) / HOUR_MS;
    for (let hour = first; hour < first + 24; hour++) {
      const { irradianceWpm2, tempC } = world.hour(hour);
      kwh += 5 * solarKw(1, irradianceWpm2, tempC);
    }
  }
  console.log(`electricity: panels yield ${kwh.toFixed(0)} kWh a year and kW, target 1,050–1,180`);
  expect(kwh).toBeGreaterThan(1050);
  expect(kwh).toBeLessThan(1180);
});

describe('registers', () => {
  const homes = 120;
  const startMs = civil(2026, 7, 14);
  const life = new Sleepers(model, { count: homes, startMs, tickMs: HOUR_MS }).runUntil(startMs + DAY_MS);

  test('grow by the mean power times the time, to the watt-hour', () => {
    let worstKwh = 0;
    let records = 0;
    for (let device = 0; device < homes; device++) {
      const own = life.of(device);
      for (let i = 1; i < own.length; i++, records++) {
        const hours = (own[i]!.tsMs - own[i - 1]!.tsMs) / HOUR_MS;
        const net = (record: Told) => number(record, 'energyKwh') - ((record.fields.exportKwh as number) ?? 0);
        const grown = net(own[i]!) - net(own[i - 1]!);
        worstKwh = Math.max(worstKwh, Math.abs(grown - (number(own[i]!, 'powerW') / 1000) * hours));
      }
    }
    console.log(`electricity: register against power, worst ${worstKwh.toExponential(1)} kWh in ${records} records`);
    expect(records).toBeGreaterThan(90 * homes);
    expect(worstKwh).toBeLessThan(model.description.fields.energyKwh!.resolution! / 1000);
  });

  test('count what the home draws, but for the error of a class 1 meter', () => {
    const root = new Random(1);
    const energy = new HomeEnergy(root.fork('electricity-meter'), UTC_OFFSET_MIN);
    const world = createWorld({ city, random: root.fork('world'), startMs, utcOffsetMin: UTC_OFFSET_MIN });
    world.advance(startMs + DAY_MS);
    const errors: number[] = [];
    for (let device = 0; device < homes; device++) {
      if (energy.hasSolar(device)) continue;
      const [first, last] = [life.of(device)[1]!, life.of(device).at(-1)!];
      let drawnKwh = 0;
      for (let ms = first.tsMs; ms < last.tsMs;) {
        const untilMs = Math.min(last.tsMs, QUARTER_MS * (Math.floor(ms / QUARTER_MS) + 1));
        drawnKwh += (energy.loadKw(device, ms, untilMs, world) * (untilMs - ms)) / HOUR_MS;
        ms = untilMs;
      }
      errors.push((number(last, 'energyKwh') - number(first, 'energyKwh')) / drawnKwh - 1);
    }
    const spread = Math.sqrt(mean(errors.map((error) => error * error)));
    console.log(`electricity: registration error of ${errors.length} meters, ${percent(spread)} in the mean square`);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.02);
    expect(spread).toBeLessThan(0.01);
  });

  test('never run back, also as readings', () => {
    const sensor = createSensor(model.description.fields, new Random(9), { startMs, quality: 'ideal' });
    for (let device = 0; device < homes; device++) {
      const readings = life.of(device).map(({ tsMs, fields }, i) => sensor.read(device, i + 1, tsMs, fields));
      for (let i = 1; i < readings.length; i++) {
        for (const field of ['energyKwh', 'exportKwh'] as const) {
          const [before, after] = [readings[i - 1]![field], readings[i]![field]];
          if (before !== undefined) expect(after as number).toBeGreaterThanOrEqual(before as number);
        }
      }
    }
  });

  test('report every 15 minutes at a moment of their own, and once within ten seconds of the start', () => {
    for (let device = 0; device < homes; device++) {
      const own = life.of(device);
      const [first, second] = [own[0]!, own[1]!];
      expect(first.tsMs - startMs).toBeLessThanOrEqual(10_000);
      expect(first.fields.powerW).toBeUndefined();
      expect(own.slice(1).map(({ tsMs }) => tsMs)).toEqual(own.slice(1).map((_, i) => second.tsMs + i * QUARTER_MS));
    }
    const quarters = new Set(life.records.map(({ tsMs }) => Math.floor((tsMs % QUARTER_MS) / (5 * MIN_MS))));
    expect(quarters.size).toBe(3);
  });

  test('only homes with panels feed in, and they do so around noon', () => {
    const sunny = new Sleepers(model, { count: 400, startMs: civil(2026, 5, 10), tickMs: HOUR_MS });
    sunny.runUntil(civil(2026, 5, 11));
    const feeding = sunny.records.filter((record) => (record.fields.powerW as number) < 0);
    const withPanels = new Set(
      sunny.records.filter(({ fields }) => fields.exportKwh !== undefined).map(({ device }) => device),
    );
    expect(feeding.length).toBeGreaterThan(0);
    expect(feeding.every(({ device }) => withPanels.has(device))).toBe(true);
    const hours = feeding.map(({ tsMs }) => ((tsMs + UTC_OFFSET_MIN * MIN_MS) % DAY_MS) / HOUR_MS);
    expect(Math.min(...hours)).toBeGreaterThan(5);
    expect(Math.max(...hours)).toBeLessThan(20);
    expect(withPanels.size / 400).toBeGreaterThan(0.02);
    expect(withPanels.size / 400).toBeLessThan(0.06);
  });
});

describe('a power cut', () => {
  const startMs = civil(2026, 7, 14, 18);
  const cut = cutOf(startMs + 20 * MIN_MS, startMs + 95 * MIN_MS, { district: 'Liangxi District' });
  const inside = (life: Sleepers) => [...new Set(life.events.map(({ device }) => device))];
  const life = new Sleepers(model, { count: 400, startMs, tickMs: 1000, events: [cut] }).runUntil(
    startMs + 2 * HOUR_MS,
  );
  const told = life.events.filter(({ name }) => name === 'lastGasp');

  test('nine of ten meters in it say a last word within five seconds, and nobody else does', () => {
    const raised = told.filter(({ state }) => state === 'raised');
    expect(raised.length).toBeGreaterThan(20);
    for (const { tsMs } of raised) {
      expect(tsMs - cut.fromMs).toBeGreaterThanOrEqual(500);
      expect(tsMs - cut.fromMs).toBeLessThanOrEqual(5001);
    }
    const silent = [...Map.groupBy(life.records, ({ device }) => device)]
      .filter(([, own]) => own.filter(({ tsMs }) => tsMs > cut.fromMs && tsMs < cut.untilMs).length === 0)
      .map(([device]) => device);
    const share = raised.length / silent.length;
    console.log(
      `electricity: ${raised.length} of ${silent.length} dark meters said a last word, ${percent(share)}, target 92 %`,
    );
    expect(raised.every(({ device }) => silent.includes(device))).toBe(true);
    expect(share).toBeGreaterThan(0.82);
    expect(share).toBeLessThan(1);
  });

  test('is over within 30 seconds of the power for those who had told', () => {
    const cleared = told.filter(({ state }) => state === 'cleared');
    expect(cleared.length).toBe(told.filter(({ state }) => state === 'raised').length);
    for (const { tsMs } of cleared) {
      expect(tsMs).toBeGreaterThan(cut.untilMs);
      expect(tsMs - cut.untilMs).toBeLessThanOrEqual(30_001);
    }
  });

  test('stops reports and registers', () => {
    const whole = new Sleepers(model, { count: 400, startMs, tickMs: 1000 }).runUntil(startMs + 2 * HOUR_MS);
    for (const device of inside(life).slice(0, 20)) {
      const own = life.of(device);
      expect(own.filter(({ tsMs }) => tsMs > cut.fromMs && tsMs < cut.untilMs)).toEqual([]);
      const grown = (records: Told[]) => number(records.at(-1)!, 'energyKwh') - number(records[0]!, 'energyKwh');
      const gone = told.find((event) => event.device === device && event.state === 'raised')!;
      const back = told.find((event) => event.device === device && event.state === 'cleared')!;
      const used = number(gone, 'energyKwh') - number(own[0]!, 'energyKwh');
      // From the cut to the return only seconds of power.
      const during = number(back, 'energyKwh') - number(gone, 'energyKwh');
      expect(used).toBeGreaterThan(0);
      expect(during).toBeLessThan(0.15);
      expect(grown(own)).toBeLessThan(grown(whole.of(device)));
    }
  });

  test('looks the same with ticks of a minute', () => {
    const coarse = new Sleepers(model, { count: 400, startMs, tickMs: MIN_MS, events: [cut] });
    coarse.runUntil(startMs + 2 * HOUR_MS);
    const times = (of: Sleepers) => of.records.map(({ device, tsMs }) => `${device} ${tsMs}`).sort();
    const words = (of: Sleepers) =>
      of.events.map(({ device, tsMs, name, state }) => `${device} ${tsMs} ${name} ${state}`).sort();
    expect(times(coarse)).toEqual(times(life));
    expect(words(coarse)).toEqual(words(life));
  });

  test('a blink is over before some capacitors have spoken', () => {
    const blink = cutOf(startMs + 600_000, startMs + 602_000);
    const short = new Sleepers(model, { count: 60, startMs, tickMs: 1000, events: [blink] }).runUntil(
      startMs + 20 * MIN_MS,
    );
    const raised = short.events.filter(({ state }) => state === 'raised').length;
    expect(raised).toBeGreaterThan(5);
    expect(raised).toBeLessThan(40);
    expect(short.events.filter(({ state }) => state === 'cleared').length).toBe(raised);
  });
});

describe('alarms', () => {
  test('voltage outside its limits is told once and taken back once it is well inside', () => {
    let voltageV = 220;
    const life = new Sleepers(model, {
      count: 1,
      startMs: civil(2026, 4, 8, 3),
      worldAt: (nowMs) => fakeWorld({ simTimeMs: nowMs, voltageV, sky: { irradianceWpm2: 0 } }),
    });
    for (const level of [220, 240, 234.5, 241, 225, 190, 210]) {
      voltageV = level;
      life.runUntil(life.nowMs + 15 * MIN_MS);
    }
    expect(life.events.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'voltage raised',
      'voltage cleared',
      'voltage raised',
      'voltage cleared',
    ]);
  });

  test('more than 9.6 kW in the mean of a report is an overload', () => {
    const life = new Sleepers(model, { count: 1500, startMs: civil(2026, 7, 14, 20), tickMs: 15 * MIN_MS });
    life.runUntil(life.nowMs + 3 * HOUR_MS);
    const overloads = life.events.filter(({ name, state }) => name === 'overload' && state === 'raised');
    expect(overloads.length).toBeGreaterThan(0);
    for (const { device, tsMs } of overloads) {
      const { fields } = life.of(device).find((record) => record.tsMs === tsMs)!;
      expect(fields.powerW as number).toBeGreaterThan(9600);
    }
    const above = life.records.filter(({ fields }) => (fields.powerW as number) > 9600).length;
    expect(above).toBeGreaterThanOrEqual(overloads.length);
  });
});

describe('theft', () => {
  test('hides its share from the register and the power, and only the truth knows', () => {
    const startMs = civil(2026, 7, 14, 12);
    const run = (steal: boolean) => {
      const life = new Sleepers(model, { count: 50, startMs }).runUntil(startMs + HOUR_MS);
      if (steal) life.befall(7, 'theft', { bypassShare: 0.6 }, startMs + 3 * HOUR_MS);
      return life.runUntil(startMs + 5 * HOUR_MS);
    };
    const [honest, thief] = [run(false), run(true)];
    for (const device of [6, 8]) expect(thief.of(device)).toEqual(honest.of(device));
    const [wanted, got] = [honest.of(7), thief.of(7)];
    let during = 0;
    wanted.forEach((record, i) => {
      const within = record.tsMs > startMs + HOUR_MS + QUARTER_MS && record.tsMs < startMs + 3 * HOUR_MS;
      const outside = record.tsMs <= startMs + HOUR_MS || record.tsMs > startMs + 3 * HOUR_MS + QUARTER_MS;
      if (within) expect(number(got[i]!, 'powerW')).toBeCloseTo(0.4 * number(record, 'powerW'), 6);
      if (outside && i > 0) expect(number(got[i]!, 'powerW')).toBeCloseTo(number(record, 'powerW'), 6);
      if (within || i > 0) expect(got[i]!.hidden!.trueW).toBeCloseTo(record.hidden!.trueW as number, 6);
      expect(got[i]!.hidden!.bypassShare).toBe(
        record.tsMs > startMs + HOUR_MS && record.tsMs <= startMs + 3 * HOUR_MS ? 0.6 : 0,
      );
      if (within) during++;
    });
    expect(during).toBeGreaterThan(5);
  });
});

describe('commands', () => {
  const startMs = civil(2026, 7, 14, 18);
  const start = (events: readonly WorldEvent[] = []) =>
    new Sleepers(model, { count: 40, startMs, tickMs: 1000, events }).runUntil(startMs + 16 * MIN_MS);

  test('readNow brings a record within a tick, and the quarters of an hour go on', () => {
    const life = start();
    const before = life.of(3).length;
    const last = life.of(3).at(-1)!;
    const sentMs = life.nowMs;
    expect(life.send(3, 'readNow')).toEqual({ state: 'accepted' });
    life.runUntil(sentMs + 2000);
    const record = life.of(3).at(-1)!;
    expect(life.of(3).length).toBe(before + 1);
    expect(life.acks).toEqual([{ device: 3, tsMs: record.tsMs, id: 'readNow-3', state: 'done', reason: undefined }]);
    expect(record.tsMs - sentMs).toBeLessThanOrEqual(1000);
    life.runUntil(sentMs + 31 * MIN_MS);
    expect(
      life
        .of(3)
        .slice(before + 1)
        .map(({ tsMs }) => tsMs),
    ).toEqual([last.tsMs + QUARTER_MS, last.tsMs + 2 * QUARTER_MS]);
  });

  test('a command in the tick of a report costs neither', () => {
    const plain = new Sleepers(model, { count: 40, startMs }).runUntil(startMs + HOUR_MS);
    const dueMs = plain.of(3)[2]!.tsMs;
    const asked = new Sleepers(model, { count: 40, startMs });
    asked.at(dueMs, () => asked.send(3, 'readNow')).runUntil(startMs + HOUR_MS);
    const times = asked.of(3).map(({ tsMs }) => tsMs);
    expect(times.length).toBe(plain.of(3).length + 1);
    for (const { tsMs } of plain.of(3)) expect(times).toContain(tsMs);
    expect(asked.acks.map(({ state }) => state)).toEqual(['done']);
  });

  test('an open relay stops the register, a closed one starts it again', () => {
    const life = start();
    life.send(5, 'relay', { state: 'open' });
    life.runUntil(life.nowMs + 40 * MIN_MS);
    const [opened, ...off] = life.of(5).slice(-3);
    expect(opened!.fields.relay).toBe('open');
    for (const record of off) expect(record.fields).toMatchObject({ powerW: 0, energyKwh: opened!.fields.energyKwh });
    life.send(5, 'relay', { state: 'closed' }, { id: 'again' });
    life.runUntil(life.nowMs + 20 * MIN_MS);
    expect(life.of(5).at(-1)!.fields.relay).toBe('closed');
    expect(number(life.of(5).at(-1)!, 'powerW')).toBeGreaterThan(0);
  });

  test('a home with a medical device is never switched off, and bad commands are refused with the reason', () => {
    const many = new Sleepers(model, { count: 4000, startMs });
    const refused = Array.from({ length: 4000 }, (_, device) => many.send(device, 'relay', { state: 'open' })).filter(
      ({ state }) => state === 'rejected',
    );
    expect(refused.length / 4000).toBeGreaterThan(0.002);
    expect(refused.length / 4000).toBeLessThan(0.009);
    expect(refused[0]!.reason).toContain('medical');
    expect(many.send(0, 'relay', { state: 'ajar' }).reason).toBe('state must be open or closed, got "ajar"');
    expect(many.send(0, 'trip').reason).toContain('unknown command trip');
  });

  test('a dark meter obeys when the power is back', () => {
    const cut = cutOf(startMs + 20 * MIN_MS, startMs + 40 * MIN_MS);
    const life = start([cut]).runUntil(startMs + 25 * MIN_MS);
    expect(life.send(2, 'readNow').state).toBe('accepted');
    life.runUntil(cut.untilMs);
    expect(life.acks).toEqual([]);
    life.runUntil(cut.untilMs + 31_000);
    expect(life.acks.map(({ state }) => state)).toEqual(['done']);
  });
});

test('a meter lives the same alone and in a crowd, another seed is another life, and a second and a minute agree', () => {
  const startMs = civil(2026, 10, 6, 22);
  const live = (count: number, seed = 1, tickMs = MIN_MS) =>
    new Sleepers(model, { count, startMs, seed, tickMs }).runUntil(startMs + 2 * HOUR_MS).of(4);
  expect(live(60)).toEqual(live(5));
  expect(live(5, 2)).not.toEqual(live(5));
  // At night nothing depends on the moment at which the sky is looked at.
  const energy = (records: Told[]) => records.map(({ tsMs, fields }) => [tsMs, fields.energyKwh, fields.powerW]);
  expect(energy(live(5, 1, 1000))).toEqual(energy(live(5)));
});

test('the description is a good one and every report fits it', () => {
  expect(descriptionProblems(model.description)).toEqual([]);
  const { fields } = model.description;
  const life = new Sleepers(model, { count: 300, startMs: civil(2026, 8, 1), tickMs: HOUR_MS }).runUntil(
    civil(2026, 8, 2),
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
