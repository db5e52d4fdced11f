// How a place differs from the city's mean weather: the built-up town is warmer on calm nights, open country is windier. A pure function of
// the place; no lake breeze, no valley, no shade of a single house. Sizes are engineering estimates for a flat city of some million people.
import type { City, Point } from '../city.ts';
import type { Sky } from '../world.ts';

/** Rings on which the surroundings are looked at, m, and points on each. */
const RINGS_M = [400, 900, 1600];
const POINTS = 8;
/** The most that the old town keeps of the day, K; gone in daylight and halved by a breeze of 3 m/s. */
const HEAT_ISLAND_K = 0.8;
const NIGHT_DEG = -6;
const DAY_DEG = 6;
const BREEZE_MPS = 3;
/** Wind between houses and in the open, relative to the city's mean. */
const WIND_BUILT_UP = 0.9;
const WIND_OPEN = 1.2;

/** Share of the surroundings that is built up: 0 open country or water, 1 town on all sides. */
export function builtUpShare(city: City, { x, y }: Point): number {
  let built = 0;
  for (const radiusM of RINGS_M) {
    for (let i = 0; i < POINTS; i++) {
      const angle = (2 * Math.PI * i) / POINTS;
      if (city.isLand({ x: x + radiusM * Math.cos(angle), y: y + radiusM * Math.sin(angle) })) built++;
    }
  }
  return built / (POINTS * RINGS_M.length);
}

/** How much warmer it is there. builtUp 0…1 → K, 0…0.8 */
export function heatIslandK(builtUp: number, { sunElevationDeg, windMps }: Sky): number {
  const night = Math.min(1, Math.max(0, (DAY_DEG - sunElevationDeg) / (DAY_DEG - NIGHT_DEG)));
  const breeze = windMps / BREEZE_MPS;
  return (HEAT_ISLAND_K * builtUp * night) / (1 + breeze * breeze);
}

/** Wind there relative to the city's mean. builtUp 0…1 → 0.9…1.2 */
export function windFactor(builtUp: number): number {
  return WIND_OPEN + builtUp * (WIND_BUILT_UP - WIND_OPEN);
}
