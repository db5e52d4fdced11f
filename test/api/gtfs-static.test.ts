import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feedDate, feedTime, feedZone, shiftInto } from '../../api/transit/civil-time.ts';
import { csvLines } from '../../api/transit/csv.ts';
import { textColor } from '../../api/transit/gtfs-tables.ts';
import { cityOfGtfs } from '../../simulator/gtfs/city.ts';
import { readFeed as readGtfs } from '../../simulator/gtfs/feed.ts';
import type { LineTimetable } from '../../telemetry/timetable.ts';
import { describeWith, program } from '../parts.ts';
import { frame, startCity } from './city.ts';
import type { TestCity } from './city.ts';
import { instantS, readCsv, readFeed, zoneOffsetMin } from './gtfs-reader.ts';
import type { Tables } from './gtfs-reader.ts';
import { DATE, timetableOf } from './transit-life.ts';

const HOUR_S = 3600;
const timetables = [
  timetableOf({ line: '10', lat: 31.58 }),
  timetableOf({ line: '2', firstS: 22 * HOUR_S, lastS: 25 * HOUR_S, dates: [DATE, '2026-05-04'] }),
];
const [ten, two] = timetables as [LineTimetable, LineTimetable];

async function feedFrom(city: TestCity, all: readonly LineTimetable[]): Promise<Tables> {
  for (const timetable of all) void city.api.take(frame(`city/wuxi/timetable/${timetable.line}`, timetable));
  const response = await fetch(`${city.base}/gtfs.zip`);
  expect(response.status).toBe(200);
  return readFeed(new Uint8Array(await response.arrayBuffer()));
}

describe('gtfs.zip', () => {
  let city: TestCity;
  let tables: Tables;
  beforeAll(async () => {
    city = await startCity();
    tables = await feedFrom(city, timetables);
  });
  afterAll(() => city.api.close());

  it('is not there before a timetable, and says why', async () => {
    const empty = await startCity();
    const { status, body } = await empty.get('/gtfs.zip');
    const realtime = await empty.get('/gtfs-rt/alerts.pb');
    await empty.api.close();
    expect([status, realtime.status]).toEqual([503, 503]);
    expect(body).toMatchObject({ type: 'about:blank', status: 503 });
    expect(body.detail).toContain('timetable');
  });

  it('has the files of the reference, and every row has the cells of its header', () => {
    expect(Object.keys(tables).toSorted()).toEqual(
      [
        'agency.txt',
        'calendar_dates.txt',
        'feed_info.txt',
        'routes.txt',
        'shapes.txt',
        'stop_times.txt',
        'stops.txt',
        'translations.txt',
        'trips.txt',
      ].toSorted(),
    );
    for (const [file, rows] of Object.entries(tables)) {
      expect(rows.length, file).toBeGreaterThan(0);
      expect(new Set(rows.map((row) => Object.keys(row).length)).size, file).toBe(1);
    }
  });

  it('has a row for each line, stop, trip and stop time, lines in the order of people', () => {
    expect(tables['routes.txt']!.map(({ route_short_name }) => route_short_name)).toEqual(['2', '10']);
    expect(tables['routes.txt']!.every(({ route_type }) => route_type === '3')).toBe(true);
    expect(tables['stops.txt']).toHaveLength(ten.stops.length + two.stops.length);
    const trips = timetables.flatMap(({ services }) => services.flatMap((service) => service.trips));
    const ids = new Set(tables['trips.txt']!.map(({ trip_id }) => trip_id));
    expect(ids).toEqual(new Set(trips.map(({ id }) => id)));
    expect(tables['trips.txt']).toHaveLength(trips.length);
    expect(tables['stop_times.txt']).toHaveLength(trips.length * ten.stops.length);
  });

  it('keeps commas in names and translates what has a Chinese name', () => {
    expect(tables['stops.txt']![0]!.stop_name).toBe('Station, north');
    const zh = tables['translations.txt']!.filter(({ language }) => language === 'zh');
    expect(zh).toContainEqual(
      expect.objectContaining({ table_name: 'stops', record_id: '2-s0', translation: '火车站' }),
    );
    expect(zh).toContainEqual(expect.objectContaining({ table_name: 'routes', record_id: '10', translation: '10路' }));
    const headsign = {
      table_name: 'trips',
      field_name: 'trip_headsign',
      field_value: 'Station, north',
      translation: '火车站',
    };
    expect(zh).toContainEqual(expect.objectContaining(headsign));
  });

  it('tells trips after midnight as hours past 24, on the date at whose evening they belong', () => {
    const last = tables['stop_times.txt']!.filter(({ trip_id }) => trip_id === `2-out-${25 * HOUR_S}`);
    expect(last[0]!.departure_time).toBe('25:00:00');
    const dates = tables['calendar_dates.txt']!.filter(({ service_id }) => service_id === '2:workday');
    expect(dates.map(({ date, exception_type }) => [date, exception_type])).toEqual([
      ['20260501', '1'],
      ['20260504', '1'],
    ]);
    const { feed_start_date: first, feed_end_date: end } = tables['feed_info.txt']![0]!;
    expect([first, end]).toEqual(['20260501', '20260504']);
  });

  it('refers only to what it has', () => {
    const ids = (file: string, column: string) => new Set(tables[file]!.map((row) => row[column]));
    const refers = (file: string, column: string, to: string) =>
      tables[file]!.filter((row) => !ids(to, column).has(row[column])).length;
    expect(refers('trips.txt', 'route_id', 'routes.txt')).toBe(0);
    expect(refers('trips.txt', 'service_id', 'calendar_dates.txt')).toBe(0);
    expect(refers('trips.txt', 'shape_id', 'shapes.txt')).toBe(0);
    expect(refers('stop_times.txt', 'stop_id', 'stops.txt')).toBe(0);
    expect(refers('stop_times.txt', 'trip_id', 'trips.txt')).toBe(0);
    expect(refers('routes.txt', 'agency_id', 'agency.txt')).toBe(0);
  });

  it('measures stops and shapes alike: no stop lies beyond the end of its shape', () => {
    for (const { trip_id, shape_id } of tables['trips.txt']!) {
      const shape = tables['shapes.txt']!.filter((row) => row.shape_id === shape_id);
      const along = shape.map(({ shape_dist_traveled }) => Number(shape_dist_traveled));
      expect(along).toEqual(along.toSorted((a, b) => a - b));
      const last = tables['stop_times.txt']!.findLast((row) => row.trip_id === trip_id)!;
      expect(Number(last.shape_dist_traveled)).toBe(along.at(-1));
    }
  });

  it('is not sent again to who has it, and changes its tag when a timetable changes', async () => {
    const first = await fetch(`${city.base}/gtfs.zip`);
    const etag = first.headers.get('etag')!;
    const again = await fetch(`${city.base}/gtfs.zip`, { headers: { 'if-none-match': `"other", W/${etag}` } });
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
    void city.api.take(frame('city/wuxi/timetable/10', { ...ten, label: 'Ring' }));
    const changed = await fetch(`${city.base}/gtfs.zip`, { headers: { 'if-none-match': etag } });
    expect(changed.status).toBe(200);
    void city.api.take(frame('city/wuxi/timetable/10', ten));
    const back = await fetch(`${city.base}/gtfs.zip`);
    expect(back.headers.get('etag')).toBe(etag);
  });

  it('loses a line whose timetable is taken away', async () => {
    void city.api.take(frame('city/wuxi/timetable/2', ''));
    const left = await feedFrom(city, []);
    expect(left['routes.txt']!.map(({ route_id }) => route_id)).toEqual(['10']);
    expect(left['stop_times.txt']!.every(({ trip_id }) => trip_id!.startsWith('10-'))).toBe(true);
    expect((await city.get('/api/lines')).body.items).toHaveLength(1);
  });

  it('gives a trip that runs on several sorts of day one service with all their dates', async () => {
    const [one, other, third] = two.services[0]!.trips;
    const services = [
      { id: 'workday', dates: ['2026-05-04', '2026-05-05'], trips: [one!, other!] },
      { id: 'weekend', dates: ['2026-05-03'], trips: [one!, third!] },
    ];
    const shared = await feedFrom(city, [{ ...two, services }]);
    const serviceOf = (id: string) =>
      shared['trips.txt']!.filter(({ trip_id }) => trip_id === id).map((row) => row.service_id);
    expect([one, other, third].map((trip) => serviceOf(trip!.id))).toEqual([
      ['2:workday+weekend'],
      ['2:workday'],
      ['2:weekend'],
    ]);
    const dates = shared['calendar_dates.txt']!.filter(({ service_id }) => service_id === '2:workday+weekend');
    expect(dates.map(({ date }) => date)).toEqual(['20260503', '20260504', '20260505']);
    expect(shared['stop_times.txt']!.filter(({ trip_id }) => trip_id === one!.id)).toHaveLength(two.stops.length);
  });

  it('makes the same lines, ways and times when a city is built from it', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'citytwin-gtfs-'));
    const file = path.join(folder, 'gtfs.zip');
    await feedFrom(city, timetables);
    await writeFile(file, new Uint8Array(await (await fetch(`${city.base}/gtfs.zip`)).arrayBuffer()));
    const { city: built, leftOut } = cityOfGtfs(await readGtfs(file));
    await rm(folder, { recursive: true });
    expect(leftOut).toEqual([]);
    expect(new Set(built.lines.map(({ id }) => id))).toEqual(new Set(['2', '10']));
    const line = built.lines.find(({ id }) => id === '10')!;
    expect(line.color.toLowerCase()).toBe(ten.color.toLowerCase());
    expect(new Set(line.directions.map(({ direction }) => direction))).toEqual(new Set(['out', 'back']));
    const starts = (trips: readonly { readonly startS: number }[]) =>
      trips.map(({ startS }) => startS).toSorted((a, b) => a - b);
    expect(starts(line.trips!)).toEqual(starts(ten.services[0]!.trips));
    expect(line.trips!.every(({ planS }) => planS.join() === ten.plans[0]!.join())).toBe(true);
    for (const { stops } of line.directions)
      expect(Math.abs(stops.at(-1)!.atM - ten.patterns[0]!.stops.at(-1)!.alongM)).toBeLessThan(10);
  });

  describeWith(['unzip'], 'opened by unzip', () => {
    it('is sound', async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'citytwin-gtfs-'));
      const file = path.join(folder, 'gtfs.zip');
      const response = await fetch(`${city.base}/gtfs.zip`);
      await writeFile(file, new Uint8Array(await response.arrayBuffer()));
      expect(execFileSync(program('unzip')!, ['-t', file]).toString()).toContain('No errors detected');
      await rm(folder, { recursive: true });
    });
  });
});

describe('the zone of a feed', () => {
  it.each([
    [480, 'Asia/Shanghai'],
    [0, 'Etc/UTC'],
    [60, 'Etc/GMT-1'],
    [-300, 'Etc/GMT+5'],
    [840, 'Etc/GMT-14'],
    [1200, 'Etc/GMT+4'],
    [-1080, 'Etc/GMT-6'],
    [330, 'Etc/GMT-6'],
  ])('for UTC%+i min is %s', (utcOffsetMin, name) => {
    expect(feedZone(utcOffsetMin).name).toBe(name);
  });

  it('gives every trip the instant that the timetable means, whatever the city’s offset', () => {
    const starts = fc.integer({ min: 0, max: 30 * HOUR_S });
    const days = fc.integer({ min: 18_000, max: 25_000 });
    fc.assert(
      fc.property(fc.integer({ min: -1440, max: 1440 }), starts, days, (utcOffsetMin, startS, day) => {
        const zone = feedZone(utcOffsetMin);
        const shift = shiftInto(zone, utcOffsetMin);
        const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
        const meantS = day * 86_400 - utcOffsetMin * 60 + startS;
        const offsetMin = zoneOffsetMin(zone.name, meantS * 1000);
        expect(instantS(feedDate(date, shift), feedTime(startS, shift), offsetMin)).toBe(meantS);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('of a demo that shifts its day agrees between static and real-time feed', async () => {
    const city = await startCity();
    const tables = await feedFrom(city, [timetableOf({ line: '608', utcOffsetMin: 1200 })]);
    await city.api.close();
    expect(tables['agency.txt']![0]!.agency_timezone).toBe('Etc/GMT+4');
    // 07:00 on 1 May at UTC+20 is 07:00 on 30 April at UTC-4.
    expect(tables['calendar_dates.txt']![0]!.date).toBe('20260430');
    expect(tables['stop_times.txt']![0]!.arrival_time).toBe('07:00:00');
  });
});

describe('CSV', () => {
  it('is read back as it was, for any text', () => {
    const cell = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/\s+/g, ' ').trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
        const read = readCsv([...csvLines(['a', 'b'], rows)].join(''));
        expect(read.map(({ a, b }) => [a, b])).toEqual(rows);
      }),
      { seed: 7 },
    );
  });

  it('holds no line breaks in a value', () => {
    expect([...csvLines(['a'], [['two\r\nlines']])]).toEqual(['a\r\n', 'two lines\r\n']);
  });
});

describe('the text on a line’s colour', () => {
  it.each([
    ['#FFD400', '000000'],
    ['#1b6ac9', 'FFFFFF'],
    ['#000000', 'FFFFFF'],
    ['#ffffff', '000000'],
    ['#777777', '000000'],
  ])('%s is %s', (color, text) => {
    expect(textColor(color)).toBe(text);
  });
});
