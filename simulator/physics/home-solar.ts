// Solar panels on the roof of a home, by sunlight and air temperature. Sunlight is measured on level ground;
// the gain of a roof that tilts south is a yearly mean. No shade, no snow, no dirt.

/** Loss per kelvin above 25 °C in the cell, crystalline silicon. */
const LOSS_PER_K = 0.0038;
/** Cells are this much warmer than the air in full sun of 800 W/m² (nominal operating cell temperature 45 °C). */
const WARMING_K = 25;
/** More than level ground gets: 25° to the south at 31° N, mean of a year. */
const TILT_GAIN = 1.06;
/** Inverter, cables, mismatch. */
const SYSTEM_SHARE = 0.86;

/**
 * Power to the grid. P = P_peak (G / 1000) (1 − 0.0038 (T_cell − 25)) 0.86, T_cell = T + 25 G / 800, G = 1.06 times
 * the light on level ground. peakKw: at 1000 W/m² and 25 °C;
 * irradianceWpm2 ≥ 0; tempC −40…60 → kW. Source: PVWatts (Dobos 2014) with a nominal cell temperature; in Wuxi about 1,100 kWh a year
 * for each kW.
 */
export function solarKw(peakKw: number, irradianceWpm2: number, tempC: number): number {
  const onRoofWpm2 = TILT_GAIN * irradianceWpm2;
  const cellC = tempC + (WARMING_K * onRoofWpm2) / 800;
  return Math.max(0, ((peakKw * onRoofWpm2) / 1000) * (1 - LOSS_PER_K * (cellC - 25)) * SYSTEM_SHARE);
}
