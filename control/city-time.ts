// What time it is in the city, as its clock and its devices tell, and whether a decision made now would still be in time.
import type { ClockMessage } from '../telemetry/messages.ts';

/** Simulated seconds per second up to which decisions arrive in time. */
const MAX_SPEED = 120;
/** A device may be ahead of the clock's newest message by this, as for the store, and by what passes until the next one. */
const AHEAD_MS = 300_000;
const CLOCK_LATE_S = 5;
/** A clock that goes back further than this belongs to another life of the city. */
const BACK_MS = 60_000;

export class CityTime {
  #clock: ClockMessage | undefined;
  #newestMs = -Infinity;

  /** @returns true when another city has begun: what was learned of the old one is void */
  tell(clock: ClockMessage): boolean {
    const before = this.#clock;
    this.#clock = clock;
    if (before === undefined) return false;
    const isOther =
      clock.simTimeMs < before.simTimeMs - BACK_MS || clock.seed !== before.seed || clock.scenario !== before.scenario;
    if (isOther) this.#newestMs = -Infinity;
    return isOther;
  }

  /** A device's own time. @returns false when it cannot be true */
  believes(ts: number): boolean {
    if (this.#clock !== undefined) {
      const { simTimeMs, speed } = this.#clock;
      if (speed !== 'max' && ts > simTimeMs + AHEAD_MS + CLOCK_LATE_S * 1000 * speed) return false;
    }
    this.#newestMs = Math.max(this.#newestMs, ts);
    return true;
  }

  /** Simulated ms; undefined before anyone told. */
  get nowMs(): number | undefined {
    const nowMs = Math.max(this.#newestMs, this.#clock?.simTimeMs ?? -Infinity);
    return nowMs === -Infinity ? undefined : nowMs;
  }

  /** In a city that runs faster, or without a clock, a command would reach its device too late. */
  get isInTime(): boolean {
    return this.#clock !== undefined && this.#clock.speed !== 'max' && this.#clock.speed <= MAX_SPEED;
  }
}

/** @returns undefined when it is not a clock's message */
export function clockOf(value: { readonly [key: string]: unknown }): ClockMessage | undefined {
  const { simTimeMs, speed } = value;
  const isSpeed = speed === 'max' || (typeof speed === 'number' && speed >= 0);
  return Number.isSafeInteger(simTimeMs) && isSpeed ? (value as unknown as ClockMessage) : undefined;
}
