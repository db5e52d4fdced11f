// Who passed where, when, and how long after the bus ahead: headways between the trips of one direction, taken from their traces. Pure.
import type { Trace } from './traces.ts';

/** A bus has left a stop when it is this far beyond it, m. */
const LEFT_M = 15;
/** A trace that begins this far beyond a place says nothing about when the bus was there, m. */
const SEEN_WITHIN_M = 60;

/** One trip of a direction beside the others. Arrays by place, NaN or −1 where unknown. */
export interface Run {
  readonly trace: Trace;
  /** Time of leaving each place, simulated ms. */
  readonly leftMs: Float64Array;
  /** Since the bus ahead left it, s. */
  readonly headwayS: Float64Array;
  /** Index of the run ahead there. */
  readonly leader: Int16Array;
}

/** traces: of one direction. placesM: ascending, m along the way. @returns one run a trace, in their order */
export function runsOf(traces: readonly Trace[], placesM: readonly number[]): Run[] {
  const runs = traces.map((trace) => ({
    trace,
    leftMs: leavings(trace, placesM),
    headwayS: new Float64Array(placesM.length).fill(NaN),
    leader: new Int16Array(placesM.length).fill(-1),
  }));
  for (let place = 0; place < placesM.length; place++) follow(runs, place);
  return runs;
}

function leavings({ ts, alongM }: Trace, placesM: readonly number[]): Float64Array {
  const left = new Float64Array(placesM.length).fill(NaN);
  const endM = placesM.at(-1) ?? 0;
  let at = 0;
  placesM.forEach((placeM, place) => {
    // Nobody leaves the last stop: arriving counts.
    const goalM = Math.min(placeM + LEFT_M, endM - LEFT_M);
    while (at < ts.length && alongM[at]! < goalM) at++;
    if (at === ts.length) return;
    if (at > 0) left[place] = timeAt(ts, alongM, at, goalM);
    else if (alongM[0]! <= placeM + SEEN_WITHIN_M) left[place] = ts[0]!;
  });
  return left;
}

function timeAt(ts: readonly number[], alongM: readonly number[], after: number, goalM: number): number {
  const [fromM, toM] = [alongM[after - 1]!, alongM[after]!];
  return ts[after - 1]! + ((ts[after]! - ts[after - 1]!) * (goalM - fromM)) / (toM - fromM);
}

function follow(runs: readonly Run[], place: number): void {
  const order = runs.map((_, index) => index).filter((index) => !Number.isNaN(runs[index]!.leftMs[place]!));
  order.sort((a, b) => runs[a]!.leftMs[place]! - runs[b]!.leftMs[place]!);
  for (let rank = 1; rank < order.length; rank++) {
    const [ahead, run] = [order[rank - 1]!, runs[order[rank]!]!];
    run.leader[place] = ahead;
    run.headwayS[place] = (run.leftMs[place]! - runs[ahead]!.leftMs[place]!) / 1000;
  }
}

/** Headway of a run at its newest place; undefined before the first. */
export function newestHeadway(run: Run): { readonly place: number; readonly headwayS: number } | undefined {
  const place = run.headwayS.findLastIndex((headwayS) => !Number.isNaN(headwayS));
  return place === -1 ? undefined : { place, headwayS: run.headwayS[place]! };
}
