// Turning short: where a bus can change to the opposite way before its terminal, and what the run from there goes by. Everybody has to get
// out; the bus drives the rest of the opposite way as an extra run without a trip.
import type { Trip } from './schedule.ts';
import type { LineNetwork } from './network.ts';
import type { Side } from './side.ts';

/** The stop across the street is no farther away, m. */
const ACROSS_M = 300;

export interface Counterpart {
  readonly to: Side;
  readonly toStop: number;
}

/** Where a bus that turns at this stop joins the opposite way; undefined when it cannot. */
export function counterpartOf(network: LineNetwork, side: Side, stop: number): Counterpart | undefined {
  const place = side.stopPlaces[stop]!;
  let best: Counterpart | undefined;
  let nearestM = ACROSS_M;
  for (const to of network.sides) {
    if (to.direction === side.direction) continue;
    // Nobody needs a run that begins where it ends.
    for (let toStop = 0; toStop < to.lastStop; toStop++) {
      const across = to.stopPlaces[toStop]!;
      const awayM = Math.hypot(across.x - place.x, across.y - place.y);
      if (awayM > nearestM || (awayM === nearestM && best !== undefined)) continue;
      nearestM = awayM;
      best = { to, toStop };
    }
  }
  return best;
}

/** Of these trips the one of the side that is planned to pass the stop nearest to this time of day; undefined without any. */
export function tripLike(trips: readonly Trip[], side: Side, stop: number, timeS: number): Trip | undefined {
  let best: Trip | undefined;
  let nearestS = Infinity;
  for (const trip of trips) {
    if (trip.side !== side) continue;
    const awayS = Math.abs(trip.startS + trip.planS[stop]! - timeS);
    if (awayS >= nearestS) continue;
    nearestS = awayS;
    best = trip;
  }
  return best;
}
