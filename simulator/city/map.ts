// What the page draws of the city: GeoJSON layers in WGS-84, small enough to send whole. No styles here.
import type { BusLine, CityMap, Label, Point, Stop } from '../city.ts';
import { simplify, type Line } from './geometry.ts';
import { ANCHOR, BOUNDS, DISTRICTS, LAKE_LABELS, LAKES, PARKS, PLACE_LABELS, type LonLat } from './geography.ts';
import type { Ground } from './ground.ts';
import type { Network } from './network.ts';
import { toLonLat } from './projection.ts';
import type { Street } from './streets.ts';

/** 1e-5 degrees is a metre: enough for drawing, half the bytes. */
const STEPS_PER_DEGREE = 1e5;
/** A bend smaller than this is not seen. */
const TOLERANCE_M = 2;

export interface MapInput {
  readonly id: string;
  readonly name: Label;
  readonly ground: Ground;
  readonly streets: readonly Street[];
  readonly network: Network;
  readonly lines: readonly BusLine[];
  readonly stops: readonly Stop[];
}

type Position = readonly [lon: number, lat: number];

export function drawMap(input: MapInput): CityMap {
  return {
    id: input.id,
    name: input.name,
    center: [ANCHOR.lon, ANCHOR.lat],
    bounds: BOUNDS,
    note: 'Simulated city, not a navigation map. Water and hills are an approximate drawing of Wuxi; streets are generated.',
    layers: {
      land: collection([feature('Polygon', [positions(input.ground.builtUp)], { type: 'built-up' })]),
      water: collection(water(input.ground)),
      parks: collection(
        PARKS.map((park, i) =>
          feature('Polygon', [positions(input.ground.parks[i]!)], { ...named(park), type: park.type }),
        ),
      ),
      streets: collection(streetFeatures(input)),
      busLines: collection(busLineFeatures(input)),
      stops: collection(stopFeatures(input)),
      labels: collection(labels()),
    },
  };
}

function water(ground: Ground): object[] {
  const lakes = LAKES.map((lake, i) =>
    feature('Polygon', ground.lakes[i]!.map(positions), { ...named(lake), type: 'lake' }),
  );
  const lines = ground.waterways.map(({ waterway, line }) =>
    feature('LineString', positions(line), { ...named(waterway), type: waterway.type, widthM: waterway.widthM }),
  );
  return [...lakes, ...lines];
}

/** Streets of one class and name are one feature of many lines; edges of a street that follow each other are one line. */
function streetFeatures({ streets, network: { nodes, edges } }: MapInput): object[] {
  const byName = new Map<string, { street: Street; lines: Line[] }>();
  let run: Point[] = [];
  for (const [index, { a, b, street }] of edges.entries()) {
    if (run.length === 0) run = [nodes[a]!];
    run.push(nodes[b]!);
    const next = edges[index + 1];
    if (next?.street === street && next.a === b) continue;
    const planned = streets[street]!;
    const key = `${planned.streetClass} ${planned.name.en}`;
    const known = byName.get(key);
    if (known === undefined) byName.set(key, { street: planned, lines: [run] });
    else known.lines.push(run);
    run = [];
  }
  return [...byName.values()].map(({ street, lines }) =>
    feature(
      'MultiLineString',
      lines.map((line) => positions(simplify(line, TOLERANCE_M))),
      {
        class: street.streetClass,
        ...named(street.name),
      },
    ),
  );
}

function busLineFeatures({ lines, network }: MapInput): object[] {
  return lines.flatMap((line) =>
    line.directions.map((direction, index) => {
      const points = direction.links.map((link) => network.nodes[endOf(network, link)]!);
      points.unshift(network.nodes[endOf(network, direction.links[0]! ^ 1)]!);
      return feature('LineString', positions(simplify(points, TOLERANCE_M)), {
        line: line.id,
        color: line.color,
        direction: index,
        ...named(line.name),
      });
    }),
  );
}

function endOf({ edges }: Network, link: number): number {
  const edge = edges[link >> 1]!;
  return (link & 1) === 0 ? edge.b : edge.a;
}

function stopFeatures({ lines, stops }: MapInput): object[] {
  const served = stops.map(() => new Set<string>());
  for (const line of lines)
    for (const { stops: on } of line.directions) for (const { stop } of on) served[stop]!.add(line.id);
  return stops.map((stop, i) =>
    feature('Point', position(stop), { stop: stop.id, ...named(stop.name), lines: [...served[i]!] }),
  );
}

function labels(): object[] {
  const label = (place: Label, at: LonLat, type: string, rank: number): object =>
    feature('Point', at, { ...named(place), rank, type });
  return [
    ...DISTRICTS.map((district) => label(district, district.label, 'district', 1)),
    ...LAKE_LABELS.map((lake, i) => label(lake, lake.at, 'lake', i === 0 ? 1 : 2)),
    ...PLACE_LABELS.map((place, i) => label(place, place.at, 'place', i < 5 ? 2 : 3)),
    ...PARKS.slice(0, 7).map((park) => label(park, middleOf(park.outline), 'place', 3)),
  ];
}

function middleOf(outline: readonly LonLat[]): LonLat {
  const mean = (axis: 0 | 1): number => outline.reduce((sum, point) => sum + point[axis], 0) / outline.length;
  return [round(mean(0)), round(mean(1))];
}

const named = (label: Label): { name: string; nameZh: string } => ({ name: label.en, nameZh: label.zh });
const round = (degrees: number): number => Math.round(degrees * STEPS_PER_DEGREE) / STEPS_PER_DEGREE;
const positions = (line: Line): Position[] => line.map(position);

function position(point: Point): Position {
  const { lon, lat } = toLonLat(point);
  return [round(lon), round(lat)];
}

function feature(type: string, coordinates: unknown, properties: object): object {
  return { type: 'Feature', properties, geometry: { type, coordinates } };
}

function collection(features: readonly object[]): object {
  return { type: 'FeatureCollection', features };
}
