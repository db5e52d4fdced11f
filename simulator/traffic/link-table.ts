// The links of a city as flat arrays, for those who read them at every step. Fixed for a run; no traffic in here.
import type { City, Point } from '../city.ts';

/** A bend of more than this is a turn; cosine of 40°. */
const TURN_COSINE = 0.766;

export class LinkTable {
  readonly lengthM: Float64Array;
  readonly limitMps: Float64Array;
  /** Compass direction, 0…360. */
  readonly headingDeg: Float64Array;
  readonly #fromX: Float64Array;
  readonly #fromY: Float64Array;
  /** Metres east and north per metre along the link. */
  readonly #eastPerM: Float64Array;
  readonly #northPerM: Float64Array;
  /** Unit vector of the link. */
  readonly #dirX: Float64Array;
  readonly #dirY: Float64Array;

  constructor({ nodes, links }: City) {
    const ends = links.map(({ from, to }) => ({ a: nodes[from]!, b: nodes[to]! }));
    const chordM = ends.map(({ a, b }) => Math.max(1e-6, Math.hypot(b.x - a.x, b.y - a.y)));
    this.lengthM = Float64Array.from(links, (link) => link.lengthM);
    this.limitMps = Float64Array.from(links, (link) => link.speedLimitMps);
    this.headingDeg = Float64Array.from(
      ends,
      ({ a, b }) => ((Math.atan2(b.x - a.x, b.y - a.y) * 180) / Math.PI + 360) % 360,
    );
    this.#fromX = Float64Array.from(ends, ({ a }) => a.x);
    this.#fromY = Float64Array.from(ends, ({ a }) => a.y);
    this.#eastPerM = Float64Array.from(ends, ({ a, b }, i) => (b.x - a.x) / links[i]!.lengthM);
    this.#northPerM = Float64Array.from(ends, ({ a, b }, i) => (b.y - a.y) / links[i]!.lengthM);
    this.#dirX = Float64Array.from(ends, ({ a, b }, i) => (b.x - a.x) / chordM[i]!);
    this.#dirY = Float64Array.from(ends, ({ a, b }, i) => (b.y - a.y) / chordM[i]!);
  }

  /** The point atM along a link; a straight line from node to node. */
  pointAt(link: number, atM: number): Point {
    return {
      x: this.#fromX[link]! + atM * this.#eastPerM[link]!,
      y: this.#fromY[link]! + atM * this.#northPerM[link]!,
    };
  }

  /** Whether going from a link into the next one is a turn. */
  isTurn(link: number, next: number): boolean {
    return this.#dirX[link]! * this.#dirX[next]! + this.#dirY[link]! * this.#dirY[next]! < TURN_COSINE;
  }
}
