import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Departures } from '../../api/transit/departures.ts';
import { Passages } from '../../api/transit/passages.ts';
import { arrivalsAt } from '../../api/transit/stop-arrivals.ts';
import { Transit } from '../../api/transit/transit.ts';
import { Headways } from '../../telemetry/headways.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import type { LineTimetable } from '../../telemetry/timetable.ts';
import { allSettled, frame, quiet, startCity } from './city.ts';
import type { TestCity } from './city.ts';
import { EIGHT, arrivalS, busKind, lifeOf, timetableOf } from './transit-life.ts';
import type { Life } from './transit-life.ts';

const MINUTE_MS = 60_000;
const lines = [timetableOf({ line: '608' }), timetableOf({ line: 'K2', lat: 31.58 })];

/** A bus service without HTTP: its clock is set by the test. */
function service(timetables: readonly LineTimetable[], startMs: number) {
  let simTimeMs = startMs;
  const clock = {
    get message() {
      return { simTimeMs, utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: '', seed: 1 };
    },
    latestMs: () => simTimeMs + 2000,
  };
  const transit = new Transit({ city: 'wuxi', clock, now: () => startMs });
  for (const timetable of timetables) transit.takeTimetable(timetable.line, Buffer.from(JSON.stringify(timetable)));
  return {
    transit,
    at(ms: number) {
      simTimeMs = ms;
      transit.tick();
    },
    /** stepMs: city time between two clock messages; a fast city has long ones. */
    live(life: Life, untilMs: number, stepMs = 5000) {
      for (let fromMs = simTimeMs; fromMs < untilMs; fromMs += stepMs) {
        const toMs = Math.min(fromMs + stepMs, untilMs);
        transit.observe(life.records(fromMs, toMs));
        this.at(toMs);
      }
    },
  };
}

describe('bad timetables are refused, and the cause names the value', () => {
  let city: TestCity;
  const good = timetableOf({ line: '608' });
  beforeEach(async () => {
    city = await startCity();
  });
  afterEach(() => city.api.close());

  const bad: [what: string, change: object, named: string][] = [
    ['another line', { line: '609' }, 'line must be "608"'],
    ['no colour', { color: 'blue' }, 'got "blue"'],
    ['a clock of Mars', { utcOffsetMin: 1479.6 }, 'got 1479.6'],
    ['stops nowhere', { stops: [{ ...good.stops[0], lat: 91 }] }, 'stops[0].lat must be in ±90, got 91'],
    ['the same stop twice', { stops: [...good.stops, good.stops[0]] }, 'got "608-s0" again'],
    [
      'a way to nowhere',
      {
        patterns: [
          {
            ...good.patterns[0],
            stops: [
              { stop: 0, alongM: 0 },
              { stop: 99, alongM: 9 },
            ],
          },
        ],
      },
      'got 99',
    ],
    [
      'a way backwards',
      {
        patterns: [
          {
            ...good.patterns[0],
            stops: [
              { stop: 0, alongM: 9 },
              { stop: 1, alongM: 3 },
            ],
          },
        ],
      },
      'patterns[0].stops[1].alongM must be metres from 0 on, none less than the one before, got 3',
    ],
    ['a plan that goes back in time', { plans: [[0, 100, 90, 300, 400, 500]] }, 'plans[0][2]'],
    ['a plan that does not fit', { plans: [[0, 100]] }, 'must have a time for each of 6 stops, got 2'],
    ['a day that never was', { services: [{ id: 'a', dates: ['2026-02-30'], trips: [] }] }, 'got "2026-02-30"'],
    [
      'a trip of no way',
      { services: [{ id: 'a', dates: [], trips: [{ id: 't', pattern: 7, plan: 0, startS: 0 }] }] },
      'got 7',
    ],
    [
      'a trip with two meanings',
      {
        services: [
          { id: 'a', dates: [], trips: [{ id: 't', pattern: 0, plan: 0, startS: 0 }] },
          { id: 'b', dates: [], trips: [{ id: 't', pattern: 0, plan: 0, startS: 60 }] },
        ],
      },
      'services[1].trips[0].id',
    ],
    [
      'a trip twice',
      { services: [{ id: 'a', dates: [], trips: [good.services[0]!.trips[0], good.services[0]!.trips[0]] }] },
      'again',
    ],
    [
      'a trip of prototypes',
      { services: [{ id: 'a', dates: [], trips: [{ id: 't', pattern: 'length', plan: 0, startS: 0 }] }] },
      'got "length"',
    ],
    [
      'a bad id',
      { services: [{ id: 'a', dates: [], trips: [{ id: 'a b', pattern: 0, plan: 0, startS: 0 }] }] },
      'got "a b"',
    ],
    ['no ways', { patterns: 'none' }, 'patterns must be an array, got "none"'],
  ];
  it.each(bad)('%s', async (_what, change, named) => {
    void city.api.take(frame('city/wuxi/timetable/608', { ...good, ...change }));
    const { body } = await city.get('/api/rejected');
    expect(body.items[0].detail).toContain(named);
    expect((await city.get('/api/lines')).body.items).toEqual([]);
  });

  it('a trip of another line', async () => {
    void city.api.take(frame('city/wuxi/timetable/608', good));
    void city.api.take(frame('city/wuxi/timetable/9', { ...good, line: '9' }));
    expect((await city.get('/api/rejected')).body.items[0].detail).toContain('is of line 608');
    // The same line may come again.
    void city.api.take(frame('city/wuxi/timetable/608', good));
    expect((await city.get('/api/rejected')).body.total).toBe(1);
  });

  it('more than a megabyte, and more lines than a thousand', () => {
    const { transit } = service([], EIGHT);
    expect(() => transit.takeTimetable('608', Buffer.alloc(1_048_577, 32))).toThrow(/1048577/);
    const small = { ...good, services: [] };
    for (let line = 0; line < 1000; line++)
      transit.takeTimetable(`l${line}`, Buffer.from(JSON.stringify({ ...small, line: `l${line}` })));
    expect(() => transit.takeTimetable('608', Buffer.from(JSON.stringify(small)))).toThrow(/at most 1000 lines/);
    expect(transit.timetables.all()).toHaveLength(1000);
  });

  it('trips that would fill a disk', () => {
    const { transit } = service([], EIGHT);
    const trips = Array.from({ length: 20_001 }, (_, at) => ({ id: `t${at}`, pattern: 0, plan: 0, startS: 0 }));
    const huge = Buffer.from(JSON.stringify({ ...good, services: [{ id: 'a', dates: [], trips }] }));
    expect(() => transit.takeTimetable('608', huge)).toThrow(/20001/);
  });

  const badArrivals: [what: string, change: object, named: string][] = [
    ['arrivals of another line', { line: '9' }, 'line must be "608"'],
    ['arrivals of no time', { ts: 'now' }, 'got "now"'],
    ['arrivals of nobody', { buses: [{ bus: '', trip: 't', stops: [] }] }, 'buses[0].bus'],
    [
      'arrivals out of order',
      {
        buses: [
          {
            bus: 'b',
            trip: 't',
            stops: [
              { stop: 's', sequence: 3, arrivalMs: 1, uncertaintyS: 1 },
              { stop: 's', sequence: 3, arrivalMs: 2, uncertaintyS: 1 },
            ],
          },
        ],
      },
      'buses[0].stops[1].sequence must be an integer above 3, got 3',
    ],
    [
      'an arrival without a time',
      { buses: [{ bus: 'b', trip: 't', stops: [{ stop: 's', sequence: 3, arrivalMs: null, uncertaintyS: 1 }] }] },
      'got null',
    ],
  ];
  it.each(badArrivals)('%s', async (_what, change, named) => {
    void city.api.take(frame('city/wuxi/arrivals/608', { line: '608', ts: EIGHT, buses: [], ...change }));
    expect((await city.get('/api/rejected')).body.items[0].detail).toContain(named);
  });
});

describe('a line’s quality', () => {
  it('is that of the departures of the last 30 minutes', () => {
    const life = lifeOf(lines);
    const alive = service(lines, EIGHT - 60 * MINUTE_MS);
    alive.live(life, EIGHT);
    const headways = new Headways();
    for (const { fields, ts } of life.records(EIGHT - 30 * MINUTE_MS, EIGHT))
      if (fields.line === '608' && fields.headwayS !== undefined && ts > EIGHT - 30 * MINUTE_MS)
        headways.add(fields.headwayS as number, fields.targetHeadwayS as number);
    const quality = alive.transit.departures.quality('608', EIGHT);
    expect(headways.count).toBeGreaterThan(50);
    expect(quality.headwayCv).toBeCloseTo(headways.cv, 12);
    expect(quality.excessWaitS).toBeCloseTo(headways.excessWaitS, 9);
    expect(quality).toMatchObject({ bunchedShare: 0, targetHeadwayS: 300 });
    expect(alive.transit.departures.quality('608', EIGHT + 31 * MINUTE_MS).headwayCv).toBeNull();
  });

  it('is the same in a city that runs 60 times as fast', () => {
    const life = lifeOf(lines);
    const [slow, fast] = [service(lines, EIGHT - 40 * MINUTE_MS), service(lines, EIGHT - 40 * MINUTE_MS)];
    slow.live(life, EIGHT, 5000);
    fast.live(life, EIGHT, MINUTE_MS);
    expect(fast.transit.departures.quality('608', EIGHT)).toEqual(slow.transit.departures.quality('608', EIGHT));
    expect(fast.transit.departures.loads('608', EIGHT)).toEqual(slow.transit.departures.loads('608', EIGHT));
  });

  it('begins anew when the city’s clock goes back', () => {
    const life = lifeOf(lines);
    const alive = service(lines, EIGHT);
    alive.live(life, EIGHT + 60 * MINUTE_MS, 10_000);
    expect(alive.transit.buses.heard(alive.transit.nowMs).length).toBeGreaterThan(0);
    alive.at(EIGHT);
    expect(alive.transit.nowMs).toBe(EIGHT);
    expect(alive.transit.buses.heard(EIGHT)).toEqual([]);
    expect(alive.transit.departures.quality('608', EIGHT).headwayCv).toBeNull();
    expect(alive.transit.passages.of('608', EIGHT, 60 * MINUTE_MS)).toEqual([]);
    alive.live(life, EIGHT + 10 * MINUTE_MS, 10_000);
    expect(alive.transit.buses.heard(alive.transit.nowMs).length).toBeGreaterThan(0);
    expect(alive.transit.departures.quality('608', alive.transit.nowMs).headwayCv).toBeGreaterThan(0);
  });

  it('keeps the newest departures only', () => {
    const departures = new Departures();
    const record = (ts: number, headwayS: number): TelemetryRecord => {
      const fields = { nextStop: 's', boarded: 0, headwayS, targetHeadwayS: 100 };
      return { kind: 'bus', device: 'b', ts, seq: 0, fields };
    };
    for (let at = 0; at < 100_000; at++)
      departures.observe('608', record(EIGHT + at, at < 90_000 ? 1 : 100), EIGHT + at);
    expect(departures.quality('608', EIGHT + 100_000)).toMatchObject({ headwayCv: 0, bunchedShare: 0 });
  });
});

describe('pages', () => {
  let city: TestCity;
  const life = lifeOf(lines);
  const nowMs = EIGHT + 2000;
  beforeAll(async () => {
    city = await startCity({ now: () => nowMs });
    await city.api.take(frame('city/wuxi/kinds/bus', busKind));
    const clock = { utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: 'demo', seed: 1 };
    void city.api.take(frame('city/wuxi/clock', { simTimeMs: nowMs, ...clock }));
    for (const timetable of lines) void city.api.take(frame(`city/wuxi/timetable/${timetable.line}`, timetable));
    const taken = life
      .records(EIGHT - 60 * MINUTE_MS, nowMs)
      .map(({ device, ts, seq, fields }) =>
        city.api.take(frame(`city/wuxi/bus/${device}/telemetry`, { ts, seq, ...fields })),
      );
    await allSettled(taken);
    for (const arrivals of life.arrivals(EIGHT))
      void city.api.take(frame(`city/wuxi/arrivals/${arrivals.line}`, arrivals));
  });
  afterAll(() => city.api.close());

  it('list lines with how even they run', async () => {
    const { body } = await city.get('/api/lines');
    expect(body.items.map(({ line }: { line: string }) => line)).toEqual(['608', 'K2']);
    const [first] = body.items;
    expect(first).toMatchObject({ label: 'Line 608', labels: { zh: '608路' }, color: '#1b6ac9', targetHeadwayS: 300 });
    expect(first.headwayCv).toBeGreaterThan(0.1);
    expect(first.buses).toBeGreaterThan(2);
    expect(first.meanDelayS).toBeGreaterThan(0);
  });

  it('show a line without its trips, with the loads of its stops', async () => {
    const { body } = await city.get('/api/lines/608');
    expect(body).toMatchObject({ line: '608', utcOffsetMin: 480, services: [{ id: 'workday', tripCount: 74 }] });
    expect(body.services[0].trips).toBeUndefined();
    expect(body.loads).toContainEqual(
      expect.objectContaining({
        direction: 'out',
        stop: '608-s2',
        meanLoad: 20,
        denied: expect.toSatisfy((n) => n > 0),
      }),
    );
    const { denied, departures } = body.loads.find(({ stop }: { stop: string }) => stop === '608-s2');
    expect(denied).toBe(3 * departures);
  });

  it('show where buses were and when', async () => {
    const { body } = await city.get('/api/lines/608/passages?minutes=20');
    const [passage] = body.items;
    expect(Object.keys(passage)).toEqual(['bus', 'trip', 'direction', 'points']);
    for (const { points } of body.items) {
      const along = points.map(([, m]: [number, number]) => m);
      const times = points.map(([ts]: [number]) => ts);
      expect(along).toEqual(along.toSorted((a: number, b: number) => a - b));
      expect(times).toEqual(times.toSorted((a: number, b: number) => a - b));
      expect(times[0]).toBeGreaterThanOrEqual(nowMs - 20 * MINUTE_MS);
    }
    const whole = body.items.find(({ trip }: { trip: string }) => trip === `608-out-${7 * 3600 + 45 * 60}`);
    // It stands at its first stop from its start on and at its last until it leaves that.
    expect(whole.points.at(-1)[1]).toBe(3000);
    expect(whole.points.at(-1)[0] - whole.points[0][0]).toBe((arrivalS(5) + 10) * 1000);
    expect(whole.points.length).toBeLessThan(5 * 12);
  });

  it('list stops with their lines', async () => {
    const { body } = await city.get('/api/stops');
    expect(body.items).toHaveLength(12);
    expect(body.items[0]).toMatchObject({
      stop: '608-s0',
      label: 'Station, north',
      labels: { zh: '火车站' },
      lines: ['608'],
    });
  });

  it('show the next buses at a stop: predicted ones, then the timetable', async () => {
    const { body } = await city.get('/api/stops/608-s3/arrivals?minutes=30&limit=500');
    expect(body).toMatchObject({ stop: '608-s3', label: 'Stop 608.3', labels: { zh: '608路3站' } });
    const times = body.items.map(({ expectedMs }: { expectedMs: number }) => expectedMs);
    expect(times).toEqual(times.toSorted((a: number, b: number) => a - b));
    const predicted = body.items.filter(({ source }: { source: string }) => source === 'predicted');
    expect(predicted.length).toBeGreaterThan(0);
    for (const { bus, uncertaintyS, expectedMs, scheduledMs } of predicted) {
      expect(bus).toMatch(/^608-bus-/);
      expect(uncertaintyS).toBe(12.4);
      expect((expectedMs - scheduledMs) / 1000).toBeLessThan(120);
    }
    const trips = body.items.map(({ trip }: { trip: string }) => trip);
    expect(new Set(trips).size).toBe(trips.length);
    // One trip each way every five minutes.
    expect(body.items.length).toBeGreaterThanOrEqual(11);
    expect(body.items.at(-1)).toMatchObject({ line: '608', source: 'scheduled' });
  });

  it('name the nearest line and stop', async () => {
    expect((await city.get('/api/lines/609')).body).toMatchObject({ status: 404, value: '609', nearest: '608' });
    expect((await city.get('/api/stops/608-s33/arrivals')).body).toMatchObject({ status: 404, nearest: '608-s3' });
    expect((await city.get('/api/lines/608/passages?minutes=9999')).status).toBe(400);
    expect((await city.get('/gtfs-rt/alerts.pb?format=xml')).body).toMatchObject({ status: 400, value: 'xml' });
    expect((await city.get('/gtfs-rt/alert.pb')).body.nearest).toBe('/gtfs-rt/alerts.pb');
  });

  it('are in the OpenAPI document', async () => {
    const { paths } = (await city.get('/openapi.json')).body;
    const wanted = [
      '/gtfs.zip',
      '/gtfs-rt/vehicle-positions.pb',
      '/gtfs-rt/trip-updates.pb',
      '/gtfs-rt/alerts.pb',
      '/api/lines',
      '/api/lines/{line}',
      '/api/lines/{line}/passages',
      '/api/stops',
      '/api/stops/{stop}/arrivals',
      '/api/experiments',
    ];
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(wanted));
    for (const one of wanted) expect(paths[one].get.tags).toEqual(['transit']);
  });

  it('are those that docs/gtfs.md names', async () => {
    const { paths } = (await city.get('/openapi.json')).body;
    const page = await readFile(new URL('../../docs/gtfs.md', import.meta.url), 'utf8');
    const named = [...page.matchAll(/^\| `(\/[^`]+)`/gm)].map(([, one]) => one!);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((one) => paths[one] === undefined)).toEqual([]);
  });
});

describe('boards', () => {
  const only = timetableOf({ line: '608', headwayS: 600, firstS: 8 * 3600, lastS: 9 * 3600 });

  it('show a trip that waits for its bus as late as it is by now, and drop it after half an hour', async () => {
    const alive = service([only], EIGHT - MINUTE_MS);
    const first = () =>
      arrivalsAt(alive.transit, '608-s2', ['608'], 60 * MINUTE_MS).find(({ trip }) => trip === '608-out-28800');
    expect(first()).toMatchObject({ source: 'scheduled', expectedMs: EIGHT + arrivalS(2) * 1000 });
    alive.at(EIGHT + 2 * MINUTE_MS);
    expect(first()!.expectedMs).toBe(EIGHT + 2 * MINUTE_MS + arrivalS(2) * 1000);
    alive.at(EIGHT + 31 * MINUTE_MS);
    expect(first()).toBeUndefined();
  });

  it('fall back to the timetable while a bus is silent, and forget trips that have ended', async () => {
    const alive = service([only], EIGHT - MINUTE_MS);
    const life = lifeOf([only]);
    alive.live(life, EIGHT + 2 * MINUTE_MS);
    const board = () =>
      arrivalsAt(alive.transit, '608-s5', ['608'], 60 * MINUTE_MS).find(({ trip }) => trip === '608-out-28800');
    expect(board()).toMatchObject({ bus: '608-bus-0' });
    alive.at(EIGHT + 5 * MINUTE_MS);
    expect(board()).toMatchObject({ source: 'scheduled', expectedMs: EIGHT + arrivalS(5) * 1000 });
    expect(board()!.bus).toBeUndefined();
    alive.live(life, EIGHT + (arrivalS(5) + 15) * 1000);
    expect(board()).toBeUndefined();
  });
});

describe('passages', () => {
  it('stay within their memory', () => {
    const passages = new Passages();
    const bus = { bus: 'b', trip: 't', hasLeft: true, arrivedMs: undefined } as const;
    for (let at = 0; at < 20_000; at++)
      passages.observe({ ...bus, ts: EIGHT + at * 1000, alongM: at * 10 } as never, '608', 'out');
    const [passage] = passages.of('608', EIGHT + 20_000_000, 1e9);
    expect(passage!.points.length).toBeLessThanOrEqual(4000);
  });
});

describe('experiments', () => {
  it('are the reports of a folder, newest first; what is none is left out and said once', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'citytwin-reports-'));
    const warnings: unknown[] = [];
    const city = await startCity({
      experimentsFolder: folder,
      log: { ...quiet, warn: (...said: unknown[]) => void warnings.push(said) },
    });
    expect((await city.get('/api/experiments')).body).toEqual({ items: [] });
    const put = async (name: string, content: string, ageS: number) => {
      await writeFile(path.join(folder, name), content);
      await utimes(path.join(folder, name), EIGHT / 1000 - ageS, EIGHT / 1000 - ageS);
    };
    await put('bus-line.json', '{"name":"bus-line","arms":[],"verdict":"yes"}', 60);
    await put('bus-loop.json', '{"name":"bus-loop","arms":[],"verdict":"no"}', 5);
    await put('broken.json', '{"name":', 1);
    await put('other.json', '{"name":"bus-line","arms":[]}', 1);
    await put('notes.txt', 'nothing', 1);
    const { body } = await city.get('/api/experiments');
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['bus-loop', 'bus-line']);
    expect(body.items[1].verdict).toBe('yes');
    await city.get('/api/experiments');
    await city.api.close();
    await rm(folder, { recursive: true });
    expect(warnings).toHaveLength(2);
  });

  it('are none without a folder', async () => {
    const city = await startCity({ experimentsFolder: '/nowhere/at/all' });
    const { status, body } = await city.get('/api/experiments');
    await city.api.close();
    expect([status, body]).toEqual([200, { items: [] }]);
  });
});
