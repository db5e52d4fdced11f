// What a water meter has to remember, twelve bytes each: what it has counted, when its leak begins or ends, and a word of small things.
// Everything else about a home is computed from the seed when it is needed. Knows no rules; they are in `leaks.ts` and the model.

const MIN_MS = 60_000;
/** For good. */
const NEVER = 0xffffffff;
const FLOW_STEPS_PER_LPH = 20;
const FLAGS = 0xff;
const CHANGES_SHIFT = 8;
const CHANGES = 0xff;
const FLOW_SHIFT = 16;

/** Flags of a meter. */
export const SHUT = 1;
export const LEAKING = 2;
/** The valve moved at the last report. */
export const MOVED = 4;
/** The alarms' flags follow from here. */
export const ALARMED = 8;

const WORDS = 3;
const VOLUME = 0;
const CHANGE = 1;
const SMALL = 2;

export class MeterState {
  /** `[device]` → counted 0.1 L, next leak change (minute since 1970), leak flow (16 bits), leak changes so far (8), flags (8). */
  readonly #words: Uint32Array;

  constructor(count: number) {
    this.#words = new Uint32Array(WORDS * count);
  }

  /** What the meter shows, in steps of 0.1 L; whole. */
  volumeDl(device: number): number {
    return this.#words[WORDS * device + VOLUME]!;
  }
  count(device: number, dl: number): void {
    this.#words[WORDS * device + VOLUME]! += dl;
  }

  /** When the home's leak ends, or begins where it is tight; a whole minute, or Infinity. */
  leakChangeMs(device: number): number {
    const minute = this.#words[WORDS * device + CHANGE]!;
    return minute === NEVER ? Infinity : minute * MIN_MS;
  }
  /** atMs is rounded up to a minute. */
  setLeakChange(device: number, atMs: number): void {
    this.#words[WORDS * device + CHANGE] = atMs === Infinity ? NEVER : Math.ceil(atMs / MIN_MS);
  }

  /** True flow of the leak in steps of 0.05 L/h, 0…3276; 0 where it is tight. */
  leakLph(device: number): number {
    return (this.#words[WORDS * device + SMALL]! >>> FLOW_SHIFT) / FLOW_STEPS_PER_LPH;
  }
  setLeakLph(device: number, flowLph: number): void {
    const steps = Math.round(flowLph * FLOW_STEPS_PER_LPH);
    const index = WORDS * device + SMALL;
    this.#words[index] = (steps << FLOW_SHIFT) | (this.#words[index]! & 0xffff);
  }

  /** Number of leaks that began or ended, modulo 256: for the draws of the next. */
  leakChanges(device: number): number {
    return (this.#words[WORDS * device + SMALL]! >>> CHANGES_SHIFT) & CHANGES;
  }
  countLeakChange(device: number): void {
    const index = WORDS * device + SMALL;
    const word = this.#words[index]!;
    const changes = ((word >>> CHANGES_SHIFT) + 1) & CHANGES;
    this.#words[index] = (word & ~(CHANGES << CHANGES_SHIFT)) | (changes << CHANGES_SHIFT);
  }

  has(device: number, flag: number): boolean {
    return (this.#words[WORDS * device + SMALL]! & FLAGS & flag) !== 0;
  }
  set(device: number, flag: number, on: boolean): void {
    const index = WORDS * device + SMALL;
    if (on) this.#words[index]! |= flag;
    else this.#words[index]! &= ~flag;
  }
}
