// Which device is drawn at a place. A plain walk over all positions: 25,000 take well under a millisecond.
import type { Fleet } from '../live/fleet.ts';
import { drawnPosition, type DrawTime } from '../live/motion.ts';

export interface Found {
  readonly kind: string;
  readonly device: string;
}

/** x, y and reach in mercator units relative to the fleets' origin. Moving things win over still ones at the same distance. */
export function nearestDevice(
  fleets: readonly Fleet[],
  x: number,
  y: number,
  reach: number,
  time: DrawTime,
): Found | undefined {
  const point = { x: 0, y: 0 };
  let best = reach;
  let found: Found | undefined;
  for (const fleet of fleets) {
    const handicap = fleet.moving ? 1 : 1.25;
    for (let index = 0; index < fleet.ids.length; index++) {
      if (fleet.placed[index] !== 1) continue;
      drawnPosition(fleet.motion, index, time, point);
      const distance = Math.hypot(point.x - x, point.y - y) * handicap;
      if (distance >= best) continue;
      best = distance;
      found = { kind: fleet.description.kind, device: fleet.ids[index]! };
    }
  }
  return found;
}
