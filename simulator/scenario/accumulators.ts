// The statistics of a field: numbers in, one number out, whatever their order.
import { ExactSum } from './exact-sum.ts';
import type { Statistic } from './measure.ts';
import { Sketch } from './sketch.ts';

export interface Accumulator {
  add(value: number, device: number, ts: number): void;
  value(): number | undefined;
}

export function accumulator(statistic: Statistic): Accumulator {
  if (statistic === 'last') return new Last();
  if (statistic === 'min') return extreme((a, b) => a < b);
  if (statistic === 'max') return extreme((a, b) => a > b);
  if (statistic === 'sum' || statistic === 'mean' || statistic === 'sd' || statistic === 'cv')
    return new Moments(statistic);
  const sketch = new Sketch();
  const share = Number(statistic.slice(1)) / 100;
  return { add: (value) => sketch.add(value), value: () => sketch.quantile(share) };
}

function extreme(isBetter: (a: number, b: number) => boolean): Accumulator {
  let best: number | undefined;
  return {
    add: (value) => {
      if (best === undefined || isBetter(value, best)) best = value;
    },
    value: () => best,
  };
}

class Moments implements Accumulator {
  readonly #statistic: 'sum' | 'mean' | 'sd' | 'cv';
  readonly #sum = new ExactSum();
  readonly #squares: ExactSum | undefined;
  #count = 0;

  constructor(statistic: 'sum' | 'mean' | 'sd' | 'cv') {
    this.#statistic = statistic;
    if (statistic === 'sd' || statistic === 'cv') this.#squares = new ExactSum();
  }

  add(value: number): void {
    this.#count++;
    this.#sum.add(value);
    this.#squares?.add(value * value);
  }

  value(): number | undefined {
    if (this.#count === 0) return undefined;
    const sum = this.#sum.value;
    if (this.#statistic === 'sum') return sum;
    const mean = sum / this.#count;
    if (this.#squares === undefined) return mean;
    if (this.#count < 2) return undefined;
    const sd = Math.sqrt(Math.max(0, this.#squares.value - sum * mean) / (this.#count - 1));
    if (this.#statistic === 'sd') return sd;
    return mean === 0 ? undefined : sd / Math.abs(mean);
  }
}

/** The value of the newest record; of two from the same moment that of the higher device. */
class Last implements Accumulator {
  #value: number | undefined;
  #ts = -Infinity;
  #device = -1;

  add(value: number, device: number, ts: number): void {
    if (ts < this.#ts || (ts === this.#ts && device < this.#device)) return;
    this.#value = value;
    this.#ts = ts;
    this.#device = device;
  }

  value(): number | undefined {
    return this.#value;
  }
}
