// How many cars come to a spot and how long they stay, by land use. Not which car, not what it pays.
import type { LandUse } from '../city.ts';
import type { Random } from '../random.ts';

const MIN_MS = 60_000;
const STAY_MIN_MS = MIN_MS;
/** Nobody stays longer; what lies further back than this does not matter to a spot. */
export const STAY_MAX_MS = 3 * 86_400_000;

/** Cars that would like one spot in the mean hour of a working day; set so that the daytime occupancy is 0.5–0.95 (engineering estimate). */
export const ARRIVALS_PER_H: { readonly [use in LandUse]: number } = {
  retail: 2.6,
  office: 0.42,
  industry: 0.34,
  housing: 0.27,
};

/**
 * Length of a stay, ms. Shops: lognormal, median 38 min, mean 57 min. Offices: 70 % a working day of 510 ± 70 min, else an errand of 90 min.
 * Works: 80 % a shift of 540 ± 60 min, else an hour. Homes: 75 % a night of 11 h, else until the next evening. Parameters are engineering
 * estimates; that mixtures are needed is published. purpose: two draws, `purpose` and `purpose + 1`.
 */
export function stayMs(use: LandUse, random: Random, spot: number, purpose: number, counter: number): number {
  const law = random.uniform(spot, purpose, counter);
  const normal = (meanMin: number, sdMin: number) => meanMin + sdMin * random.normal(spot, purpose + 1, counter);
  const lognormal = (medianMin: number, sigma: number) =>
    random.lognormal(medianMin, sigma, spot, purpose + 1, counter);
  const stayMin = {
    retail: () => lognormal(38, 0.9),
    office: () => (law < 0.7 ? normal(510, 70) : lognormal(90, 0.7)),
    industry: () => (law < 0.8 ? normal(540, 60) : lognormal(60, 0.7)),
    housing: () => (law < 0.75 ? normal(660, 150) : normal(1800, 300)),
  }[use]();
  return Math.max(STAY_MIN_MS, Math.min(STAY_MAX_MS, stayMin * MIN_MS));
}
