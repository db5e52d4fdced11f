// The voltage of a lithium thionyl chloride cell. No passivation, no pulse load.

const FULL_V = 3.6;
const EMPTY_V = 2.7;
/** Share of the charge below which the voltage falls. */
const KNEE = 0.1;
const COLD_C = -5;
const COLD_V = 0.1;

/** Flat until the last tenth of the charge, then down to 2.7 V; 0.1 V less below −5 °C. charge: what is left, 0…1 → V. Source: data sheets of parking sensors. */
export function lithiumCellV(charge: number, tempC: number): number {
  const restV = charge >= KNEE ? FULL_V : EMPTY_V + ((FULL_V - EMPTY_V) * Math.max(0, charge)) / KNEE;
  return tempC < COLD_C ? restV - COLD_V : restV;
}
