// Who is new, late or seen before: a record is (kind, device, ts, seq). Memory is the last (ts, seq) per device and a bounded window of
// what came recently; what neither can tell is a suspect, and the store decides.
import { columnSize } from './device-index.ts';
import type { DeviceIndex } from './device-index.ts';

/** Sets × ways = 262,144 recent records, 5 MB. */
const WINDOW_SETS = 65_536;
const WINDOW_WAYS = 4;
const HANDLES_PER_KIND = 2 ** 32;

/** The newest (device, ts, seq) of all kinds. It may forget early, it never remembers what did not happen. */
export class SeenWindow {
  readonly #setMask: number;
  readonly #device: Float64Array;
  readonly #ts: Float64Array;
  readonly #seq: Uint32Array;

  /** sets: a power of two, at most 65,536; each remembers four records */
  constructor(sets = WINDOW_SETS) {
    this.#setMask = sets - 1;
    this.#device = new Float64Array(sets * WINDOW_WAYS).fill(-1);
    this.#ts = new Float64Array(sets * WINDOW_WAYS);
    this.#seq = new Uint32Array(sets * WINDOW_WAYS);
  }

  has(device: number, ts: number, seq: number): boolean {
    const start = (hashOf(device, ts, seq) & this.#setMask) * WINDOW_WAYS;
    for (let at = start; at < start + WINDOW_WAYS; at++) {
      if (this.#ts[at] === ts && this.#seq[at] === seq && this.#device[at] === device) return true;
    }
    return false;
  }

  add(device: number, ts: number, seq: number): void {
    const start = (hashOf(device, ts, seq) & this.#setMask) * WINDOW_WAYS;
    for (let at = start + WINDOW_WAYS - 1; at > start; at--) {
      this.#device[at] = this.#device[at - 1]!;
      this.#ts[at] = this.#ts[at - 1]!;
      this.#seq[at] = this.#seq[at - 1]!;
    }
    this.#device[start] = device;
    this.#ts[start] = ts;
    this.#seq[start] = seq;
  }
}

/** 16 bits */
function hashOf(device: number, ts: number, seq: number): number {
  // Math.imul takes its arguments modulo 2^32, so large numbers fold by themselves.
  let hash = Math.imul(device, 0x9e3779b1) ^ Math.imul(seq, 0x85ebca6b) ^ Math.imul(ts, 0xc2b2ae35);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 16;
}

/** `new` is certainly not stored; `suspect` may be; `duplicate` is stored or on its way into the store. */
export type Verdict = 'new' | 'suspect' | 'duplicate';

/** The sequences of one kind's devices. Counts gaps and restarts into `counts`. */
export class Identity {
  readonly #kindBase: number;
  readonly #devices: DeviceIndex;
  readonly #window: SeenWindow;
  readonly #counts: { gaps: number; restarts: number };
  /** By slot. A last ts of −1: nothing known of this device. */
  #lastTs = new Float64Array(0);
  #lastSeq = new Uint32Array(0);
  #owner = new Float64Array(0);
  /** Up to here the store may have records of the device that memory cannot tell: it was forgotten, or its clock went back. */
  #unsureUntilMs = new Float64Array(0);
  /** Of all devices, so that it bounds what was stored of a forgotten one. */
  #newestMs = -1;

  constructor(kindIndex: number, devices: DeviceIndex, window: SeenWindow, counts: { gaps: number; restarts: number }) {
    this.#kindBase = kindIndex * HANDLES_PER_KIND;
    this.#devices = devices;
    this.#window = window;
    this.#counts = counts;
  }

  /** Takes over what the store knows; the newest of several wins. */
  recall(handle: number, ts: number, seq: number): void {
    const slot = this.#claim(handle);
    const last = this.#lastTs[slot]!;
    if (ts > last || (ts === last && seq > this.#lastSeq[slot]!)) this.#move(slot, ts, seq);
  }

  /** seq 0: the device does not count; then only times are compared. `new` is later than all that is stored of the device. */
  judge(handle: number, ts: number, seq: number): Verdict {
    const slot = this.#claim(handle);
    const lastTs = this.#lastTs[slot]!;
    const lastSeq = this.#lastSeq[slot]!;
    const device = this.#kindBase + handle;
    if (ts === lastTs && seq === lastSeq) return 'duplicate';
    if (lastTs === -1) {
      this.#move(slot, ts, seq);
      this.#window.add(device, ts, seq);
      return 'suspect';
    }
    const wentBack = ts < lastTs;
    const follows = seq === lastSeq + 1 && lastSeq > 0 && !(wentBack && this.#window.has(device, ts, seq));
    // A record that is older than the last one, and not simply the next of a clock set back, came late.
    if (!follows && ts <= lastTs && !(seq > lastSeq && ts === lastTs)) {
      if (this.#window.has(device, ts, seq)) return 'duplicate';
      this.#window.add(device, ts, seq);
      return 'suspect';
    }
    const restarted = seq > 0 && seq <= lastSeq;
    if (restarted) this.#counts.restarts++;
    else if (seq > 0 && lastSeq > 0) this.#counts.gaps += seq - lastSeq - 1;
    if (wentBack) this.#unsureUntilMs[slot] = Math.max(this.#unsureUntilMs[slot]!, lastTs);
    this.#move(slot, ts, seq);
    this.#window.add(device, ts, seq);
    return restarted || ts <= this.#unsureUntilMs[slot]! ? 'suspect' : 'new';
  }

  #move(slot: number, ts: number, seq: number): void {
    this.#lastTs[slot] = ts;
    this.#lastSeq[slot] = seq;
    if (ts > this.#newestMs) this.#newestMs = ts;
  }

  /** The device's slot, emptied when another device had it before. */
  #claim(handle: number): number {
    const slot = this.#devices.slotOf(handle);
    if (slot >= this.#lastTs.length) this.#grow(slot);
    if (this.#owner[slot] !== handle) {
      this.#owner[slot] = handle;
      this.#lastTs[slot] = -1;
      this.#unsureUntilMs[slot] = this.#devices.overflowed ? this.#newestMs : -1;
    }
    return slot;
  }

  #grow(slot: number): void {
    const size = columnSize(slot);
    const lastTs = new Float64Array(size).fill(-1);
    const lastSeq = new Uint32Array(size);
    const owner = new Float64Array(size).fill(-1);
    const unsureUntilMs = new Float64Array(size).fill(-1);
    unsureUntilMs.set(this.#unsureUntilMs);
    this.#unsureUntilMs = unsureUntilMs;
    lastTs.set(this.#lastTs);
    lastSeq.set(this.#lastSeq);
    owner.set(this.#owner);
    this.#lastTs = lastTs;
    this.#lastSeq = lastSeq;
    this.#owner = owner;
  }
}
