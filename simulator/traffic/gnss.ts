// Where receivers believe they are: each axis wanders slowly around the truth (first-order Gauss–Markov), so a standing bus drifts
// over its kerb instead of jumping around it. No tunnels, no outages.
import type { Point } from '../city.ts';
import type { Random } from '../random.ts';

/** Open sky, standard deviation of each axis, m. */
const SIGMA_M = 2.5;
/** How long an error lives, s. */
const TAU_S = 60;
const PURPOSE_EAST = 901;
const PURPOSE_NORTH = 902;

export class Receivers {
  readonly #random: Random;
  readonly #eastM: Float64Array;
  readonly #northM: Float64Array;
  readonly #lastMs: Float64Array;
  readonly #fixes: Uint32Array;

  constructor(count: number, random: Random) {
    this.#random = random;
    this.#eastM = new Float64Array(count);
    this.#northM = new Float64Array(count);
    this.#lastMs = new Float64Array(count);
    this.#fixes = new Uint32Array(count);
  }

  /** Position a device measures at nowMs. nowMs never falls for one device. */
  fix(device: number, nowMs: number, x: number, y: number): Point {
    const fixes = this.#fixes[device] ?? 0;
    const elapsedS = (nowMs - (this.#lastMs[device] ?? 0)) / 1000;
    // e(t+Δ) = e(t) exp(−Δ/τ) + σ √(1 − exp(−2Δ/τ)) N(0,1); the first fix is drawn from the stationary law.
    const kept = fixes === 0 ? 0 : Math.exp(-elapsedS / TAU_S);
    const fresh = SIGMA_M * Math.sqrt(1 - kept * kept);
    const east = kept * (this.#eastM[device] ?? 0) + fresh * this.#random.normal(device, PURPOSE_EAST, fixes);
    const north = kept * (this.#northM[device] ?? 0) + fresh * this.#random.normal(device, PURPOSE_NORTH, fixes);
    this.#eastM[device] = east;
    this.#northM[device] = north;
    this.#lastMs[device] = nowMs;
    this.#fixes[device] = fixes + 1;
    return { x: x + east, y: y + north };
  }
}
