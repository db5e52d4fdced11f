// Where each car drives next and which way, clear of closed streets. Draws a trip when it is asked for one; knows nothing of motion.
import type { City } from '../city.ts';
import type { Random } from '../random.ts';
import type { Streets } from '../world.ts';
import { Destinations } from './destinations.ts';
import { RouteSearch } from './routes.ts';

/** Destinations tried before a driver gives up: more than enough unless the car is shut in. */
const TRIES = 5;
/** Cars do not stop nearer than this to a node, m. */
const KERB_CLEAR_M = 15;

// Purposes of the random draws; DESTINATION takes two.
const END = 6;
const DESTINATION = 10;

/** `route`: links in order, never empty; the trip ends `endAtM` along the last. */
export interface Trip {
  readonly route: Int32Array;
  readonly endAtM: number;
}

export class Trips {
  readonly #city: City;
  readonly #random: Random;
  readonly #routes: RouteSearch;
  readonly #destinations: Destinations;
  /** Trips drawn so far, by car. */
  readonly #drawn: Uint32Array;
  #streetsVersion = -1;

  constructor(city: City, random: Random, count: number) {
    this.#city = city;
    this.#random = random;
    this.#routes = new RouteSearch(city);
    this.#destinations = new Destinations(city, random);
    this.#drawn = new Uint32Array(count);
  }

  /** Takes note of which streets are closed. @returns true when that has changed since the last call */
  heed(streets: Streets): boolean {
    if (streets.version === this.#streetsVersion) return false;
    this.#streetsVersion = streets.version;
    this.#routes.close((link) => streets.isClosed(link));
    return true;
  }

  isClosed(link: number): boolean {
    return this.#routes.isClosed(link);
  }

  drawn(car: number): number {
    return this.#drawn[car]!;
  }

  /** A new trip from the end of a link; undefined when no destination tried can be reached. */
  next(car: number, link: number): Trip | undefined {
    const here = this.#city.links[link]!.to;
    for (let tries = 0; tries < TRIES; tries++) {
      const goal = this.#destinations.next(here, car, DESTINATION, ++this.#drawn[car]!);
      const trip = this.#to(goal, car, link);
      if (trip !== undefined) return trip;
    }
    return undefined;
  }

  /** Whether the rest of a trip, the links after `link`, can be driven as planned and ended where it ends. */
  isOpen(link: number, rest: Int32Array): boolean {
    return rest.length === 0 ? !this.isClosed(link) : !rest.some((next) => this.isClosed(next));
  }

  /** Another way to where the rest of a trip leads, or else to another destination; undefined when there is none. */
  detour(car: number, link: number, rest: Int32Array): Trip | undefined {
    const last = rest.at(-1);
    return (last === undefined ? undefined : this.#to(this.#city.links[last]!.to, car, link)) ?? this.next(car, link);
  }

  /** A place at the kerb of a link, away from its nodes. share 0…1 */
  kerbM(link: number, share: number): number {
    const { lengthM } = this.#city.links[link]!;
    const clearM = Math.min(KERB_CLEAR_M, lengthM * 0.4);
    return clearM + share * (lengthM - 2 * clearM);
  }

  #to(goal: number, car: number, link: number): Trip | undefined {
    const route = this.#routes.find(link, goal);
    if (route === undefined || route.length === 0) return undefined;
    return { route, endAtM: this.kerbM(route.at(-1)!, this.#random.uniform(car, END, this.#drawn[car]!)) };
  }
}
