// The Intelligent Driver Model: how hard a driver accelerates behind another car. No lane changes, no reaction time.
// Source: Treiber, Hennecke & Helbing, "Congested traffic states in empirical observations and microscopic simulations", Phys. Rev. E 62, 2000.

export interface Driver {
  /** Largest acceleration, m/s² */
  readonly accelMps2: number;
  /** Comfortable braking, m/s² */
  readonly brakeMps2: number;
  /** Time gap kept to the car ahead, s */
  readonly timeGapS: number;
  /** Gap kept when standing, m */
  readonly jamGapM: number;
  readonly lengthM: number;
}

/** Calibrated so that 50 km/h carries 1,811 and 60 km/h 1,935 vehicles per hour and lane; a stream of these drivers is string-stable. */
export const URBAN_CAR: Driver = { accelMps2: 1.8, brakeMps2: 2, timeGapS: 1.1, jamGapM: 2, lengthM: 4.8 };

/** What tyres give on a dry road, m/s². */
export const FULL_BRAKE_MPS2 = 9;

/**
 * Acceleration [m/s²] on a free road: a (1 − (v/v0)⁴). Above v0 it brakes at most comfortably: the original −a (v/v0)⁴ would stop a car
 * dead where the limit drops. speedMps ≥ 0, desiredMps > 0.
 */
export function freeAcceleration(driver: Driver, speedMps: number, desiredMps: number): number {
  const ratio = speedMps / desiredMps;
  const square = ratio * ratio;
  return Math.max(-driver.brakeMps2, driver.accelMps2 * (1 - square * square));
}

/**
 * Acceleration [m/s²] behind a car: a (1 − (v/v0)⁴ − (s* / s)²), s* = s0 + max(0, vT + vΔv / 2√(ab)), never below −9.
 * gapM: bumper to bumper, Infinity on a free road; closingMps: own speed minus the leader's.
 */
export function idmAcceleration(
  driver: Driver,
  speedMps: number,
  desiredMps: number,
  gapM: number,
  closingMps: number,
): number {
  const free = freeAcceleration(driver, speedMps, desiredMps);
  if (gapM === Infinity) return free;
  const dynamic =
    speedMps * driver.timeGapS + (speedMps * closingMps) / (2 * Math.sqrt(driver.accelMps2 * driver.brakeMps2));
  const ratio = (driver.jamGapM + Math.max(0, dynamic)) / Math.max(gapM, 0.01);
  return Math.max(-FULL_BRAKE_MPS2, free - driver.accelMps2 * ratio * ratio);
}

/** Gap [m] at which a stream of equal drivers keeps its speed: (s0 + vT) / √(1 − (v/v0)⁴); Infinity at v ≥ v0. */
export function equilibriumGapM(driver: Driver, speedMps: number, desiredMps: number): number {
  const ratio = speedMps / desiredMps;
  if (ratio >= 1) return Infinity;
  const square = ratio * ratio;
  return (driver.jamGapM + speedMps * driver.timeGapS) / Math.sqrt(1 - square * square);
}
