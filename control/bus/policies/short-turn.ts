// Short turn: a bus that has fallen far behind its leader and carries few people ends its trip early and helps the other way, where many
// wait; those on board take the bus behind. Conditions after P. Furth, "Short turning on transit lines", Transportation Research Record
// 1108 (1987), and common dispatching practice; the thresholds are engineering estimates.
import { timeBetweenS, busBehind } from '../positions.ts';
import type { Bus, Line, Side, Stop } from '../network.ts';
import type { Action, Policy } from '../policy.ts';
import { targetOf } from '../target.ts';

export interface ShortTurn {
  /** Gap ahead from which a bus is worth turning, in planned headways. */
  readonly gapShare: number;
  /** Load up to which it may be emptied, as a share of capacity. */
  readonly loadShare: number;
  /** People who wait on the other way, from where it would join. */
  readonly crowd: number;
  /** Stops at both ends of a run where turning saves nothing. */
  readonly endStops: number;
  /** Not again on the same line within this, s. */
  readonly restS: number;
}

export const SHORT_TURN: ShortTurn = { gapShare: 2, loadShare: 0.3, crowd: 20, endStops: 3, restS: 1_200 };

/** A bus can turn where a stop of the other way is this near, m. */
const ACROSS_M = 150;
/** Stops ahead at which the turn may be announced. */
const AHEAD_STOPS = 3;
const METRES_PER_DEGREE = 111_195;

export function shortTurn(parameters: ShortTurn): Policy {
  const turnedMs = new WeakMap<Line, number>();
  return {
    name: 'short-turn',
    reviewed(line, nowMs) {
      if (nowMs - (turnedMs.get(line) ?? -Infinity) < 1000 * parameters.restS) return undefined;
      for (const bus of line.buses) {
        const action = turnOf(bus, nowMs, parameters);
        if (action === undefined) continue;
        turnedMs.set(line, nowMs);
        return action;
      }
      return undefined;
    },
  };
}

function turnOf(bus: Bus, nowMs: number, parameters: ShortTurn): Action | undefined {
  const targetS = targetOf(bus);
  const isLate = bus.gapS > parameters.gapShare * targetS;
  if (!bus.inService || !isLate || bus.load > parameters.loadShare * bus.capacity) return undefined;
  const behind = busBehind(bus, nowMs);
  // Those on board must not wait long.
  if (behind === undefined || timeBetweenS(behind, bus) > targetS) return undefined;
  const opposite = bus.line.opposite(bus.side);
  const turn = turnStop(bus, opposite, parameters.endStops);
  if (turn === undefined) return undefined;
  const waiting = waitingFrom(opposite, turn.across, nowMs);
  if (waiting <= parameters.crowd) return undefined;
  return {
    bus,
    name: 'shortTurn',
    args: { atStop: turn.stop.id },
    why: `turns at ${turn.stop.id}: ${Math.round(bus.gapS)} s behind ${bus.leader}, ${bus.load} on board, about ${Math.round(waiting)} wait the other way`,
    stop: turn.stop.id,
    gapS: bus.gapS,
    targetS,
    leader: bus.leader,
  };
}

/** The next stop ahead from which the other way can be joined. */
function turnStop({ side, sequence }: Bus, opposite: Side, endStops: number): { stop: Stop; across: Stop } | undefined {
  for (let at = Math.max(sequence + 1, endStops); at <= sequence + AHEAD_STOPS; at++) {
    const stop = side.stops[at];
    if (stop === undefined || at > side.lastSequence - endStops) return undefined;
    const across = opposite.stops.find((other) => other !== undefined && distanceM(stop, other) < ACROSS_M);
    if (across !== undefined) return { stop, across };
  }
  return undefined;
}

/** People who have come since the last bus, at this stop and all after it. */
function waitingFrom({ stops }: Side, first: Stop, nowMs: number): number {
  return stops.slice(stops.indexOf(first)).reduce((sum, stop) => {
    const waitS = (nowMs - (stop?.lastDepartureMs ?? nowMs)) / 1000;
    return sum + (Number.isFinite(waitS) ? Math.max(0, waitS) * (stop?.boardedPerS || 0) : 0);
  }, 0);
}

function distanceM(a: Stop, b: Stop): number {
  const east = (a.lon - b.lon) * Math.cos((a.lat * Math.PI) / 180);
  return METRES_PER_DEGREE * Math.hypot(a.lat - b.lat, east);
}
