// Diesel a 12 m city bus burns, from distance, time and load: the coefficients carry the stops and starts of city driving. Additive, so a
// trip may be summed second by second. No hybrid, no battery. Anchors: 32.6 L/100 km on the Beijing bus cycle (about 16 km/h), +20…30 % from
// 25 to 15 km/h (Zhang et al., Applied Energy 113, 2014); +25 % from empty to 4 t of load (Madrid PEMS study, Applied Energy, 2020).

/** kg CO2 per litre of diesel, tank to wheel. */
export const CO2_KG_PER_L = 2.65;

const L_PER_KM = 0.168;
const L_PER_ENGINE_HOUR = 2.52;
const LOAD_FACTOR_PER_T = 0.0625;
const REFERENCE_LOAD_T = 2;
const PASSENGER_T = 0.065;
/** Extra for air conditioning on the road (engineering estimate, 1.15…1.25). */
const AIR_CONDITIONING_FACTOR = 1.2;
/** Standing at a terminal, L/h, without and with air conditioning (engineering estimate). */
const IDLE_L_PER_H = 2;
const IDLE_COOLED_L_PER_H = 3.2;

/**
 * Diesel [L] of driving in service: 0.168 km (1 + 0.0625 (load − 2 t)) + 2.52 h f_ac, i.e. 16.8 + 252/v L/100 km at v km/h and 2 t.
 * distanceKm ≥ 0, hours ≥ 0 with the engine running, stops and lights included; passengers 0…80.
 */
export function drivingFuelL(distanceKm: number, hours: number, passengers: number, cooled: boolean): number {
  const loadFactor = 1 + LOAD_FACTOR_PER_T * (PASSENGER_T * passengers - REFERENCE_LOAD_T);
  return L_PER_KM * distanceKm * loadFactor + L_PER_ENGINE_HOUR * hours * (cooled ? AIR_CONDITIONING_FACTOR : 1);
}

/** Diesel [L] of idling at a terminal. hours ≥ 0 */
export function idleFuelL(hours: number, cooled: boolean): number {
  return (cooled ? IDLE_COOLED_L_PER_H : IDLE_L_PER_H) * hours;
}
