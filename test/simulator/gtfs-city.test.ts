// The city that is built from a feed: its streets carry its lines, its lines carry the published trips.
import { describe, expect, it } from 'vitest';
import { busesNeeded } from '../../simulator/bus/duties.ts';
import type { City, LineDirection } from '../../simulator/city.ts';
import { projectionAt } from '../../simulator/city/projection.ts';
import { loadModels } from '../../simulator/kinds.ts';
import { Random } from '../../simulator/random.ts';
import { LinkTable } from '../../simulator/traffic/link-table.ts';
import { Signals } from '../../simulator/traffic/signals.ts';
import { drivingMps } from '../../simulator/gtfs/speeds.ts';
import { UniqueNames, cityName } from '../../simulator/gtfs/names.ts';
import { streetsOf } from '../../simulator/gtfs/streets.ts';
import { wayOf } from '../../simulator/gtfs/way.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { DEVICE_PATTERN, KIND_PATTERN } from '../../telemetry/description.ts';
import { importOf, replaced, town, townWith } from './gtfs-town.ts';

const { city, leftOut } = await importOf(town);
const ways = city.lines.flatMap(({ directions }) => directions);

/** Points of a way where its stops are. */
function stopPoints(of: City, way: LineDirection): { x: number; y: number }[] {
  const table = new LinkTable(of);
  return way.stops.map(({ atM }) => {
    let startM = 0;
    let at = 0;
    while (at + 1 < way.links.length && startM + table.lengthM(way.links[at]!) < atM)
      startM += table.lengthM(way.links[at++]!);
    return table.pointAt(way.links[at]!, atM - startM);
  });
}

describe('a city from a feed', () => {
  it('has names that topics can carry, each once', () => {
    expect(city.id).toBe('stadtbus-uberall');
    expect(city.lines.map(({ id }) => id)).toEqual(['1', '2', 'N-1']);
    expect(city.id).toMatch(KIND_PATTERN);
    for (const { id } of [...city.lines, ...city.stops]) expect(id).toMatch(DEVICE_PATTERN);
    const names = new UniqueNames();
    expect(['N 1', 'N/1', '環狀', 'N-1'].map((wish) => names.give([wish, 'r'], 'none'))).toEqual([
      'N-1',
      'N-1-2',
      'r',
      'N-1-3',
    ]);
    expect(cityName('Vilniaus viešasis transportas, UAB')).toBe('vilniaus-viesasis-transportas-uab');
  });

  it('has chains of links, and stops along them from the first metre to the last', () => {
    for (const { links, stops, lengthM } of ways) {
      links.slice(1).forEach((link, i) => expect(city.links[link]!.from).toBe(city.links[links[i]!]!.to));
      const sum = links.reduce((total, link) => total + city.links[link]!.lengthM, 0);
      expect(lengthM).toBeCloseTo(sum, 6);
      expect(stops[0]!.atM).toBe(0);
      expect(stops.at(-1)!.atM).toBe(lengthM);
      stops.slice(1).forEach(({ atM }, i) => expect(atM).toBeGreaterThan(stops[i]!.atM));
    }
    for (const [node, links] of city.linksFrom.entries())
      for (const link of links) expect(city.links[link]!.from).toBe(node);
  });

  it('lets buses stop within ten metres of the stops of the feed', () => {
    for (const way of ways) {
      stopPoints(city, way).forEach(({ x, y }, i) => {
        const stop = city.stops[way.stops[i]!.stop]!;
        expect(Math.hypot(stop.x - x, stop.y - y)).toBeLessThan(10);
      });
    }
  });

  it('has every trip of a chosen day as it was published, in civil time', () => {
    const [one, two, night] = city.lines;
    const trip = two!.trips!.find(({ id }) => id === '2-week-i-0620')!;
    expect(trip).toMatchObject({ startS: 6 * 3600 + 20 * 60, planS: [0, 120, 240, 360, 480], days: ['workday'] });
    expect(two!.directions[trip.way]).toMatchObject({ direction: 'back' });
    expect(one!.trips!.filter(({ days }) => days.includes('holiday'))).toHaveLength(
      town['trips.txt']!.split('1-sun-').length - 1,
    );
    expect(city.utcOffsetMin).toBe(60);
    expect(leftOut).toEqual(['1 route of tram', '1 trips of 1 rare variants of lines']);
    // From 23:00 to before 27:00 every half an hour.
    expect(night!.trips!.map(({ startS }) => startS / 3600)).toEqual([23, 23.5, 24, 24.5, 25, 25.5, 26, 26.5]);
    const ids = city.lines.flatMap(({ trips }) => trips!.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shares streets where lines share their shapes, also the other way round', () => {
    const [out, back] = city.lines[0]!.directions;
    const klinikum = city.lines[1]!.directions[0]!;
    const places = (way: LineDirection) =>
      way.links.map((link) => [city.links[link]!.from, city.links[link]!.to].join());
    const shared = klinikum.links.filter((link) => out!.links.includes(link));
    const sharedM = shared.reduce((sum, link) => sum + city.links[link]!.lengthM, 0);
    expect(sharedM).toBeGreaterThan(1250);
    expect(places(back!).map((place) => place.split(',').toReversed().join())).toEqual(places(out!).toReversed());
  });

  it('has streets fast enough for its timetable and no faster than a bus line needs', () => {
    for (const { speedLimitMps } of city.links) {
      expect(speedLimitMps).toBeGreaterThanOrEqual(15 / 3.6);
      expect(speedLimitMps).toBeLessThanOrEqual(80 / 3.6);
    }
    // 600 m in two minutes with a stop: 20 s of them are stops, braking and speeding up.
    const [mps] = drivingMps([0, 600, 1200, 1800], [0, 120, 240, 360]);
    expect(600 / mps! + 11 + 1.06 * mps!).toBeCloseTo(120, 6);
    expect(drivingMps([0, 5000], [0, 60])[0]).toBeCloseTo(80 / 3.6, 9);
  });

  it('has no traffic lights, because a feed knows of none, and a calendar of weekdays', () => {
    const signals = new Signals(city);
    expect(city.links.some((_, link) => signals.has(link))).toBe(false);
    const at = (iso: string) =>
      createWorld({ city, random: new Random(1), startMs: Date.parse(iso), utcOffsetMin: city.utcOffsetMin }).calendar
        .dayType;
    // China's National Day, a Saturday, a Sunday.
    expect(['2026-10-01T10:00Z', '2026-10-10T10:00Z', '2026-10-11T10:00Z'].map(at)).toEqual([
      'workday',
      'weekend',
      'holiday',
    ]);
  });

  it('lets its streets flow as its timetable was planned, not as in Wuxi', () => {
    const { freeMps } = city.streetSpeeds!;
    const world = createWorld({
      city,
      random: new Random(1),
      startMs: Date.parse('2026-11-18T02:00Z'),
      utcOffsetMin: 60,
    });
    expect(world.streets.meanSpeedMps()).toBeCloseTo(freeMps, 0);
  });

  it('is a map of lines, stops and names under a megabyte', () => {
    const { layers, bounds, center } = city.map;
    const featuresOf = (layer: object) =>
      (layer as { features: { properties: { [name: string]: unknown } }[] }).features;
    expect(featuresOf(layers.busLines).map(({ properties }) => [properties.line, properties.direction])).toEqual([
      ['1', 0],
      ['1', 1],
      ['2', 0],
      ['2', 1],
      ['N-1', 0],
    ]);
    expect(featuresOf(layers.stops)).toHaveLength(city.stops.length);
    expect(featuresOf(layers.water)).toEqual([]);
    expect(JSON.stringify(city.map).length).toBeLessThan(1_000_000);
    expect(center[0]).toBeGreaterThan(bounds[0]);
    expect(center[1]).toBeLessThan(bounds[3]);
  });

  it('has homes on its land, near a stop, each always at its place', () => {
    for (let i = 0; i < 200; i++) {
      const home = city.home(i);
      expect(city.isLand(home)).toBe(true);
      expect(Math.min(...city.stops.map(({ x, y }) => Math.hypot(x - home.x, y - home.y)))).toBeLessThan(450);
      expect(city.home(i)).toEqual(home);
    }
    expect(city.isLand({ x: 50_000, y: 0 })).toBe(false);
  });

  it('is the same city whenever it is built', async () => {
    const again = (await importOf(town)).city;
    const plain = ({ nodes, links, stops, lines, map }: City) =>
      JSON.stringify({ nodes, links, stops, lines, map: map.layers });
    expect(plain(again)).toBe(plain(city));
  });

  it('gives every kind that needs no more than homes a fleet', async () => {
    const models = await loadModels();
    for (const kind of ['weather-station', 'water-meter', 'electricity-meter', 'gas-meter']) {
      const startMs = Date.parse('2026-11-18T06:00Z');
      const model = models.get(kind)!;
      const fleet = model.createFleet({
        city,
        random: new Random(1),
        count: 30,
        startMs,
        utcOffsetMin: 60,
        instruments: undefined,
      } as never);
      for (let i = 0; i < 30; i++) expect(city.isLand(fleet.placeOf(i))).toBe(true);
    }
  });
});

describe('lines of a feed', () => {
  it('take their directions from where they go when the feed does not say', async () => {
    const trips = town['trips.txt']!.replaceAll(/,,[01],/g, ',,,');
    const { city: other } = await importOf(townWith({ 'trips.txt': trips }));
    const directions = (of: City) => of.lines.map((line) => line.directions.map(({ direction }) => direction));
    expect(directions(other)).toEqual(directions(city));
  });

  it('go straight from stop to stop without shapes, a little longer than the crow flies', async () => {
    const { city: straight, repairs } = await importOf(townWith({ 'shapes.txt': undefined }));
    expect(repairs).toContain('ways without a shape go straight from stop to stop: 5');
    for (const way of straight.lines.flatMap(({ directions }) => directions)) {
      stopPoints(straight, way).forEach(({ x, y }, i) => {
        const stop = straight.stops[way.stops[i]!.stop]!;
        expect(Math.hypot(stop.x - x, stop.y - y)).toBeLessThan(5);
      });
    }
    const [a, b] = straight.lines[0]!.directions[0]!.stops;
    const [from, to] = [straight.stops[a!.stop]!, straight.stops[b!.stop]!];
    expect(b!.atM / Math.hypot(from.x - to.x, from.y - to.y)).toBeCloseTo(1.1, 6);
  });

  it('have a way for empty buses between ends that no way joins, after those that trips take', async () => {
    // Line 1 comes back from a stop 800 m beyond the one where it ends.
    const { city: apart } = await importOf(
      townWith({
        'stops.txt': `${town['stops.txt']!.trimEnd()}\nfar,Rosenau Wendeschleife,47.99054,7.8888,0,\n`,
        'stop_times.txt': town['stop_times.txt']!.replaceAll(',ros-i,', ',far,'),
        'shapes.txt': undefined,
      }),
    );
    const [line] = apart.lines;
    const empty = line!.directions.at(-1)!;
    expect(line!.directions).toHaveLength(3);
    expect(empty.stops.map(({ stop }) => apart.stops[stop]!.id)).toEqual(['ros-o', 'far']);
    expect(line!.trips!.some(({ way }) => way === 2)).toBe(false);
    expect(city.lines[0]!.directions).toHaveLength(2);
    // With it the same few buses do; without it each could drive one trip a day.
    expect(busesNeeded(apart)).toBeLessThan(busesNeeded(city) + 3);
  });

  it('that leave the city are left out, and a feed without any other is refused', async () => {
    const far = replaced(town['stops.txt']!, '48.003492', '49.9');
    const { city: rest, leftOut: gone } = await importOf(townWith({ 'stops.txt': far }));
    expect(rest.lines.map(({ id }) => id)).toEqual(['1']);
    expect(gone).toContain('2 lines that go farther than 60 km');
  });

  it('serve a stop once where the feed lists it twice in a row', async () => {
    const rows = town['stop_times.txt']!.split('\n');
    const at = rows.findIndex((row) => row.startsWith('1-week-o-0600,06:02:00'));
    rows.splice(at + 1, 0, '1-week-o-0600,06:03:00,06:03:00,markt-o,2');
    let sequence = 0;
    const renumbered = rows.map((row) =>
      row.startsWith('1-week-o-0600,') ? row.replace(/\d+$/, `${++sequence}`) : row,
    );
    const { city: same } = await importOf(townWith({ 'stop_times.txt': renumbered.join('\n') }));
    expect(sequence).toBe(6);
    const trip = same.lines[0]!.trips!.find(({ id }) => id === '1-week-o-0600')!;
    expect(trip.planS).toEqual([0, 120, 240, 360, 540]);
  });
});

describe('a way along a shape', () => {
  const stop = (x: number, y: number) => ({ x, y });

  it('passes a street twice where the shape does, and each stop is on its own pass', () => {
    const shape = [stop(0, 0), stop(1000, 0), stop(1000, 20), stop(0, 20)];
    const { way } = wayOf([stop(0, -5), stop(500, 8), stop(1000, 5), stop(500, 12), stop(0, 25)], shape);
    expect(way.straight).toBe(false);
    expect(way.stopAtM.map(Math.round)).toEqual([0, 500, 1005, 1520, 2020]);
  });

  it('does not follow a shape to the pole of a stop and back', () => {
    const shape = [stop(0, 0), stop(500, 0), stop(500, 8), stop(500, 0), stop(1000, 0)];
    const { way } = wayOf([stop(0, 0), stop(500, 8), stop(1000, 0)], shape);
    expect(way.stopAtM).toEqual([0, 500, 1000]);
  });

  it('does not believe a shape that is far from a stop, or has them in another order', () => {
    const shape = [stop(0, 0), stop(1000, 0)];
    expect(wayOf([stop(0, 0), stop(500, 900), stop(1000, 0)], shape).way.straight).toBe(true);
    expect(wayOf([stop(1000, 0), stop(0, 0)], shape).way.straight).toBe(true);
    expect(wayOf([stop(0, 0), stop(0, 0), stop(1000, 0)], undefined).way.stopAtM).toHaveLength(3);
  });

  it('keeps the bends of a street, whoever drives it first', () => {
    const bent = [stop(0, 0), stop(400, 1), stop(500, 60), stop(900, 60)];
    const one = wayOf([bent[0]!, bent[3]!], bent).way;
    const back = wayOf([bent[3]!, bent[0]!], bent.toReversed()).way;
    const streets = streetsOf([one, back]);
    expect(streets.nodes).toHaveLength(4);
    expect(streets.links).toHaveLength(6);
    expect(streetsOf([back, one]).nodes).toHaveLength(4);
  });
});

describe('a projection', () => {
  it.each([
    [120.3, 31.57],
    [-67.7, -53.8],
    [25.28, 54.7],
  ])('at %d, %d comes back to where it began, and a degree is as long as on the ellipsoid', (lon, lat) => {
    const { toLonLat, fromLonLat } = projectionAt({ lon, lat });
    const there = toLonLat({ x: 8000, y: -3000 });
    const { x, y } = fromLonLat(there);
    expect(x).toBeCloseTo(8000, 1);
    expect(y).toBeCloseTo(-3000, 1);
    // Length of a degree of latitude: 111,132.95 − 559.85 cos 2φ + 1.18 cos 4φ m.
    const phi = (lat * Math.PI) / 180;
    const degreeM = 111_132.95 - 559.85 * Math.cos(2 * phi) + 1.18 * Math.cos(4 * phi);
    expect(fromLonLat({ lon, lat: lat + 1 }).y / degreeM).toBeCloseTo(1, 3);
  });
});
