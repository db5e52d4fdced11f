// Randomness as a pure function of (seed, device, purpose, counter). No stream is shared: adding a device, a worker or a controller
// never changes another device's life. Not for cryptography.

const GOLDEN = 0x9e3779b9;

/** 32-bit avalanche. Source: C. Wellons, "lowbias32", 2018 (bias 0.17 of 1000). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** A 32-bit hash of a text, for seeds by name. FNV-1a with a final avalanche. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

export class Random {
  readonly #seed: number;

  /** seed: any safe integer ≥ 0 */
  constructor(seed: number) {
    this.#seed = mix(mix(seed >>> 0) ^ Math.floor(seed / 2 ** 32));
  }

  /** An independent source for a part of the city. */
  fork(name: string): Random {
    return new Random(mix(this.#seed ^ hashText(name)) * 2 ** 20 + (hashText(`${name}#`) >>> 12));
  }

  /** Uniform 32-bit integer. device, counter: integers 0…2^32-1; purpose: a constant of the caller. */
  bits(device: number, purpose: number, counter: number): number {
    const a = mix(this.#seed + Math.imul(device, GOLDEN));
    const b = mix(a ^ Math.imul(purpose + 1, 0x85ebca6b));
    return mix(b + Math.imul(counter, 0xc2b2ae35) + (a >>> 7));
  }

  /** Uniform in (0, 1): never 0, never 1. */
  uniform(device: number, purpose: number, counter: number): number {
    return (this.bits(device, purpose, counter) + 0.5) / 4_294_967_296;
  }

  /** Standard normal, Box–Muller, one per counter. */
  normal(device: number, purpose: number, counter: number): number {
    const radius = Math.sqrt(-2 * Math.log(this.uniform(device, purpose, 2 * counter)));
    return radius * Math.cos(2 * Math.PI * this.uniform(device, purpose, 2 * counter + 1));
  }

  /** Exponential with the given mean. */
  exponential(mean: number, device: number, purpose: number, counter: number): number {
    return -mean * Math.log(this.uniform(device, purpose, counter));
  }

  /** exp(N(log median, sigma)). */
  lognormal(median: number, sigma: number, device: number, purpose: number, counter: number): number {
    return median * Math.exp(sigma * this.normal(device, purpose, counter));
  }

  /** Poisson count; exact by multiplication below mean 30, rounded normal above. mean ≥ 0. */
  poisson(mean: number, device: number, purpose: number, counter: number): number {
    if (mean >= 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal(device, purpose, counter)));
    const limit = Math.exp(-mean);
    let count = 0;
    // Each draw of this counter has its own sub-purpose, so that two counters never share a number.
    for (let product = this.uniform(device, purpose, counter); product > limit; count++) {
      product *= this.uniform(device, purpose + 1_000_003 * (count + 1), counter);
    }
    return count;
  }
}
