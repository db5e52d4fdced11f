// The way of a bus along one direction of a line: distance → street, place and heading, and the planned time to each stop. Fixed for a run.
import type { BusLine, City, LineDirection, Point } from '../city.ts';

/** A bus drives at most this, m/s: 50 km/h. */
const BUS_TOP_MPS = 13.9;
/** Share of the street's speed that a bus reaches. */
const BUS_SHARE = 0.85;
/** What the timetable assumes: streets on an ordinary day, relative to their limit (EE). */
const PLAN_SPEED_FACTOR = 0.7;
/** What the timetable allows for a stop: braking, dwell, getting away, s (EE). */
const PLAN_STOP_S = 27;

export class Path {
  readonly stops: LineDirection['stops'];
  readonly lengthM: number;
  /** Planned time from leaving the first stop to leaving each stop, s. */
  readonly planS: readonly number[];
  readonly #city: City;
  readonly #links: readonly number[];
  /** Distance at which each link starts; one more for the end. */
  readonly #startM: Float64Array;

  constructor(city: City, direction: LineDirection) {
    this.#city = city;
    this.#links = direction.links;
    this.stops = direction.stops;
    this.lengthM = direction.lengthM;
    this.#startM = new Float64Array(direction.links.length + 1);
    direction.links.forEach((link, i) => {
      this.#startM[i + 1] = this.#startM[i]! + city.links[link]!.lengthM;
    });
    this.planS = this.#plan();
  }

  /** Index of the link at a distance, by halving. */
  #indexAt(atM: number): number {
    let low = 0;
    for (let high = this.#links.length - 1; low < high;) {
      const middle = (low + high + 1) >>> 1;
      if (this.#startM[middle]! <= atM) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  linkAt(atM: number): number {
    return this.#links[this.#indexAt(atM)]!;
  }

  /** What a bus would drive on the street at a distance, m/s. streetFactor: the street's speed relative to its limit */
  cruiseMps(atM: number, streetFactor: number): number {
    return Math.min(BUS_TOP_MPS, BUS_SHARE * this.#city.links[this.linkAt(atM)]!.speedLimitMps * streetFactor);
  }

  /** Place and heading (degrees clockwise from north) at a distance, 0…lengthM. */
  at(atM: number): Point & { headingDeg: number } {
    const index = this.#indexAt(Math.min(Math.max(atM, 0), this.lengthM));
    const { from, to, lengthM } = this.#city.links[this.#links[index]!]!;
    const [a, b] = [this.#city.nodes[from]!, this.#city.nodes[to]!];
    const share = Math.min(1, Math.max(0, (atM - this.#startM[index]!) / lengthM));
    const headingDeg = (Math.atan2(b.x - a.x, b.y - a.y) * 180) / Math.PI;
    return { x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y), headingDeg: (headingDeg + 360) % 360 };
  }

  #plan(): number[] {
    const planS = [0];
    for (let stop = 1; stop < this.stops.length; stop++) {
      let timeS = PLAN_STOP_S;
      const untilM = this.stops[stop]!.atM;
      for (let atM = this.stops[stop - 1]!.atM; atM < untilM;) {
        const endM = Math.min(untilM, this.#startM[this.#indexAt(atM) + 1]!);
        timeS += (endM - atM) / this.cruiseMps(atM, PLAN_SPEED_FACTOR);
        atM = endM + 1e-6;
      }
      planS.push(planS[stop - 1]! + timeS);
    }
    return planS;
  }
}

export function pathsOf(city: City, line: BusLine): [out: Path, back: Path] {
  return [new Path(city, line.directions[0]!), new Path(city, line.directions[1]!)];
}
