import { describe, expect, test } from 'vitest';
import { model } from '../../simulator/models/water-meter.ts';
import { dayFactor } from '../../simulator/physics/water-demand.ts';
import { Random } from '../../simulator/random.ts';
import { createSensor } from '../../simulator/sensor.ts';
import { calendar, seasonTempC, summerShare } from '../../simulator/world/climate.ts';
import { isWeekend } from '../../simulator/world/people.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import type { Command } from '../../telemetry/messages.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS } from './fake-world.ts';
import type { Reported } from './fake-world.ts';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const city = fakeCity();
const PERSONS_PER_HOME = 2.61;

const number = (record: Reported, field: string) => record.fields[field] as number;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const relative = (got: number, wanted: number) => got / wanted - 1;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function byDevice(records: readonly Reported[]): Map<number, Reported[]> {
  return Map.groupBy(records, (record) => record.device);
}

/** The hourly reports, without the first message of a meter that was switched on. */
const hourly = (records: readonly Reported[]) => records.filter((record) => 'flowLph' in record.fields);

/** Life from a given moment, an hour a tick. */
function lived(homes: number, days: number, seed = 1): Life {
  return new Life(model, city, homes, seed).run(days * DAY_S, undefined, HOUR_S * 1000);
}

describe('demand', () => {
  const homes = 1500;
  const days = 28;
  const records = hourly(lived(homes, days).records);
  /** Late May and June, weekends included, against an ordinary working day. */
  const seasonFactor =
    sum(
      Array.from({ length: days }, (_, i) => {
        const day = Math.floor(START_MS / 86_400_000) + i;
        const { dayOfYear } = calendar(day);
        return dayFactor(isWeekend(day), seasonTempC(dayOfYear), summerShare(dayOfYear));
      }),
    ) / days;
  const usedLph = (record: Reported) => number(record, 'flowLph') - number(record, 'minFlowLph');

  test('a person uses 124 L a day', () => {
    const perPerson = (24 * sum(records.map(usedLph))) / records.length / PERSONS_PER_HOME;
    const ordinary = perPerson / seasonFactor;
    console.log(
      `water: ${ordinary.toFixed(1)} L/p/d on an ordinary day, target 124, error ${percent(relative(ordinary, 124))}`,
    );
    expect(Math.abs(relative(ordinary, 124))).toBeLessThan(0.08);
  });

  test('homes differ as metered homes do', () => {
    const monthly = [...byDevice(records).values()]
      .map((own) => (sum(own.map(usedLph)) / own.length / seasonFactor) * 24 * 30.4 * 0.001)
      .sort((a, b) => a - b);
    for (const [share, m3] of [
      [0.5, 8.5],
      [0.8, 14],
      [0.95, 21.7],
    ] as const) {
      const got = monthly[Math.floor(share * monthly.length)]!;
      console.log(
        `water: P${share * 100} ${got.toFixed(1)} m3 a month, target ${m3}, error ${percent(relative(got, m3))}`,
      );
      expect(Math.abs(relative(got, m3))).toBeLessThan(0.12);
    }
  });

  test('the hours of a working day have the shape of the measured homes', () => {
    const wanted = [
      0.23, 0.14, 0.12, 0.13, 0.19, 0.47, 1.31, 1.68, 1.26, 0.93, 1.07, 1.43, 1.2, 0.79, 0.68, 0.64, 0.85, 1.45, 2.05,
      2, 1.78, 1.59, 1.24, 0.77,
    ];
    const use = Array.from({ length: 24 }, () => 0);
    for (const record of records) {
      // The middle of the hour that the record sums up, civil time.
      const middle = new Date(record.tsMs + 7.5 * 3_600_000);
      if (middle.getUTCDay() % 6 !== 0) use[middle.getUTCHours()]! += usedLph(record);
    }
    const mean = sum(use) / 24;
    // A report covers parts of two civil hours: the reference is averaged alike (triangle of one hour each side).
    const seen = wanted.map((value, h) => (6 * value + wanted[(h + 23) % 24]! + wanted[(h + 1) % 24]!) / 8);
    const errors = use.map((value, h) => Math.abs(value / mean - seen[h]!));
    console.log(
      `water: hourly shape, mean error ${(sum(errors) / 24).toFixed(3)}, worst ${Math.max(...errors).toFixed(3)} of the mean`,
    );
    expect(sum(errors) / 24).toBeLessThan(0.06);
    expect(Math.max(...errors)).toBeLessThan(0.2);
  });

  test('volume grows by flow times time, and never runs back', () => {
    let worstL = 0;
    let leastL = Infinity;
    for (const own of byDevice(records).values()) {
      for (let i = 1; i < own.length; i++) {
        const grownL = 1000 * (number(own[i]!, 'volumeM3') - number(own[i - 1]!, 'volumeM3'));
        worstL = Math.max(worstL, Math.abs(grownL - number(own[i]!, 'flowLph')));
        leastL = Math.min(leastL, grownL);
      }
    }
    console.log(`water: volume against flow, worst ${worstL.toExponential(1)} L in ${records.length} hours`);
    expect(worstL).toBeLessThan(1e-6);
    expect(leastL).toBeGreaterThanOrEqual(0);
  });

  test('readings keep the volume monotonic and a meter starts with years of history', () => {
    const sensor = createSensor(model.description.fields, new Random(9));
    const own = byDevice(records)
      .get(7)!
      .map((record, i) => sensor.read(7, i + 1, record.fields).volumeM3 as number);
    expect(own.every((value, i) => i === 0 || value >= own[i - 1]!)).toBe(true);
    const first = [...byDevice(records).values()].map((of) => number(of[0]!, 'volumeM3'));
    expect(sum(first) / homes).toBeGreaterThan(200);
    expect(sum(first) / homes).toBeLessThan(900);
  });

  test('every meter reports once an hour, spread over the hour', () => {
    expect(records.length).toBe(homes * days * 24);
    const quarters = [0, 0, 0, 0];
    for (const own of byDevice(records).values()) quarters[Math.floor((own[0]!.tsMs % 3_600_000) / 900_000)]!++;
    for (const quarter of quarters) expect(Math.abs(quarter / homes - 0.25)).toBeLessThan(0.05);
  });

  test('about half of the 3 % of homes that leak do so fast enough to be seen', () => {
    const { events, records } = lived(6000, 2, 3);
    const seen =
      new Set(records.filter(({ fields }) => (fields.minFlowLph as number) > 3).map(({ device }) => device)).size /
      6000;
    const raised = events.filter((event) => event.name === 'leak' && event.state === 'raised').length / 6000;
    console.log(`water: leaks seen at ${percent(seen)} of homes, new alarms in two days at ${percent(raised)}`);
    expect(seen).toBeGreaterThan(0.01);
    expect(seen).toBeLessThan(0.025);
    expect(raised).toBeLessThan(0.003);
  });
});

describe('time', () => {
  const at = (dtMs: number, homes = 40, seconds = 6 * HOUR_S) =>
    new Life(model, city, homes).run(seconds, undefined, dtMs);

  test('ticks of 1 s, 60 s, 7 min and 1 h give the same reports', () => {
    const fine = at(1000);
    for (const dtMs of [60_000, 450_000, 3_600_000]) expect(at(dtMs).records).toEqual(fine.records);
    expect(hourly(fine.records).length).toBe(6 * 40);
  });

  test('every meter tells what it has counted within ten seconds of being switched on', () => {
    const { records } = at(1000, 500, 12);
    expect(new Set(records.map(({ device }) => device)).size).toBe(500);
    const first = records.filter((record) => !('flowLph' in record.fields));
    expect(first.every((record) => record.tsMs - START_MS <= 10_000 && number(record, 'volumeM3') > 0)).toBe(true);
  });

  test('ticks of 100 ms and of 3 h lose and double nothing', () => {
    expect(at(100, 40, HOUR_S).records).toEqual(at(1000, 40, HOUR_S).records);
    expect(at(3 * 3_600_000).records).toEqual(at(1000).records);
  });

  test('a meter lives the same alone and in a crowd, and another seed is another life', () => {
    const few = byDevice(at(60_000, 5).records).get(4);
    const many = byDevice(at(60_000, 200).records).get(4);
    expect(many).toEqual(few);
    const other = new Life(model, city, 5, 2).run(6 * HOUR_S, undefined, 60_000);
    expect(byDevice(other.records).get(4)).not.toEqual(few);
  });
});

describe('commands', () => {
  const valve = (state: string, extra: Partial<Command> = {}): Command => ({
    id: `to-${state}`,
    name: 'valve',
    args: { state },
    ...extra,
  });
  const send = (life: Life, device: number, command: Command) =>
    life.fleet.command!(device, command, life.nowMs, life.report);
  const newest = (life: Life, device: number) => life.records.findLast((record) => record.device === device)!;

  test('a sleeping meter moves its valve when it wakes; closed, nothing flows; open, it flows again', () => {
    const life = new Life(model, city, 300).run(2 * HOUR_S, undefined, 60_000);
    const home = 17;
    expect(send(life, home, valve('closed'))).toEqual({ state: 'accepted' });
    expect(life.acks).toEqual([]);
    life.run(HOUR_S, undefined, 60_000);
    const closedAt = newest(life, home);
    expect(life.acks).toEqual([
      { device: home, tsMs: closedAt.tsMs, id: 'to-closed', state: 'done', reason: undefined },
    ]);
    expect(closedAt.fields.valve).toBe('closed');
    life.run(24 * HOUR_S, undefined, 60_000);
    expect(number(newest(life, home), 'volumeM3')).toBe(number(closedAt, 'volumeM3'));
    expect(number(newest(life, home), 'flowLph')).toBe(0);
    send(life, home, valve('open'));
    life.run(25 * HOUR_S, undefined, 60_000);
    expect(newest(life, home).fields.valve).toBe('open');
    expect(number(newest(life, home), 'volumeM3')).toBeGreaterThan(number(closedAt, 'volumeM3'));
  });

  test('a command that comes during an hour-long tick waits for the next report', () => {
    const life = new Life(model, city, 1).run(2 * HOUR_S, undefined, 3_600_000);
    life.nowMs += 3_600_000;
    send(life, 0, valve('closed'));
    life.fleet.tick(life.nowMs, 3_600_000, {} as never, life.report);
    expect(life.acks).toEqual([]);
    life.run(HOUR_S, undefined, 3_600_000);
    expect(life.acks.map((ack) => ack.state)).toEqual(['done']);
  });

  test('a command that expires before the meter wakes is answered expired and has no effect', () => {
    const life = new Life(model, city, 50).run(HOUR_S, undefined, 1000);
    // The meter that has just reported sleeps for nearly an hour.
    const { device } = life.records.at(-1)!;
    send(life, device, valve('closed', { expiresMs: 60_000 }));
    const sentMs = life.nowMs;
    life.run(HOUR_S, undefined, 1000);
    expect(life.acks.map(({ tsMs, id, state }) => ({ tsMs, id, state }))).toEqual([
      { tsMs: sentMs + 60_000, id: 'to-closed', state: 'expired' },
    ]);
    expect(newest(life, device).fields.valve).toBe('open');
  });

  test('readNow is done with the next reading', () => {
    const life = new Life(model, city, 3).run(HOUR_S, undefined, 1000);
    send(life, 2, { id: 'r', name: 'readNow', args: {} });
    life.run(HOUR_S, undefined, 1000);
    expect(life.acks).toEqual([{ device: 2, tsMs: newest(life, 2).tsMs, id: 'r', state: 'done', reason: undefined }]);
  });

  test('closing the valve of a leaking home clears its alarm', () => {
    const life = lived(3000, 20);
    const { device } = life.events.findLast((event) => event.state === 'raised')!;
    send(life, device, valve('closed'));
    life.run(2 * HOUR_S, undefined, 3_600_000);
    expect(life.events.findLast((event) => event.device === device)!.state).toBe('cleared');
    expect(life.events.filter((event) => event.device === device).map((event) => event.state)).toEqual([
      'raised',
      'cleared',
    ]);
  });

  test('bad commands are refused with the reason, and a ninth does not wait', () => {
    const life = new Life(model, city, 1);
    expect(send(life, 0, valve('ajar'))).toEqual({
      state: 'rejected',
      reason: 'state must be open or closed, got "ajar"',
    });
    expect(send(life, 0, { id: 'x', name: 'explode', args: {} }).reason).toContain('unknown command explode');
    for (let i = 0; i < 8; i++)
      expect(send(life, 0, { id: `r${i}`, name: 'readNow', args: {} }).state).toBe('accepted');
    expect(send(life, 0, { id: 'r3', name: 'readNow', args: {} }).state).toBe('accepted');
    expect(send(life, 0, { id: 'r9', name: 'readNow', args: {} }).state).toBe('rejected');
    life.run(HOUR_S, undefined, 60_000);
    expect(life.acks.length).toBe(8);
  });
});

test('the description is a good one and every report fits it', () => {
  expect(descriptionProblems(model.description)).toEqual([]);
  const { fields } = model.description;
  const names = Object.keys(fields).sort();
  for (const record of hourly(lived(200, 1).records)) {
    expect(Object.keys(record.fields).sort()).toEqual(names);
    const outside = names.filter((name) => {
      const value = record.fields[name];
      return typeof value === 'number' && (value < fields[name]!.min! || value > fields[name]!.max!);
    });
    expect(outside).toEqual([]);
  }
});
