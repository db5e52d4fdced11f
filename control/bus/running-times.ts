// How long buses take from one stop to the next: what the last few took, mixed with what is usual at this quarter of an hour. The weights
// are engineering choices; `eta-score.ts` measures how good they are.

/** Share of the newest buses; the rest is the mean of this quarter of an hour on earlier days. */
const RECENT_SHARE = 0.6;
/** Weight of the newest bus: a mean over about three. */
const RECENT_WEIGHT = 0.5;
/** Weight below which no sample sinks, so that a mean follows the seasons. */
const MIN_WEIGHT = 0.05;
const SLOT_MS = 900_000;
const SLOTS = 96;
/** A time this many times the usual one, and more than this beyond it, says that the bus stood still, not how long the way takes. */
const ODD_SHARE = 3;
const ODD_S = 60;
/** No mean is trusted to tell what is odd before it has seen this many. */
const MIN_SAMPLES = 5;

export class RunningTime {
  #samples = 0;
  #recentS = 0;
  #meanS = 0;
  #varianceS2 = 0;
  /** By quarter of an hour of the day: mean, and how many it is of; made when first needed. */
  #slotMeanS: Float32Array | undefined;
  #slotCount: Uint16Array | undefined;

  /** runS > 0, begun at atMs. */
  add(runS: number, atMs: number): void {
    const odd = this.#samples >= MIN_SAMPLES && runS > ODD_SHARE * this.#meanS && runS > this.#meanS + ODD_S;
    const seconds = odd ? Math.max(ODD_SHARE * this.#meanS, this.#meanS + ODD_S) : runS;
    if (this.#samples > 0) {
      const error = seconds - this.expectedS(atMs);
      this.#varianceS2 += (error * error - this.#varianceS2) * Math.max(MIN_WEIGHT, 1 / this.#samples);
    }
    this.#samples++;
    this.#recentS += (seconds - this.#recentS) * Math.max(RECENT_WEIGHT, 1 / this.#samples);
    this.#meanS += (seconds - this.#meanS) * Math.max(MIN_WEIGHT, 1 / this.#samples);
    this.#remember(seconds, slotOf(atMs));
  }

  get isKnown(): boolean {
    return this.#samples > 0;
  }

  /** Of a bus that sets out at atMs, s; NaN before any was seen. */
  expectedS(atMs: number): number {
    if (this.#samples === 0) return Number.NaN;
    const slot = slotOf(atMs);
    const usualS = this.#slotCount !== undefined && this.#slotCount[slot]! > 0 ? this.#slotMeanS![slot]! : this.#meanS;
    return RECENT_SHARE * this.#recentS + (1 - RECENT_SHARE) * usualS;
  }

  /** Of what `expectedS` says, s². */
  get varianceS2(): number {
    return this.#varianceS2;
  }

  #remember(seconds: number, slot: number): void {
    this.#slotMeanS ??= new Float32Array(SLOTS);
    this.#slotCount ??= new Uint16Array(SLOTS);
    const count = Math.min(this.#slotCount[slot]! + 1, 1 / MIN_WEIGHT);
    this.#slotCount[slot] = count;
    this.#slotMeanS[slot]! += (seconds - this.#slotMeanS[slot]!) / count;
  }
}

/** Quarter of an hour of the day; which time zone does not matter, as long as it stays the same. */
function slotOf(atMs: number): number {
  return Math.floor(atMs / SLOT_MS) % SLOTS;
}
