// The life of one kind in a real world, from an hour of a day on: everything it reports, with neither sensor nor network. The city is Wuxi
// with a small grid of streets and one bus line, so that a day of one-second ticks takes a second.
import type { City } from '../../simulator/city.ts';
import { loadCity } from '../../simulator/city/load.ts';
import type { Fields, Fleet, Model, Reporter } from '../../simulator/fleet.ts';
import { Random } from '../../simulator/random.ts';
import { TimingWheel } from '../../simulator/timing-wheel.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { fakeCity } from './fake-city.ts';

const UTC_OFFSET_MIN = 480;

const { nodes, links, linksFrom, streetNames, stops, lines } = fakeCity();
export const smallWuxi: City = { ...loadCity(), nodes, links, linksFrom, streetNames, stops, lines };

export interface Said {
  readonly device: number;
  readonly tsMs: number;
  readonly fields: Fields;
  readonly hidden: Fields | undefined;
  /** Of an event. */
  readonly name?: string;
  readonly state?: string | undefined;
}

export interface LifeOptions {
  readonly count: number;
  /** When it starts, as if civil time were UTC. */
  readonly civilMs: number;
  readonly hours: number;
  readonly dtMs: number;
  readonly seed?: number;
}

/** Tells `hear` all that is said, tick by tick; within a tick in order of device. */
export function listen(model: Model, options: LifeOptions, hear: (said: Said) => void): void {
  const { count, dtMs, seed = 1 } = options;
  const startMs = options.civilMs - UTC_OFFSET_MIN * 60_000;
  const root = new Random(seed);
  const world = createWorld({
    city: smallWuxi,
    random: root.fork('world'),
    startMs,
    utcOffsetMin: UTC_OFFSET_MIN,
  });
  const wheel = new TimingWheel(count, startMs);
  let said: Said[] = [];
  const report: Reporter = {
    record: (device, tsMs, fields, hidden) => void said.push({ device, tsMs, fields, hidden }),
    event: (device, tsMs, name, state, fields = {}) =>
      void said.push({ device, tsMs, fields, hidden: undefined, name, state }),
    ack: () => {},
  };
  const { kind } = model.description;
  const fleet: Fleet = model.createFleet({
    count,
    city: smallWuxi,
    random: root.fork(kind),
    startMs,
    utcOffsetMin: UTC_OFFSET_MIN,
    deviceId: (index) => `${kind}-${index}`,
    wakeAt: (device, atMs) => wheel.schedule(device, atMs),
  });
  for (let device = 0; device < count; device++) {
    if (fleet.firstWakeMs !== undefined) wheel.schedule(device, fleet.firstWakeMs(device));
  }
  for (let nowMs = startMs + dtMs; nowMs <= startMs + options.hours * 3_600_000; nowMs += dtMs) {
    world.advance(nowMs);
    if (fleet.wake !== undefined) wheel.advance(nowMs, (device, atMs) => fleet.wake!(device, atMs, world, report));
    fleet.tick?.(nowMs, dtMs, world, report);
    if (said.length === 0) continue;
    for (const one of said.sort((a, b) => a.device - b.device)) hear(one);
    said = [];
  }
}
