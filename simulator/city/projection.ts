// Metres east and north of an anchor ↔ WGS-84, by the radii of curvature of the ellipsoid at the anchor. Good to 0.1 % within
// 30 km; not for a country.
import type { Point } from '../city.ts';
import { ANCHOR, type LonLat } from './geography.ts';

/** WGS-84 equatorial radius [m] and first eccentricity squared. Source: NIMA TR8350.2, table 3.1 and 3.3. */
const EQUATOR_M = 6_378_137;
const ECCENTRICITY_2 = 0.006_694_379_990_14;

const RAD = Math.PI / 180;
/** 1e-7 degrees is about 1 cm. */
const STEPS_PER_DEGREE = 1e7;

export interface Place {
  readonly lon: number;
  readonly lat: number;
}

export interface Projection {
  readonly toLonLat: (point: Point) => Place;
  readonly fromLonLat: (place: Place) => Point;
}

/** anchor: not at a pole */
export function projectionAt(anchor: Place): Projection {
  const sinLat = Math.sin(anchor.lat * RAD);
  const w2 = 1 - ECCENTRICITY_2 * sinLat * sinLat;
  // Prime vertical and meridional radius, Snyder, Map Projections (1987), eq. 4-20 and 4-19.
  const normalM = EQUATOR_M / Math.sqrt(w2);
  const meridianM = (normalM * (1 - ECCENTRICITY_2)) / w2;
  const mPerLon = RAD * normalM * Math.cos(anchor.lat * RAD);
  const mPerLat = RAD * meridianM;
  return {
    toLonLat: (point) => ({
      lon: Math.round((anchor.lon + point.x / mPerLon) * STEPS_PER_DEGREE) / STEPS_PER_DEGREE,
      lat: Math.round((anchor.lat + point.y / mPerLat) * STEPS_PER_DEGREE) / STEPS_PER_DEGREE,
    }),
    fromLonLat: (place) => ({ x: (place.lon - anchor.lon) * mPerLon, y: (place.lat - anchor.lat) * mPerLat }),
  };
}

const wuxi = projectionAt(ANCHOR);

export function toLonLat(point: Point): Place {
  return wuxi.toLonLat(point);
}

export function fromLonLat([lon, lat]: LonLat): Point {
  return wuxi.fromLonLat({ lon, lat });
}
