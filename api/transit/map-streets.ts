// Where a street is, by its name on the map that the page draws. The map comes as data: what is not drawn as lines is nowhere.
import { isObject } from '../../telemetry/description.ts';
import type { LatLon } from './geometry.ts';

/** map: answer of `GET /api/city`, with GeoJSON in `layers.streets`. @returns the chains of places of a street, none for one not drawn */
export function streetsOf(map: object): (name: string) => LatLon[][] {
  return (wanted) => featuresOf(map).flatMap(({ name, lines }) => (name === wanted ? lines : []));
}

function featuresOf(map: object): { readonly name: unknown; readonly lines: LatLon[][] }[] {
  const { layers } = map as { readonly layers?: unknown };
  const streets = isObject(layers) ? layers.streets : undefined;
  const features = isObject(streets) && Array.isArray(streets.features) ? (streets.features as unknown[]) : [];
  return features.filter(isObject).map(({ properties, geometry }) => ({
    name: isObject(properties) ? properties.name : undefined,
    lines: isObject(geometry) ? linesOf(geometry) : [],
  }));
}

/** GeoJSON has the longitude first. */
function linesOf({ type, coordinates }: { readonly [key: string]: unknown }): LatLon[][] {
  const lines = type === 'LineString' ? [coordinates] : type === 'MultiLineString' ? coordinates : [];
  return (lines as (readonly [lon: number, lat: number])[][]).map((line) => line.map(([lon, lat]) => [lat, lon]));
}
