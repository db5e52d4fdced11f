// What the gaps between buses mean to those who wait: the one definition of service quality, for the dispatch centre, the api, scenarios
// and experiments. Sources: E. Osuna and G. Newell, Transportation Science 6 (1972); excess wait as Transport for London defines it.

/** A bus is bunched when it follows its leader in less than this share of the target headway, and leaves a gap beyond the other. */
export const BUNCHED = 0.25;
export const GAP = 2;

export class Headways {
  #count = 0;
  #sumS = 0;
  #squaresS2 = 0;
  #targetSumS = 0;
  #targetSquaresS2 = 0;
  #ratioSum = 0;
  #ratioSquares = 0;
  #bunched = 0;
  #gaps = 0;

  /** headwayS ≥ 0 since the bus ahead left the same stop; targetS > 0: the planned one. */
  add(headwayS: number, targetS: number): void {
    const ratio = headwayS / targetS;
    this.#count++;
    this.#sumS += headwayS;
    this.#squaresS2 += headwayS * headwayS;
    this.#targetSumS += targetS;
    this.#targetSquaresS2 += targetS * targetS;
    this.#ratioSum += ratio;
    this.#ratioSquares += ratio * ratio;
    if (ratio < BUNCHED) this.#bunched++;
    if (ratio > GAP) this.#gaps++;
  }

  get count(): number {
    return this.#count;
  }
  /** NaN when empty, like all that follow. */
  get meanS(): number {
    return this.#sumS / this.#count;
  }
  /** Coefficient of variation of headway over target: standard deviation by mean, so that lines and hours of different targets may be put together. */
  get cv(): number {
    const mean = this.#ratioSum / this.#count;
    return Math.sqrt(Math.max(0, this.#ratioSquares / this.#count - mean * mean)) / mean;
  }
  /** Mean wait of people who come at random, s: Σh² / 2Σh. */
  get waitS(): number {
    return this.#squaresS2 / (2 * this.#sumS);
  }
  /** Wait beyond that of the targets, s: (H/2) CV² when the mean headway is the target H. */
  get excessWaitS(): number {
    return this.waitS - this.#targetSquaresS2 / (2 * this.#targetSumS);
  }
  get bunchedShare(): number {
    return this.#bunched / this.#count;
  }
  get gapShare(): number {
    return this.#gaps / this.#count;
  }
}
