// Whether a device reaches its network: yes, unless an outage takes it away. Coverage, delay and loss of single messages are the channel's.
import type { City, Point } from '../city.ts';
import { placePredicate } from '../place.ts';
import type { Radio, WorldEvent } from '../world.ts';

interface Outage {
  /** Undefined: all. */
  readonly kinds: readonly string[] | undefined;
  readonly isInside: (point: Point) => boolean;
}

export class CityRadio implements Radio {
  readonly #city: City;
  #outages: readonly Outage[] = [];

  constructor(city: City) {
    this.#city = city;
  }

  reaches(kind: string, point: Point): boolean {
    for (const { kinds, isInside } of this.#outages) {
      if ((kinds === undefined || kinds.includes(kind)) && isInside(point)) return false;
    }
    return true;
  }

  /** From now on exactly these events take networks away; other kinds of event are ignored. */
  restrict(events: readonly WorldEvent[]): void {
    this.#outages = events
      .filter(({ event }) => event === 'network-outage')
      .map(({ where, args }) => ({
        kinds: args.kinds as readonly string[] | undefined,
        isInside: placePredicate(this.#city, where),
      }));
  }
}
