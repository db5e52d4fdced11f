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
  /** 2 √(accel · brake): how strongly closing in widens the gap wanted, m/s². */
  readonly closingMps2: number;
}

type Habits = Omit<Driver, 'closingMps2'>;

function driver(habits: Habits): Driver {
  return { ...habits, closingMps2: 2 * Math.sqrt(habits.accelMps2 * habits.brakeMps2) };
}

/** Calibrated so that 50 km/h carries 1,811 and 60 km/h 1,935 vehicles per hour and lane; a stream of these drivers is string-stable. */
export const URBAN_CAR = driver({ accelMps2: 1.8, brakeMps2: 2, timeGapS: 1.1, jamGapM: 2, lengthM: 4.8 });

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
 * What a car ahead takes off the free acceleration, m/s² ≥ 0: a (s* / s)², s* = s0 + max(0, vT + vΔv / 2√(ab)).
 * gapM: bumper to bumper, Infinity when there is none; closingMps: own speed minus the leader's.
 */
export function leaderDeceleration(driver: Driver, speedMps: number, gapM: number, closingMps: number): number {
  const dynamicM = speedMps * (driver.timeGapS + closingMps / driver.closingMps2);
  const ratio = (driver.jamGapM + Math.max(0, dynamicM)) / Math.max(gapM, 0.01);
  return driver.accelMps2 * ratio * ratio;
}

/** Acceleration [m/s²] behind a car: a (1 − (v/v0)⁴ − (s* / s)²), never below −9. Arguments as above. */
export function idmAcceleration(
  driver: Driver,
  speedMps: number,
  desiredMps: number,
  gapM: number,
  closingMps: number,
): number {
  const free = freeAcceleration(driver, speedMps, desiredMps);
  return Math.max(-FULL_BRAKE_MPS2, free - leaderDeceleration(driver, speedMps, gapM, closingMps));
}

/** Gap [m] at which a stream of equal drivers keeps its speed: (s0 + vT) / √(1 − (v/v0)⁴); Infinity at v ≥ v0. */
export function equilibriumGapM(driver: Driver, speedMps: number, desiredMps: number): number {
  const ratio = speedMps / desiredMps;
  if (ratio >= 1) return Infinity;
  const square = ratio * ratio;
  return (driver.jamGapM + speedMps * driver.timeGapS) / Math.sqrt(1 - square * square);
}
