// How one home's electric load differs from the mean home's: its size, its air conditioners, and what is switched on in a quarter of an
// hour. Factors with mean 1 over homes and quarters; the mean home itself is in home-load.ts. No single appliance, no presence.
import type { Random } from '../random.ts';

/**
 * Homes differ: lognormal, mean 1. Its spread makes 80 % and 95 % of homes fit the first two tiers of Jiangsu's tariff, 230 and 400 kWh a
 * month (NDRC 2011): P95 / P80 = 1.74.
 */
const HOME_SIGMA = 0.69;
/** Homes without an air conditioner, and how the others differ in using theirs (engineering estimates; CRECS 2021). */
const WITHOUT_AC_SHARE = 0.06;
const AC_SIGMA = 0.35;
/** What never rests: refrigerator, router, standby. */
const STEADY_SHARE = 0.25;
/** Coefficient of variation of the rest between quarters of an hour, in a home of mean size; more homes under a roof even it out. */
const QUARTER_CV = 1.2;
const QUARTER_CV_RANGE = [0.6, 1.8] as const;

// Purposes of the random draws.
const HOME = 201;
const AC = 202;
const AC_USE = 203;
const QUARTER = 204;

/** Load of a home relative to the mean home: > 0, mean 1. A pure function of its index. */
export function homeFactor(random: Random, home: number): number {
  return meanOne(HOME_SIGMA, random.normal(home, HOME, 0));
}

/** Cooling and heating of a home of given size relative to the mean home: ≥ 0, mean 1. */
export function airConditioningFactor(random: Random, home: number): number {
  if (random.uniform(home, AC, 0) < WITHOUT_AC_SHARE) return 0;
  return meanOne(AC_SIGMA, random.normal(home, AC_USE, 0)) / (1 - WITHOUT_AC_SHARE);
}

/** What is switched on in one quarter of an hour: ≥ 0.25, mean 1; the smaller the home, the spikier. quarter: its number since 1970. */
export function quarterFactor(random: Random, home: number, homeFactor: number, quarter: number): number {
  const [least, most] = QUARTER_CV_RANGE;
  const cv = Math.min(most, Math.max(least, QUARTER_CV / Math.sqrt(homeFactor)));
  const sigma = Math.sqrt(Math.log(1 + cv * cv));
  return STEADY_SHARE + (1 - STEADY_SHARE) * meanOne(sigma, random.normal(home, QUARTER, quarter));
}

/** exp(sigma z − sigma² / 2): lognormal with mean 1 for a standard normal z. */
function meanOne(sigma: number, z: number): number {
  return Math.exp(sigma * z - (sigma * sigma) / 2);
}
