// The sky over the city: weather and light at one moment.
import { illuminanceLx } from '../physics/light.ts';
import { sunElevationDeg } from '../physics/sun.ts';
import type { Sky } from '../world.ts';
import type { Weather } from './weather.ts';

/**
 * civilMs: civil time, ms since 1970. solarUtcMs: the UTC that civil time has in this place; the sun follows the city's clock, also when a
 * demo has moved that clock to the morning.
 */
export function skyAt(weather: Weather, civilMs: number, solarUtcMs: number, lat: number, lon: number): Sky {
  const { tempC, rainMmPerH, cloud, windMps } = weather.at(civilMs);
  const elevationDeg = sunElevationDeg(solarUtcMs, lat, lon);
  return {
    tempC,
    rainMmPerH,
    cloud,
    windMps,
    sunElevationDeg: elevationDeg,
    illuminanceLx: illuminanceLx(elevationDeg, cloud, rainMmPerH),
  };
}
