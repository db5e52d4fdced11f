// Daylight on a level surface from the sun's elevation and the clouds, down to starlight. No moon, no lamps, no haze.

const SOLAR_CONSTANT_WM2 = 1361;
const RAD = Math.PI / 180;

/** Illuminance of a clear sky in twilight, by elevation of the sun. Log-linear between the knots. Source: USNO/IES tables, rounded. */
const TWILIGHT: readonly (readonly [elevationDeg: number, lx: number])[] = [
  [0, 700],
  [-0.8, 400],
  [-3, 80],
  [-6, 3.4],
  [-9, 0.16],
  [-12, 0.008],
  [-18, 0.0006],
];
/** What is left of twilight under an overcast sky, and under heavy rain (engineering estimate). */
const OVERCAST_TWILIGHT = 0.3;
const HEAVY_RAIN_TWILIGHT = 0.15;
const HEAVY_RAIN_MM_PER_H = 10;
/** Luminous efficacy of diffuse and of direct light, lm/W. */
const DIFFUSE_LM_PER_W = 120;
const DIRECT_LM_PER_W = 105;

/** What falling rain leaves of daylight, beyond its clouds, from none to a thunderstorm (engineering estimate). */
const RAIN_DIMMING: readonly (readonly [mmPerH: number, share: number])[] = [
  [0, 1],
  [HEAVY_RAIN_MM_PER_H, 0.5],
  [40, 1 / 6],
];

/**
 * Global horizontal irradiance. 0.90 · 1098 cosZ exp(−0.057/cosZ) · (0.825 − 0.45 n^2.25), less in rain. elevationDeg −90…90, cloud 0…1,
 * rainMmPerH ≥ 0 → W/m², 0 below the horizon. Source: Haurwitz 1945; cloud term fitted to a typical year of Shanghai, rmse 146 W/m² hourly.
 */
export function globalIrradianceWm2(elevationDeg: number, cloud: number, rainMmPerH = 0): number {
  const cosZ = Math.sin(elevationDeg * RAD);
  if (cosZ <= 0) return 0;
  const clearWm2 = 1098 * cosZ * Math.exp(-0.057 / cosZ);
  const cloudPower = cloud > 0 ? Math.exp(2.25 * Math.log(cloud)) : 0;
  return 0.9 * clearWm2 * (0.825 - 0.45 * cloudPower) * rainDimming(rainMmPerH);
}

/** Share of global irradiance that is diffuse, 0.165…1, from the clearness index 0…1. Source: Erbs, Klein, Duffie 1982, eq. 1. */
export function diffuseShare(clearness: number): number {
  const k = clearness;
  if (k <= 0.22) return 1 - 0.09 * k;
  if (k > 0.8) return 0.165;
  return 0.9511 + k * (-0.1604 + k * (4.388 + k * (-16.638 + k * 12.336)));
}

/** Illuminance outdoors. elevationDeg −90…90, cloud 0…1, rainMmPerH ≥ 0 → lx, never below starlight under cloud (about 0.0001). */
export function illuminanceLx(elevationDeg: number, cloud: number, rainMmPerH: number): number {
  const twilight = twilightLx(elevationDeg) * twilightShare(cloud, rainMmPerH);
  if (elevationDeg <= 0) return twilight;
  const globalWm2 = globalIrradianceWm2(elevationDeg, cloud, rainMmPerH);
  const diffuseWm2 = globalWm2 * diffuseShare(globalWm2 / (SOLAR_CONSTANT_WM2 * Math.sin(elevationDeg * RAD)));
  const daylight = DIFFUSE_LM_PER_W * diffuseWm2 + DIRECT_LM_PER_W * (globalWm2 - diffuseWm2);
  // Haurwitz falls to nothing at the horizon, where the sky still shines: twilight carries the first degrees.
  return Math.max(daylight, twilight);
}

function rainDimming(rainMmPerH: number): number {
  for (let i = 1; i < RAIN_DIMMING.length; i++) {
    const [low, lowShare] = RAIN_DIMMING[i - 1]!;
    const [high, highShare] = RAIN_DIMMING[i]!;
    if (rainMmPerH <= high) return lowShare + ((rainMmPerH - low) / (high - low)) * (highShare - lowShare);
  }
  return RAIN_DIMMING[RAIN_DIMMING.length - 1]![1];
}

function twilightLx(elevationDeg: number): number {
  if (elevationDeg >= 0) return TWILIGHT[0]![1];
  for (let i = 1; i < TWILIGHT.length; i++) {
    const [high, highLx] = TWILIGHT[i - 1]!;
    const [low, lowLx] = TWILIGHT[i]!;
    if (elevationDeg >= low) {
      const part = (high - elevationDeg) / (high - low);
      return Math.exp(Math.log(highLx) + part * (Math.log(lowLx) - Math.log(highLx)));
    }
  }
  return TWILIGHT[TWILIGHT.length - 1]![1];
}

function twilightShare(cloud: number, rainMmPerH: number): number {
  const dry = 1 - (1 - OVERCAST_TWILIGHT) * cloud;
  const rain = Math.min(1, rainMmPerH / HEAVY_RAIN_MM_PER_H);
  return Math.min(dry, dry + rain * (HEAVY_RAIN_TWILIGHT - dry));
}
