// What a water meter warns of: a flow that has not fallen below a limit for a time. It wakes for that at once, whenever its next report is.
import type { Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { homeOf } from './counter.ts';
import type { Leaks } from './leaks.ts';
import { ALARMED, SHUT } from './meter-state.ts';
import type { MeterState } from './meter-state.ts';

const HOUR_MS = 3_600_000;

interface Rule {
  readonly name: string;
  readonly aboveLph: number;
  readonly afterMs: number;
  readonly flag: number;
}

/** Engineering estimates of what meters in the field are set to. */
const RULES: readonly Rule[] = [
  { name: 'leak', aboveLph: 3, afterMs: 24 * HOUR_MS, flag: ALARMED },
  { name: 'burst', aboveLph: 500, afterMs: 2 * HOUR_MS, flag: ALARMED << 1 },
];

export class Alarms {
  readonly #random: Random;
  readonly #state: MeterState;
  readonly #leaks: Leaks;

  constructor(random: Random, state: MeterState, leaks: Leaks) {
    this.#random = random;
    this.#state = state;
    this.#leaks = leaks;
  }

  /** What was noticed before the run was reported then. */
  beget(device: number, startMs: number): void {
    for (const rule of RULES) this.#state.set(device, rule.flag, this.#dueMs(device, rule) <= startMs);
  }

  /** When the next alarm is to be raised after a time; Infinity when none is in sight. */
  nextMs(device: number, afterMs: number): number {
    let nextMs = Infinity;
    for (const rule of RULES) {
      if (this.#state.has(device, rule.flag)) continue;
      const dueMs = this.#dueMs(device, rule);
      if (dueMs > afterMs && dueMs < nextMs) nextMs = dueMs;
    }
    return nextMs;
  }

  /** Raises what is due and clears what flows no more. */
  warn(device: number, atMs: number, report: Reporter): void {
    for (const rule of RULES) {
      const was = this.#state.has(device, rule.flag);
      const on = was ? this.#isFlowing(device, rule) : this.#dueMs(device, rule) <= atMs;
      if (on === was) continue;
      this.#state.set(device, rule.flag, on);
      const leastLph = this.#state.has(device, SHUT) ? 0 : this.#leaks.registeredLph(device);
      const minFlowLph = leastLph * homeOf(this.#random, device).registration;
      report.event(device, atMs, rule.name, on ? 'raised' : 'cleared', { minFlowLph });
    }
  }

  #isFlowing(device: number, { aboveLph }: Rule): boolean {
    return !this.#state.has(device, SHUT) && this.#leaks.registeredLph(device) > aboveLph;
  }

  /** When the flow will have been above the limit for long enough; Infinity when it is below, or ends before. */
  #dueMs(device: number, rule: Rule): number {
    if (!this.#isFlowing(device, rule)) return Infinity;
    const dueMs = this.#leaks.sinceMs(device) + rule.afterMs;
    return dueMs < this.#state.leakChangeMs(device) ? dueMs : Infinity;
  }
}
