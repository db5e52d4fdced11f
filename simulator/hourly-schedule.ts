// Who reports when, for devices that report once an hour at a moment of their own. A tick touches only the devices that are due, whatever
// its length, each of them exactly once for every hour.
import type { Random } from './random.ts';

export const HOUR_MS = 3_600_000;

export class HourlySchedule {
  /** Devices by the moment of the hour at which they report, and that moment, ms. */
  readonly #order: Uint32Array;
  readonly #offsetMs: Uint32Array;
  readonly #random: Random;
  readonly #purpose: number;

  /** purpose: of the draw that spreads the devices over the hour. */
  constructor(count: number, random: Random, purpose: number) {
    this.#random = random;
    this.#purpose = purpose;
    const offsets = Uint32Array.from({ length: count }, (_, device) => this.#offsetOf(device));
    this.#order = Uint32Array.from({ length: count }, (_, device) => device);
    this.#order.sort((a, b) => offsets[a]! - offsets[b]! || a - b);
    this.#offsetMs = this.#order.map((device) => offsets[device]!);
  }

  /** The first moment after `fromMs` at which a device is due. */
  nextMs(device: number, fromMs: number): number {
    const atMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS + this.#offsetOf(device);
    return atMs > fromMs ? atMs : atMs + HOUR_MS;
  }

  #offsetOf(device: number): number {
    return this.#random.bits(device, this.#purpose, 0) % HOUR_MS;
  }

  /** Visits in order of time what is due after `fromMs` and not after `nowMs`. */
  visitDue(fromMs: number, nowMs: number, visit: (device: number, atMs: number) => void): void {
    for (let hourMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS; hourMs <= nowMs; hourMs += HOUR_MS) {
      for (let i = this.#firstAfter(fromMs - hourMs); i < this.#order.length; i++) {
        const atMs = hourMs + this.#offsetMs[i]!;
        if (atMs > nowMs) break;
        visit(this.#order[i]!, atMs);
      }
    }
  }

  /** Index of the first device whose moment is after `offsetMs`. */
  #firstAfter(offsetMs: number): number {
    let low = 0;
    for (let high = this.#offsetMs.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (this.#offsetMs[middle]! > offsetMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
