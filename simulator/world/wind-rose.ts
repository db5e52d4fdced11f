// Where the wind comes from, by season. Shares of the eight sectors from the typical year of Shanghai-Hongqiao (TMYx 1956–2023).

/** The rose is cut between south-west and west, where wind is rare in every season: directions count clockwise from here. */
export const WIND_ROSE_FROM_DEG = 247.5;
const SECTOR_DEG = 45;

/** Shares from W, NW, N, NE, E, SE, S, SW in winter, spring, summer, autumn. */
const ROSES: readonly (readonly number[])[] = [
  [0.06, 0.17, 0.26, 0.12, 0.08, 0.18, 0.1, 0.03],
  [0.06, 0.08, 0.17, 0.14, 0.12, 0.24, 0.16, 0.04],
  [0.11, 0.04, 0.04, 0.03, 0.11, 0.23, 0.29, 0.16],
  [0.03, 0.13, 0.32, 0.13, 0.16, 0.15, 0.04, 0.03],
].map(perSum);
/** The middle of winter; seasons give way to each other linearly. */
const WINTER_DAY = 15;

/** Direction, clockwise from the cut, that a share `u` of the day's winds lies below. u 0…1, dayOfYear 1…366 → 0…360 */
export function windTurnDeg(u: number, dayOfYear: number): number {
  const position = ((dayOfYear - WINTER_DAY + 365.25) / 365.25) * 4;
  const season = Math.floor(position);
  const part = position - season;
  let left = u;
  for (let sector = 0; sector < 8; sector++) {
    const share = ROSES[season % 4]![sector]! * (1 - part) + ROSES[(season + 1) % 4]![sector]! * part;
    if (left < share) return (sector + left / share) * SECTOR_DEG;
    left -= share;
  }
  return 360;
}

function perSum(shares: readonly number[]): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}
