// Where receivers believe they are: each axis wanders slowly around the truth (first-order Gauss–Markov), so a standing bus drifts
// over its kerb instead of jumping around it. No tunnels, no outages.
import type { Point } from '../city.ts';
import type { Random } from '../random.ts';

/** Open sky, standard deviation of each axis, m. */
const SIGMA_M = 2.5;
/** How long an error lives, s. */
const TAU_S = 60;
const PURPOSE = 901;

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
    this.#lastMs = new Float64Array(count).fill(-Infinity);
    this.#fixes = new Uint32Array(count);
  }

  /** Position a device measures at nowMs. nowMs never falls for one device. */
  fix(device: number, nowMs: number, { x, y }: Point): Point {
    const counter = 2 * this.#fixes[device]!++;
    // e(t+Δ) = e(t) exp(−Δ/τ) + σ √(1 − exp(−2Δ/τ)) N(0,1); the first fix is drawn from the stationary law.
    const kept = Math.exp((this.#lastMs[device]! - nowMs) / 1000 / TAU_S);
    const fresh = SIGMA_M * Math.sqrt(1 - kept * kept);
    // Box–Muller: one pair of uniforms makes both axes.
    const radius = fresh * Math.sqrt(-2 * Math.log(this.#random.uniform(device, PURPOSE, counter)));
    const angle = 2 * Math.PI * this.#random.uniform(device, PURPOSE, counter + 1);
    const eastM = kept * this.#eastM[device]! + radius * Math.cos(angle);
    const northM = kept * this.#northM[device]! + radius * Math.sin(angle);
    this.#eastM[device] = eastM;
    this.#northM[device] = northM;
    this.#lastMs[device] = nowMs;
    return { x: x + eastM, y: y + northM };
  }
}
