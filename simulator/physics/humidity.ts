// Moisture of air: vapour pressure, relative humidity and dew point over water. No ice, no mixing of air masses.

const A_HPA = 6.1094;
const B = 17.625;
const C_C = 243.04;

/** Saturation vapour pressure over water. tempC −40…60 → hPa. Source: Magnus form of Alduchov and Eskridge 1996; error < 0.4 %. */
export function saturationHpa(tempC: number): number {
  return A_HPA * Math.exp((B * tempC) / (tempC + C_C));
}

/** Relative humidity of air with a dew point of at most its temperature, 0…100 %. */
export function relativeHumidityPct(tempC: number, dewPointC: number): number {
  return Math.min(100, (100 * saturationHpa(dewPointC)) / saturationHpa(tempC));
}

/** Dew point of air, the inverse of `relativeHumidityPct`. humidityPct above 0…100 → °C */
export function dewPointC(tempC: number, humidityPct: number): number {
  const x = Math.log(humidityPct / 100) + (B * tempC) / (tempC + C_C);
  return (C_C * x) / (B - x);
}
