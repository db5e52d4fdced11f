// How far one sees by day through moist air and rain. No fog, no smoke, no snow, no darkness.

/** Clear city air (engineering estimate). */
const CLEAR_M = 20_000;
const LEAST_M = 50;
/** Particles swell from this humidity to that one. */
const SWELL_PCT = 70;
const SWOLLEN_PCT = 99;

/**
 * Horizontal visibility, the extinctions of haze and rain added. humidityPct 0…100, rainMmPerH ≥ 0 → 50…20,000 m. Haze: 20 km up to 70 %,
 * falling with ((100 − RH) / 30)^0.7 to 1.8 km from 99 % on (engineering estimate). Rain: 11.6 km · R^−0.63. Source: Atlas, Journal of
 * Meteorology 10, 1953.
 */
export function visibilityM(humidityPct: number, rainMmPerH: number): number {
  const dryness = Math.min(1, (100 - Math.min(humidityPct, SWOLLEN_PCT)) / (100 - SWELL_PCT));
  const hazeM = CLEAR_M * Math.exp(0.7 * Math.log(dryness));
  if (rainMmPerH <= 0) return hazeM;
  const rainM = 11_600 * Math.exp(-0.63 * Math.log(rainMmPerH));
  return Math.max(LEAST_M, 1 / (1 / hazeM + 1 / rainM));
}
