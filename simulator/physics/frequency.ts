// How many buses an hour a line should have: enough by policy, enough for the fullest stop, and as many as the time of those who wait is
// worth. Sources: H. Mohring, American Economic Review 62 (1972), the square-root rule; the design load factor of transit practice.

export interface FrequencyNeeds {
  /** What the city promises at the least, buses/h; ≥ 0. */
  readonly policyPerHour: number;
  /** People carried past the fullest point, an hour and direction. */
  readonly maxLoadPerHour: number;
  /** Places of a bus. */
  readonly capacity: number;
  /** People who board, an hour, in the part of the line that the cycle serves. */
  readonly boardingsPerHour: number;
  /** One round of a bus, layover included. */
  readonly cycleHours: number;
  /** Of one bus: driver, fuel, wear. Any currency, the same as that of waiting. */
  readonly costPerBusHour: number;
  /** Of one passenger. */
  readonly waitingCostPerHour: number;
  /** Share of the capacity to plan for; 0.85 by default. */
  readonly designLoadFactor?: number;
}

export interface Frequency {
  readonly perHour: number;
  /** What decided. */
  readonly by: 'policy' | 'capacity' | 'waiting';
}

/**
 * f = max(f_policy, P_max/(rho cap), sqrt(c_w Q/(2 c_v T_c))), buses/h: the last makes c_v T_c f + c_w Q/(2 f) least, so four times the
 * people get twice the buses.
 */
export function frequency(needs: FrequencyNeeds): Frequency {
  const capacity = needs.maxLoadPerHour / ((needs.designLoadFactor ?? 0.85) * needs.capacity);
  const waiting = Math.sqrt(
    (needs.waitingCostPerHour * needs.boardingsPerHour) / (2 * needs.costPerBusHour * needs.cycleHours),
  );
  const perHour = Math.max(needs.policyPerHour, capacity, waiting);
  if (perHour === needs.policyPerHour) return { perHour, by: 'policy' };
  return { perHour, by: perHour === capacity ? 'capacity' : 'waiting' };
}
