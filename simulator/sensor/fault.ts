// What can be wrong with one field of one device, and what it does to a reading. Where faults come from (a scenario, or wear) is not decided
// here. Kinds of faults: Sharma, Golubchik and Govindan, "Sensor faults: detection methods and prevalence in real-world datasets", 2010.
import { show } from '../../telemetry/description.ts';
import type { Value } from '../../telemetry/description.ts';
import { nearestChoice } from '../../telemetry/names.ts';
import type { ModelField } from '../fleet.ts';
import { hashText } from '../random.ts';
import type { Random } from '../random.ts';
import type { Disturbance, Instrument } from './instrument.ts';

export type SensorFaultName = 'stuck' | 'rail' | 'noise' | 'offset' | 'spike' | 'drift' | 'dead';

export interface SensorFault {
  readonly field: string;
  /**
   * stuck: the first reading from `fromMs` on, again and again; rail: the field's max or min; noise: `size` times the noise, 10 when absent;
   * offset: off by `size`; spike: single readings, each with probability `size` (0.1 when absent), off by 5…20 % of the range; drift: off by
   * `size` per hour; dead: no reading.
   */
  readonly fault: SensorFaultName;
  readonly size?: number;
  /** By the reading's ts: [fromMs, untilMs). */
  readonly fromMs: number;
  readonly untilMs: number;
}

const HOUR_MS = 3_600_000;
const NOISE_FACTOR = 10;
const SPIKE_SHARE = 0.1;
const SPIKE_OF_RANGE = [0.05, 0.2] as const;

// Purposes of the random draws, beside the hash of the field's name.
const RAIL = 10;
const SPIKES = 11;
const SPIKE_HEIGHT = 12;

type Needs = 'no size' | 'a size' | 'a factor' | 'a share';
const FAULTS: { readonly [fault in SensorFaultName]: Needs } = {
  stuck: 'no size',
  rail: 'no size',
  noise: 'a factor',
  offset: 'a size',
  spike: 'a share',
  drift: 'a size',
  dead: 'no size',
};
export const SENSOR_FAULTS = Object.keys(FAULTS) as readonly SensorFaultName[];

/** Why a kind with these fields cannot have the fault, with the nearest valid word; undefined when it can. Times are not looked at. */
export function sensorFaultProblem(
  fields: { readonly [name: string]: ModelField },
  { field, fault, size }: { readonly field?: unknown; readonly fault?: unknown; readonly size?: unknown },
): string | undefined {
  if (!isFaultName(fault)) return unknown('fault', fault, SENSOR_FAULTS);
  if (typeof field !== 'string' || !Object.hasOwn(fields, field)) return unknown('field', field, Object.keys(fields));
  return sizeProblem(fault, size) ?? fieldProblem(field, fields[field]!, fault);
}

function isFaultName(fault: unknown): fault is SensorFaultName {
  return typeof fault === 'string' && Object.hasOwn(FAULTS, fault);
}

function sizeProblem(fault: SensorFaultName, size: unknown): string | undefined {
  const needs = FAULTS[fault];
  const isNumber = typeof size === 'number' && Number.isFinite(size);
  if (needs === 'no size') return size === undefined ? undefined : `fault ${fault} takes no size, got ${show(size)}`;
  if (needs === 'a size') {
    const unit = fault === 'drift' ? "the field's unit per hour" : "the field's unit";
    return isNumber ? undefined : `fault ${fault} needs a size in ${unit}, got ${show(size)}`;
  }
  if (size === undefined) return undefined;
  if (needs === 'a factor') {
    return isNumber && size > 0 ? undefined : `size of fault ${fault} must be a factor above 0, got ${show(size)}`;
  }
  const isShare = isNumber && size > 0 && size <= 1;
  return isShare ? undefined : `size of fault ${fault} must be a probability above 0, up to 1, got ${show(size)}`;
}

function fieldProblem(name: string, field: ModelField, fault: SensorFaultName): string | undefined {
  const { type = 'number', min, max, resolution = 0, sensor = {} } = field;
  if (fault === 'stuck' || fault === 'dead') return undefined;
  if (type !== 'number') return `field ${name} is a ${type}: it can be stuck or dead, but not ${fault}`;
  const hasNoise = (sensor.noiseSd ?? 0) + (sensor.noiseShare ?? 0) + resolution > 0;
  if (fault === 'noise' && !hasNoise)
    return `field ${name} has neither noise nor a resolution, so no noise to multiply`;
  if (fault === 'rail' && min === undefined && max === undefined) return `field ${name} has no limit to run into`;
  if (fault === 'spike' && (min === undefined || max === undefined)) {
    return `field ${name} has no range (min and max) to measure spikes by`;
  }
  return undefined;
}

function unknown(what: string, name: unknown, known: readonly string[]): string {
  const close = typeof name === 'string' ? nearestChoice(name, known) : undefined;
  const hint = close === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${close}?`;
  return `unknown ${what} ${show(name)}, ${hint}`;
}

/** A fault at work on a device; remembers where a stuck reading stands. */
export class ActiveFault {
  readonly cause: SensorFault;
  readonly #purpose: number;
  #stuckAt: Value | undefined;

  constructor(cause: SensorFault) {
    this.cause = cause;
    this.#purpose = hashText(cause.field);
  }

  /** Bends a reading taken now: [fromMs, untilMs). */
  isActive(tsMs: number): boolean {
    return tsMs >= this.cause.fromMs && tsMs < this.cause.untilMs;
  }

  /** False between the spikes of a spiky sensor. Spikes are drawn by time, so that the truth can name them. */
  bends(random: Random, device: number, tsMs: number): boolean {
    const { fault, size = SPIKE_SHARE } = this.cause;
    return this.isActive(tsMs) && (fault !== 'spike' || random.uniform(device, this.#purpose + SPIKES, tsMs) < size);
  }

  offset(random: Random, instrument: Instrument, device: number, tsMs: number): number {
    const { fault, size = 0, fromMs } = this.cause;
    if (fault === 'offset') return size;
    if (fault === 'drift') return (size * (tsMs - fromMs)) / HOUR_MS;
    if (fault !== 'spike') return 0;
    // −1…1: the sign is the direction, the rest the height.
    const lot = 2 * random.uniform(device, this.#purpose + SPIKE_HEIGHT, tsMs) - 1;
    const [low, high] = SPIKE_OF_RANGE;
    return Math.sign(lot) * (low + (high - low) * Math.abs(lot)) * (instrument.range ?? 0);
  }

  noiseFactor(): number {
    return this.cause.fault === 'noise' ? (this.cause.size ?? NOISE_FACTOR) : 1;
  }

  /** Max or min of the field by lot, or the one that it has; undefined for another fault. */
  rail(random: Random, instrument: Instrument, device: number): number | undefined {
    if (this.cause.fault !== 'rail') return undefined;
    const side = random.uniform(device, this.#purpose + RAIL, this.cause.fromMs) < 0.5 ? 'min' : 'max';
    return instrument.rail(side) ?? instrument.rail(side === 'min' ? 'max' : 'min');
  }

  /** What a stuck sensor shows instead of `reading`. */
  stuck(reading: Value): Value {
    if (this.cause.fault !== 'stuck') return reading;
    this.#stuckAt ??= reading;
    return this.#stuckAt;
  }
}

/** The sum of what the faults of a field add to a measurement. */
export function disturbanceOf(
  faults: readonly ActiveFault[],
  random: Random,
  instrument: Instrument,
  device: number,
  tsMs: number,
): Disturbance {
  let offset = 0;
  let noiseFactor = 1;
  for (const fault of faults) {
    offset += fault.offset(random, instrument, device, tsMs);
    noiseFactor *= fault.noiseFactor();
  }
  return { offset, noiseFactor };
}
