// A fleet of sleeping devices in the real world of Wuxi, woken by the real wheel: everything it reports, as truth, without sensors and channel.
import { loadCity } from '../../simulator/city/load.ts';
import type { City } from '../../simulator/city.ts';
import type { Fields, Fleet, FleetContext, Model, Reporter } from '../../simulator/fleet.ts';
import { Random } from '../../simulator/random.ts';
import { TimingWheel } from '../../simulator/timing-wheel.ts';
import type { World, WorldEvent } from '../../simulator/world.ts';
import { createWorld } from '../../simulator/world/create.ts';
import type { Command } from '../../telemetry/messages.ts';

export const UTC_OFFSET_MIN = 480;

/** A civil moment in Wuxi as ms since 1970. */
export function civil(year: number, month: number, day: number, hour = 0, minute = 0): number {
  return Date.UTC(year, month - 1, day, hour, minute) - UTC_OFFSET_MIN * 60_000;
}

export interface Told {
  readonly device: number;
  readonly tsMs: number;
  readonly fields: Fields;
  readonly hidden?: Fields | undefined;
}

export interface SleepersOptions {
  readonly count: number;
  readonly startMs: number;
  readonly tickMs?: number;
  readonly seed?: number;
  readonly city?: City;
  readonly events?: readonly WorldEvent[];
  /** Seen instead of the real world. */
  readonly worldAt?: (nowMs: number) => World;
  /** Absent: all of them are kept in `records`. */
  readonly onRecord?: (told: Told) => void;
}

export class Sleepers {
  readonly records: Told[] = [];
  readonly events: { device: number; tsMs: number; name: string; state: string | undefined; fields: Fields }[] = [];
  readonly acks: { device: number; tsMs: number; id: string; state: string; reason?: string | undefined }[] = [];
  readonly fleet: Fleet;
  readonly #worldAt: (nowMs: number) => World;
  readonly #tickMs: number;
  readonly #happenings: WorldEvent[];
  readonly #begun = new Set<string>();
  readonly #report: Reporter;
  readonly #wheel: TimingWheel;
  readonly #actions: { atMs: number; act: () => void }[] = [];
  nowMs: number;

  constructor(model: Model, options: SleepersOptions) {
    const { count, startMs, tickMs = 60_000, seed = 1, city = loadCity(), events = [] } = options;
    const root = new Random(seed);
    this.#tickMs = tickMs;
    this.#happenings = [...events];
    this.nowMs = startMs;
    this.#worldAt = options.worldAt ?? realWorld(city, root, startMs, events);
    const wheel = new TimingWheel(count, startMs);
    const context: FleetContext = {
      count,
      city,
      random: root.fork(model.description.kind),
      startMs,
      utcOffsetMin: UTC_OFFSET_MIN,
      deviceId: (index) => `${model.description.kind}-${index}`,
      wakeAt: (device, atMs) => wheel.schedule(device, atMs),
    };
    this.#wheel = wheel;
    this.fleet = model.createFleet(context);
    for (let device = 0; device < count; device++) wheel.schedule(device, this.fleet.firstWakeMs!(device));
    const onRecord = options.onRecord ?? ((told: Told) => void this.records.push(told));
    this.#report = {
      record: (device, tsMs, fields, hidden) => onRecord({ device, tsMs, fields, hidden }),
      event: (device, tsMs, name, state, fields = {}) => void this.events.push({ device, tsMs, name, state, fields }),
      ack: (device, tsMs, id, state, reason) => void this.acks.push({ device, tsMs, id, state, reason }),
    };
  }

  runUntil(untilMs: number): this {
    while (this.nowMs < untilMs) {
      this.nowMs += this.#tickMs;
      const world = this.#worldAt(this.nowMs);
      this.#notice(world);
      for (const { atMs, act } of this.#actions) if (atMs > this.nowMs - this.#tickMs && atMs <= this.nowMs) act();
      this.#wheel.advance(this.nowMs, (device, atMs) => this.fleet.wake!(device, atMs, world, this.#report));
      this.fleet.tick?.(this.nowMs, this.#tickMs, world, this.#report);
    }
    return this;
  }

  /** Does something within the tick that reaches `atMs`, before anybody wakes, as a run does with commands and happenings. */
  at(atMs: number, act: () => void): this {
    this.#actions.push({ atMs, act });
    return this;
  }

  send(device: number, name: string, args: Command['args'] = {}, extra: Partial<Command> = {}) {
    return this.fleet.command!(device, { id: `${name}-${device}`, name, args, ...extra }, this.nowMs, this.#report);
  }

  befall(device: number, name: string, args: Command['args'], untilMs = Infinity): void {
    this.fleet.befall!(device, { name, args, untilMs }, this.nowMs, this.#report);
  }

  of(device: number): Told[] {
    return this.records.filter((record) => record.device === device);
  }

  /** Ends before beginnings, as in a run. */
  #notice(world: World): void {
    const { fleet, nowMs } = this;
    for (const event of this.#happenings) {
      if (this.#begun.has(event.id) && event.untilMs <= nowMs) {
        this.#begun.delete(event.id);
        this.#happenings.splice(this.#happenings.indexOf(event), 1);
        fleet.notice?.(event, false, nowMs, world, this.#report);
      }
    }
    for (const event of this.#happenings) {
      if (this.#begun.has(event.id) || event.fromMs > nowMs) continue;
      this.#begun.add(event.id);
      fleet.notice?.(event, true, nowMs, world, this.#report);
    }
  }
}

function realWorld(city: City, root: Random, startMs: number, events: readonly WorldEvent[]): (nowMs: number) => World {
  const world = createWorld({ city, random: root.fork('world'), startMs, utcOffsetMin: UTC_OFFSET_MIN });
  for (const event of events) world.impose(event);
  return (nowMs) => {
    world.advance(nowMs);
    return world;
  };
}
