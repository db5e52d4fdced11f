// The sky over the city: weather and light at one moment.
import { relativeHumidityPct } from '../physics/humidity.ts';
import { globalIrradianceWm2, illuminanceLx } from '../physics/light.ts';
import { sunElevationDeg } from '../physics/sun.ts';
import { visibilityM } from '../physics/visibility.ts';
import type { Sky } from '../world.ts';
import type { Air } from './weather.ts';

/** Gusts over the ten-minute mean (engineering estimate for built-up land). */
const GUST_FACTOR = 1.7;

/** solarUtcMs: for the sun; latDeg, lonDeg: WGS-84. */
export function skyOf(air: Air, solarUtcMs: number, latDeg: number, lonDeg: number): Sky {
  const { tempC, dewPointC, pressureHpa, rainMmPerH, cloud, windMps, windFromDeg } = air;
  const elevationDeg = sunElevationDeg(solarUtcMs, latDeg, lonDeg);
  const humidityPct = relativeHumidityPct(tempC, dewPointC);
  return {
    tempC,
    dewPointC,
    humidityPct,
    pressureHpa,
    rainMmPerH,
    cloud,
    windMps,
    gustMps: GUST_FACTOR * windMps,
    windFromDeg,
    visibilityM: visibilityOf(air, humidityPct),
    sunElevationDeg: elevationDeg,
    irradianceWpm2: globalIrradianceWm2(elevationDeg, cloud, rainMmPerH),
    illuminanceLx: illuminanceLx(elevationDeg, cloud, rainMmPerH),
  };
}

/** An imposed visibility comes and goes by equal ratios. */
function visibilityOf({ rainMmPerH, imposedVisibility }: Air, humidityPct: number): number {
  const natural = visibilityM(humidityPct, rainMmPerH);
  if (imposedVisibility === undefined) return natural;
  const { visibilityM: wanted, weight } = imposedVisibility;
  return Math.exp(Math.log(natural) + weight * (Math.log(wanted) - Math.log(natural)));
}
