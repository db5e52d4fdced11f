import { describe, expect, it } from 'vitest';
import { calendarOf } from '../../simulator/world/calendar.ts';
import { linesOfBuses } from '../../simulator/bus/allotment.ts';
import { demandOf } from '../../simulator/bus/demand.ts';
import { busesNeeded, dutiesOf, slotsOf } from '../../simulator/bus/duties.ts';
import { makeTimetable } from '../../simulator/bus/made-timetable.ts';
import { networksOf } from '../../simulator/bus/network.ts';
import { plannedTimes } from '../../simulator/bus/running-times.ts';
import { inService } from '../../simulator/bus/schedule.ts';
import type { Timetable, Trip } from '../../simulator/bus/schedule.ts';
import type { PlannedTrip } from '../../simulator/city.ts';
import { loadCity } from '../../simulator/city/load.ts';
import { dwellS, expectedDwellS } from '../../simulator/physics/dwell.ts';
import { Random } from '../../simulator/random.ts';
import { serviceDates } from '../../simulator/service-dates.ts';
import { LinkTable } from '../../simulator/traffic/link-table.ts';
import { Signals } from '../../simulator/traffic/signals.ts';
import type { DayType } from '../../simulator/world.ts';
import { CityStreets } from '../../simulator/world/streets.ts';
import { fakeCity } from './fake-city.ts';

const city = loadCity();
const networks = networksOf(city, new LinkTable(city), new Signals(city));
const random = new Random(1);
const streets = new CityStreets(city, random.fork('streets'));
const DAY_TYPES: readonly DayType[] = ['workday', 'weekend', 'holiday'];

function timetableOf(line: number, buses: number): Timetable {
  const network = networks[line]!;
  const demands = network.sides.map((side, way) => demandOf(side, 1000 * line + 100 * way, random));
  return makeTimetable(network, buses, streets, demands);
}

function startsOf(trips: readonly Trip[], way: number): number[] {
  return trips.filter(({ side }) => side.way === way).map(({ startS }) => startS);
}

function gapsOf(starts: readonly number[]): number[] {
  return starts.slice(1).map((startS, i) => startS - starts[i]!);
}

describe('the timetable of a generated line', () => {
  const tables = [1, 2, 10, 20, 60].map((buses) => ({ buses, timetable: timetableOf(11, buses) }));

  it.each(tables)('is one that its $buses buses can drive', ({ buses, timetable }) => {
    for (const dayType of DAY_TYPES) {
      const trips = timetable.on(dayType);
      const duties = dutiesOf(slotsOf(trips, 0, 0), networks[11]!, { buses });
      expect(duties.flat().length).toBe(trips.length);
      // Half minutes are rounded; nobody starts later than that.
      for (const { slot, departMs } of duties.flat()) expect(departMs - slot.slotMs).toBeLessThanOrEqual(60_000);
    }
  });

  it.each(tables)('serves both ends from six to ten with $buses buses, and never twice at once', ({ timetable }) => {
    const trips = timetable.on('workday');
    expect(trips[0]!.startS).toBe(6 * 3600);
    for (const way of [0, 1]) {
      const starts = startsOf(trips, way);
      expect(starts.at(-1)!).toBeLessThanOrEqual(22 * 3600);
      expect(Math.min(...gapsOf(starts))).toBeGreaterThan(0);
    }
  });

  it('is densest in the rush hour, thinner at noon and in the evening, and never beyond twenty minutes', () => {
    for (const way of [0, 1]) {
      const starts = startsOf(timetableOf(11, 20).on('workday'), way);
      const meanGapS = (fromH: number, untilH: number) => {
        const gaps = gapsOf(starts.filter((s) => s >= fromH * 3600 && s < untilH * 3600));
        return gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
      };
      expect(meanGapS(12, 14)).toBeGreaterThan(1.2 * meanGapS(7.5, 8.5));
      expect(meanGapS(20, 22)).toBeGreaterThan(1.3 * meanGapS(7.5, 8.5));
      expect(Math.max(...gapsOf(starts))).toBeLessThanOrEqual(1230);
    }
  });

  it('names every trip of the city once', () => {
    const ids = city.lines.flatMap((_, line) => {
      const timetable = timetableOf(line, city.lines[line]!.id === '608' ? 150 : 10);
      return DAY_TYPES.flatMap((dayType) => timetable.on(dayType).map(({ id }) => id));
    });
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('608-out-0600');
    expect(ids.some((id) => /^608-back-\d{4}b$/.test(id))).toBe(true);
  });

  it('is empty without buses', () => {
    expect(timetableOf(0, 0).on('workday')).toEqual([]);
  });

  it('asks for the kilometres a day of a city bus', () => {
    const km = city.lines.reduce(
      (sum, _, line) =>
        sum +
        timetableOf(line, 10)
          .on('workday')
          .reduce((lineKm, { side }) => lineKm + side.lengthM / 1000, 0),
      0,
    );
    console.log(`${(km / 120).toFixed(0)} km a bus and working day (Wuxi bus company 2012: 190)`);
    expect(km / 120).toBeGreaterThan(160);
    expect(km / 120).toBeLessThan(220);
  });
});

describe('planned running times', () => {
  const side = networks[11]!.sides[0]!;
  const plan = (startH: number, dayType: DayType = 'workday') =>
    plannedTimes(streets, {
      side,
      dayType,
      startS: startH * 3600,
      riders: { at: () => 40, demand: demandOf(side, 0, random) },
    });

  it('grow from stop to stop, and with the traffic of the hour', () => {
    const times = plan(8);
    expect(times[0]).toBe(0);
    for (let stop = 1; stop < times.length; stop++) expect(times[stop]!).toBeGreaterThan(times[stop - 1]! + 20);
    expect(plan(8).at(-1)! / plan(21).at(-1)!).toBeGreaterThan(1.15);
    expect(plan(8).at(-1)! / plan(8, 'holiday').at(-1)!).toBeGreaterThan(1.1);
  });

  it('are shorter for an empty run, which does not stop', () => {
    const empty = plannedTimes(streets, { side, dayType: 'workday', startS: 8 * 3600 });
    // 24 stops with braking, doors and speeding up.
    expect(plan(8).at(-1)! - empty.at(-1)!).toBeGreaterThan(24 * 15);
  });

  it('expect the dwell that random passengers cause, to a second', () => {
    for (const [boards, alights] of [
      [0.2, 0.1],
      [1, 2],
      [4, 3],
      [8, 8],
      [2, 12],
    ] as const) {
      let sumS = 0;
      for (let i = 0; i < 4000; i++)
        sumS += dwellS(random.poisson(boards, 1, 1, i), random.poisson(alights, 2, 2, i), false);
      expect(Math.abs(expectedDwellS(boards, alights) - sumS / 4000)).toBeLessThan(1);
    }
    expect(expectedDwellS(0, 0)).toBe(dwellS(0, 0, false));
  });
});

describe('headways of trips', () => {
  const side = networks[0]!.sides[0]!;
  const at = (...minutes: number[]) =>
    inService(minutes.map((minute) => ({ id: `t${minute}`, side, startS: 60 * minute, planS: new Float64Array(2) })));

  it('look ahead, but for the first of a service, which looks behind', () => {
    expect(at(360, 370, 385).map(({ headwayS }) => headwayS / 60)).toEqual([10, 10, 15]);
    expect(at(420, 440, 1020, 1050).map(({ headwayS }) => headwayS / 60)).toEqual([20, 20, 30, 30]);
    expect(at(420)[0]!.headwayS).toBe(3600);
  });

  it('set how long a trip waits for a bus: till the next one is due, two minutes at least and twenty at most', () => {
    expect(at(360, 370, 371, 431).map(({ patienceS }) => patienceS / 60)).toEqual([10, 2, 20, 20]);
  });
});

describe('an imported line', () => {
  const line = { ...fakeCity().lines[0]! };
  const planS = [0, 120, 240, 360, 480, 600, 720, 840, 960, 1080, 1200, 1320, 1440];
  const trip = (way: number, startMin: number, days: readonly DayType[] = ['workday']): PlannedTrip => ({
    id: `${way}-${startMin}-${days[0]}`,
    way,
    startS: 60 * startMin,
    planS,
    days,
  });
  const cityWith = (trips: readonly PlannedTrip[]) => ({ ...fakeCity(), lines: [{ ...line, trips }] });

  it('needs the buses of its busiest sort of day', () => {
    // 24 minutes of way and three of rest: a bus is back at its start after 54 minutes.
    const out = (minutes: readonly number[], days?: readonly DayType[]) => minutes.map((m) => trip(0, m, days));
    const back = (minutes: readonly number[], days?: readonly DayType[]) => minutes.map((m) => trip(1, m, days));
    expect(busesNeeded(cityWith([...out([400, 460]), ...back([430, 490])]))).toBe(1);
    expect(busesNeeded(cityWith([...out([400, 410, 420]), ...back([430, 440, 450])]))).toBe(3);
    const weekend = [...out([400, 402, 404, 406], ['weekend']), ...back([430], ['weekend'])];
    expect(busesNeeded(cityWith([...out([400]), ...weekend]))).toBe(4);
  });

  it('drives a bus back empty rather than ask for another one', () => {
    // Out only: 7.2 km back at 23 km/h take 18 minutes.
    expect(busesNeeded(cityWith([trip(0, 400), trip(0, 450)]))).toBe(1);
    expect(busesNeeded(cityWith([trip(0, 400), trip(0, 440)]))).toBe(2);
  });
});

describe('buses of a fleet', () => {
  it('take turns where lines need alike, and follow the need where they do not', () => {
    expect(linesOfBuses(7, [10, 10, 10])).toEqual([0, 1, 2, 0, 1, 2, 0]);
    const lines = linesOfBuses(14, [9, 0, 4, 1]);
    expect([0, 1, 2, 3].map((line) => lines.filter((of) => of === line).length)).toEqual([9, 0, 4, 1]);
    expect(linesOfBuses(5, [9, 0, 4, 1])).toEqual(lines.slice(0, 5));
  });
});

describe('service dates', () => {
  const civilMs = Date.UTC(2026, 8, 30, 23, 59);

  it('reach from yesterday to two weeks ahead, each with its sort of day', () => {
    const dates = serviceDates(civilMs, 'workday', undefined);
    expect(dates.map(({ date }) => date).slice(0, 3)).toEqual(['2026-09-29', '2026-09-30', '2026-10-01']);
    expect(dates.at(-1)!.date).toBe('2026-10-14');
    expect(dates[2]!.dayType).toBe('holiday');
    expect(dates.filter(({ dayType }) => dayType === 'holiday').length).toBe(7);
    expect(calendarOf(Date.UTC(2026, 9, 10) / 86_400_000).dayType).toBe(
      dates.find(({ date }) => date === '2026-10-10')!.dayType,
    );
  });

  it('follow what a scenario makes of every day, and an event of today', () => {
    expect(new Set(serviceDates(civilMs, 'holiday', 'holiday').map(({ dayType }) => dayType))).toEqual(
      new Set(['holiday']),
    );
    expect(serviceDates(civilMs, 'weekend', undefined)[1]).toEqual({ date: '2026-09-30', dayType: 'weekend' });
  });
});
