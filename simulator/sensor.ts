// Truth in, reading out: a device's own gain and offset, white noise, the instrument's resolution and its range. Errors are drawn by hash,
// so a reading depends on nothing but the seed, the device, the field, the counter and the truth. Faults and drift are not made here.
import type { Value } from '../telemetry/description.ts';
import type { ModelField } from './fleet.ts';
import { hashText } from './random.ts';
import type { Random } from './random.ts';

export interface Sensor {
  /** counter: the reading's number on its device, so that each has its own noise. truth: by field; what is undefined is left out. */
  read(
    device: number,
    counter: number,
    truth: { readonly [name: string]: Value | undefined },
  ): { [name: string]: Value };
}

interface Channel {
  readonly purpose: number;
  readonly noiseSd: number;
  readonly biasSd: number;
  readonly gainSd: number;
  readonly min: number;
  readonly max: number;
  /** Steps per unit, or units per step, whichever is whole: 1/1000 is not a binary number, 1000 is. */
  readonly stepsPerUnit: number;
  readonly unitsPerStep: number;
}

/** read throws on a field that is not described and on a number that is not finite: both are mistakes of a model. */
export function createSensor(fields: { readonly [name: string]: ModelField }, random: Random): Sensor {
  const channels = new Map(Object.entries(fields).map(([name, field]) => [name, channelOf(name, field)]));
  return {
    read(device, counter, truth) {
      const readings: { [name: string]: Value } = {};
      for (const name in truth) {
        const value = truth[name];
        if (value === undefined) continue;
        const channel = channels.get(name);
        if (channel === undefined) throw new Error(`a model reports a field that it does not describe: ${name}`);
        readings[name] = typeof value === 'number' ? measure(random, channel, name, device, counter, value) : value;
      }
      return readings;
    },
  };
}

function channelOf(
  name: string,
  { sensor = {}, min = -Infinity, max = Infinity, resolution = 0 }: ModelField,
): Channel {
  const { noiseSd = 0, biasSd = 0, gainSd = 0 } = sensor;
  const inverse = Math.round(1 / resolution);
  const fraction = resolution > 0 && resolution < 1;
  return {
    purpose: hashText(name),
    noiseSd,
    biasSd,
    gainSd,
    min,
    max,
    stepsPerUnit: fraction && Math.abs(inverse * resolution - 1) < 1e-9 ? inverse : 0,
    unitsPerStep: resolution,
  };
}

function measure(
  random: Random,
  channel: Channel,
  name: string,
  device: number,
  counter: number,
  truth: number,
): number {
  if (!Number.isFinite(truth))
    throw new RangeError(`${name} of device ${device} must be a finite number, got ${truth}`);
  const { purpose, noiseSd, biasSd, gainSd } = channel;
  let value = truth;
  if (gainSd > 0) value *= 1 + gainSd * random.normal(device, purpose + 1, 0);
  if (biasSd > 0) value += biasSd * random.normal(device, purpose + 2, 0);
  if (noiseSd > 0) value += noiseSd * random.normal(device, purpose, counter);
  return Math.max(channel.min, Math.min(channel.max, quantise(channel, value)));
}

function quantise({ stepsPerUnit, unitsPerStep }: Channel, value: number): number {
  if (unitsPerStep === 0) return value;
  // + 0 turns −0 into 0.
  if (stepsPerUnit > 0) return Math.round(value * stepsPerUnit) / stepsPerUnit + 0;
  return Math.round(value / unitsPerStep) * unitsPerStep + 0;
}
