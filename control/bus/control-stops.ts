// Holding, what all policies that hold have in common: where, how long at most, and how it is said.
import type { Bus } from './network.ts';
import type { Action } from './policy.ts';
import { targetOf } from './target.ts';

export interface Holding {
  /** Every n-th stop, or these positions in the pattern, from 0. The first and the last stop of a run never are. */
  readonly controlStops: number | readonly number[];
  /** Never longer, s. */
  readonly maxHoldS: number;
  /** Shorter ones are not worth a message, s. */
  readonly minHoldS: number;
  /** Buses of a line with longer headways go by the timetable, which is what their riders do, s; absent: none do. */
  readonly longestHeadwayS?: number;
}

/** Whether this bus may be held where it stands. */
export function isControlStop(bus: Bus, { controlStops, longestHeadwayS = Infinity }: Holding): boolean {
  const { sequence, side } = bus;
  if (targetOf(bus) > longestHeadwayS) return false;
  if (sequence === 0 ? !side.isLoop : sequence === side.lastSequence && !side.isLoop) return false;
  return typeof controlStops === 'number' ? sequence % controlStops === 0 : controlStops.includes(sequence);
}

/** wantedS: what the law asks for, any number; NaN: it cannot tell. @returns a hold in whole seconds; undefined when there is none */
export function hold(bus: Bus, wantedS: number, holding: Holding, why: string): Action | undefined {
  const durationS = Math.round(Math.min(holding.maxHoldS, wantedS));
  if (!(durationS >= Math.max(1, holding.minHoldS))) return undefined;
  const targetS = targetOf(bus);
  return {
    bus,
    name: 'hold',
    args: { durationS },
    why: `held ${durationS} s: ${why}`,
    stop: bus.stop.id,
    durationS,
    ...(Number.isNaN(bus.gapS) ? {} : { gapS: bus.gapS, leader: bus.leader }),
    ...(Number.isNaN(targetS) ? {} : { targetS }),
  };
}
