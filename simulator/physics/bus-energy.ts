// What a 12 m city bus takes from its tank or battery, from distance, time, load and temperature: the coefficients carry the stops and starts
// of city driving (the second by second power is bus-energy-micro.ts). Additive in km and hours, so a trip may be summed step by step.
// Not modelled: heaters that burn fuel, methane slip, charging losses, ageing.
// Sources: Zhang et al., Applied Energy 113 (2014), buses in Beijing: diesel 32.6 L/100 km at about 16 km/h and +20…30 % from 25 to 15 km/h,
// hybrid 18…29 % below it and +50 %, natural gas the CO2 of diesel and +30…45 %; Madrid PEMS study, Applied Energy (2020): +25 % by 4 t.

export const PROPULSIONS = ['diesel', 'hybrid', 'cng', 'battery'] as const;
export type Propulsion = (typeof PROPULSIONS)[number];

/** What was used: litres of diesel, kilograms of natural gas or kWh out of the battery; and the CO2 of it. */
export interface EnergyUse {
  readonly litres?: number;
  readonly gasKg?: number;
  readonly kwh?: number;
  /** Tank to wheel; for a battery that of the grid. */
  readonly kgCo2: number;
}

export interface BusEnergy {
  /** In service: km ≥ 0, hours ≥ 0 under way, stops and lights included; passengers 0…80; tempC outside [°C]. */
  driving(km: number, hours: number, passengers: number, tempC: number): EnergyUse;
  /** Standing at a terminal, switched on. hours ≥ 0; tempC outside [°C] */
  idle(hours: number, tempC: number): EnergyUse;
}

/** kg CO2 per litre of diesel, tank to wheel (2.60…2.68 in practice). */
export const CO2_KG_PER_L = 2.65;
/** kg CO2 per kg of natural gas: 56.1 kg/GJ × 48 MJ/kg. Source: IPCC guidelines, 2006. */
export const CO2_KG_PER_GAS_KG = 2.69;
/** kg CO2 per kWh of the Chinese grid, national average of 2022 and 2023 (0.53…0.57). */
export const GRID_CO2_KG_PER_KWH = 0.55;

/** Passengers with bags, t. */
const PASSENGER_T = 0.065;
/** The load at which the coefficients hold, t. */
const REFERENCE_LOAD_T = 2;

const DIESEL_L_PER_KM = 0.168;
const DIESEL_L_PER_HOUR = 2.52;
/** Share of the distance part for each tonne, Madrid. */
const LOAD_PER_T = 0.0625;
const AIR_CONDITIONING_FACTOR = 1.2;
const IDLE_L_PER_H = 2;

/**
 * How hard a cooled bus cools: 0 up to 24 °C, 1 at 35 °C, in proportion to what is too much, 1.5 at most (the compressor's size).
 * tempC outside [°C]. Engineering estimate.
 */
export function coolingShare(tempC: number): number {
  return Math.min(1.5, Math.max(0, (tempC - 24) / 11));
}

/**
 * Diesel [L] of driving in service: 0.168 km (1 + 0.0625 (load − 2 t)) + 2.52 h f_ac, i.e. 16.8 + 252/v L/100 km at v km/h and 2 t.
 * distanceKm ≥ 0, hours ≥ 0 with the engine running, stops and lights included; passengers 0…80; cooled: f_ac = 1.2.
 */
export function drivingFuelL(distanceKm: number, hours: number, passengers: number, cooled: boolean): number {
  return dieselL(distanceKm, hours, passengers, cooled ? AIR_CONDITIONING_FACTOR : 1);
}

/** f_ac 1…1.25 at 35 °C; idling 2.0 L/h, 3.25 L/h at 35 °C (engineering estimates, 1.15…1.25 and 3.0…3.5). */
const DIESEL: BusEnergy = {
  driving: (km, hours, passengers, tempC) => burnt(dieselL(km, hours, passengers, 1 + 0.25 * coolingShare(tempC))),
  idle: (hours, tempC) => burnt((IDLE_L_PER_H + 1.25 * coolingShare(tempC)) * hours),
};

/**
 * 4.36 + 327/v L/100 km at v km/h and 2 t; a tonne weighs 0.008 L/km, what the diesel's takes less a quarter for the energy won back.
 * Cooling keeps the engine on: +50 % of the hourly part at 35 °C, 2.6 L/h at rest instead of 0.6 (engineering estimates; Zhang: up to +50 %).
 */
const HYBRID: BusEnergy = {
  driving: (km, hours, passengers, tempC) =>
    burnt((0.0436 + 0.008 * loadT(passengers)) * km + 3.27 * hours * (1 + 0.5 * coolingShare(tempC))),
  idle: (hours, tempC) => burnt((0.6 + 2 * coolingShare(tempC)) * hours),
};

/**
 * 10.7 + 343/v kg/100 km: the CO2 of the diesel at 16 km/h, and +37.5 % from 25 to 15 km/h, the middle of what was measured.
 * Load, cooling and idling as the diesel's by CO2.
 */
const CNG: BusEnergy = {
  driving: (km, hours, passengers, tempC) =>
    gas((0.107 + 0.0103 * loadT(passengers)) * km + 3.43 * hours * (1 + 0.18 * coolingShare(tempC))),
  idle: (hours, tempC) => gas((2 + 1.25 * coolingShare(tempC)) * (CO2_KG_PER_L / CO2_KG_PER_GAS_KG) * hours),
};

/** Propulsion less what braking gives back, kWh/km at 2 t. Engineering estimate; Chinese fleets take 0.9…1.6 in all. */
const BATTERY_KWH_PER_KM = 0.85;
/** Steering, doors, lights, electronics, kW. */
const AUXILIARY_KW = 2;

/**
 * Electric power for the cabin [kW]: 0 from 18 to 24 °C, 7 kW at 35 °C, 10 kW at 0 °C by resistance; in proportion to the difference, up to
 * 10.5 kW cooling and 20 kW heating (what is installed). tempC outside [°C]. Engineering estimate.
 */
export function cabinKw(tempC: number): number {
  return 7 * coolingShare(tempC) + Math.min(20, Math.max(0, (10 / 18) * (18 - tempC)));
}

function battery(gridCo2KgPerKwh: number): BusEnergy {
  const drawn = (kwh: number): EnergyUse => ({ kwh, kgCo2: kwh * gridCo2KgPerKwh });
  return {
    driving: (km, hours, passengers, tempC) =>
      drawn(BATTERY_KWH_PER_KM * km * (1 + LOAD_PER_T * loadT(passengers)) + (AUXILIARY_KW + cabinKw(tempC)) * hours),
    idle: (hours, tempC) => drawn((AUXILIARY_KW + cabinKw(tempC)) * hours),
  };
}

/** The buses a fleet may have, with a grid of gridCo2KgPerKwh ≥ 0. */
export function energyOf(propulsion: Propulsion, gridCo2KgPerKwh = GRID_CO2_KG_PER_KWH): BusEnergy {
  return propulsion === 'battery' ? battery(gridCo2KgPerKwh) : ENERGY[propulsion];
}

/** The same by name, with the national grid. */
export const ENERGY: { readonly [propulsion in Propulsion]: BusEnergy } = {
  diesel: DIESEL,
  hybrid: HYBRID,
  cng: CNG,
  battery: battery(GRID_CO2_KG_PER_KWH),
};

function dieselL(km: number, hours: number, passengers: number, cooling: number): number {
  return DIESEL_L_PER_KM * km * (1 + LOAD_PER_T * loadT(passengers)) + DIESEL_L_PER_HOUR * hours * cooling;
}

/** Above or below the reference, t. */
function loadT(passengers: number): number {
  return PASSENGER_T * passengers - REFERENCE_LOAD_T;
}

function burnt(litres: number): EnergyUse {
  return { litres, kgCo2: litres * CO2_KG_PER_L };
}

function gas(gasKg: number): EnergyUse {
  return { gasKg, kgCo2: gasKg * CO2_KG_PER_GAS_KG };
}
