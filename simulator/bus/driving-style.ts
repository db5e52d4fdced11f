// How hard a driver brakes and speeds up: what an accelerometer at the wheel would flag, as events. The bus's motion is smooth and does not
// show it; going too fast it does show.
import type { Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { Bus } from './state.ts';

/** Of a median driver, per km (engineering estimate: fleet telematics flag one in 50…200 km). Drivers differ: lognormal. */
const HARSH_BRAKES_PER_KM = 0.01;
const HARSH_ACCELS_PER_KM = 0.006;
const STYLE_SIGMA = 0.7;
/** Flagged from here on, m/s² (0.3 g and 0.25 g), and exceeded by so much on average. */
const HARSH_BRAKE_MPS2 = 3;
const HARSH_ACCEL_MPS2 = 2.5;
const BEYOND_MPS2 = 0.4;
const MOST_MPS2 = 7;
/** Too fast is more than this share of the street's limit; a tenth above goes unpunished in China. */
const OVERSPEED = 1.1;

/** A bus comes to a stop after so many metres. */
export function watchBraking(bus: Bus, random: Random, metres: number, nowMs: number, report: Reporter): void {
  const { index, segments } = bus;
  if (!isHarsh(bus, random, (HARSH_BRAKES_PER_KM * metres) / 1000, DRAW.harshBrake)) return;
  const beyond = random.exponential(BEYOND_MPS2, index, DRAW.harshBrakeSize, segments);
  report.event(index, nowMs, 'harshBrake', undefined, {
    line: bus.side.line.id,
    accelMps2: -Math.min(MOST_MPS2, HARSH_BRAKE_MPS2 + beyond),
  });
}

/** A bus leaves a stop for so many metres. */
export function watchStarting(bus: Bus, random: Random, metres: number, nowMs: number, report: Reporter): void {
  const { index, segments } = bus;
  if (!isHarsh(bus, random, (HARSH_ACCELS_PER_KM * metres) / 1000, DRAW.harshAccel)) return;
  const beyond = random.exponential(BEYOND_MPS2, index, DRAW.harshAccelSize, segments);
  report.event(index, nowMs, 'harshAccel', undefined, {
    line: bus.side.line.id,
    accelMps2: Math.min(MOST_MPS2, HARSH_ACCEL_MPS2 + beyond),
  });
}

/** Says once that the bus is too fast, until it is not. */
export function watchSpeed(bus: Bus, nowMs: number, report: Reporter): void {
  const { speedMps, side } = bus;
  const limitMps = side.limitMps(bus.linkIndex);
  if (bus.isTooFast) bus.isTooFast = speedMps > limitMps;
  else if (speedMps > OVERSPEED * limitMps) {
    bus.isTooFast = true;
    report.event(bus.index, nowMs, 'overspeed', undefined, { line: side.line.id, speedMps });
  }
}

/** expected: times, of a median driver */
function isHarsh({ index, segments }: Bus, random: Random, expected: number, purpose: number): boolean {
  const style = random.lognormal(1, STYLE_SIGMA, index, DRAW.style, 0);
  return random.uniform(index, purpose, segments) < style * expected;
}
