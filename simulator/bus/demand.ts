// Who rides from where to where on one way of a line: shares by stop, drawn once by stop and never by what buses do. How many ride, and
// when they come, is not in here.
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { Side } from './side.ts';

/** Trip length along the line: gamma with shape 2 and mean 5 km (EE). */
const TRIP_SCALE_M = 2_500;
/** Stops differ. */
const STOP_SIGMA = 0.4;

export interface SideDemand {
  /** For `Random`: number of the side's first stop. */
  readonly firstId: number;
  /** Share of the way's passengers who board, and who alight, at each stop. */
  readonly boards: Float64Array;
  readonly alights: Float64Array;
  /** [from] cumulative shares of destinations by stop; the last value is 1. */
  readonly destinations: readonly Float64Array[];
}

/** firstId: how many stops the sides before this one have. */
export function demandOf(side: Side, firstId: number, random: Random): SideDemand {
  const weight = (stop: number) => random.lognormal(1, STOP_SIGMA, firstId + stop, DRAW.stopWeight, 0);
  // People board where the line still takes them far enough.
  const origins = side.stopAtM.map((atM, stop) => {
    const restM = (side.lengthM - atM) / TRIP_SCALE_M;
    return weight(stop) * (1 - Math.exp(-restM) * (1 + restM));
  });
  const sum = origins.reduce((total, origin) => total + origin, 0);
  const boards = origins.map((origin) => origin / sum);
  const destinations = Array.from(boards, (_, stop) => destinationsOf(side, stop, weight));
  const alights = boards.map((_, stop) =>
    destinations.reduce(
      (total, shares, from) => total + boards[from]! * (shares[stop]! - (stop === 0 ? 0 : shares[stop - 1]!)),
      0,
    ),
  );
  return { firstId, boards, alights, destinations };
}

/** Cumulative gravity along the line; the last value is 1, so that a draw always ends. */
function destinationsOf(side: Side, from: number, weight: (stop: number) => number): Float64Array {
  let sum = 0;
  const cumulative = Float64Array.from(side.stopAtM, (atM, stop) => {
    const distanceM = atM - side.stopAtM[from]!;
    if (stop > from) sum += weight(stop) * distanceM * Math.exp(-distanceM / TRIP_SCALE_M);
    return sum;
  });
  const scaled = cumulative.map((value) => (sum > 0 ? value / sum : 0));
  scaled[scaled.length - 1] = 1;
  return scaled;
}
