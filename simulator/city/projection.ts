// Metres east and north of the anchor ↔ WGS-84, by the radii of curvature of the ellipsoid at the anchor. Good to 0.1 % within
// 30 km; not for a country.
import type { Point } from '../city.ts';
import { ANCHOR, type LonLat } from './geography.ts';

/** WGS-84 equatorial radius [m] and first eccentricity squared. Source: NIMA TR8350.2, table 3.1 and 3.3. */
const EQUATOR_M = 6_378_137;
const ECCENTRICITY_2 = 0.006_694_379_990_14;

const RAD = Math.PI / 180;
const SIN_LAT = Math.sin(ANCHOR.lat * RAD);
const W2 = 1 - ECCENTRICITY_2 * SIN_LAT * SIN_LAT;
/** Prime vertical and meridional radius, Snyder, Map Projections (1987), eq. 4-20 and 4-19. */
const NORMAL_M = EQUATOR_M / Math.sqrt(W2);
const MERIDIAN_M = (NORMAL_M * (1 - ECCENTRICITY_2)) / W2;

const M_PER_LON = RAD * NORMAL_M * Math.cos(ANCHOR.lat * RAD);
const M_PER_LAT = RAD * MERIDIAN_M;
/** 1e-7 degrees is about 1 cm. */
const STEPS_PER_DEGREE = 1e7;

export function toLonLat(point: Point): { lon: number; lat: number } {
  return {
    lon: Math.round((ANCHOR.lon + point.x / M_PER_LON) * STEPS_PER_DEGREE) / STEPS_PER_DEGREE,
    lat: Math.round((ANCHOR.lat + point.y / M_PER_LAT) * STEPS_PER_DEGREE) / STEPS_PER_DEGREE,
  };
}

export function fromLonLat([lon, lat]: LonLat): Point {
  return { x: (lon - ANCHOR.lon) * M_PER_LON, y: (lat - ANCHOR.lat) * M_PER_LAT };
}
