// What closed roads and dark signals do to each link: closed or not, and how much slower. Knows which links an event touches; when events
// begin and end is decided by whoever asks.
import type { City, Link, Point } from '../city.ts';
import { linksOn, placePredicate } from '../place.ts';
import type { WorldEvent } from '../world.ts';

/** What a bus waved through a closed road drives. */
const WAVED_THROUGH_MPS = 5 / 3.6;
/** Who may not use a road drives around it (engineering estimates). */
const NEAR_M = 400;
const NEAR_SHARE = 0.8;
/** With dark signals every crossing is an all-way stop (engineering estimates): at the peak, and on empty streets. */
const DARK_SHARE_PEAK = 0.7;
const DARK_SHARE_FREE = 0.95;

interface Footprint {
  readonly closed: readonly number[];
  readonly near: readonly number[];
  readonly dark: readonly number[];
}

export class Restrictions {
  readonly #city: City;
  readonly #footprints = new Map<WorldEvent, Footprint>();
  readonly #closed: Uint8Array;
  readonly #near: Uint8Array;
  readonly #dark: Uint8Array;
  /** False while nothing is restricted. */
  any = false;

  constructor(city: City) {
    this.#city = city;
    this.#closed = new Uint8Array(city.links.length);
    this.#near = new Uint8Array(city.links.length);
    this.#dark = new Uint8Array(city.links.length);
  }

  /** From now on exactly these events restrict the streets; other kinds of event are ignored. */
  set(events: readonly WorldEvent[]): void {
    for (const marks of [this.#closed, this.#near, this.#dark]) marks.fill(0);
    const known = new Map(this.#footprints);
    this.#footprints.clear();
    for (const event of events) {
      if (event.event !== 'road-closed' && event.event !== 'power-cut') continue;
      const footprint = known.get(event) ?? footprintOf(this.#city, event);
      this.#footprints.set(event, footprint);
      for (const link of footprint.closed) this.#closed[link] = 1;
      for (const link of footprint.near) this.#near[link] = 1;
      for (const link of footprint.dark) this.#dark[link] = 1;
    }
    this.any = this.#footprints.size > 0;
  }

  isClosed(link: number): boolean {
    return this.#closed[link] === 1;
  }

  /** What is left of a link's speed for want of roads and lights. traffic 0…1 → 0…1 */
  share(link: number, traffic: number): number {
    const near = this.#near[link] === 1 ? NEAR_SHARE : 1;
    const dark = this.#dark[link] === 1 ? DARK_SHARE_FREE + traffic * (DARK_SHARE_PEAK - DARK_SHARE_FREE) : 1;
    return near * dark;
  }

  /** What a bus drives on a closed link, relative to its limit. */
  wavedThrough({ speedLimitMps }: Link): number {
    return Math.min(1, WAVED_THROUGH_MPS / speedLimitMps);
  }
}

function footprintOf(city: City, { event, where }: WorldEvent): Footprint {
  if (event === 'road-closed') {
    const closed = linksOn(city, where);
    return { closed, near: linksNear(city, closed), dark: [] };
  }
  const isDark = placePredicate(city, where);
  const dark = city.links.flatMap((link, index) =>
    link.streetClass !== 'expressway' && isDark(city.nodes[link.to]!) ? [index] : [],
  );
  return { closed: [], near: [], dark };
}

/** Links that are not closed and end near one that is. */
function linksNear(city: City, closed: readonly number[]): number[] {
  const ends = closed.flatMap((link) => alongOf(city, city.links[link]!));
  const isNear = ({ x, y }: Point) =>
    ends.some((end) => (end.x - x) * (end.x - x) + (end.y - y) * (end.y - y) <= NEAR_M * NEAR_M);
  const nearNodes = city.nodes.map(isNear);
  const isClosed = new Set(closed);
  return city.links.flatMap(({ from, to }, link) =>
    !isClosed.has(link) && (nearNodes[from] || nearNodes[to]) ? [link] : [],
  );
}

/** Points along a link, no further apart than 100 m. */
function alongOf(city: City, { from, to, lengthM }: Link): Point[] {
  const [a, b] = [city.nodes[from]!, city.nodes[to]!];
  const steps = Math.max(1, Math.ceil(lengthM / 100));
  return Array.from({ length: steps + 1 }, (_, i) => ({
    x: a.x + ((b.x - a.x) * i) / steps,
    y: a.y + ((b.y - a.y) * i) / steps,
  }));
}
