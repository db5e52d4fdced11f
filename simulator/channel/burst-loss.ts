// Loss in bursts: a link is good or bad from message to message and loses a few or most. Source: E. N. Gilbert, "Capacity of a burst-noise
// channel", 1960; E. O. Elliott, 1963. Parameters: engineering estimates for a cellular uplink, 0.9 % lost in all.
import type { Random } from '../random.ts';

export const GOOD_TO_BAD = 0.002;
export const BAD_TO_GOOD = 0.15;
export const LOSS_WHEN_GOOD = 0.001;
export const LOSS_WHEN_BAD = 0.6;

// Purposes of the random draws.
const STATE = 1;
const LOSS = 2;

export class BurstLoss {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether a device's link loses its message of this number. */
  loses(device: number, seq: number): boolean {
    const share = this.isBad(device, seq) ? LOSS_WHEN_BAD : LOSS_WHEN_GOOD;
    return this.#random.uniform(device, LOSS, seq) < share;
  }

  /**
   * Two-state Markov chain without a beginning and without memory. One draw a message decides "bad whatever it was", "good whatever it was" or
   * "as before"; walking back to the last decisive one, 6.6 on average, gives the exact stationary chain (coupling from the past, Propp and
   * Wilson 1996).
   */
  isBad(device: number, seq: number): boolean {
    for (let at = seq; ; at--) {
      const lot = this.#random.uniform(device, STATE, at);
      if (lot < GOOD_TO_BAD) return true;
      if (lot >= 1 - BAD_TO_GOOD) return false;
    }
  }
}
