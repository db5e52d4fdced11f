// The instrument behind one field: the device's own gain, offset and drift, slow and white noise, the step it shows and its range. Every
// error is a pure function of (seed, device, field, counter, time). It is never broken: faults are made in `fault.ts`.
import type { ModelField } from '../fleet.ts';
import { hashText } from '../random.ts';
import type { Random } from '../random.ts';

/** What a fault adds to a measurement. */
export interface Disturbance {
  /** In the field's unit. */
  readonly offset: number;
  /** White noise is this many times as strong. */
  readonly noiseFactor: number;
}

export const YEAR_MS = 365.25 * 86_400_000;
/** Noise of an instrument that declares none, when a fault multiplies it: rounding to a step, sd = step / √12. */
const ROUNDING_SD = Math.sqrt(1 / 12);
/** Slow noise ends where what is left out is 1e-4 of its variance. */
const SLOW_REST = 1e-2;
export const MAX_PHI = 0.99;
const UNIFORM_TO_UNIT_VARIANCE = Math.sqrt(12);
/** Constants of devices beyond this index are drawn anew for each reading: memory stays below a megabyte per constant. */
const REMEMBERED_DEVICES = 100_000;

// Purposes of the random draws, beside the hash of the field's name.
const WHITE = 0;
const GAIN = 1;
const BIAS = 2;
const DRIFT = 3;
const SLOW = 4;

export class Instrument {
  readonly name: string;
  readonly #field: ModelField;
  readonly #random: Random;
  readonly #startMs: number;
  readonly #purpose: number;
  readonly #min: number;
  readonly #max: number;
  /** Steps per unit, or units per step, whichever is whole: 1/1000 is not a binary number, 1000 is. */
  readonly #stepsPerUnit: number;
  readonly #unitsPerStep: number;
  readonly #isExact: boolean;
  readonly #noiseSd: number;
  readonly #noiseShare: number;
  readonly #gain: DeviceConstant | undefined;
  readonly #bias: DeviceConstant | undefined;
  readonly #driftPerYear: DeviceConstant | undefined;
  readonly #slowWeights: Float64Array;

  /** @throws Error for slow noise that is none */
  constructor(name: string, field: ModelField, random: Random, startMs: number) {
    const { sensor = {}, min = -Infinity, max = Infinity, resolution = 0 } = field;
    this.name = name;
    this.#field = field;
    this.#random = random;
    this.#startMs = startMs;
    this.#purpose = hashText(name);
    this.#min = min;
    this.#max = max;
    const inverse = Math.round(1 / resolution);
    const isFraction = resolution > 0 && resolution < 1;
    this.#stepsPerUnit = isFraction && Math.abs(inverse * resolution - 1) < 1e-9 ? inverse : 0;
    this.#unitsPerStep = resolution;
    this.#noiseSd = sensor.noiseSd ?? 0;
    this.#noiseShare = sensor.noiseShare ?? 0;
    this.#gain = this.#constant(sensor.gainSd, GAIN);
    this.#bias = this.#constant(sensor.biasSd, BIAS);
    this.#driftPerYear = this.#constant(sensor.driftPerYearSd, DRIFT);
    this.#slowWeights = slowWeights(name, sensor.slowNoise);
    const hasOwnError = [this.#gain, this.#bias, this.#driftPerYear].some((constant) => constant !== undefined);
    this.#isExact = !hasOwnError && this.#noiseSd + this.#noiseShare === 0 && this.#slowWeights.length === 0;
  }

  /** counter: number of the reading on its device. truth: finite, in the field's unit. @returns a step of the resolution inside the range */
  measure(device: number, counter: number, tsMs: number, truth: number, disturbance?: Disturbance): number {
    if (this.#isExact && disturbance === undefined) return this.#shown(truth);
    let value = truth;
    if (this.#gain !== undefined) value *= 1 + this.#gain.of(device);
    if (this.#bias !== undefined) value += this.#bias.of(device);
    if (this.#driftPerYear !== undefined) value += (this.#driftPerYear.of(device) * (tsMs - this.#startMs)) / YEAR_MS;
    if (this.#slowWeights.length > 0) value += this.#slowNoise(device, counter);
    const sd = this.#whiteSd(truth, disturbance);
    if (sd > 0) value += sd * this.#random.normal(device, this.#purpose + WHITE, counter);
    return this.#shown(value + (disturbance?.offset ?? 0));
  }

  /** Undefined where the field has none on that side. */
  rail(side: 'min' | 'max'): number | undefined {
    return this.#field[side];
  }

  /** max − min; undefined without both. */
  get range(): number | undefined {
    const { min, max } = this.#field;
    return min === undefined || max === undefined ? undefined : max - min;
  }

  #constant(sd: number | undefined, purpose: number): DeviceConstant | undefined {
    return sd === undefined || sd === 0 ? undefined : new DeviceConstant(sd, this.#purpose + purpose, this.#random);
  }

  #whiteSd(truth: number, disturbance: Disturbance | undefined): number {
    const sd = this.#noiseSd + this.#noiseShare * Math.abs(truth);
    if (disturbance === undefined || disturbance.noiseFactor === 1) return sd;
    return disturbance.noiseFactor * (sd > 0 ? sd : ROUNDING_SD * this.#unitsPerStep);
  }

  /** AR(1) as the moving average it equals. Uniform steps: their weighted sum is all but normal, at a fifth of the cost. */
  #slowNoise(device: number, counter: number): number {
    const weights = this.#slowWeights;
    let sum = 0;
    for (let k = 0; k < weights.length; k++) {
      sum += weights[k]! * (this.#random.uniform(device, this.#purpose + SLOW, counter - k) - 0.5);
    }
    return sum;
  }

  #shown(value: number): number {
    return Math.max(this.#min, Math.min(this.#max, this.#quantised(value)));
  }

  #quantised(value: number): number {
    if (this.#unitsPerStep === 0) return value;
    // + 0 turns −0 into 0.
    if (this.#stepsPerUnit > 0) return Math.round(value * this.#stepsPerUnit) / this.#stepsPerUnit + 0;
    return Math.round(value / this.#unitsPerStep) * this.#unitsPerStep + 0;
  }
}

/** A normal number that belongs to a device; remembered, because drawing it costs as much as the rest of a reading. */
class DeviceConstant {
  readonly #sd: number;
  readonly #purpose: number;
  readonly #random: Random;
  #known = new Float64Array(0);

  constructor(sd: number, purpose: number, random: Random) {
    this.#sd = sd;
    this.#purpose = purpose;
    this.#random = random;
  }

  of(device: number): number {
    const known = this.#known[device];
    // NaN: not drawn yet.
    if (known !== undefined && !Number.isNaN(known)) return known;
    const drawn = this.#sd * this.#random.normal(device, this.#purpose, 0);
    if (device < REMEMBERED_DEVICES) this.#remember(device, drawn);
    return drawn;
  }

  #remember(device: number, drawn: number): void {
    if (device >= this.#known.length) {
      const grown = new Float64Array(Math.min(REMEMBERED_DEVICES, Math.max(64, 2 * (device + 1)))).fill(NaN);
      grown.set(this.#known);
      this.#known = grown;
    }
    this.#known[device] = drawn;
  }
}

/** Weights of the newest, the last, the last but one … draw, for uniform draws of width 1. */
function slowWeights(name: string, slow: { readonly sd: number; readonly phi: number } | undefined): Float64Array {
  if (slow === undefined || slow.sd === 0) return new Float64Array(0);
  const { sd, phi } = slow;
  if (!(phi >= 0 && phi <= MAX_PHI)) throw new Error(`slowNoise.phi of ${name} must be 0…${MAX_PHI}, got ${phi}`);
  const weights: number[] = [];
  for (let weight = 1; weight > SLOW_REST; weight *= phi) weights.push(weight);
  const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
  return Float64Array.from(weights, (weight) => (weight * sd * UNIFORM_TO_UNIT_VARIANCE) / Math.sqrt(squares));
}
