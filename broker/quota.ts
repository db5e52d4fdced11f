// How fast a single device may publish: a token bucket. Who is over its quota is not read until it has grown again, so nothing is lost and
// nobody else waits. It says how long, it holds nobody.
const MS_PER_S = 1000;

export class Quota {
  readonly #perS: number;
  readonly #burst: number;
  /** Below zero it is owed: what came in one piece passes as one. */
  #left: number;
  #atMs: number;

  /** nowMs: monotonic */
  constructor(perS: number, burst: number, nowMs: number) {
    this.#perS = perS;
    this.#burst = burst;
    this.#left = burst;
    this.#atMs = nowMs;
  }

  take(nowMs: number): void {
    this.#grow(nowMs);
    this.#left--;
  }

  /** Until one more may be read, ms; 0 = now */
  waitMs(nowMs: number): number {
    this.#grow(nowMs);
    return this.#left >= 1 ? 0 : Math.ceil(((1 - this.#left) / this.#perS) * MS_PER_S);
  }

  #grow(nowMs: number): void {
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) / MS_PER_S) * this.#perS);
    this.#atMs = nowMs;
  }
}
