// Truth in, reading out. Errors and faults are drawn by hash, so a reading depends on nothing but the seed, the device, the field, the counter,
// the time and the truth. What an error is: `sensor/instrument.ts`; a fault: `sensor/fault.ts`; which come by themselves: `sensor/wear.ts`.
import type { Value } from '../telemetry/description.ts';
import type { Fields, ModelField } from './fleet.ts';
import type { Random } from './random.ts';
import { ActiveFault, disturbanceOf, sensorFaultProblem } from './sensor/fault.ts';
import type { SensorFault } from './sensor/fault.ts';
import { Instrument } from './sensor/instrument.ts';
import { Wear } from './sensor/wear.ts';

export { SENSOR_FAULTS, sensorFaultProblem } from './sensor/fault.ts';
export type { SensorFault } from './sensor/fault.ts';

export interface Sensor {
  /**
   * counter: the reading's number on its device, so that each has its own noise. truth: by field; what is undefined is left out. The readings
   * are a new object each time. @throws for a field that is not described and a number that is not finite: both are mistakes of a model
   */
  read(device: number, counter: number, tsMs: number, truth: Fields): { [name: string]: Value };
  /** @throws Error when the kind cannot have the fault */
  impose(device: number, fault: SensorFault): void;
  /** What bends a reading of this time, e.g. `stuck:tempC`; whether the record has the field is not looked at. */
  faultsOf(device: number, tsMs: number): readonly string[];
}

export interface SensorOptions {
  /** Drift grows from here. */
  readonly startMs: number;
  /** `field`: faults also come by themselves. */
  readonly quality: 'ideal' | 'field';
}

/** @throws Error for a sensor error that is none */
export function createSensor(
  fields: { readonly [name: string]: ModelField },
  random: Random,
  options: SensorOptions,
): Sensor {
  return new FieldSensors(fields, random, options);
}

/** Faults that are over are forgotten after this time: a device may tell today what it measured yesterday. */
const FORGET_AFTER_MS = 2 * 86_400_000;
/** Remembered stuck sensors from which on those that are over are swept out. */
const SWEEP_AT = 1024;
const NONE: readonly ActiveFault[] = [];

class FieldSensors implements Sensor {
  readonly #fields: { readonly [name: string]: ModelField };
  readonly #random: Random;
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #wear: Wear | undefined;
  readonly #imposed = new Map<number, ActiveFault[]>();
  /** Sensors that got stuck by themselves, by device: where they stand is all that must be remembered. */
  readonly #stuck = new Map<number, ActiveFault>();
  #sweepAt = SWEEP_AT;

  constructor(fields: { readonly [name: string]: ModelField }, random: Random, { startMs, quality }: SensorOptions) {
    this.#fields = fields;
    this.#random = random;
    this.#instruments = new Map(
      Object.entries(fields).map(([name, field]) => [name, new Instrument(name, field, random, startMs)]),
    );
    this.#wear = quality === 'field' ? new Wear(fields, random.fork('wear')) : undefined;
  }

  read(device: number, counter: number, tsMs: number, truth: Fields): { [name: string]: Value } {
    const faults = this.#activeFaults(device, tsMs);
    const readings: { [name: string]: Value } = {};
    for (const name in truth) {
      const value = truth[name];
      if (value === undefined) continue;
      const instrument = this.#instruments.get(name);
      if (instrument === undefined) throw new Error(`a model reports a field that it does not describe: ${name}`);
      if (typeof value === 'number' && !Number.isFinite(value))
        throw new RangeError(`${name} of device ${device} must be a finite number, got ${value}`);
      if (faults.length > 0) {
        const bent = this.#bentReading(instrument, device, counter, tsMs, value, faults);
        if (bent !== undefined) readings[name] = bent;
      } else readings[name] = typeof value === 'number' ? instrument.measure(device, counter, tsMs, value) : value;
    }
    return readings;
  }

  impose(device: number, fault: SensorFault): void {
    const problem = sensorFaultProblem(this.#fields, fault);
    if (problem !== undefined) throw new Error(problem);
    this.#imposed.set(device, [...(this.#imposed.get(device) ?? []), new ActiveFault(fault)]);
  }

  faultsOf(device: number, tsMs: number): readonly string[] {
    return this.#activeFaults(device, tsMs).map(({ cause }) => `${cause.fault}:${cause.field}`);
  }

  /** What is dead shows nothing, what is stuck shows what it showed, what is at the rail is there; the rest is measured and disturbed. */
  #bentReading(
    instrument: Instrument,
    device: number,
    counter: number,
    tsMs: number,
    truth: Value,
    all: readonly ActiveFault[],
  ): Value | undefined {
    const faults = all.filter(({ cause }) => cause.field === instrument.name);
    if (faults.some(({ cause }) => cause.fault === 'dead')) return undefined;
    if (typeof truth !== 'number') return faults.reduce<Value>((shown, fault) => fault.stuck(shown), truth);
    const disturbance = faults.length === 0 ? undefined : disturbanceOf(faults, this.#random, instrument, device, tsMs);
    let reading: Value = instrument.measure(device, counter, tsMs, truth, disturbance);
    for (const fault of faults) reading = fault.rail(this.#random, instrument, device) ?? reading;
    for (const fault of faults) reading = fault.stuck(reading);
    return reading;
  }

  #activeFaults(device: number, tsMs: number): readonly ActiveFault[] {
    if (this.#imposed.size === 0 && this.#wear === undefined) return NONE;
    const imposed = this.#imposedOn(device, tsMs);
    const worn = this.#wornOn(device, tsMs);
    if (imposed.length + worn.length === 0) return NONE;
    return [...imposed, ...worn].filter((fault) => fault.bends(this.#random, device, tsMs));
  }

  #imposedOn(device: number, tsMs: number): readonly ActiveFault[] {
    const faults = this.#imposed.get(device);
    if (faults === undefined) return NONE;
    if (faults.every(({ cause }) => cause.untilMs + FORGET_AFTER_MS < tsMs)) this.#imposed.delete(device);
    return faults;
  }

  #wornOn(device: number, tsMs: number): readonly ActiveFault[] {
    const faults = this.#wear?.at(device, tsMs) ?? [];
    return faults.length === 0 ? NONE : faults.map((fault) => this.#wornFault(device, fault));
  }

  #wornFault(device: number, fault: SensorFault): ActiveFault {
    const known = this.#stuck.get(device);
    if (known !== undefined && known.cause.fault === fault.fault && known.cause.fromMs === fault.fromMs) return known;
    const begun = new ActiveFault(fault);
    if (fault.fault === 'stuck') this.#rememberStuck(device, begun);
    return begun;
  }

  #rememberStuck(device: number, fault: ActiveFault): void {
    this.#stuck.set(device, fault);
    if (this.#stuck.size < this.#sweepAt) return;
    for (const [other, { cause }] of this.#stuck) {
      if (cause.untilMs + FORGET_AFTER_MS < fault.cause.fromMs) this.#stuck.delete(other);
    }
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#stuck.size);
  }
}
