// What a bus takes from its tank or battery and what it emits, how long its engine runs, and when a battery bus charges. The coefficients are
// in physics/bus-energy.ts; they are linear in distance and time, so distance and time are gathered and turned into energy now and then.
import { ENERGY } from '../physics/bus-energy.ts';
import type { Propulsion } from '../physics/bus-energy.ts';
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';

/**
 * A fleet in a Chinese city of the 2020s is half electric: ten buses in a row are five battery, three diesel, one hybrid, one gas (engineering
 * estimate; battery electric 59 % of all city buses by the Ministry of Transport's bulletin of 2021, fewer in the interior).
 */
const MIX: readonly Propulsion[] = [
  'battery',
  'diesel',
  'battery',
  'cng',
  'battery',
  'diesel',
  'battery',
  'hybrid',
  'battery',
  'diesel',
];
/** The order is turned by so many from ten to ten, so that no line has one sort only. */
const TURNED = 3;
/** Packs of 12 m buses, kWh. */
const PACK_KWH = [250, 300] as const;
/** A charger of the depot, kW; less above 90 %, a tenth of it at the end. */
const CHARGER_KW = 90;
/** Plugged in at the depot below this, and charged until full, %. */
const PLUG_PCT = 95;
/** A bus with less than this does not begin a trip before it has the other, %. */
const LOW_PCT = 20;
const ENOUGH_PCT = 60;
/** It keeps this beyond its longest trip, %, at so many kWh/km in the worst weather. */
const RESERVE_PCT = 10;
const WORST_KWH_PER_KM = 1.8;
/** A battery that is as low as this moves no bus; a charger on wheels brings the other, %. */
const FLAT_PCT = 2;
const HELP_PCT = 10;
/** Longest step of charging, s: buses report every five seconds. */
const PARKED_MAX_S = 5.5;
/** Engine off after this much standing at a terminal, ms (idling rule of most operators). */
const IDLE_MAX_MS = 180_000;

export interface Tank {
  readonly propulsion: Propulsion;
  /** 0 without a battery. */
  readonly capacityKwh: number;
  storedKwh: number;
  /** All since the start. */
  fuelL: number;
  gasKg: number;
  energyKwh: number;
  chargedKwh: number;
  co2Kg: number;
  /** Standing with the engine on, s. */
  idleS: number;
  engineOn: boolean;
  /** By the driver, until the bus leaves. */
  isSwitchedOff: boolean;
  isCharging: boolean;
  /** No trips before it has charged. */
  mustCharge: boolean;
  /** Driven and idled since the energy was last counted. */
  metres: number;
  roadS: number;
  restS: number;
}

export function newTank(index: number, random: Random): Tank {
  const propulsion = propulsionOf(index);
  const [least, most] = PACK_KWH;
  const capacityKwh =
    propulsion === 'battery' ? Math.round(least + (most - least) * random.uniform(index, DRAW.capacity, 0)) : 0;
  return {
    propulsion,
    capacityKwh,
    storedKwh: capacityKwh,
    fuelL: 0,
    gasKg: 0,
    energyKwh: 0,
    chargedKwh: 0,
    co2Kg: 0,
    idleS: 0,
    engineOn: false,
    isSwitchedOff: false,
    isCharging: false,
    mustCharge: false,
    metres: 0,
    roadS: 0,
    restS: 0,
  };
}

export function propulsionOf(index: number): Propulsion {
  return MIX[(index + TURNED * Math.floor(index / MIX.length)) % MIX.length]!;
}

/** On the road, stops included. */
export function run(tank: Tank, movedM: number, dtS: number): void {
  tank.engineOn = !tank.isSwitchedOff;
  if (tank.isSwitchedOff) return;
  tank.metres += movedM;
  tank.roadS += dtS;
  if (movedM === 0) tank.idleS += dtS;
}

/** At a terminal since sinceMs; the driver turns the engine off after a while. */
export function rest(tank: Tank, sinceMs: number, nowMs: number, dtS: number): void {
  tank.engineOn = !tank.isSwitchedOff && nowMs - sinceMs < IDLE_MAX_MS;
  if (!tank.engineOn) return;
  tank.restS += dtS;
  tank.idleS += dtS;
}

/** Counts what has been taken since the last time; before the load or the weather changes much. tempC: outside */
export function settle(tank: Tank, load: number, tempC: number): void {
  const { metres, roadS, restS } = tank;
  if (roadS === 0 && restS === 0) return;
  tank.metres = 0;
  tank.roadS = 0;
  tank.restS = 0;
  const energy = ENERGY[tank.propulsion];
  if (roadS > 0) take(tank, energy.driving(metres / 1000, roadS / 3600, load, tempC));
  if (restS > 0) take(tank, energy.idle(restS / 3600, tempC));
}

function take(tank: Tank, used: ReturnType<(typeof ENERGY)['diesel']['idle']>): void {
  tank.fuelL += used.litres ?? 0;
  tank.gasKg += used.gasKg ?? 0;
  tank.energyKwh += used.kwh ?? 0;
  tank.storedKwh -= used.kwh ?? 0;
  tank.co2Kg += used.kgCo2;
}

/** 0…100 of a battery; undefined for other buses */
export function socPct({ capacityKwh, storedKwh }: Tank): number | undefined {
  return capacityKwh === 0 ? undefined : (100 * storedKwh) / capacityKwh;
}

/** Where buses stand that are not needed, for so long since the last time: the engine is off, and batteries are charged. */
export function park(tank: Tank, seconds: number): void {
  tank.engineOn = false;
  tank.isSwitchedOff = false;
  const soc = socPct(tank);
  if (soc === undefined) return;
  tank.isCharging = soc < (tank.isCharging ? 100 : PLUG_PCT);
  if (!tank.isCharging) return;
  const powerKw = CHARGER_KW * Math.max(0.1, Math.min(1, (100 - soc) / 10));
  charge(tank, Math.min((powerKw * Math.min(PARKED_MAX_S, seconds)) / 3600, tank.capacityKwh - tank.storedKwh));
  if (socPct(tank)! >= ENOUGH_PCT) tank.mustCharge = false;
}

/** At its terminal: whether it may go on. longestM: of the line's trips */
export function checkBattery(tank: Tank, longestM: number): void {
  const soc = socPct(tank);
  if (soc === undefined) return;
  const tripPct = (100 * WORST_KWH_PER_KM * longestM) / 1000 / tank.capacityKwh;
  if (soc < Math.min(ENOUGH_PCT, Math.max(LOW_PCT, tripPct + RESERVE_PCT))) tank.mustCharge = true;
}

export function isFlat(tank: Tank): boolean {
  return tank.capacityKwh > 0 && tank.storedKwh < (FLAT_PCT / 100) * tank.capacityKwh;
}

/** What a charger on wheels brings to a bus that has stopped on its way. */
export function helpFlat(tank: Tank): void {
  if (isFlat(tank)) charge(tank, (HELP_PCT / 100) * tank.capacityKwh);
}

/** Before the start it has driven so far since it last stood at the depot, m; more than half of the pack is never gone. */
export function driveBefore(tank: Tank, metres: number): void {
  tank.storedKwh = Math.max(0.5 * tank.capacityKwh, tank.capacityKwh - (WORST_KWH_PER_KM * 0.7 * metres) / 1000);
}

function charge(tank: Tank, kwh: number): void {
  tank.storedKwh += kwh;
  tank.chargedKwh += kwh;
}
