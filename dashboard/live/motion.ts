// Where a thing is drawn between its reports: last position + velocity × simulated time, and a correction that fades after each report
// so that nothing jumps. The vertex shader in map/shaders.ts computes the same; this is its reference and serves hover and tests.

/** Nothing is moved further ahead than this, simulated seconds: beyond it the report is simply late. */
export const AHEAD_LIMIT_S = 12;
/** The drawn position reaches the reported one after this, wall seconds. */
export const BLEND_S = 0.6;
/** A step larger than this is no drift but another place (a restart, a new trip): go there at once. */
const JUMP_M = 400;
const EARTH_CIRCUMFERENCE_M = 40_075_016.686;

/** Floats of one device's motion, in this order; positions in mercator units (the world is 1 wide) from the origin. */
export const X = 0;
export const Y = 1;
export const VX = 2;
export const VY = 3;
/** Simulated time of the report, ms. */
export const T0 = 4;
/** What is added to the position right after the report, fading. */
export const CX = 5;
export const CY = 6;
/** Wall time at which the correction began, ms. */
export const TC = 7;
/** Degrees clockwise from north; NaN = unknown. */
export const HEADING = 8;
export const MOTION_STRIDE = 9;

export interface DrawTime {
  readonly simMs: number;
  readonly wallMs: number;
}

export function mercatorX(lon: number): number {
  return (180 + lon) / 360;
}
export function mercatorY(lat: number): number {
  return (180 - (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360))) / 360;
}
export function lonOf(x: number): number {
  return x * 360 - 180;
}
export function latOf(y: number): number {
  return (360 / Math.PI) * Math.atan(Math.exp(((180 - y * 360) * Math.PI) / 180)) - 90;
}
/** Mercator units in a metre at a latitude. */
export function unitsPerMetre(lat: number): number {
  return 1 / (EARTH_CIRCUMFERENCE_M * Math.cos((lat * Math.PI) / 180));
}

/** Drawn position of the device at `index`; [x, y] into `out`. */
export function drawnPosition(
  motion: Float64Array,
  index: number,
  time: DrawTime,
  out: { x: number; y: number },
): void {
  const at = index * MOTION_STRIDE;
  const dt = Math.min(AHEAD_LIMIT_S, Math.max(0, (time.simMs - motion[at + T0]!) / 1000));
  const left = 1 - smooth((time.wallMs - motion[at + TC]!) / 1000 / BLEND_S);
  out.x = motion[at + X]! + motion[at + VX]! * dt + motion[at + CX]! * left;
  out.y = motion[at + Y]! + motion[at + VY]! * dt + motion[at + CY]! * left;
}

function smooth(t: number): number {
  const s = Math.min(1, Math.max(0, t));
  return s * s * (3 - 2 * s);
}

export interface Sighting {
  readonly lat: number;
  readonly lon: number;
  readonly ts: number;
  /** Absent: it stands still. */
  readonly speedMps?: number;
  readonly headingDeg?: number;
}

const before = { x: 0, y: 0 };
const after = { x: 0, y: 0 };

/** Takes a report; `first`: the device was nowhere before. originX, originY: mercator coordinates the motion is relative to. */
export function observe(
  motion: Float64Array,
  index: number,
  origin: { readonly x: number; readonly y: number },
  sighting: Sighting,
  time: DrawTime,
  first: boolean,
): void {
  const at = index * MOTION_STRIDE;
  if (!first) drawnPosition(motion, index, time, before);
  const perMetre = unitsPerMetre(sighting.lat);
  const heading = sighting.headingDeg;
  const speed = heading === undefined ? 0 : (sighting.speedMps ?? 0) * perMetre;
  const angle = ((heading ?? 0) * Math.PI) / 180;
  motion[at + X] = mercatorX(sighting.lon) - origin.x;
  motion[at + Y] = mercatorY(sighting.lat) - origin.y;
  motion[at + VX] = Math.sin(angle) * speed;
  motion[at + VY] = -Math.cos(angle) * speed; // mercator y grows southwards
  motion[at + T0] = sighting.ts;
  motion[at + CX] = 0;
  motion[at + CY] = 0;
  motion[at + TC] = 0;
  motion[at + HEADING] = heading ?? (first ? NaN : motion[at + HEADING]!);
  if (first) return;
  drawnPosition(motion, index, time, after);
  const dx = before.x - after.x;
  const dy = before.y - after.y;
  if (Math.hypot(dx, dy) > JUMP_M * perMetre) return;
  motion[at + CX] = dx;
  motion[at + CY] = dy;
  motion[at + TC] = time.wallMs;
}
