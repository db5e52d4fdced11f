// Faults that come by themselves, as often as in the field: a pure function of (seed, device, time), so nothing is kept and nothing depends
// on who asks when. Time is cut into slots of each kind of fault, and a lot decides whether one begins in a slot.
import type { ModelField } from '../fleet.ts';
import type { Random } from '../random.ts';
import { SENSOR_FAULTS, sensorFaultProblem } from './fault.ts';
import type { SensorFault, SensorFaultName } from './fault.ts';
import { YEAR_MS } from './instrument.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface WearRate {
  readonly fault: SensorFaultName;
  readonly perYear: number;
  readonly meanMs: number;
}

/** Begins per device and year, mean duration (engineering estimates: field studies differ strongly in how much of what they find). */
export const WEAR: readonly WearRate[] = [
  { fault: 'stuck', perYear: 0.1, meanMs: 3 * DAY_MS },
  { fault: 'rail', perYear: 0.05, meanMs: 5 * DAY_MS },
  { fault: 'noise', perYear: 0.1, meanMs: 2 * DAY_MS },
  // Until service comes.
  { fault: 'offset', perYear: 0.1, meanMs: 30 * DAY_MS },
  { fault: 'spike', perYear: 0.5, meanMs: HOUR_MS },
  // Until it is replaced.
  { fault: 'dead', perYear: 0.03, meanMs: 30 * DAY_MS },
];
/** A fault lasts half to one and a half times the mean: no longer than a slot, so that only two slots need a look. */
const DURATION_SHARE = [0.5, 1.5] as const;
/** Every other reading of a burst is a spike (engineering estimate). */
const BURST_SHARE = 0.5;
/** An offset jumps by this share of the range (engineering estimate). */
const OFFSET_OF_RANGE = [0.02, 0.1] as const;

// Purposes of the random draws, for each kind of fault.
const PURPOSES = 5;
const BEGINS = 0;
const WHEN = 1;
const HOW_LONG = 2;
const FIELD = 3;
const SIZE = 4;

const NONE: readonly SensorFault[] = [];

/** One kind of fault as the fields of a kind suffer it. */
interface Trade {
  readonly fault: SensorFaultName;
  readonly purpose: number;
  readonly slotMs: number;
  /** Of a slot, compared with 32 random bits. */
  readonly threshold: number;
  readonly meanMs: number;
  /** Fields that may be hit. */
  readonly fields: readonly string[];
}

export class Wear {
  readonly #fields: { readonly [name: string]: ModelField };
  readonly #random: Random;
  readonly #trades: readonly Trade[];

  /** Only fields with a `sensor` wear: the rest is not measured, or by an instrument that is not modelled. */
  constructor(fields: { readonly [name: string]: ModelField }, random: Random, rates = WEAR) {
    this.#fields = fields;
    this.#random = random;
    this.#trades = rates.map((rate) => tradeOf(rate, fields)).filter((trade) => trade.fields.length > 0);
  }

  /** The faults of a device at a moment, at most one of each name. */
  at(device: number, tsMs: number): readonly SensorFault[] {
    let found = NONE;
    for (const trade of this.#trades) {
      const slot = Math.floor(tsMs / trade.slotMs);
      const fault = this.#inSlot(trade, device, slot - 1, tsMs) ?? this.#inSlot(trade, device, slot, tsMs);
      if (fault !== undefined) found = [...found, fault];
    }
    return found;
  }

  #inSlot(trade: Trade, device: number, slot: number, tsMs: number): SensorFault | undefined {
    const { purpose, slotMs, meanMs } = trade;
    if (this.#random.bits(device, purpose + BEGINS, slot) >= trade.threshold) return undefined;
    const fromMs = Math.floor((slot + this.#random.uniform(device, purpose + WHEN, slot)) * slotMs);
    const untilMs =
      fromMs + Math.floor(meanMs * between(DURATION_SHARE, this.#random.uniform(device, purpose + HOW_LONG, slot)));
    if (tsMs < fromMs || tsMs >= untilMs) return undefined;
    const field = trade.fields[Math.floor(trade.fields.length * this.#random.uniform(device, purpose + FIELD, slot))]!;
    const cause = { field, fault: trade.fault, fromMs, untilMs };
    if (trade.fault === 'spike') return { ...cause, size: BURST_SHARE };
    if (trade.fault === 'offset') return { ...cause, size: this.#offset(device, purpose, slot, field) };
    return cause;
  }

  #offset(device: number, purpose: number, slot: number, field: string): number {
    const { min = 0, max = 0 } = this.#fields[field]!;
    const lot = 2 * this.#random.uniform(device, purpose + SIZE, slot) - 1;
    return Math.sign(lot) * between(OFFSET_OF_RANGE, Math.abs(lot)) * (max - min);
  }
}

function tradeOf({ fault, perYear, meanMs }: WearRate, fields: { readonly [name: string]: ModelField }): Trade {
  const slotMs = Math.max(DAY_MS, DURATION_SHARE[1] * meanMs);
  return {
    fault,
    purpose: SENSOR_FAULTS.indexOf(fault) * PURPOSES,
    slotMs,
    threshold: ((perYear * slotMs) / YEAR_MS) * 2 ** 32,
    meanMs,
    fields: Object.keys(fields).filter((name) => canWear(name, fields, fault)),
  };
}

function canWear(name: string, fields: { readonly [name: string]: ModelField }, fault: SensorFaultName): boolean {
  const { sensor, min, max } = fields[name]!;
  if (sensor === undefined) return false;
  if (fault !== 'offset') return sensorFaultProblem(fields, { field: name, fault }) === undefined;
  return (fields[name]!.type ?? 'number') === 'number' && min !== undefined && max !== undefined;
}

/** u 0…1 → low…high */
function between([low, high]: readonly [number, number], u: number): number {
  return low + (high - low) * u;
}
