// The statistics of a field: numbers in, one number out, whatever their order.
import { ExactSpread, ExactSum } from './exact-sum.ts';
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
  if (statistic === 'sum' || statistic === 'mean') return new Total(statistic === 'mean');
  if (statistic === 'sd' || statistic === 'cv') return spread(statistic === 'cv');
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

/** The sum, or with it the mean. */
class Total implements Accumulator {
  readonly #isMean: boolean;
  readonly #sum = new ExactSum();
  #count = 0;

  constructor(isMean: boolean) {
    this.#isMean = isMean;
  }

  add(value: number): void {
    this.#count++;
    this.#sum.add(value);
  }

  value(): number | undefined {
    if (this.#count === 0) return undefined;
    return this.#isMean ? this.#sum.value / this.#count : this.#sum.value;
  }
}

/** Standard deviation, or with it the coefficient of variation; of a mean of 0 there is none. */
function spread(isRelative: boolean): Accumulator {
  const values = new ExactSpread();
  return {
    add: (value) => values.add(value),
    value: () => {
      const { sd } = values;
      if (sd === undefined || !isRelative) return sd;
      return values.mean === 0 ? undefined : sd / Math.abs(values.mean);
    },
  };
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
