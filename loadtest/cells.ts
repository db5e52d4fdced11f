// Counts of durations in log-linear cells, as HdrHistogram lays them out: constant relative error, one increment per value, mergeable.
// It keeps no times and no units but microseconds.
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { Distribution } from './result.ts';

/** 2¹⁰ cells per octave: an error of 0.1 %. */
export const FINE_BITS = 10;
/** 2⁶: 1.6 %, fewer than 2¹⁶ cells; small enough to have two for each second of a run. */
export const COARSE_BITS = 6;
const MAX_US = 0xffff_ffff; // 71 minutes

export interface CellsState {
  readonly bits: number;
  readonly counts: Uint32Array;
  count: number;
  sumUs: number;
  minUs: number;
  maxUs: number;
}

/** Only the cells that count something: for what is kept long and hardly touched. */
export interface PackedCells extends Omit<CellsState, 'counts'> {
  readonly at: Uint16Array;
  readonly counts: Uint32Array;
}

export class Cells implements CellsState {
  readonly bits: number;
  readonly counts: Uint32Array;
  count = 0;
  sumUs = 0;
  minUs = Infinity;
  maxUs = 0;

  constructor(bits: number) {
    this.bits = bits;
    this.counts = new Uint32Array(((31 - bits) << bits) + (2 << bits));
  }

  /** Below 0 counts as 0, above 71 minutes as 71 minutes. */
  record(us: number, times = 1): void {
    const value = us <= 0 ? 0 : us >= MAX_US ? MAX_US : us;
    const whole = value >>> 0;
    const shift = Math.max(0, 31 - Math.clz32(whole) - this.bits);
    const cell = (shift << this.bits) + (whole >>> shift);
    this.counts[cell] = this.counts[cell]! + times;
    this.count += times;
    this.sumUs += value * times;
    if (value < this.minUs) this.minUs = value;
    if (value > this.maxUs) this.maxUs = value;
  }

  merge(other: CellsState): void {
    if (other.count === 0) return;
    for (let at = 0; at < this.counts.length; at++) this.counts[at] = this.counts[at]! + other.counts[at]!;
    this.count += other.count;
    this.sumUs += other.sumUs;
    this.minUs = Math.min(this.minUs, other.minUs);
    this.maxUs = Math.max(this.maxUs, other.maxUs);
  }

  pack(): PackedCells {
    const { bits, count, sumUs, minUs, maxUs } = this;
    const at = Uint16Array.from(this.counts.keys()).filter((cell) => this.counts[cell]! > 0);
    return { bits, count, sumUs, minUs, maxUs, at, counts: Uint32Array.from(at, (cell) => this.counts[cell]!) };
  }

  static unpack({ bits, count, sumUs, minUs, maxUs, at, counts }: PackedCells): Cells {
    const cells = new Cells(bits);
    for (const [index, cell] of at.entries()) cells.counts[cell] = counts[index]!;
    return Object.assign(cells, { count, sumUs, minUs, maxUs });
  }

  /** The value that a `share` (0…1) of all values do not exceed, µs; 0 without values. */
  quantileUs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let at = 0; at < this.counts.length; at++) {
      seen += this.counts[at]!;
      if (seen >= rank) return Math.max(this.minUs, Math.min(this.maxUs, this.#middleUs(at)));
    }
    return 0;
  }

  /** ms, rounded to whole µs. */
  quantileMs(share: number): number {
    return toMs(this.quantileUs(share));
  }

  distribution(): Distribution {
    const hdr = build({ lowestDiscernibleValue: 1, highestTrackableValue: MAX_US, numberOfSignificantValueDigits: 3 });
    for (let at = 0; at < this.counts.length; at++) {
      if (this.counts[at]! > 0) hdr.recordValueWithCount(Math.round(this.#middleUs(at)), this.counts[at]!);
    }
    return {
      count: this.count,
      min: this.count === 0 ? 0 : toMs(this.minUs),
      mean: this.count === 0 ? 0 : toMs(this.sumUs / this.count),
      p50: this.quantileMs(0.5),
      p90: this.quantileMs(0.9),
      p99: this.quantileMs(0.99),
      p999: this.quantileMs(0.999),
      max: toMs(this.maxUs),
      hdr: encodeIntoCompressedBase64(hdr),
    };
  }

  #middleUs(cell: number): number {
    const shift = Math.max(0, (cell >>> this.bits) - 1);
    const width = 2 ** shift;
    return (cell - (shift << this.bits)) * width + (width - 1) / 2;
  }
}

function toMs(us: number): number {
  return Math.round(us) / 1000;
}
