// A tipping bucket: rain fills it, it tips at 0.2 mm and counts. In a downpour water runs past it while it tips. No wind loss, no snow, no dirt.

export const TIPS_PER_MM = 5;
export const TIP_MM = 1 / TIPS_PER_MM;
/** Above this intensity the bucket misses a share of the rain (WMO-No. 8, uncorrected gauges; the share is an engineering estimate). */
const DOWNPOUR_MM_PER_H = 50;
const MISSED_SHARE = 0.05;

/** Rain that reaches the bucket. rainMmPerH ≥ 0 → mm/h */
export function caughtMmPerH(rainMmPerH: number): number {
  return rainMmPerH > DOWNPOUR_MM_PER_H ? rainMmPerH * (1 - MISSED_SHARE) : rainMmPerH;
}
