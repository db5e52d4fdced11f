// What happens at the terminals: trips find buses, buses find trips, and neither is forced.
import { describe, expect, it } from 'vitest';
import { timetableProblem } from '../../api/transit/timetable-check.ts';
import { model } from '../../simulator/models/bus.ts';
import type { City, LineDirection, PlannedTrip } from '../../simulator/city.ts';
import type { DayType } from '../../simulator/world.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS, fakeWorld } from './fake-world.ts';

const HOUR_S = 3600;
const EIGHT_S = 8 * HOUR_S;
const ALL: readonly DayType[] = ['workday', 'weekend', 'holiday'];
/** A battery bus charges there. */
const IN_DEPOT = ['depot', 'charging'];
const city = fakeCity();
const line = city.lines[0]!;

/** Out and back over all stops, and out to the sixth stop only. */
function importedCity(trips: readonly PlannedTrip[]): City {
  const [out, back] = line.directions as readonly [LineDirection, LineDirection];
  const stops = out.stops.slice(0, 7);
  const short: LineDirection = { direction: 'out', links: out.links.slice(0, 6), stops, lengthM: stops.at(-1)!.atM };
  return { ...city, lines: [{ ...line, directions: [out, back, short], trips }] };
}

function trip(id: string, way: number, startMin: number, days = ALL): PlannedTrip {
  const stops = way === 2 ? 7 : 13;
  return { id, way, startS: EIGHT_S + 60 * startMin, planS: Array.from({ length: stops }, (_, i) => 110 * i), days };
}

function driven(life: Life): string[] {
  return [...new Set(life.records.flatMap(({ fields }) => (fields.trip === undefined ? [] : [String(fields.trip)])))];
}

function cancelled(life: Life): string[] {
  return life.events.filter(({ name }) => name === 'tripCancelled').map(({ fields }) => String(fields!.trip));
}

describe('an imported timetable', () => {
  const trips = [
    trip('a', 0, 5),
    trip('b', 2, 10),
    trip('c', 0, 15),
    trip('d', 1, 20),
    trip('e', 1, 45),
    trip('f', 0, 60, ['weekend']),
  ];

  it('is driven trip by trip, each on its own way and on its own days', () => {
    const life = new Life(model, importedCity(trips), 6).run(5400);
    expect(driven(life).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    const of = (id: string) => life.records.filter(({ fields }) => fields.trip === id);
    expect(of('b').at(-1)!.fields.stopSequence).toBe(6);
    expect(of('d').every(({ fields }) => fields.direction === 'back')).toBe(true);
    expect(of('a')[0]!.tsMs).toBe(START_MS + 5 * 60_000);
    expect(cancelled(life)).toEqual([]);
    const weekend = fakeWorld({ calendar: { dayType: 'weekend' } });
    expect(driven(new Life(model, importedCity(trips), 6).run(5400, weekend))).toContain('f');
  });

  it('is cancelled where buses are missing, and says which trips', () => {
    const life = new Life(model, importedCity(trips), 1).run(5400);
    expect(cancelled(life).length).toBeGreaterThan(0);
    expect([...driven(life), ...cancelled(life)].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(life.events.find(({ name }) => name === 'tripCancelled')!.fields).toEqual({
      line: '1',
      direction: 'out',
      trip: 'b',
    });
  });

  it('may run past midnight, and the day after begins with its own trips', () => {
    const late = { ...trip('late', 0, 0), startS: 24.5 * HOUR_S };
    const life = new Life(model, importedCity([late, trip('a', 0, 5)]), 2);
    life.run(18 * HOUR_S, fakeWorld({ boardingShare: 0 }), 60_000);
    expect(driven(life)).toEqual(['a', 'late']);
    const first = life.records.find(({ fields }) => fields.trip === 'late')!;
    expect((first.tsMs - START_MS) / 1000).toBe(16.5 * HOUR_S);
  });

  it('changes when the day becomes one of another sort', () => {
    const days = [trip('w', 0, 30, ['workday']), trip('x', 0, 30, ['weekend'])];
    const life = new Life(model, importedCity(days), 2).run(600);
    life.run(3600, fakeWorld({ calendar: { dayType: 'weekend' } }));
    expect(driven(life)).toEqual(['x']);
  });

  it('draws no passengers to a way that has no trips about this time', () => {
    const life = new Life(model, importedCity([trip('a', 0, 5), trip('z', 1, 600)]), 2).run(3600);
    const boarded = life.records.reduce((sum, { fields }) => sum + Number(fields.boarded ?? 0), 0);
    expect(boarded).toBeGreaterThan(5);
    life.run(9 * HOUR_S + 1800, fakeWorld(), 60_000);
    const z = life.records.filter(({ fields }) => fields.trip === 'z' && fields.boarded !== undefined);
    // Half an hour of people, not ten hours of them.
    expect(z.length).toBeGreaterThan(0);
    expect(Math.max(...z.map(({ fields }) => Number(fields.denied) + Number(fields.boarded)))).toBeLessThan(80);
  });
});

describe('a bus without a trip', () => {
  it('goes to the depot, switched off, and is back in time for its next one', () => {
    const life = new Life(model, importedCity([trip('a', 0, 5), trip('b', 1, 120)]), 1).run(8400);
    const depot = life.records.filter(({ fields }) => IN_DEPOT.includes(String(fields.status)));
    expect(depot.length).toBeGreaterThan(500);
    expect(depot.at(-1)!.fields.energyKwh).toBe(depot[0]!.fields.energyKwh);
    expect(depot.every(({ fields }) => fields.engineOn === false && fields.doorOpen === false)).toBe(true);
    expect(depot.every(({ fields }) => fields.trip === undefined)).toBe(true);
    const start = life.records.find(({ fields }) => fields.trip === 'b')!;
    expect(start.tsMs).toBe(START_MS + 120 * 60_000);
    const before = life.records.findLast(({ tsMs }) => tsMs < start.tsMs)!;
    expect(before.fields.status).toBe('layover');
  });

  it('drives empty to the terminal that lacks one, and is there in time', () => {
    const life = new Life(model, importedCity([trip('a', 0, 5), trip('b', 0, 60)]), 1).run(6000);
    const empty = life.records.filter(({ fields }) => fields.status === 'deadhead');
    expect(empty.length).toBeGreaterThan(50);
    expect(empty.every(({ fields }) => fields.direction === 'back' && fields.trip === undefined)).toBe(true);
    expect(empty.every(({ fields }) => fields.load === 0 && fields.doorOpen === false)).toBe(true);
    const driftM = Number(empty.at(-1)!.fields.odometerM) - Number(empty[0]!.fields.odometerM);
    expect(driftM).toBeGreaterThan(6500);
    expect(Number(empty.at(-1)!.fields.energyKwh)).toBeGreaterThan(Number(empty[0]!.fields.energyKwh) + 5);
    expect(life.records.find(({ fields }) => fields.trip === 'b')!.tsMs).toBe(START_MS + 60 * 60_000);
    expect(cancelled(life)).toEqual([]);
  });

  it('comes home backwards where the line has no way back', () => {
    const [out] = line.directions as readonly [LineDirection];
    const oneWay: City = {
      ...city,
      lines: [{ ...line, directions: [out], trips: [trip('a', 0, 5), trip('b', 0, 60)] }],
    };
    const life = new Life(model, oneWay, 1).run(4000);
    expect(driven(life)).toEqual(['a', 'b']);
    const home = life.records.findLast(({ fields }) => fields.status === 'deadhead')!;
    const place = city.fromLonLat({ lat: Number(home.hidden!.trueLat), lon: Number(home.hidden!.trueLon) });
    expect(Math.hypot(place.x, place.y)).toBeLessThan(200);
  });
});

describe('a terminal', () => {
  it('gives the next trip to the bus that has been ready longest', () => {
    const life = new Life(model, city, 10).run(3 * HOUR_S);
    const arrived: number[] = [];
    let passed = 0;
    for (const { device, fields } of life.records) {
      if (fields.targetHeadwayS === undefined) continue;
      if (fields.direction === 'out' && fields.stopSequence === 12) arrived.push(device);
      if (fields.direction === 'back' && fields.stopSequence === 0 && arrived.includes(device)) {
        expect(device).toBe(arrived.shift());
        passed++;
      }
    }
    expect(passed).toBeGreaterThan(10);
  });

  it('leaves the others their trips when a bus breaks down, and cancels what nobody can drive', () => {
    const life = new Life(model, city, 2).run(600);
    life.fleet.befall!(0, { name: 'breakdown', args: { repairS: 7200 }, untilMs: Infinity }, life.nowMs, life.report);
    life.run(2 * HOUR_S);
    expect(cancelled(life).length).toBeGreaterThan(0);
    const other = life.records.filter(({ device, fields }) => device === 1 && fields.trip !== undefined);
    const delays = other.map(({ fields }) => Number(fields.delayS));
    expect(Math.max(...delays)).toBeLessThan(1500);
  });
});

describe('at night', () => {
  it('all buses stand in the depot, and in the morning the first trips start to the second', () => {
    const life = new Life(model, city, 6);
    life.run(16 * HOUR_S, fakeWorld(), 60_000);
    life.records.length = 0;
    life.run(5 * HOUR_S, fakeWorld({ boardingShare: 0 }), 60_000);
    expect(life.records.every(({ fields }) => IN_DEPOT.includes(String(fields.status)))).toBe(true);
    life.run(2 * HOUR_S);
    const six = START_MS + 22 * HOUR_S * 1000;
    const first = life.records.find(({ fields }) => fields.trip !== undefined)!;
    expect(first.fields.trip).toBe('1-out-0600');
    expect(first.tsMs).toBe(six);
  });
});

describe('the published timetable', () => {
  it('is what the buses drive, and what the api takes', () => {
    const colourful = { ...city, lines: [{ ...line, color: '#dd3333' }] };
    const life = new Life(model, colourful, 10).run(3600);
    const dates = [{ date: '2026-05-20', dayType: 'workday' as const }];
    const [published] = life.fleet.timetables!(fakeWorld(), dates);
    expect(timetableProblem({ ...published }, '1')).toBeUndefined();
    const { services, patterns, plans, stops } = published!;
    expect(services.map(({ id, dates: on }) => [id, on])).toEqual([['workday', ['2026-05-20']]]);
    const byId = new Map(services[0]!.trips.map((of) => [of.id, of]));
    for (const { tsMs, fields } of life.records) {
      if (fields.trip === undefined || fields.status === 'broken') continue;
      const of = byId.get(String(fields.trip))!;
      const pattern = patterns[of.pattern]!;
      expect(pattern.direction).toBe(fields.direction);
      const call = pattern.stops[Number(fields.stopSequence)]!;
      expect(stops[call.stop]!.id).toBe(fields.nextStop);
      if (fields.status !== 'stoppedAt' || fields.targetHeadwayS !== undefined) continue;
      expect(fields.alongM).toBeCloseTo(call.alongM, 0);
      if (fields.doorOpen !== true) continue;
      const plannedMs = START_MS + 1000 * (of.startS - EIGHT_S + plans[of.plan]![Number(fields.stopSequence)]!);
      // The record is of the arrival, or up to a dwell later.
      expect((tsMs - plannedMs) / 1000 - Number(fields.delayS)).toBeLessThan(120);
      expect((tsMs - plannedMs) / 1000 - Number(fields.delayS)).toBeGreaterThanOrEqual(-1e-6);
    }
  });
});
