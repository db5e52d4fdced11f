// What of a feed is taken, and what is said of one that is not.
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readCsv } from '../../simulator/gtfs/csv.ts';
import { readFeed } from '../../simulator/gtfs/feed.ts';
import { dateText } from '../../simulator/gtfs/city.ts';
import { TOWN, archiveOf, fileOf, lineOf, refusalOf, replaced, town, townWith } from './gtfs-town.ts';

async function rowsOf(text: string, pieceBytes = 7): Promise<[number, ...string[]][]> {
  const bytes = strToU8(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const rows: [number, ...string[]][] = [];
  await readCsv(pieces(), (values, line) => rows.push([line, ...values]));
  return rows;
}

describe('comma-separated text', () => {
  it('may have a byte order mark, CRLF, spaces, empty lines and no line end at its end', async () => {
    expect(await rowsOf('\ufeffa, b\r\n\r\n 1 ,2\r\n3,')).toEqual([
      [1, 'a', 'b'],
      [3, '1', '2'],
      [4, '3', ''],
    ]);
  });

  it('has commas, quotes and line ends in quoted values, and the line of a row is that of its beginning', async () => {
    expect(await rowsOf('"a, b","say ""hi""",c\n"x\ny", "z" \nlast,"",\n')).toEqual([
      [1, 'a, b', 'say "hi"', 'c'],
      [2, 'x\ny', 'z'],
      [4, 'last', '', ''],
    ]);
  });

  it('is read the same whatever pieces it comes in', async () => {
    const text = 'ключ,"ä,""ö"""\r\n"two\r\nlines",2\r\n';
    const whole = await rowsOf(text, 1000);
    for (const pieceBytes of [1, 2, 3, 5, 8]) expect(await rowsOf(text, pieceBytes)).toEqual(whole);
  });

  it('is refused where a quote is never closed or the bytes are no UTF-8', async () => {
    await expect(rowsOf('a,b\n1,"2\n3,4\n')).rejects.toMatchObject({ line: 2, message: 'every quote to be closed' });
    const latin = fileOf(
      zipSync({
        ...Object.fromEntries(Object.entries(town).map(([f, t]) => [f, strToU8(t)])),
        'stops.txt': Uint8Array.of(0xfc, 10),
      }),
    );
    expect(await refusalOf(latin)).toContain('stops.txt line 1: expected text in UTF-8');
  });
});

describe('a feed', () => {
  it('is the same as a folder, an archive, and an archive with a folder in it', async () => {
    const summary = async (path: string) => {
      const { stops, routes, trips, repairs, leftOut } = await readFeed(path);
      return { stops: stops.length, routes: routes.length, trips: trips.length, repairs, leftOut };
    };
    const asFolder = await summary(TOWN);
    expect(asFolder).toMatchObject({ routes: 3, leftOut: ['1 route of tram'] });
    expect(await summary(archiveOf(town))).toEqual(asFolder);
    expect(await summary(archiveOf(town, 'town/'))).toEqual(asFolder);
  });

  it('stands for its busiest midweek day, Saturday and Sunday, holidays left aside', async () => {
    const { days } = await readFeed(TOWN);
    const chosen = days.all.map(({ sort, day, trips }) => [sort, dateText(day), trips]);
    const count = (service: string) =>
      town['trips.txt']!.split('\n').filter(
        (line) => line.startsWith('r') && !line.startsWith('rt') && line.split(',')[1] === service,
      ).length;
    expect(chosen).toEqual([
      // The Tuesday before is Epiphany: the Sunday service runs.
      ['workday', '2026-01-07', count('week')],
      ['weekend', '2026-01-10', count('sat')],
      ['holiday', '2026-01-11', count('sun')],
    ]);
  });

  it('may give its days as dates alone, and has no trips on sorts of day without service', async () => {
    const dates = [
      'service_id,date,exception_type',
      'week,20260312,1',
      'week,20260313,1',
      'sat,20260301,2',
      'sun,20260301,2',
    ];
    const feed = await readFeed(
      archiveOf(townWith({ 'calendar.txt': undefined, 'calendar_dates.txt': dates.join('\n') })),
    );
    expect(feed.days.all.map(({ sort, day }) => [sort, dateText(day)])).toEqual([['workday', '2026-03-12']]);
    expect(feed.days.of('week')).toEqual(['workday']);
    expect(feed.days.of('sat')).toEqual([]);
  });

  it('counts the days of a service that runs for a century without living through them', async () => {
    const calendar = town['calendar.txt']!.replaceAll('20261211', '21261211').replaceAll('20260105', '19500102');
    const { days } = await readFeed(archiveOf(townWith({ 'calendar.txt': calendar })));
    expect(days.all.map(({ trips }) => trips)).toEqual((await readFeed(TOWN)).days.all.map(({ trips }) => trips));
  });

  it('may list its stop times in any order', async () => {
    const [header, ...rows] = town['stop_times.txt']!.trimEnd().split('\n');
    const feed = await readFeed(archiveOf(townWith({ 'stop_times.txt': [header, ...rows.toReversed()].join('\n') })));
    const plain = await readFeed(TOWN);
    for (const trip of plain.trips) {
      const same = feed.trips[plain.trips.indexOf(trip)]!;
      const timesOf = (from: typeof feed, of: typeof trip) =>
        Array.from({ length: from.stopTimes.count(of) }, (_, i) => [
          from.stopTimes.stop(of, i),
          from.stopTimes.arrivalS(of, i),
        ]);
      expect(timesOf(feed, same)).toEqual(timesOf(plain, trip));
    }
  });

  it('has blank times filled in evenly between its time points, and says so', async () => {
    const { trips, stopTimes, repairs } = await readFeed(TOWN);
    const trip = trips.find(({ id }) => id === '2-week-o-0600')!;
    const minutes = Array.from({ length: stopTimes.count(trip) }, (_, i) => stopTimes.arrivalS(trip, i) / 60 - 360);
    expect(minutes).toEqual([0, 2, 4, 6, 8]);
    expect(repairs).toHaveLength(1);
    expect(repairs[0]).toContain('blank times filled in between time points');
  });
});

describe('a feed that is refused', () => {
  const stopTimes = town['stop_times.txt']!;
  const stops = town['stops.txt']!;
  const trips = town['trips.txt']!;
  const first = '1-week-o-0600,06:02:00,06:02:00,markt-o,2';
  const firstLine = lineOf(stopTimes, first);
  const cases: [what: string, changes: { [file: string]: string | undefined }, said: string][] = [
    ['without a file', { 'stops.txt': undefined }, 'stops.txt: expected a file of this name in the feed'],
    [
      'without any calendar',
      { 'calendar.txt': undefined, 'calendar_dates.txt': undefined },
      'calendar.txt: expected this file or calendar_dates.txt in the feed',
    ],
    [
      'without a column',
      { 'stops.txt': replaced(stops, 'stop_lat', 'stop_lats') },
      'stops.txt line 1: stop_lat, expected a column of this name, there is "stop_lats"',
    ],
    ['with an empty file', { 'trips.txt': '' }, 'trips.txt: expected a header, but the file is empty'],
    [
      'with an unknown stop',
      { 'stop_times.txt': replaced(stopTimes, first, first.replace('markt-o', 'nowhere')) },
      `stop_times.txt line ${firstLine}: stop_id "nowhere", expected an id that stands in stops.txt`,
    ],
    [
      'with an unknown trip',
      { 'stop_times.txt': replaced(stopTimes, first, first.replace('1-week', '9-week')) },
      `stop_times.txt line ${firstLine}: trip_id "9-week-o-0600", expected an id that stands in trips.txt`,
    ],
    [
      'with an unknown route',
      { 'trips.txt': replaced(trips, 'r1,week', 'r9,week') },
      'trips.txt line 2: route_id "r9", expected an id that stands in routes.txt',
    ],
    [
      'with an unknown service',
      { 'trips.txt': replaced(trips, 'r1,week', 'r1,weak') },
      'trips.txt line 2: service_id "weak", expected an id that stands in calendar.txt or calendar_dates.txt',
    ],
    [
      'with an unknown shape',
      { 'trips.txt': replaced(trips, 's1o', 's9o') },
      'trips.txt line 2: shape_id "s9o", expected an id that stands in shapes.txt',
    ],
    [
      'with a bad time',
      { 'stop_times.txt': replaced(stopTimes, first, first.replace('06:02:00', '6:61:00')) },
      `stop_times.txt line ${firstLine}: arrival_time "6:61:00", expected a time H:MM:SS up to 72:00:00`,
    ],
    [
      'with time that goes backwards',
      { 'stop_times.txt': replaced(stopTimes, first, first.replaceAll('06:02:00', '05:59:00')) },
      `stop_times.txt line ${firstLine}: arrival_time "05:59:00", expected a time not before 06:00:00`,
    ],
    [
      'with a departure before the arrival',
      { 'stop_times.txt': replaced(stopTimes, first, first.replace('06:02:00,', '06:03:00,')) },
      `stop_times.txt line ${firstLine}: departure_time "06:02:00", expected a time not before 06:03:00`,
    ],
    [
      'with a blank time at an end',
      { 'stop_times.txt': replaced(stopTimes, '1-week-o-0600,06:00:00,06:00:00', '1-week-o-0600,,') },
      'stop_times.txt line 2: arrival_time "", expected a time at the first stop',
    ],
    [
      'with a number twice in a trip',
      { 'stop_times.txt': replaced(stopTimes, first, first.replace(/2$/, '1')) },
      `stop_sequence "1", expected a number that no other stop of the trip has`,
    ],
    [
      'with a trip of one stop',
      {
        'stop_times.txt': `${stopTimes}lonely,06:00:00,06:00:00,markt-o,1\n`,
        'trips.txt': `${trips}r1,week,lonely,,0,s1o\n`,
      },
      'trip_id "lonely", expected at least two stops in stop_times.txt, got 1',
    ],
    [
      'with a stop without a position',
      { 'stops.txt': replaced(stops, 'Markt,47.989928,7.848032', 'Markt,,') },
      'stop_lat "", expected a number from -90 to 90',
    ],
    [
      'with a stop in the sea off Ghana',
      { 'stops.txt': replaced(stops, 'Markt,47.989928,7.848032', 'Markt,0,0') },
      'stop_lat "0", expected a position, got 0, 0',
    ],
    [
      'with a latitude of no place',
      { 'stops.txt': replaced(stops, '47.989928', '147.989928') },
      'stop_lat "147.989928", expected a number from -90 to 90',
    ],
    [
      'with a stop twice',
      { 'stops.txt': `${stops}markt-o,Again,47.98,7.84,0,\n` },
      'stop_id "markt-o", expected an id that no earlier row has',
    ],
    [
      'with a trip twice',
      { 'trips.txt': `${trips}r1,week,night,,0,\n` },
      'trip_id "night", expected an id that no earlier row has',
    ],
    [
      'with a bad colour',
      { 'routes.txt': replaced(town['routes.txt']!, 'E4572E', 'crimson') },
      'routes.txt line 2: route_color "crimson", expected six hexadecimal digits',
    ],
    [
      'with a bad date',
      { 'calendar.txt': replaced(town['calendar.txt']!, '20260105', '20260230') },
      'start_date "20260230", expected a date YYYYMMDD',
    ],
    [
      'with a period that ends before it begins',
      { 'calendar.txt': replaced(town['calendar.txt']!, '20261211', '20250105') },
      'end_date "20250105", expected a date from 20260105 on',
    ],
    [
      'with an unknown time zone',
      { 'agency.txt': replaced(town['agency.txt']!, 'Europe/Berlin', 'Europe/Uberall') },
      'agency_timezone "Europe/Uberall", expected a time zone such as',
    ],
    [
      'with a headway of nothing',
      { 'frequencies.txt': replaced(town['frequencies.txt']!, '1800', '0') },
      'headway_secs "0", expected a headway above 0',
    ],
    [
      'with too many values in a row',
      { 'trips.txt': `${trips}r1,week,x,Markt, Nord,0,s1o\n` },
      'expected 6 values as in the header, got 7',
    ],
    [
      'without any bus',
      { 'routes.txt': town['routes.txt']!.replaceAll(',3,', ',1,').replaceAll(',704,', ',1,') },
      'trips.txt: expected trips of bus routes, but there are none',
    ],
    [
      'without a trip on any day',
      {
        'calendar_dates.txt': undefined,
        'calendar.txt': town['calendar.txt']!.replaceAll(/,[01](?=,[01],|,2026)/g, ',0'),
      },
      'trips.txt: expected trips of buses on some day, but none runs',
    ],
  ];

  it.each(cases)('%s says where it is and what was expected', async (_, changes, said) => {
    expect(await refusalOf(archiveOf(townWith(changes)))).toContain(said);
  });

  it('tells twenty of its problems and counts the others', async () => {
    const message = await refusalOf(archiveOf(townWith({ 'stop_times.txt': stopTimes.replaceAll('markt-', 'gone-') })));
    const count = stopTimes.split('markt-').length - 1;
    expect(message).toContain(`${count} problems:`);
    expect(message.split('\n')).toHaveLength(1 + 20 + 1);
    expect(message).toContain(`and ${count - 20} more`);
  });

  it('that is no archive, a broken one or none at all says which', async () => {
    expect(await refusalOf(fileOf(strToU8('no zip')))).toContain(
      'expected a GTFS zip archive, but it is not a zip archive',
    );
    const whole = zipSync(Object.fromEntries(Object.entries(town).map(([file, text]) => [file, strToU8(text)])));
    expect(await refusalOf(fileOf(whole.slice(0, whole.length / 2)))).toContain('is not a zip archive');
    const damaged = whole.slice();
    damaged.fill(0xff, 60, 120);
    expect(await refusalOf(fileOf(damaged))).toContain('expected a whole file, but it');
    expect(await refusalOf('/no/such/feed.zip')).toContain('expected a zip archive or a folder, but there is none');
  });

  it('that unpacks to far more than its size, or to more than it declares, is not unpacked', async () => {
    const texts = Object.fromEntries(Object.entries(town).map(([file, text]) => [file, strToU8(text)]));
    const bomb = zipSync({ ...texts, 'shapes.txt': new Uint8Array(30_000_000) }, { level: 9 });
    expect(await refusalOf(fileOf(bomb))).toMatch(
      /shapes\.txt: expected text that packs to no less than 1\/250, but it unpacks to \d+ times/,
    );
    // The directory says half a gigabyte and more.
    const huge = zipSync(texts);
    const at = directoryEntry(huge, 'shapes.txt');
    new DataView(huge.buffer, huge.byteOffset).setUint32(at + 24, 600_000_000, true);
    expect(await refusalOf(fileOf(huge))).toContain('shapes.txt: expected at most 500 MB unpacked, got 600 MB');
    const liar = zipSync(texts);
    new DataView(liar.buffer, liar.byteOffset).setUint32(directoryEntry(liar, 'shapes.txt') + 24, 100, true);
    expect(await refusalOf(fileOf(liar))).toContain('unpacks to more than the 100 bytes that it declares');
  });
});

/** Where the directory of an archive tells of a file. */
function directoryEntry(archive: Uint8Array, file: string): number {
  const buffer = Buffer.from(archive.buffer, archive.byteOffset, archive.length);
  return buffer.lastIndexOf(file) - 46;
}
