import { describe, expect, test } from 'vitest';
import { model } from '../../simulator/models/water-meter.ts';
import { dayFactor, drawL } from '../../simulator/physics/water-demand.ts';
import { Random } from '../../simulator/random.ts';
import { createSensor } from '../../simulator/sensor.ts';
import { MeterState } from '../../simulator/water/meter-state.ts';
import type { CityHour, World } from '../../simulator/world.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import type { Command } from '../../telemetry/messages.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS, fakeWorld } from './fake-world.ts';
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

/** Mild days with weekends, so that a working day is an ordinary one. */
function ordinaryHour(index: number): CityHour {
  const weekday = (Math.floor(index / 24) + 4) % 7;
  const dayType = weekday === 0 || weekday === 6 ? 'weekend' : 'workday';
  return { ...fakeWorld().hour(index), dayType, tempC: 17, dayMeanTempC: 17, weightedTempC: 17 };
}
const ordinary = fakeWorld({ hour: ordinaryHour });

/** Life from a given moment, an hour a tick. */
function lived(homes: number, days: number, seed = 1, world: World = ordinary): Life {
  return new Life(model, city, homes, seed).run(days * DAY_S, world, HOUR_S * 1000);
}

describe('demand', () => {
  const homes = 1500;
  const days = 28;
  const records = hourly(lived(homes, days).records);
  /** Weekends included, against an ordinary working day. */
  const weekFactor =
    sum(
      Array.from({ length: days * 24 }, (_, i) => dayFactor(ordinaryHour(Math.floor(START_MS / 3_600_000) + 8 + i))),
    ) /
    days /
    24;
  const usedLph = (record: Reported) => number(record, 'flowLph') - number(record, 'minFlowLph');

  test('a person uses 124 L a day', () => {
    const perPerson = (24 * sum(records.map(usedLph))) / records.length / PERSONS_PER_HOME;
    const aDayL = perPerson / weekFactor;
    console.log(
      `water: ${aDayL.toFixed(1)} L/p/d on an ordinary day, target 124, error ${percent(relative(aDayL, 124))}`,
    );
    expect(Math.abs(relative(aDayL, 124))).toBeLessThan(0.08);
  });

  test('homes differ as metered homes do', () => {
    const monthly = [...byDevice(records).values()]
      .map((own) => (sum(own.map(usedLph)) / own.length / weekFactor) * 24 * 30.4 * 0.001)
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
    const options = { startMs: START_MS, quality: 'ideal' } as const;
    const sensor = createSensor(model.description.fields, new Random(9), options);
    const own = byDevice(records)
      .get(7)!
      .map((record, i) => sensor.read(7, i + 1, record.tsMs, record.fields).volumeM3 as number);
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

/** A leak that befalls a device now. */
function leak(life: Life, device: number, flowLph: number, untilMs = Infinity): void {
  life.fleet.befall!(device, { name: 'leak', args: { flowLph }, untilMs }, life.nowMs, life.report);
}

describe('leaks that a scenario imposes', () => {
  const newestOf = (life: Life, device: number) => life.records.findLast((record) => record.device === device)!;

  test('all of it is counted, from its first to its last moment', () => {
    const plain = new Life(model, city, 30).run(HOUR_S, ordinary, 60_000);
    const leaky = new Life(model, city, 30).run(HOUR_S, ordinary, 60_000);
    for (let device = 0; device < 30; device++) leak(leaky, device, 60, leaky.nowMs + 5 * 3_600_000);
    plain.run(8 * HOUR_S, ordinary, 60_000);
    leaky.run(8 * HOUR_S, ordinary, 60_000);
    let worstL = 0;
    for (let device = 0; device < 30; device++) {
      const moreL = 1000 * (number(newestOf(leaky, device), 'volumeM3') - number(newestOf(plain, device), 'volumeM3'));
      worstL = Math.max(worstL, Math.abs(moreL - 300));
    }
    console.log(`water: a leak of 300 L, worst error ${worstL.toFixed(1)} L`);
    // The registration error of a meter is 0.8 %.
    expect(worstL).toBeLessThan(300 * 0.03);
  });

  test('the truth knows the leak as long as it lasts', () => {
    const life = new Life(model, city, 1).run(HOUR_S, undefined, 60_000);
    leak(life, 0, 42, life.nowMs + 3 * 3_600_000);
    life.run(6 * HOUR_S, undefined, 60_000);
    const known = hourly(life.records).map(({ hidden }) => hidden!.leakLph);
    expect(known[0]).toBe(0);
    expect(known.slice(1, 4)).toEqual([42, 42, 42]);
    expect(known.slice(5)).toEqual([0, 0]);
  });

  test('a leak slower than the start flow is true and turns no wheel', () => {
    const life = new Life(model, city, 50).run(HOUR_S, undefined, 60_000);
    for (let device = 0; device < 50; device++) leak(life, device, 2);
    life.run(30 * HOUR_S, undefined, 60_000);
    const late = life.records.filter(({ tsMs }) => tsMs > life.nowMs - 3_600_000);
    expect(late.filter(({ hidden }) => (hidden!.leakLph as number) >= 2).length).toBe(50);
    // Some of the homes leak by themselves.
    expect(late.filter((record) => number(record, 'minFlowLph') > 0).length).toBeLessThan(5);
  });

  test('60 L/h is an alarm after 24 h, 800 L/h is a burst after 2 h, to the millisecond', () => {
    const life = new Life(model, city, 10).run(HOUR_S, undefined, 60_000);
    const sinceMs = life.nowMs;
    leak(life, 1, 60, sinceMs + 30 * 3_600_000);
    leak(life, 2, 800, sinceMs + 30 * 3_600_000);
    life.run(32 * HOUR_S, undefined, 60_000);
    const told = life.events.map(
      ({ device, name, state, tsMs }) => `${device} ${name} ${state} ${(tsMs - sinceMs) / 3_600_000}`,
    );
    expect(told.slice(0, 3)).toEqual(['2 burst raised 2', '1 leak raised 24', '2 leak raised 24']);
    const cleared = life.events.filter(({ state }) => state === 'cleared');
    expect(cleared.map(({ device, name }) => `${device} ${name}`).sort()).toEqual(['1 leak', '2 burst', '2 leak']);
    expect(cleared.every(({ tsMs }) => tsMs - sinceMs <= 31 * 3_600_000)).toBe(true);
    expect(life.events.every(({ fields }) => fields!.minFlowLph !== undefined)).toBe(true);
  });

  test('a leak in a tick in which the meter is due costs it no report', () => {
    const life = new Life(model, city, 100).run(2 * HOUR_S, undefined, 3_600_000);
    const before = life.records.length;
    life.tick(3_600_000, undefined, () => {
      for (let device = 0; device < 100; device++) leak(life, device, 900);
    });
    expect(life.records.length - before).toBe(100);
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
    life.tick(3_600_000, undefined, () => send(life, 0, valve('closed')));
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

  test('closing the valve of a leaking home clears its alarm, and an opened one starts to leak anew', () => {
    const life = new Life(model, city, 20).run(HOUR_S, undefined, 60_000);
    leak(life, 3, 60);
    life.run(25 * HOUR_S, undefined, 60_000);
    const states = () => life.events.map(({ device, name, state }) => `${device} ${name} ${state}`);
    expect(states()).toEqual(['3 leak raised']);
    send(life, 3, valve('closed'));
    life.run(HOUR_S, undefined, 60_000);
    expect(states()).toEqual(['3 leak raised', '3 leak cleared']);
    send(life, 3, valve('open'));
    life.run(HOUR_S, undefined, 60_000);
    const openedMs = newest(life, 3).tsMs;
    life.run(25 * HOUR_S, undefined, 60_000);
    expect(life.events.at(-1)).toMatchObject({ device: 3, state: 'raised', tsMs: openedMs + 24 * 3_600_000 });
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

describe('a fleet of more than 200,000', () => {
  const COUNT = 200_001;
  const HOUR_MS = 3_600_000;

  /** Some devices of a large fleet, each woken as it wishes. */
  function sleepers(devices: readonly number[], days: number, also?: (life: Life) => void): Life {
    const life = new Life(model, city, 0);
    const context = {
      count: COUNT,
      city,
      random: new Random(1).fork('water-meter'),
      startMs: START_MS,
      utcOffsetMin: 480,
      deviceId: String,
      wakeAt: (device: number, atMs: number) => void due.set(device, atMs),
    };
    const fleet = model.createFleet(context);
    const due = new Map(devices.map((device) => [device, fleet.firstWakeMs!(device)]));
    also?.(Object.assign(life, { fleet }));
    for (const device of devices) {
      while (due.get(device)! <= START_MS + days * 24 * HOUR_MS) {
        const atMs = due.get(device)!;
        due.set(device, fleet.wake!(device, atMs, ordinary, life.report));
        if (due.get(device)! <= atMs) throw new Error(`device ${device} stays awake at ${atMs}`);
      }
    }
    return life;
  }
  const some = [0, 1, 2, 77, 5000, 123_456, 200_000];
  const civilHourOf = (tsMs: number) => (tsMs + 8 * HOUR_MS) / HOUR_MS;

  test('tells each civil hour since the start once, in order, without a gap', () => {
    const { records } = sleepers(some, 4);
    for (const own of byDevice(records).values()) {
      const hours = own.map(({ tsMs }) => civilHourOf(tsMs));
      expect(hours).toEqual(Array.from({ length: own.length }, (_, i) => START_MS / HOUR_MS + 8 + 1 + i));
      expect(own.length).toBeGreaterThan(24 * 3);
      for (let i = 1; i < own.length; i++) {
        const grownL = 1000 * (number(own[i]!, 'volumeM3') - number(own[i - 1]!, 'volumeM3'));
        expect(Math.abs(grownL - number(own[i]!, 'flowLph'))).toBeLessThan(1e-6);
      }
    }
  });

  test('reports once a day between 00:00 and 08:00, and only the last record of a report carries all fields', () => {
    const { records } = sleepers(
      Array.from({ length: 500 }, (_, i) => 397 * i),
      2,
    );
    const full = records.filter(({ fields }) => 'lat' in fields);
    expect(full.length).toBe(2 * 500);
    expect(Object.keys(full[0]!.fields).sort()).toEqual(Object.keys(model.description.fields).sort());
    const perHour = Array.from({ length: 24 }, () => 0);
    for (const { tsMs } of full) perHour[civilHourOf(tsMs) % 24]!++;
    expect(perHour.slice(8)).toEqual(Array.from({ length: 16 }, () => 0));
    for (const count of perHour.slice(0, 8)) expect(Math.abs(count / 125 - 1)).toBeLessThan(0.4);
    const slim = records.filter(({ fields }) => !('lat' in fields));
    expect(slim.every(({ fields }) => Object.keys(fields).sort().join() === 'flowLph,minFlowLph,volumeM3')).toBe(true);
  });

  test('its homes draw what homes of a small fleet draw', () => {
    const devices = Array.from({ length: 800 }, (_, i) => i);
    const flow = ({ records }: { records: readonly Reported[] }) => {
      const flows = hourly(records).map((record) => number(record, 'flowLph'));
      return sum(flows) / flows.length;
    };
    const [large, small] = [flow(sleepers(devices, 8)), flow(lived(800, 7))];
    console.log(`water: mean flow ${large.toFixed(2)} L/h in a large fleet, ${small.toFixed(2)} in a small one`);
    expect(Math.abs(relative(large, small))).toBeLessThan(0.03);
  });

  test('a burst is told at once, a command waits for the window, and the hour in which the valve closed counts in part', () => {
    const life = sleepers([9], 3, (of) => {
      leak(of, 9, 1200);
      of.fleet.command!(9, { id: 'v', name: 'valve', args: { state: 'closed' } }, START_MS, of.report);
    });
    expect(life.events[0]).toMatchObject({ name: 'burst', state: 'raised', tsMs: START_MS + 2 * HOUR_MS });
    const closedMs = life.acks[0]!.tsMs;
    expect(civilHourOf(closedMs) % 24).toBeLessThan(8);
    const openShare = civilHourOf(closedMs) % 1;
    const inPart = life.records.find(({ tsMs }) => tsMs > closedMs)!;
    console.log(`water: ${number(inPart, 'flowLph')} L/h in an hour of which ${percent(openShare)} were open`);
    expect(Math.abs(number(inPart, 'flowLph') - 1200 * openShare)).toBeLessThan(1200 * openShare * 0.03 + 60);
    const after = life.records.filter(({ tsMs }) => tsMs > inPart.tsMs);
    expect(after.length).toBeGreaterThan(20);
    expect(after.every((record) => number(record, 'flowLph') === 0)).toBe(true);
    expect(life.events.at(-1)).toMatchObject({ name: 'burst', state: 'cleared' });
  });
});

describe('the weather and the calendar', () => {
  const flowIn = (hour: Partial<CityHour>) => {
    const world = fakeWorld({ hour: (index) => ({ ...ordinaryHour(index), dayType: 'workday', ...hour }) });
    return sum(hourly(lived(300, 7, 1, world).records).map((record) => number(record, 'flowLph')));
  };
  const plain = flowIn({});

  test('a heat wave adds what heat adds, and Spring Festival takes a quarter away', () => {
    const hot = flowIn({ dayMeanTempC: 33, weightedTempC: 33 }) / plain;
    const festival = flowIn({ dayType: 'holiday', holiday: 'Spring Festival' }) / plain;
    console.log(
      `water: at 33 °C ${hot.toFixed(3)}, law 1.184; at Spring Festival ${festival.toFixed(3)}, law ${(1.05 * 0.75).toFixed(3)}`,
    );
    expect(Math.abs(hot - 1.184)).toBeLessThan(0.02);
    expect(Math.abs(festival - 0.7875)).toBeLessThan(0.02);
  });
});

test('the volumes of single events have the law of their uses', () => {
  const random = new Random(4);
  // So small a home draws one event or none.
  const litres: number[] = [];
  for (let home = 0; litres.length < 20_000; home++) {
    const drawn = drawL(random, home, 1, 0.01, 20, false);
    if (drawn > 0) litres.push(drawn);
  }
  const meanL = sum(litres) / litres.length;
  // Half of the events are taps' below 1.4 L; the largest are showers and laundry.
  const sorted = litres.toSorted((a, b) => a - b);
  console.log(
    `water: an event at 20 h ${meanL.toFixed(2)} L, median ${sorted[10_000]!.toFixed(2)}, P99 ${sorted[19_800]!.toFixed(1)}`,
  );
  expect(meanL).toBeGreaterThan(4);
  expect(meanL).toBeLessThan(9);
  expect(sorted[10_000]!).toBeLessThan(2.5);
  expect(sorted[19_800]!).toBeGreaterThan(50);
});

test('a meter remembers twelve bytes, and nothing of it spills over', () => {
  const before = process.memoryUsage().arrayBuffers;
  const state = new MeterState(100_000);
  expect((process.memoryUsage().arrayBuffers - before) / 100_000).toBeLessThan(12.1);
  for (const device of [3, 4, 5]) {
    state.count(device, 999_999_999);
    state.setLeakLph(device, 3000);
    state.setLeakChange(device, device === 4 ? Infinity : START_MS + 1);
    for (let i = 0; i < 300; i++) state.countLeakChange(device);
    state.set(device, 16, true);
    state.set(device, 1, device === 5);
  }
  expect([state.volumeDl(4), state.leakLph(4), state.leakChanges(4)]).toEqual([999_999_999, 3000, 300 - 256]);
  expect([3, 4].map((device) => state.leakChangeMs(device))).toEqual([START_MS + 60_000, Infinity]);
  expect([1, 2, 16].map((flag) => state.has(5, flag))).toEqual([true, false, true]);
  expect(state.volumeDl(2) + state.volumeDl(6)).toBe(0);
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
