// How often a line should run: often enough for those on board at its fullest point, often enough for those who wait, never less than
// promised. Source: H. Mohring, "Optimization and scale economies in urban bus transportation", American Economic Review 62 (1972).

export interface FrequencyRule {
  /** Promised at least, buses an hour. */
  readonly policyPerH: number;
  /** ρ: share of capacity that is planned to be filled. */
  readonly designLoad: number;
  /** Value of an hour of waiting, and cost of an hour of a bus with its driver, in one currency: only their ratio counts. */
  readonly waitingPerH: number;
  readonly busPerH: number;
}

/** A bus every 15 min at least; an hour's wait is worth a fifth of an hour of bus and driver (engineering estimates). */
export const FREQUENCY: FrequencyRule = { policyPerH: 4, designLoad: 0.85, waitingPerH: 40, busPerH: 200 };

/**
 * f = max(f_policy, P_max / (ρ cap), √(c_w Q / (2 c_v T_c))), buses an hour and way; the last makes c_v T_c f + c_w Q / (2 f) least. ridersPerH ≥ 0: Q, all who board; peakPerH ≥ 0: P_max,
 * on board past the fullest point in an hour; capacity > 0; cycleH > 0: T_c, out and back with rests.
 */
export function frequencyPerH(
  { policyPerH, designLoad, waitingPerH, busPerH }: FrequencyRule,
  ridersPerH: number,
  peakPerH: number,
  capacity: number,
  cycleH: number,
): number {
  const squareRoot = Math.sqrt((waitingPerH * ridersPerH) / (2 * busPerH * cycleH));
  return Math.max(policyPerH, peakPerH / (designLoad * capacity), squareRoot);
}
