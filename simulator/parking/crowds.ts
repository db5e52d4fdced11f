// Cars that a crowd brings to the spots around it: a concert, a match. Not where else they look, and not who leaves when it is over.
import type { City, LandUse, Point } from '../city.ts';
import type { Crowd } from '../world.ts';
import { ARRIVALS_PER_H } from './stay.ts';

/** One person in four comes by car, two and a half in a car, and stays two hours (engineering estimates). */
const CARS_PER_PERSON = 0.1;
const VISIT_H = 2;
/** Crowds remembered; there are rarely two at a time. */
const REMEMBERED = 16;

export class CrowdParking {
  readonly #spots: readonly Point[];
  /** Spots of the city within a crowd, by its circle. */
  readonly #inside = new Map<string, number>();

  constructor(city: City) {
    this.#spots = city.parkingZones.flatMap(({ spots }) => spots);
  }

  /** Additional arrivals at a spot relative to its use's mean; 0 where no crowd is. All spots of the city within a crowd share its cars. */
  factor(spot: Point, use: LandUse, crowds: readonly Crowd[]): number {
    let carsPerH = 0;
    for (const crowd of crowds) {
      if (isInside(crowd, spot)) carsPerH += (crowd.people * CARS_PER_PERSON) / VISIT_H / this.#spotsIn(crowd);
    }
    return carsPerH / ARRIVALS_PER_H[use];
  }

  #spotsIn(crowd: Crowd): number {
    const key = `${crowd.center.x} ${crowd.center.y} ${crowd.radiusM}`;
    let count = this.#inside.get(key);
    if (count === undefined) {
      if (this.#inside.size >= REMEMBERED) this.#inside.clear();
      count = Math.max(1, this.#spots.filter((spot) => isInside(crowd, spot)).length);
      this.#inside.set(key, count);
    }
    return count;
  }
}

function isInside({ center, radiusM }: Crowd, { x, y }: Point): boolean {
  const [dx, dy] = [x - center.x, y - center.y];
  return dx * dx + dy * dy <= radiusM * radiusM;
}
