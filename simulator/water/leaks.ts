// Leaks of homes: each begins and ends at times of its own, drawn from the seed, and a scenario may impose one. A leak that is slower than
// its meter's start flow is true but turns no wheel. Moves forward only; knows neither the valve's history nor alarms.
import type { Random } from '../random.ts';
import { LEAKING } from './meter-state.ts';
import type { MeterState } from './meter-state.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Start flow of an R100 meter (OIML R 49): slower leaks turn no wheel. */
const START_FLOW_LPH = [5, 8] as const;
/** Leaks: 3 % of homes at any time, noticed after 60 days, 2–20 L/h (central 95 %). Engineering estimates. */
const LEAKING_SHARE = 0.03;
const LEAK_MEAN_MS = 60 * DAY_MS;
const TIGHT_MEAN_MS = (LEAK_MEAN_MS * (1 - LEAKING_SHARE)) / LEAKING_SHARE;
const LEAK_MEDIAN_LPH = 6.3;
const LEAK_SIGMA = 0.587;
/** What a service pipe gives at most. */
const MOST_LPH = 3000;

// Purposes of the random draws.
const LEAK_NOW = 5;
const LEAK_SINCE = 6;
const LEAK_CHANGE = 7;
const LEAK_FLOW = 8;
const START_FLOW = 3;

export class Leaks {
  readonly #random: Random;
  readonly #startMs: number;
  readonly #state: MeterState;
  /** Since when water flows, where that does not follow from the leak's own life: imposed leaks, and valves that were opened again. */
  readonly #sinceMs = new Map<number, number>();

  constructor(random: Random, startMs: number, state: MeterState) {
    this.#random = random;
    this.#startMs = startMs;
    this.#state = state;
  }

  /** Both spells have no memory, so what is left of one at the start is as long as a new one. */
  beget(device: number): void {
    const leaks = this.#random.uniform(device, LEAK_NOW, 0) < LEAKING_SHARE;
    this.#beginSpell(device, leaks, this.#startMs);
  }

  /** True flow, L/h; 0 where it is tight. */
  trueLph(device: number): number {
    return this.#state.leakLph(device);
  }

  /** What of the leak turns the wheel, L/h. */
  registeredLph(device: number): number {
    const flowLph = this.#state.leakLph(device);
    if (flowLph === 0) return 0;
    const [low, high] = START_FLOW_LPH;
    return flowLph < low + (high - low) * this.#random.uniform(device, START_FLOW, 0) ? 0 : flowLph;
  }

  /** Since when the leak flows without a stop; Infinity where it is tight. */
  sinceMs(device: number): number {
    if (!this.#state.has(device, LEAKING)) return Infinity;
    const known = this.#sinceMs.get(device);
    if (known !== undefined) return known;
    const changes = this.#state.leakChanges(device);
    // The first spell of a home that leaked at the start began before it.
    if (changes === 1) return this.#startMs - this.#wholeMinutes(LEAK_MEAN_MS, device, LEAK_SINCE, 0);
    return (
      this.#state.leakChangeMs(device) - this.#wholeMinutes(LEAK_MEAN_MS, device, LEAK_CHANGE, (changes - 1) & 0xff)
    );
  }

  /** Water flows anew from here, after the valve was shut. */
  restart(device: number, atMs: number): void {
    if (this.#state.has(device, LEAKING)) this.#sinceMs.set(device, atMs);
  }

  /**
   * Moves the leak through [fromMs, untilMs]. @returns what turned the wheel of it while the valve was open, litres.
   * What lies before `fromMs` and was not asked for is passed over.
   */
  flowL(device: number, fromMs: number, untilMs: number, openFromMs: number, openUntilMs: number): number {
    const state = this.#state;
    let litres = 0;
    for (;;) {
      const changeMs = state.leakChangeMs(device);
      if (state.has(device, LEAKING)) {
        const beginMs = Math.max(fromMs, openFromMs, this.sinceMs(device));
        const flowMs = Math.min(untilMs, openUntilMs, changeMs) - beginMs;
        if (flowMs > 0) litres += (this.registeredLph(device) * flowMs) / HOUR_MS;
      }
      if (changeMs > untilMs) return litres;
      this.#beginSpell(device, !state.has(device, LEAKING), changeMs);
    }
  }

  /** A leak begins now and ends at untilMs (rounded up to a minute); one that runs already becomes part of it. flowLph > 0 */
  impose(device: number, flowLph: number, nowMs: number, untilMs: number): void {
    this.flowL(device, nowMs, nowMs, nowMs, nowMs);
    const state = this.#state;
    state.setLeakLph(device, Math.min(MOST_LPH, state.leakLph(device) + flowLph));
    state.set(device, LEAKING, true);
    state.setLeakChange(device, untilMs);
    this.#sinceMs.set(device, nowMs);
  }

  #beginSpell(device: number, leaks: boolean, atMs: number): void {
    const state = this.#state;
    const changes = state.leakChanges(device);
    const spellMs = this.#wholeMinutes(leaks ? LEAK_MEAN_MS : TIGHT_MEAN_MS, device, LEAK_CHANGE, changes);
    state.countLeakChange(device);
    state.set(device, LEAKING, leaks);
    state.setLeakLph(
      device,
      leaks ? this.#random.lognormal(LEAK_MEDIAN_LPH, LEAK_SIGMA, device, LEAK_FLOW, changes) : 0,
    );
    state.setLeakChange(device, atMs + spellMs);
    this.#sinceMs.delete(device);
  }

  #wholeMinutes(meanMs: number, device: number, purpose: number, counter: number): number {
    return (1 + Math.floor(this.#random.exponential(meanMs, device, purpose, counter) / MIN_MS)) * MIN_MS;
  }
}
