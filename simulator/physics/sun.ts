// Where the sun stands. Geometric position of its centre: no refraction, no horizon, no azimuth.

const DAY_MS = 86_400_000;
const RAD = Math.PI / 180;

/**
 * Elevation of the sun's centre above the horizon, without refraction. utcMs: ms since 1970; latDeg −90…90, lonDeg east positive → degrees
 * −90…90; sunrise and sunset are at −0.833. Source: NOAA Solar Calculator, after Meeus, Astronomical Algorithms, ch. 25; error < 0.01° for
 * years 1900…2100.
 */
export function sunElevationDeg(utcMs: number, latDeg: number, lonDeg: number): number {
  const t = (utcMs / DAY_MS + 2_440_587.5 - 2_451_545) / 36_525; // Julian centuries since J2000
  const meanLongitude = (280.46646 + t * (36_000.76983 + t * 0.0003032)) * RAD; // Meeus 25.2
  const anomaly = (357.52911 + t * (35_999.05029 - 0.0001537 * t)) * RAD; // Meeus 25.3
  const eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t); // Meeus 25.4
  const center =
    (Math.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t)) +
      Math.sin(2 * anomaly) * (0.019993 - 0.000101 * t) +
      Math.sin(3 * anomaly) * 0.000289) *
    RAD;
  const node = (125.04 - 1934.136 * t) * RAD;
  const longitude = meanLongitude + center - (0.00569 + 0.00478 * Math.sin(node)) * RAD; // apparent
  const meanObliquity = 23 + (26 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60) / 60; // Meeus 22.2
  const obliquity = (meanObliquity + 0.00256 * Math.cos(node)) * RAD;
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(longitude)); // Meeus 25.7

  const solarMin =
    ((utcMs % DAY_MS) + DAY_MS) / 60_000 + equationOfTimeMin(obliquity, meanLongitude, anomaly, eccentricity);
  const hourAngle = (solarMin / 4 + lonDeg - 180) * RAD;
  const lat = latDeg * RAD;
  const sine = Math.sin(lat) * Math.sin(declination) + Math.cos(lat) * Math.cos(declination) * Math.cos(hourAngle);
  return Math.asin(Math.max(-1, Math.min(1, sine))) / RAD;
}

/** Sundial minus clock, minutes. Angles in radians. Source: Meeus 28.3. */
function equationOfTimeMin(obliquity: number, longitude: number, anomaly: number, eccentricity: number): number {
  const tangent = Math.tan(obliquity / 2);
  const y = tangent * tangent;
  const equation =
    y * Math.sin(2 * longitude) -
    2 * eccentricity * Math.sin(anomaly) +
    4 * eccentricity * y * Math.sin(anomaly) * Math.cos(2 * longitude) -
    0.5 * y * y * Math.sin(4 * longitude) -
    1.25 * eccentricity * eccentricity * Math.sin(2 * anomaly);
  return (4 * equation) / RAD;
}
