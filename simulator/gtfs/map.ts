// What the page draws of an imported city: the ways of its lines, its stops and their names. A feed has no water and no parks. GeoJSON in
// WGS-84, coarser the bigger the network, so that it stays below a megabyte.
import type { BusLine, CityMap, Label, Link, Point, Stop } from '../city.ts';
import { simplify } from '../city/geometry.ts';
import type { Projection } from '../city/projection.ts';

/** A metre. */
const STEPS_PER_DEGREE = 1e5;
/** Finest drawing first: bends smaller than this are not drawn, and no more than so many stops. */
const DETAILS = [
  { toleranceM: 3, stops: 5000 },
  { toleranceM: 8, stops: 5000 },
  { toleranceM: 20, stops: 5000 },
  { toleranceM: 50, stops: 3000 },
  { toleranceM: 120, stops: 2000 },
  { toleranceM: 300, stops: 1000 },
];
const MAX_BYTES = 900_000;
/** Places that are named: the stops with most lines. */
const LABELS = 40;
const BIG_LABELS = 8;

export interface MapInput {
  readonly id: string;
  readonly name: Label;
  readonly note: string;
  readonly nodes: readonly Point[];
  readonly links: readonly Link[];
  readonly lines: readonly BusLine[];
  readonly stops: readonly Stop[];
  /** The built-up area, a ring. */
  readonly land: readonly Point[];
  readonly projection: Projection;
}

export function drawMap(input: MapInput): CityMap {
  let map = drawn(input, DETAILS[0]!);
  for (const detail of DETAILS.slice(1)) {
    if (Buffer.byteLength(JSON.stringify(map)) <= MAX_BYTES) break;
    map = drawn(input, detail);
  }
  return map;
}

function drawn(input: MapInput, { toleranceM, stops: most }: { toleranceM: number; stops: number }): CityMap {
  const { id, name, note, land, projection } = input;
  const at = (point: Point): [number, number] => {
    const { lon, lat } = projection.toLonLat(point);
    return [round(lon), round(lat)];
  };
  const ring = land.map(at);
  const lons = ring.map(([lon]) => lon);
  const lats = ring.map(([, lat]) => lat);
  const served = input.stops.map(() => new Set<string>());
  for (const line of input.lines)
    for (const { stops } of line.directions) for (const { stop } of stops) served[stop]!.add(line.id);
  return {
    id,
    name,
    center: at({ x: 0, y: 0 }),
    bounds: [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)],
    note,
    layers: {
      land: collection([feature('Polygon', [[...ring, ring[0]!]], { type: 'built-up' })]),
      water: collection([]),
      parks: collection([]),
      streets: collection([
        feature(
          'MultiLineString',
          streetLines(input).map((line) => simplify(line, toleranceM).map(at)),
          { class: 'secondary', ...named({ en: '', zh: '' }) },
        ),
      ]),
      busLines: collection(busLines(input, toleranceM, at)),
      stops: collection(
        busiest(served, most).map((i) => {
          const stop = input.stops[i]!;
          return feature('Point', at(stop), { stop: stop.id, ...named(stop.name), lines: [...served[i]!] });
        }),
      ),
      labels: collection(labels(input, served, at)),
    },
  };
}

/** Streets once, whichever ways they are driven: links that follow each other without a fork are one line. */
function streetLines({ nodes, links }: MapInput): Point[][] {
  const ends = nodes.map((): number[] => []);
  const seen = new Set<string>();
  const streets: { readonly a: number; readonly b: number }[] = [];
  for (const { from, to } of links) {
    const [a, b] = [Math.min(from, to), Math.max(from, to)];
    if (seen.has(`${a} ${b}`)) continue;
    seen.add(`${a} ${b}`);
    const street = streets.push({ a, b }) - 1;
    ends[a]!.push(street);
    ends[b]!.push(street);
  }
  const drawn = new Uint8Array(streets.length);
  const follow = (start: number, street: number): Point[] => {
    const line = [nodes[start]!];
    let [node, next]: [number, number | undefined] = [start, street];
    while (next !== undefined) {
      drawn[next] = 1;
      node = streets[next]!.a === node ? streets[next]!.b : streets[next]!.a;
      line.push(nodes[node]!);
      next = ends[node]!.length === 2 ? ends[node]!.find((other) => drawn[other] === 0) : undefined;
    }
    return line;
  };
  const lines: Point[][] = [];
  const begin = (node: number) => {
    for (const street of ends[node]!) if (drawn[street] === 0) lines.push(follow(node, street));
  };
  for (const node of nodes.keys()) if (ends[node]!.length !== 2) begin(node);
  // What is left are rings.
  for (const node of nodes.keys()) begin(node);
  return lines;
}

/** The most used way out and the most used way back of each line. */
function busLines(
  { lines, nodes, links }: MapInput,
  toleranceM: number,
  at: (point: Point) => [number, number],
): object[] {
  return lines.flatMap((line) =>
    (['out', 'back'] as const).flatMap((direction) => {
      const index = line.directions.findIndex((way) => way.direction === direction);
      if (index < 0) return [];
      const way = line.directions[index]!;
      const points = way.links.map((link) => nodes[links[link]!.to]!);
      points.unshift(nodes[links[way.links[0]!]!.from]!);
      const properties = { line: line.id, color: line.color, direction: index, ...named(line.name) };
      return [feature('LineString', simplify(points, toleranceM).map(at), properties)];
    }),
  );
}

/** The stops with most lines, in their order. */
function busiest(served: readonly ReadonlySet<string>[], most: number): number[] {
  const all = [...served.keys()];
  if (all.length <= most) return all;
  return all
    .sort((a, b) => served[b]!.size - served[a]!.size || a - b)
    .slice(0, most)
    .sort((a, b) => a - b);
}

function labels(
  { name, stops }: MapInput,
  served: readonly ReadonlySet<string>[],
  at: (point: Point) => [number, number],
): object[] {
  const names = new Set<string>();
  const chosen = [...stops.keys()]
    .sort((a, b) => served[b]!.size - served[a]!.size || a - b)
    .filter((stop) => {
      const isNew = !names.has(stops[stop]!.name.en);
      names.add(stops[stop]!.name.en);
      return isNew;
    })
    .slice(0, LABELS);
  return [
    feature('Point', at({ x: 0, y: 0 }), { ...named(name), rank: 1, type: 'district' }),
    ...chosen.map((stop, i) =>
      feature('Point', at(stops[stop]!), { ...named(stops[stop]!.name), rank: i < BIG_LABELS ? 2 : 3, type: 'place' }),
    ),
  ];
}

const named = (label: Label): { name: string; nameZh: string } => ({ name: label.en, nameZh: label.zh });
const round = (degrees: number): number => Math.round(degrees * STEPS_PER_DEGREE) / STEPS_PER_DEGREE;

function feature(type: string, coordinates: unknown, properties: object): object {
  return { type: 'Feature', properties, geometry: { type, coordinates } };
}

function collection(features: readonly object[]): object {
  return { type: 'FeatureCollection', features };
}
