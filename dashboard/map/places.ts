// Places of the city as shapes: circles in degrees, named districts and streets of `GET /api/city`. Pure.
import type { CityMap, Label } from '../answers.ts';

/** Metres per degree of latitude on a sphere of 6,371,009 m (IUGG mean radius). */
const M_PER_DEGREE = 111_195.08;
const CORNERS = 72;

export interface Circle {
  readonly lat: number;
  readonly lon: number;
  readonly radiusM: number;
}

/** Closed ring of [lon, lat] around a centre, first corner in the north. */
export function ringOf({ lat, lon, radiusM }: Circle): [number, number][] {
  const high = radiusM / M_PER_DEGREE;
  const wide = high / Math.cos((lat * Math.PI) / 180);
  return Array.from({ length: CORNERS + 1 }, (_, corner) => {
    const angle = (2 * Math.PI * (corner % CORNERS)) / CORNERS;
    return [lon + wide * Math.sin(angle), lat + high * Math.cos(angle)];
  });
}

/** West, south, east, north of a circle and some room around it. */
export function boundsOf({ lat, lon, radiusM }: Circle, room = 1.6): [number, number, number, number] {
  const ring = ringOf({ lat, lon, radiusM: radiusM * room });
  const lons = ring.map(([east]) => east);
  const lats = ring.map(([, north]) => north);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

interface NamedFeature {
  readonly properties: { readonly name?: string; readonly nameZh?: string; readonly type?: string };
  readonly geometry: { readonly type: string; readonly coordinates: unknown };
}

/** Names that an event may happen in or on, by alphabet. */
export function namesOf({ layers }: CityMap, what: 'district' | 'street'): Label[] {
  const features = featuresOf(what === 'district' ? layers.labels : layers.streets);
  const names = new Map<string, Label>();
  for (const { properties } of features) {
    const { name, nameZh, type } = properties;
    if (name !== undefined && (what === 'street' || type === 'district'))
      names.set(name, { en: name, zh: nameZh ?? name });
  }
  return [...names.values()].sort((a, b) => a.en.localeCompare(b.en));
}

/** Everything drawn of a street, ready for a map; empty for a name that no street has. */
export function streetFeatures({ layers }: CityMap, street: string): NamedFeature[] {
  return street === '' ? [] : featuresOf(layers.streets).filter(({ properties }) => properties.name === street);
}

function featuresOf(layer: object): readonly NamedFeature[] {
  return (layer as { readonly features?: readonly NamedFeature[] }).features ?? [];
}

/** Box around both ways of a bus line; undefined for one that is not drawn. */
export function lineBounds({ layers }: CityMap, line: string): readonly [number, number, number, number] | undefined {
  const { features = [] } = layers.busLines as {
    readonly features?: readonly {
      readonly properties: { readonly line?: string };
      readonly geometry: { readonly coordinates: readonly (readonly [number, number])[] };
    }[];
  };
  const points = features.filter(({ properties }) => properties.line === line).flatMap((of) => of.geometry.coordinates);
  if (points.length === 0) return undefined;
  const lons = points.map(([lon]) => lon);
  const lats = points.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}
