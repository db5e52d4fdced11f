// The planned headway.
import type { Bus } from './network.ts';

/** Of the bus's own trip, else of its line, s; NaN while nobody has told. */
export function targetOf({ targetHeadwayS, line }: Pick<Bus, 'targetHeadwayS' | 'line'>): number {
  return Number.isNaN(targetHeadwayS) ? line.targetHeadwayS : targetHeadwayS;
}
