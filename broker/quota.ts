// How fast a single device may publish: a token bucket, which outlives its connections. Who is over its quota is not read until it has grown
// again, so nothing is lost and nobody else waits. It says how long, it holds nobody.
const MS_PER_S = 1000;
/** So many are looked through for those that are full again, at least. */
const LOOK_THROUGH = 1024;

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

  /** As good as a new one. */
  isFull(nowMs: number): boolean {
    this.#grow(nowMs);
    return this.#left === this.#burst;
  }

  #grow(nowMs: number): void {
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) / MS_PER_S) * this.#perS);
    this.#atMs = nowMs;
  }
}

/** Of devices that have gone before theirs had grown again: how many there are is bounded by how fast devices come and how long that takes. */
export class Quotas {
  readonly #perS: number;
  readonly #burst: number;
  readonly #left = new Map<string, Quota>();
  #lookAt = LOOK_THROUGH;

  constructor(perS: number, burst: number) {
    this.#perS = perS;
    this.#burst = burst;
  }

  /** Remembered. */
  get size(): number {
    return this.#left.size;
  }

  /** What the device of this name has left. nowMs: monotonic */
  come(name: string, nowMs: number): Quota {
    const quota = this.#left.get(name);
    this.#left.delete(name);
    return quota ?? new Quota(this.#perS, this.#burst, nowMs);
  }

  leave(name: string, quota: Quota, nowMs: number): void {
    if (quota.isFull(nowMs)) return;
    this.#left.set(name, quota);
    if (this.#left.size < this.#lookAt) return;
    for (const [other, candidate] of this.#left) if (candidate.isFull(nowMs)) this.#left.delete(other);
    this.#lookAt = Math.max(LOOK_THROUGH, 2 * this.#left.size);
  }
}
