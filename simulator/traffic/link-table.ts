// The links of a city for those who read them at every step: one row of numbers a link, which is one line of the processor's cache. Links
// are straight from node to node; one that is longer than that is driven at a pace that fits between them. Fixed for a run; no traffic in here.
import type { City, Point } from '../city.ts';

/** A bend of more than this is a turn; cosine of 40°. */
const TURN_COSINE = 0.766;

// Columns of a row.
const WIDTH = 8;
const LENGTH_M = 0;
const LIMIT_MPS = 1;
const EAST = 2;
const NORTH = 3;
const FROM_X = 4;
const FROM_Y = 5;
const FIRST_LANE = 6;
const LANES = 7;

/** A link may be a little shorter or longer than its straight line by rounding. */
const ROUNDING = 1e-6;

export class LinkTable {
  /** Lanes of all links; each has its number. */
  readonly laneCount: number;
  readonly #rows: Float64Array;

  constructor({ nodes, links }: City) {
    this.#rows = new Float64Array(links.length * WIDTH);
    let laneCount = 0;
    for (const [index, { from, to, lengthM, speedLimitMps, lanes }] of links.entries()) {
      const [a, b] = [nodes[from]!, nodes[to]!];
      const chordM = Math.max(1e-6, Math.hypot(b.x - a.x, b.y - a.y));
      const row = this.#rows.subarray(index * WIDTH);
      row[LENGTH_M] = lengthM;
      row[LIMIT_MPS] = speedLimitMps;
      const wayM = lengthM > chordM * (1 + ROUNDING) ? lengthM : chordM;
      row[EAST] = (b.x - a.x) / wayM;
      row[NORTH] = (b.y - a.y) / wayM;
      row[FROM_X] = a.x;
      row[FROM_Y] = a.y;
      row[FIRST_LANE] = laneCount;
      row[LANES] = Math.max(1, lanes);
      laneCount += row[LANES];
    }
    this.laneCount = laneCount;
  }

  lengthM(link: number): number {
    return this.#rows[link * WIDTH + LENGTH_M]!;
  }

  limitMps(link: number): number {
    return this.#rows[link * WIDTH + LIMIT_MPS]!;
  }

  /** Number of a link's first lane; those of its other lanes follow. */
  firstLane(link: number): number {
    return this.#rows[link * WIDTH + FIRST_LANE]!;
  }

  /** How many lanes a link has, at least 1. */
  lanes(link: number): number {
    return this.#rows[link * WIDTH + LANES]!;
  }

  /** Compass direction, 0…360. */
  headingDeg(link: number): number {
    const east = this.#rows[link * WIDTH + EAST]!;
    const north = this.#rows[link * WIDTH + NORTH]!;
    return ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
  }

  /** The point atM along a link. */
  pointAt(link: number, atM: number): Point {
    const row = link * WIDTH;
    return {
      x: this.#rows[row + FROM_X]! + atM * this.#rows[row + EAST]!,
      y: this.#rows[row + FROM_Y]! + atM * this.#rows[row + NORTH]!,
    };
  }

  /** Whether going from a link into the next one is a turn. */
  isTurn(link: number, next: number): boolean {
    const a = link * WIDTH;
    const b = next * WIDTH;
    const east = this.#rows[a + EAST]! * this.#rows[b + EAST]!;
    return east + this.#rows[a + NORTH]! * this.#rows[b + NORTH]! < TURN_COSINE * this.#stretch(a) * this.#stretch(b);
  }

  /** Straight line over length, of a row: 1 for nearly all links. */
  #stretch(row: number): number {
    return Math.hypot(this.#rows[row + EAST]!, this.#rows[row + NORTH]!);
  }
}
