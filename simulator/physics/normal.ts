// The normal distribution function, which turns a Gaussian series into one of any other distribution.

/** P(N(0,1) ≤ z). Any finite z → (0, 1). Source: Abramowitz and Stegun 1964, 26.2.17; absolute error < 7.5e-8. */
export function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    0.3989422804014327 *
    Math.exp((-z * z) / 2) *
    (t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))));
  return z >= 0 ? 1 - tail : tail;
}
