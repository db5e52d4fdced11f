// When each message is meant to leave and who sends it: fixed before the run by plan and seed, never by what the target does. Times are ns
// from the first measured message; the warm-up lies below 0. It sends nothing.
import type { Plan } from './plan.ts';
import { readSpool } from './spool.ts';

/** The next message of one worker's publishers. */
export interface Timetable {
  /** Infinity after the last one. */
  readonly atNs: number;
  readonly publisher: number;
  /** Of a recorded message, valid until `advance`. */
  readonly frame?: { readonly topic: string; readonly payload: Buffer } | undefined;
  advance(): void;
}

/** Of a worker without publishers. */
const NOTHING: Timetable = { atNs: Infinity, publisher: 0, advance: () => undefined };

/** The share of worker `part` of `parts`: publishers whose index modulo `parts` is `part`. */
export function timetableOf(plan: Plan, part: number, parts: number): Timetable {
  const { schedule } = plan;
  if (part >= plan.publishers) return NOTHING;
  if (schedule.kind === 'spool') return new Played(plan, part, parts, schedule.file, schedule.speed);
  if (schedule.kind === 'ramp') {
    return new Regular(plan, part, parts, rampNs(plan, schedule.fromPerS, schedule.toPerS), schedule.fromPerS);
  }
  const { perS } = schedule;
  if (schedule.kind === 'poisson') return new Poisson(plan, part, parts, perS);
  return new Regular(plan, part, parts, (message) => (message / perS) * 1e9, perS);
}

/** Message k goes to publisher k modulo their number: everybody sends in turn, evenly spread. */
class Regular implements Timetable {
  atNs = 0;
  publisher: number;
  readonly #part: number;
  readonly #parts: number;
  readonly #publishers: number;
  readonly #timeNs: (message: number) => number;
  readonly #endNs: number;
  #block: number;

  /** timeNs: of message k, ascending; warmPerS: rate below 0. */
  constructor(plan: Plan, part: number, parts: number, timeNs: (message: number) => number, warmPerS: number) {
    this.#part = part;
    this.#parts = parts;
    this.#publishers = plan.publishers;
    this.#timeNs = timeNs;
    this.#endNs = plan.durationS * 1e9;
    // The warm-up may begin within a round: message 0 is due at 0 from publisher 0.
    const first = -Math.floor(plan.warmUpS * warmPerS);
    this.#block = Math.floor(first / plan.publishers) * plan.publishers;
    const skipped = first - this.#block;
    this.publisher = part + parts * Math.ceil(Math.max(0, skipped - part) / parts);
    this.#wrap();
    this.#set();
  }

  advance(): void {
    this.publisher += this.#parts;
    this.#wrap();
    this.#set();
  }

  #wrap(): void {
    if (this.publisher < this.#publishers) return;
    this.publisher = this.#part;
    this.#block += this.#publishers;
  }

  #set(): void {
    const atNs = this.#timeNs(this.#block + this.publisher);
    this.atNs = atNs < this.#endNs ? atNs : Infinity;
  }
}

/** Message k of a rate that grows evenly: solves from·t + (to − from)·t²/(2·duration) = k; below 0 the first rate holds. */
function rampNs(plan: Plan, fromPerS: number, toPerS: number): (message: number) => number {
  const growth = (toPerS - fromPerS) / plan.durationS;
  return (message) => {
    if (message < 0 || growth === 0) return fromPerS > 0 ? (message / fromPerS) * 1e9 : Infinity;
    const root = fromPerS * fromPerS + 2 * growth * message;
    if (root < 0) return Infinity; // a falling ramp has given all it has
    return ((2 * message) / (fromPerS + Math.sqrt(root)) || 0) * 1e9; // the stable form of (−from + √…)/growth
  };
}

/** Independent arrivals: exponential gaps, publishers drawn evenly. Every worker walks all messages and keeps its own. */
class Poisson implements Timetable {
  atNs: number;
  publisher = 0;
  readonly #part: number;
  readonly #parts: number;
  readonly #plan: Plan;
  readonly #meanNs: number;
  #message = 0;

  constructor(plan: Plan, part: number, parts: number, perS: number) {
    this.#plan = plan;
    this.#part = part;
    this.#parts = parts;
    this.#meanNs = 1e9 / perS;
    this.atNs = -plan.warmUpS * 1e9;
    this.advance();
  }

  advance(): void {
    const { seed, publishers, durationS } = this.#plan;
    do {
      const message = this.#message++;
      this.atNs -= Math.log(1 - fraction(seed, 2 * message)) * this.#meanNs;
      this.publisher = Math.floor(fraction(seed, 2 * message + 1) * publishers);
    } while (this.publisher % this.#parts !== this.#part && this.atNs < durationS * 1e9);
    if (this.atNs >= durationS * 1e9) this.atNs = Infinity;
  }
}

/** A recording: a topic always belongs to the same publisher. It ends with the recording or the duration, whichever comes first. */
class Played implements Timetable {
  atNs = Infinity;
  publisher = 0;
  frame: { readonly topic: string; readonly payload: Buffer } | undefined;
  readonly #plan: Plan;
  readonly #part: number;
  readonly #parts: number;
  readonly #speed: number;
  readonly #frames: ReturnType<typeof readSpool>;

  constructor(plan: Plan, part: number, parts: number, file: string, speed: number) {
    this.#plan = plan;
    this.#part = part;
    this.#parts = parts;
    this.#speed = speed;
    this.#frames = readSpool(file);
    this.advance();
  }

  advance(): void {
    const { warmUpS, durationS, publishers } = this.#plan;
    for (let next = this.#frames.next(); next.done !== true; next = this.#frames.next()) {
      const publisher = hash(next.value.topic) % publishers;
      if (publisher % this.#parts !== this.#part) continue;
      this.publisher = publisher;
      this.frame = next.value;
      this.atNs = (next.value.offsetMs / this.#speed - warmUpS * 1000) * 1e6;
      if (this.atNs >= durationS * 1e9) break;
      return;
    }
    this.atNs = Infinity;
    this.frame = undefined;
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x0100_0193);
  return value >>> 0;
}

/** [0, 1), a pure function of seed and counter (SplitMix64's finaliser on 32 bits, twice). */
export function fraction(seed: number, counter: number): number {
  const low = counter >>> 0;
  const high = Math.floor(counter / 2 ** 32);
  return mix(mix(seed ^ 0x9e37_79b9 ^ high) + low) / 2 ** 32;
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x7feb_352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
