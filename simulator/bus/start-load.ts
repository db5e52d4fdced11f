// How many fit into a bus, and who sits in it when a run begins.
import { boardingShareAt } from '../world/people.ts';
import type { Line } from './line.ts';

/** A 12 m bus. */
export const SEATS = 34;
export const CAPACITY = 80;

/** Fills `aboard` with those who got on at the stops passed, as many as come in a planned headway. @returns how many */
export function startLoad(
  bus: { readonly line: Line; readonly direction: 0 | 1; readonly stop: number; readonly aboard: Uint16Array },
  civilMs: number,
): number {
  const people = bus.line.demand[bus.direction];
  let load = 0;
  for (let from = 0; from < bus.stop; from++) {
    const boarded = Math.round(people.ratePerS(from, boardingShareAt(civilMs)) * bus.line.headwayS);
    for (let i = 0; i < boarded && load < CAPACITY; i++) {
      const to = people.destination(from);
      if (to < bus.stop) continue;
      bus.aboard[to]!++;
      load++;
    }
  }
  return load;
}
