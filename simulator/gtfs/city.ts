// Builds a city from a feed: streets where its buses drive, lines with their patterns and published trips. What a feed does not know
// (water, parking, traffic lights, street names) the city does not have.
import type { BusLine, City, Label, LineDirection, Link, PlannedTrip, Point, Stop } from '../city.ts';
import { projectionAt } from '../city/projection.ts';
import type { Place, Projection } from '../city/projection.ts';
import { Random } from '../random.ts';
import { homesNear, isInside, landAround } from './area.ts';
import { connectionsOf } from './connections.ts';
import type { Connection } from './connections.ts';
import type { Feed, FeedStop, Route } from './feed.ts';
import { drawMap } from './map.ts';
import { UniqueNames, cityName } from './names.ts';
import { linesOf } from './patterns.ts';
import type { FeedLine, Pattern } from './patterns.ts';
import { GtfsError } from './problems.ts';
import { isTooFast, speedsOf } from './speeds.ts';
import type { StreetSpeeds } from './speeds.ts';
import { streetsOf } from './streets.ts';
import type { DrivenWay, Streets } from './streets.ts';
import { FAR_M, wayOf } from './way.ts';
import type { Way } from './way.ts';

/** A line that goes farther from the middle than this leaves the city. */
const CITY_RADIUS_M = 60_000;
/** People for whom one stop is the nearest: 30,000 at 3.4 km² a hundred stops (engineering estimate for a European city). */
const PEOPLE_A_STOP = 300;
const LANES = 2;
/** No lights there, and nothing that only expressways have. */
const STREET_CLASS = 'secondary';
const PALETTE = [
  '#e4572e',
  '#3b9ae1',
  '#2bb673',
  '#f2b134',
  '#b57edc',
  '#ef7fa5',
  '#7fd1c7',
  '#c58b5b',
  '#8a7cf0',
  '#9bbf3b',
];

interface Network {
  readonly lines: readonly FeedLine[];
  /** By line. */
  readonly connections: readonly (readonly Connection[])[];
}

export interface ImportedCity {
  readonly city: City;
  /** What was repaired and what was left out, one line each. */
  readonly repairs: readonly string[];
  readonly leftOut: readonly string[];
}

/** id: what the city is called in topics; absent: after its agency. @throws GtfsError when no line is left */
export function cityOfGtfs(feed: Feed, id?: string): ImportedCity {
  const { lines, leftOut } = linesOf(feed);
  const anchor = anchorOf(feed, lines);
  const projection = projectionAt(anchor);
  const places = feed.stops.map((stop) => projection.fromLonLat(stop));
  const near = lines.filter(({ patterns }) =>
    patterns.every(({ stops }) => stops.every((stop) => isNear(places[stop]!))),
  );
  if (near.length === 0) {
    const expected = `a bus line that stays within ${CITY_RADIUS_M / 1000} km of the middle, ${anchor.lat.toFixed(4)}, ${anchor.lon.toFixed(4)}`;
    throw new GtfsError(feed.path, [{ file: 'stops.txt', expected }]);
  }
  const patterns = near.flatMap((line) => line.patterns);
  const matched = matchedWays(feed, patterns, places, projection);
  const connections = near.map((line) => connectionsOf(line, places));
  const empty = connections.flat().map(({ from, to }) => wayOf([places[from]!, places[to]!], undefined).way);
  const streets = streetsOf([...matched.ways, ...empty]);
  const speeds = speedsOf(streets, patterns);
  const routes = near.flatMap((line) => line.patterns.map(() => line.route));
  const tooFast = routes.filter((_, i) => isTooFast(streets.ways[i]!, patterns[i]!));
  const gone = lines.length - near.length;
  return {
    city: assemble(feed, { lines: near, connections }, streets, speeds, projection, anchor, id),
    repairs: [...feed.repairs, ...matched.repairs, ...tooFastLine(tooFast)],
    leftOut: [
      ...feed.leftOut,
      ...leftOut,
      ...(gone > 0
        ? [`${gone} ${gone === 1 ? 'line that goes' : 'lines that go'} farther than ${CITY_RADIUS_M / 1000} km`]
        : []),
    ],
  };
}

/** Buses will be late there, and whoever reads that should know why. */
function tooFastLine([first, ...others]: readonly Route[]): string[] {
  if (first === undefined) return [];
  const count = others.length + 1;
  return [
    `ways planned faster than a bus that stops everywhere can be: ${count}, first of line ${first.shortName || first.id}`,
  ];
}

function isNear({ x, y }: Point): boolean {
  return x * x + y * y < CITY_RADIUS_M * CITY_RADIUS_M;
}

/** The median of the stops, each as often as lines serve it: a far outpost does not move it. */
function anchorOf(feed: Feed, lines: readonly FeedLine[]): Place {
  const served = lines.flatMap(({ patterns }) =>
    patterns.flatMap(({ stops }) => stops.map((stop) => feed.stops[stop]!)),
  );
  if (served.length === 0) throw new GtfsError(feed.path, [{ file: 'trips.txt', expected: 'trips that go somewhere' }]);
  const middle = (axis: 'lat' | 'lon') => {
    const values = served.map((stop) => stop[axis]).sort((a, b) => a - b);
    return Math.round(values[values.length >> 1]! * 1e5) / 1e5;
  };
  return { lat: middle('lat'), lon: middle('lon') };
}

function matchedWays(feed: Feed, patterns: readonly Pattern[], places: readonly Point[], projection: Projection) {
  const far = { stops: 0, example: '' };
  const unused = { patterns: 0, example: '' };
  let straight = 0;
  const ways = patterns.map(({ stops, shape }): Way => {
    const points = feed.shapes.get(shape)?.map((point) => projection.fromLonLat(point));
    const { way, farthest } = wayOf(
      stops.map((stop) => places[stop]!),
      points,
    );
    if (way.straight && farthest === undefined) straight++;
    if (farthest === undefined) return way;
    const what = `stop ${feed.stops[stops[farthest.stop]!]!.id} is ${Math.round(farthest.offM)} m from shape ${shape}`;
    if (way.straight) {
      unused.patterns++;
      unused.example ||= what;
    } else if (farthest.offM > FAR_M) {
      far.stops++;
      far.example ||= what;
    }
    return way;
  });
  return {
    ways,
    repairs: [
      ...(straight > 0 ? [`ways without a shape go straight from stop to stop: ${straight}`] : []),
      ...(unused.patterns > 0
        ? [`shapes that do not fit their stops, straight lines instead: ${unused.patterns}, first ${unused.example}`]
        : []),
      ...(far.stops > 0
        ? [`ways with a stop farther than ${FAR_M} m from the shape: ${far.stops}, first ${far.example}`]
        : []),
    ],
  };
}

function assemble(
  feed: Feed,
  network: Network,
  { nodes, links: drafts, ways }: Streets,
  { limitMps, freeMps, peakMps }: StreetSpeeds,
  projection: Projection,
  anchor: Place,
  wanted: string | undefined,
): City {
  const name = nameOf(feed);
  const id = wanted ?? (cityName(name.en) || cityName(fileName(feed.path)) || 'city');
  const links = drafts.map(({ from, to, lengthM }, link): Link => ({
    from,
    to,
    lengthM,
    speedLimitMps: limitMps[link]!,
    lanes: LANES,
    streetClass: STREET_CLASS,
    name: 0,
  }));
  const linksFrom = nodes.map((): number[] => []);
  for (const [link, { from }] of links.entries()) linksFrom[from]!.push(link);
  const { stops, stopOf } = stopsOf(feed, network.lines, projection);
  const lines = busLines(network, ways, stopOf, stops);
  const visits = stops.map(() => 0);
  for (const { directions } of lines) for (const way of directions) for (const { stop } of way.stops) visits[stop]!++;
  const land = landAround(stops);
  const note = noteOf(feed);
  return {
    id,
    name,
    anchor,
    utcOffsetMin: utcOffsetMin(feed),
    nodes,
    links,
    linksFrom,
    streetNames: [{ en: '', zh: '' }],
    streetSpeeds: { freeMps, peakMps },
    calendar: 'weekdays',
    stops,
    lines,
    districts: [{ name, center: { x: 0, y: 0 }, population: PEOPLE_A_STOP * stops.length, landUse: 'housing' }],
    parkingZones: [],
    isLand: isInside(land),
    home: homesNear(stops, visits, new Random(1).fork('city').fork('homes')),
    toLonLat: projection.toLonLat,
    fromLonLat: projection.fromLonLat,
    map: drawMap({ id, name, note, nodes, links, lines, stops, land, projection }),
  };
}

/** After its agency; a feed of several is called by its publisher, or else its file. */
function nameOf({ agencies, publisher, path }: Feed): Label {
  const name = agencies.length === 1 ? agencies[0]!.name : publisher;
  const label = name.trim() || fileName(path);
  return { en: label, zh: label };
}

/** Without folder and ending. */
function fileName(path: string): string {
  return path.replace(/^.*[\\/](?=[^\\/])/, '').replace(/(\.zip|[\\/])$/i, '');
}

function noteOf({ agencies, publisher, version, days }: Feed): string {
  const who =
    publisher ||
    agencies
      .map(({ name }) => name)
      .slice(0, 3)
      .join(', ');
  const dates = days.all.map(({ sort, day }) => `${sort} ${dateText(day)}`).join(', ');
  const which = version === '' ? '' : `, version ${version}`;
  return `Timetable: ${who}${which} (${dates}). Simulated buses, not where the real ones are.`;
}

const DAY_MS = 86_400_000;

/** day: days since 1970 → `2026-11-21` */
export function dateText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Civil time minus UTC at noon of the first chosen day, by the agency's time zone. */
function utcOffsetMin({ agencies, days }: Feed): number {
  const noonMs = days.all[0]!.day * DAY_MS + DAY_MS / 2;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: agencies[0]!.timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const parts = Object.fromEntries(format.formatToParts(noonMs).map(({ type, value }) => [type, Number(value)]));
  const civilMs = Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute);
  return Math.round((civilMs - noonMs) / 60_000);
}

/** The stops that lines serve, in the feed's order. stopOf: by the feed's stop */
function stopsOf(feed: Feed, lines: readonly FeedLine[], projection: Projection) {
  const served = new Uint8Array(feed.stops.length);
  for (const { patterns } of lines) for (const pattern of patterns) for (const stop of pattern.stops) served[stop] = 1;
  const names = new UniqueNames();
  const stops: Stop[] = [];
  const stopOf = new Int32Array(feed.stops.length).fill(-1);
  for (const [index, stop] of feed.stops.entries()) {
    if (served[index] === 0) continue;
    stopOf[index] = stops.push(cityStop(stop, names, projection)) - 1;
  }
  return { stops, stopOf };
}

function cityStop(stop: FeedStop, names: UniqueNames, projection: Projection): Stop {
  const id = names.give([stop.id], 'stop');
  return { id, name: { en: stop.name, zh: stop.name }, ...projection.fromLonLat(stop) };
}

function busLines(
  { lines, connections }: Network,
  ways: readonly DrivenWay[],
  stopOf: Int32Array,
  stops: readonly Stop[],
): BusLine[] {
  const names = new UniqueNames();
  let next = 0;
  let nextEmpty = lines.reduce((sum, { patterns }) => sum + patterns.length, 0);
  return lines.map(({ route, patterns }, index) => {
    const driven = ways.slice(next, (next += patterns.length));
    const empty = connections[index]!.map(({ from, to }) => directionOf([from, to], ways[nextEmpty++]!, 'out', stopOf));
    const order = inOrder(sidesOf(patterns, stopOf, stops));
    const label = route.longName || route.shortName || route.id;
    return {
      id: names.give([route.shortName, route.id, route.longName], `line-${index + 1}`),
      name: { en: label, zh: label },
      color: route.color ?? PALETTE[index % PALETTE.length]!,
      directions: [
        ...order.map(({ pattern, direction }) =>
          directionOf(patterns[pattern]!.stops, driven[pattern]!, direction, stopOf),
        ),
        ...empty,
      ],
      trips: order
        .flatMap(({ pattern }, way) => patterns[pattern]!.trips.map((trip): PlannedTrip => ({ ...trip, way })))
        .sort((a, b) => a.startS - b.startS || a.way - b.way),
    };
  });
}

interface Side {
  readonly pattern: number;
  readonly direction: 'out' | 'back';
}

/** Which patterns go out and which come back: as the feed says, else a pattern that goes against the most used one comes back. */
function sidesOf(patterns: readonly Pattern[], stopOf: Int32Array, stops: readonly Stop[]): Side[] {
  const heading = ({ stops: own }: Pattern): Point => {
    const [a, b] = [stops[stopOf[own[0]!]!]!, stops[stopOf[own.at(-1)!]!]!];
    return { x: b.x - a.x, y: b.y - a.y };
  };
  const main = heading(patterns[0]!);
  return patterns.map((own, pattern) => {
    const { x, y } = heading(own);
    const back = own.direction === undefined ? x * main.x + y * main.y < 0 : own.direction === 1;
    return { pattern, direction: back ? 'back' : 'out' };
  });
}

/** The most used way out, the most used way back, then the others. */
function inOrder(sides: readonly Side[]): Side[] {
  const first = [
    sides.find(({ direction }) => direction === 'out'),
    sides.find(({ direction }) => direction === 'back'),
  ];
  const main = first.filter((side) => side !== undefined);
  return [...main, ...sides.filter((side) => !main.includes(side))];
}

function directionOf(
  stops: readonly number[],
  { links, stopAtM, lengthM }: DrivenWay,
  direction: 'out' | 'back',
  stopOf: Int32Array,
): LineDirection {
  return { direction, links, stops: stops.map((stop, i) => ({ stop: stopOf[stop]!, atM: stopAtM[i]! })), lengthM };
}
