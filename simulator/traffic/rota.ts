// Who reports when, for devices that move: each once in a period, at a moment of its own. Costs nothing for those that are not due.
import type { Random } from '../random.ts';

/** `due` returns it when nobody else is due. */
export const NOBODY_DUE = -1;

export class Rota {
  readonly #periodMs: number;
  /** Devices by the moment of the period at which they report, and that moment, ms. */
  readonly #order: Uint32Array;
  readonly #phaseMs: Float64Array;
  #position = 0;
  #roundMs: number;

  /** purpose: of the draw that spreads the devices over the period. */
  constructor(count: number, periodMs: number, startMs: number, random: Random, purpose: number) {
    this.#periodMs = periodMs;
    this.#roundMs = startMs;
    const phaseMs = Float64Array.from({ length: count }, (_, device) => random.uniform(device, purpose, 0) * periodMs);
    this.#order = Uint32Array.from({ length: count }, (_, device) => device);
    this.#order.sort((a, b) => phaseMs[a]! - phaseMs[b]! || a - b);
    this.#phaseMs = Float64Array.from(this.#order, (device) => phaseMs[device]!);
  }

  /** The next device that is due by nowMs, or NOBODY_DUE: call it until then. */
  due(nowMs: number): number {
    const position = this.#position;
    if (position >= this.#order.length || this.#roundMs + this.#phaseMs[position]! > nowMs) return NOBODY_DUE;
    this.#position++;
    if (this.#position === this.#order.length) {
      this.#position = 0;
      this.#roundMs += this.#periodMs;
    }
    return this.#order[position]!;
  }
}
