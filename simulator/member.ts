// One fleet in a run with all that stands between it and the network: the wheel that wakes it, its sensors, its channel, its numbering.
import type { City } from './city.ts';
import { createChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { deviceId } from './devices.ts';
import type { Fields, Fleet, Model, Reporter } from './fleet.ts';
import type { Random } from './random.ts';
import { createSensor } from './sensor.ts';
import type { Sensor } from './sensor.ts';
import type { Sink } from './sink.ts';
import { TimingWheel } from './timing-wheel.ts';
import type { World } from './world.ts';

export interface MemberOptions {
  readonly model: Model;
  readonly count: number;
  readonly city: City;
  readonly random: Random;
  readonly startMs: number;
  readonly utcOffsetMin: number;
  readonly quality: 'ideal' | 'field';
  readonly world: World;
  readonly sink: Sink;
  readonly ack: Reporter['ack'];
}

export class Member {
  readonly kind: string;
  readonly count: number;
  readonly fleet: Fleet;
  readonly sensor: Sensor;
  readonly channel: Channel;
  readonly report: Reporter;
  readonly #world: World;
  readonly #seq: Uint32Array;
  #wheel: TimingWheel | undefined;
  readonly #wake: (device: number, atMs: number) => number;

  constructor(options: MemberOptions) {
    const { model, count, random, startMs, quality, world, sink } = options;
    const { kind, fields } = model.description;
    this.kind = kind;
    this.count = count;
    this.#world = world;
    this.#seq = new Uint32Array(count);
    this.sensor = createSensor(fields, random.fork('sensor'), { startMs, quality });
    const { city, utcOffsetMin } = options;
    this.fleet = model.createFleet({
      count,
      city,
      random,
      startMs,
      utcOffsetMin,
      deviceId: (index) => deviceId(kind, index),
      wakeAt: (device, atMs) => {
        if (this.#wheel === undefined)
          throw new Error(`${kind} has no wheel yet: wakeAt is for the time after the start`);
        this.#wheel.schedule(device, atMs);
      },
    });
    const { fleet } = this;
    this.channel = createChannel({
      kind,
      qos: model.qos,
      random: random.fork('channel'),
      quality,
      reaches: (device) => world.radio.reaches(kind, fleet.placeOf(device)),
      sink,
    });
    this.report = this.#reporter(sink, options.ack);
    this.#wake = (device, atMs) => fleet.wake!(device, atMs, world, this.report);
    if (fleet.wake === undefined) return;
    this.#wheel = new TimingWheel(count, startMs);
    for (let device = 0; device < count; device++) this.#wheel.schedule(device, fleet.firstWakeMs!(device));
  }

  /** Wakes who is due and moves who moves. */
  tick(nowMs: number, dtMs: number): void {
    this.#wheel?.advance(nowMs, this.#wake);
    this.fleet.tick?.(nowMs, dtMs, this.#world, this.report);
    this.channel.release(nowMs);
  }

  #reporter(sink: Sink, ack: Reporter['ack']): Reporter {
    const { kind, sensor, channel } = this;
    const seq = this.#seq;
    const truthOf = (device: number, ts: number, number: number, truth: Fields, hidden: Fields | undefined) => {
      const faults = [...sensor.faultsOf(device, ts), ...channel.faultsOf(device, ts, number)];
      const bent = faults.length === 0 ? {} : { faults: faults.join(',') };
      sink.truth!(kind, device, ts, number, { ...truth, ...hidden, ...bent });
    };
    return {
      record: (device, ts, truth, hidden) => {
        const number = ++seq[device]!;
        channel.record(device, ts, number, sensor.read(device, number, ts, truth));
        if (sink.truth !== undefined) truthOf(device, ts, number, truth, hidden);
      },
      event: (device, ts, name, state, truth = {}) => {
        const number = ++seq[device]!;
        channel.event(device, ts, number, name, state, sensor.read(device, number, ts, truth));
      },
      ack,
    };
  }
}
