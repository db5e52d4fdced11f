// The fleet questions over a day and a piece of the demo city, from the stores that need no server; with all stores and more days they are in
// test/long. And what the questions refuse.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { createMemoryStore } from '../../api/stores/memory.ts';
import { NOW, bus, describeKind, frame, startCity, telemetry } from './city.ts';
import type { TestCity } from './city.ts';
import { liveDays } from './fleet-days.ts';
import { fleetQuestions } from './fleet-questions.ts';

const HOURS = 25;
const TICK_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const folder = await mkdtemp(join(tmpdir(), 'citytwin-fleet-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const days = await liveDays({ bus: 4, vehicle: 2 }, HOURS, TICK_MS);
fleetQuestions('memory', async () => createMemoryStore({ maxRecordsPerDevice: 100_000 }), days);
fleetQuestions(
  'duckdb',
  async () => createDuckDbStore({ file: join(folder, 'city.duckdb'), memoryLimitMb: 256 }),
  days,
);

describe('the fleet questions', () => {
  let city: TestCity;
  beforeAll(async () => {
    city = await startCity();
    await city.api.take(describeKind(bus));
    const rows = [
      ['b-1', NOW - 30 * MINUTE_MS, { speedMps: 2, line: '608', lat: 31.5, lon: 120.3 }],
      ['b-1', NOW - 19 * MINUTE_MS, { speedMps: 4, line: '25' }],
      ['b-1', NOW - 18 * MINUTE_MS, { doorOpen: true }],
      ['b-2', NOW - 17 * MINUTE_MS, { speedMps: 0.5, lat: 31.6, lon: 120.4 }],
    ] as const;
    for (const [at, [device, ts, fields]] of rows.entries())
      await city.api.take(telemetry(device, { ts, seq: at + 1, ...fields }));
    await city.api.take(
      frame('city/wuxi/bus/b-1/event', { ts: NOW - MINUTE_MS, seq: 9, name: 'breakdown', state: 'raised' }),
    );
    await city.api.take(frame('city/wuxi/bus/b-3/event', { ts: NOW - MINUTE_MS, seq: 1, name: 'breakdown' }));
    await city.api.take(frame('city/wuxi/bus/b-1/event', { ts: NOW, seq: 10, name: 'breakdown', state: 'cleared' }));
  });
  afterAll(() => city.api.close());

  it('take the newest value of a text in the range for the group of a device, and say null where there is none', async () => {
    const { body } = await city.get('/api/fleet/last-location?kind=bus&groupBy=line');
    expect(body.items).toEqual([
      { device: 'b-1', group: '25', ts: NOW - 30 * MINUTE_MS, lat: 31.5, lon: 120.3 },
      { device: 'b-2', group: null, ts: NOW - 17 * MINUTE_MS, lat: 31.6, lon: 120.4 },
    ]);
    const earlier = await city.get(`/api/fleet/last-location?kind=bus&groupBy=line&to=${NOW - 20 * MINUTE_MS}`);
    expect(earlier.body.items.map(({ group }: { group: string }) => group)).toEqual(['608']);
    const some = await city.get('/api/fleet/last-location?kind=bus&groupBy=line&group=25');
    expect(some.body.items.map(({ device }: { device: string }) => device)).toEqual(['b-1']);
    expect((await city.get('/api/fleet/last-location?kind=bus&groupBy=line&group=none')).body).toMatchObject({
      total: 0,
    });
  });

  it('look back from the newest record on, and say how far', async () => {
    const to = NOW - 17 * MINUTE_MS + 1;
    const day = await city.get('/api/fleet/last-location?kind=bus');
    expect([day.body.from, day.body.to]).toEqual([to - 24 * HOUR_MS, to]);
    const minutes = await city.get('/api/fleet/stationary?kind=bus&field=speedMps');
    expect(minutes.body).toEqual({
      from: to - 10 * MINUTE_MS,
      to,
      total: 1,
      items: [{ device: 'b-2', group: 'bus', mean: 0.5 }],
    });
    // 2026-05-01, 08:00 in Wuxi.
    const week = await city.get('/api/fleet/avg-load?kind=bus&field=speedMps');
    expect(week.body).toEqual({
      from: Date.UTC(2026, 3, 24, 16),
      to,
      total: 1,
      items: [{ group: 'bus', devices: 2, mean: 1.75 }],
    });
  });

  it('say how many there are when the limit cuts', async () => {
    const { body } = await city.get('/api/fleet/last-location?kind=bus&limit=1');
    expect([body.total, body.items.length]).toEqual([2, 1]);
  });

  it('count events of devices that report nothing else, and none that only end', async () => {
    const { body } = await city.get(`/api/fleet/breakdown-frequency?kind=bus&to=${NOW + 1}&groupBy=line`);
    expect(body.items).toEqual([
      { group: '25', devices: 1, count: 1 },
      { group: null, devices: 2, count: 1 },
    ]);
  });

  it('use the days of the city’s clock', async () => {
    const days = async () => {
      const { body } = await city.get('/api/fleet/daily-activity?kind=bus&field=speedMps&above=1');
      return body.items as unknown[];
    };
    // Half past three in Wuxi, and half past seven of the day before 12 hours to the west.
    expect(await days()).toEqual([{ group: 'bus', day: '2026-05-01', devices: 2, hours: 1 / 3 }]);
    const clock = { simTimeMs: NOW, utcOffsetMin: -240, speed: 1, trueSpeed: 1, scenario: 'demo', seed: 1 };
    await city.api.take(frame('city/wuxi/clock', clock));
    expect(await days()).toEqual([{ group: 'bus', day: '2026-04-30', devices: 2, hours: 1 / 3 }]);
  });

  it.each([
    ['low-fuel?kind=bus&below=1', 'field'],
    ['low-fuel?kind=bus&field=speedMps', 'below'],
    ['low-fuel?kind=tram&field=speedMps&below=1', 'unknown kind "tram"'],
    ['low-fuel?kind=bus&field=fuel&below=1', 'unknown numeric field of bus "fuel"'],
    ['low-fuel?kind=bus&field=line&below=1', 'unknown numeric field of bus "line"'],
    ['low-fuel?kind=bus&field=lat,lon&below=1', 'unknown numeric field of bus "lat,lon"'],
    ['low-fuel?kind=bus&field=speedMps&below=little', 'below must be number'],
    ['low-fuel?kind=bus&field=speedMps&below=1&above=2', 'unknown parameter "above"'],
    ['low-fuel?kind=bus&field=speedMps&below=1&groupBy=doorOpen', 'unknown text field of bus "doorOpen"'],
    ['low-fuel?kind=bus&field=speedMps&below=1&groupBy=lin', 'did you mean line?'],
    ['low-fuel?kind=bus&field=speedMps&below=1&group=608', 'group needs groupBy, got group=608'],
    ['last-location?kind=bus&from=2026-05-02&to=2026-05-01', 'from must not be later than to'],
    ['last-location?kind=bus&limit=0', 'limit must be >= 1'],
    ['daily-activity?kind=bus&field=speedMps&window=2d', 'window must be at most 1d, got 2d'],
    ['daily-activity?kind=bus&field=speedMps&window=often', 'window must be 1s'],
    ['daily-activity?kind=bus&field=speedMps&window=1s&from=2026-01-01', 'at most 2000000 windows'],
    ['long-daily-sessions?kind=bus&field=speedMps&longer=long', 'longer must be 1s'],
    ['avg-vs-projected-consumption?kind=bus&field=speedMps&per=lat&projected=0', 'projected must be > 0'],
    ['avg-vs-projected-consumption?kind=bus&field=speedMps&projected=1', 'per'],
    ['breakdown-frequency?kind=bus&event=breakdwn', 'did you mean breakdown?'],
  ])('refuse %s, naming what is wrong', async (question, text) => {
    const { status, body } = await city.get(`/api/fleet/${question}`);
    expect([status, body.detail]).toEqual([400, expect.stringContaining(text)]);
  });

  it('are found by their nearest name', async () => {
    const { status, body } = await city.get('/api/fleet/low-feul?kind=bus');
    expect([status, body.nearest]).toEqual([404, '/api/fleet/low-fuel']);
  });
});
