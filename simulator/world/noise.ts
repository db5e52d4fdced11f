// Random processes as pure functions of (seed, purpose, index): each value is known without the ones before it.
import type { Random } from '../random.ts';

/** Stationary AR(1) series, mean 0, variance 1, as the moving average it equals; terms below 1e-6 are left out. phi 0…0.99 */
export function series(random: Random, purpose: number, index: number, phi: number): number {
  let sum = 0;
  let k = 0;
  for (let weight = Math.sqrt(1 - phi * phi); weight > 1e-6; weight *= phi) {
    sum += weight * random.normal(0, purpose, index - k++);
  }
  return sum;
}

/** Noise that wanders linearly from one whole index to the next; mean 0, standard deviation 0.8 (1 at the whole indices). */
export function wander(random: Random, device: number, purpose: number, position: number): number {
  const index = Math.floor(position);
  const a = random.normal(device, purpose, index);
  return a + (position - index) * (random.normal(device, purpose, index + 1) - a);
}

/** Gamma variate, scale 1. shape 0…1, exclusive. Takes purpose and purpose + 100. Source: Marsaglia and Tsang 2000. */
export function gamma(random: Random, purpose: number, index: number, shape: number): number {
  const d = shape + 2 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; ; attempt++) {
    const x = random.normal(2 * attempt, purpose, index);
    const root = 1 + c * x;
    const v = root * root * root;
    if (v <= 0) continue;
    const u = random.uniform(2 * attempt + 1, purpose, index);
    if (Math.log(u) > 0.5 * x * x + d - d * v + d * Math.log(v)) continue;
    const boost = random.uniform(2 * attempt + 1, purpose + 100, index);
    return d * v * Math.exp(Math.log(boost) / shape);
  }
}
