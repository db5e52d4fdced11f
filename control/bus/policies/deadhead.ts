// Deadhead: when buses leave people behind twice in a row, one that rests at the terminal runs empty to the stop where most were left, and
// begins there. Practice of peak-hour dispatching; P. Furth, "Alternating deadheading in bus route operations", Transportation Science 19
// (1985), 13–28. The thresholds are engineering estimates.
import { OVERFULL } from '../lessons.ts';
import type { Line, Side, Stop } from '../network.ts';
import type { Action, Policy } from '../policy.ts';

export interface Deadhead {
  /** Buses in a row that must have left more than 5 people behind. */
  readonly runs: number;
  /** Not again on the same way within this, s. */
  readonly restS: number;
}

export const DEADHEAD: Deadhead = { runs: 2, restS: 900 };

export function deadhead(parameters: Deadhead): Policy {
  const sentMs = new WeakMap<Side, number>();
  return {
    name: 'deadhead',
    reviewed(line, nowMs) {
      for (const side of [line.out, line.back]) {
        if (nowMs - (sentMs.get(side) ?? -Infinity) < 1000 * parameters.restS) continue;
        const action = emptyRun(line, side, parameters);
        if (action === undefined) continue;
        sentMs.set(side, nowMs);
        return action;
      }
      return undefined;
    },
  };
}

function emptyRun(line: Line, side: Side, { runs }: Deadhead): Action | undefined {
  let worst: Stop | undefined;
  for (const stop of side.stops) {
    const isOverfull = stop !== undefined && stop.overfullRuns >= runs && stop.denied > OVERFULL;
    if (isOverfull && stop.denied > (worst?.denied ?? 0)) worst = stop;
  }
  // At the terminal itself the next bus is as good.
  if (worst === undefined || worst === side.stops[0]) return undefined;
  const bus = [...line.buses].find((resting) => resting.state === 'resting' && resting.side === side);
  if (bus === undefined) return undefined;
  const why = `runs empty to ${worst.id}: ${worst.overfullRuns} buses in a row left people behind there, the last one ${worst.denied}`;
  worst.overfullRuns = 0;
  return { bus, name: 'deadhead', args: { toStop: worst.id }, why, stop: worst.id };
}
