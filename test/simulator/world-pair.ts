// Two worlds that differ by one cause: what an event does is what differs between them.
import type { Place, WorldEvent } from '../../simulator/world.ts';
import { Random } from '../../simulator/random.ts';
import { createWorld } from '../../simulator/world/create.ts';
import type { MutableWorld } from '../../simulator/world/create.ts';
import { fakeCity } from './fake-city.ts';

export const MIN_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** Wednesday 2026-05-20, 00:00 civil time. */
export const START_MS = Date.UTC(2026, 4, 19, 16);
export const city = fakeCity();

export type Args = WorldEvent['args'];

export const createAt = (startMs = START_MS, seed = 1) =>
  createWorld({ city, random: new Random(seed), startMs, utcOffsetMin: 480 });

export function eventOf(
  event: WorldEvent['event'],
  fromMs: number,
  untilMs: number,
  args: Args = {},
  where?: Place,
): WorldEvent {
  const base = { id: `${event}-${fromMs}`, event, fromMs, untilMs, args };
  return where === undefined ? base : { ...base, where };
}

/** A world with these events and one without, at the same time. */
export function pairAt(
  simTimeMs: number,
  ...events: readonly WorldEvent[]
): [world: MutableWorld, without: MutableWorld] {
  const pair: [MutableWorld, MutableWorld] = [createAt(), createAt()];
  for (const event of events) pair[0].impose(event);
  for (const world of pair) world.advance(simTimeMs);
  return pair;
}

export const circleAt = (x: number, y: number, radiusM: number): Place => ({ ...city.toLonLat({ x, y }), radiusM });
