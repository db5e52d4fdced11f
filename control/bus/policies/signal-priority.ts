// Signal priority on request: a late bus, or one far behind its leader, asks for green when it is about to reach a place where buses usually
// stand between stops. Telemetry does not say where stop lines are: the policy learns them from where buses stand. Sources: conditional
// priority after P. Furth & T. Muller, Transportation Research Record 1731 (2000); window of 25 s as in TCRP Synthesis 110 (engineering estimate).
import type { Bus, Side } from '../network.ts';
import type { Policy } from '../policy.ts';
import { targetOf } from '../target.ts';

export interface SignalPriority {
  /** Later than this asks, s. */
  readonly lateS: number;
  /** Or further behind its leader than this, in planned headways. */
  readonly gapShare: number;
  /** Asks when this near the stop line, s. */
  readonly withinS: number;
  /** Not again within this, s: about two cycles. */
  readonly restS: number;
}

export const SIGNAL_PRIORITY: SignalPriority = { lateS: 60, gapShare: 1.3, withinS: 25, restS: 120 };

/** Places are told apart to this, m. */
const CELL_M = 20;
/** Buses that must have stood at a place. */
const STANDS = 3;
const STANDING_MPS = 0.5;
/** Nearer to a stop it may be the queue for the stop, m. */
const STOP_M = 40;
const MAX_CELLS = 5_000;

export function signalPriority(parameters: SignalPriority): Policy {
  const stands = new WeakMap<Side, Map<number, number>>();
  const stoodAt = new WeakMap<Bus, number>();
  const cellsOf = (side: Side) => {
    let cells = stands.get(side);
    if (cells === undefined) stands.set(side, (cells = new Map<number, number>()));
    return cells;
  };
  return {
    name: 'signal-priority',
    moved(bus, nowMs) {
      const cells = cellsOf(bus.side);
      if (bus.speedMps < STANDING_MPS) return learnStand(bus, cells, stoodAt);
      if (nowMs - bus.lastActionMs < 1000 * parameters.restS || !(bus.speedMps >= STANDING_MPS)) return undefined;
      const reason = reasonOf(bus, parameters);
      const aheadM = reason === undefined ? undefined : lineAheadM(bus, cells, parameters.withinS);
      if (aheadM === undefined) return undefined;
      const targetS = targetOf(bus);
      return {
        bus,
        name: 'requestPriority',
        args: {},
        why: `asks for green about ${Math.round(aheadM)} m ahead: ${reason}`,
        stop: bus.stop.id,
        ...(Number.isNaN(bus.gapS) ? {} : { gapS: bus.gapS, leader: bus.leader }),
        ...(Number.isNaN(targetS) ? {} : { targetS }),
      };
    },
  };
}

/** One count for each time a bus stands. */
function learnStand(bus: Bus, cells: Map<number, number>, stoodAt: WeakMap<Bus, number>): undefined {
  const { alongM, stop, left } = bus;
  const cell = Math.floor(alongM / CELL_M);
  const nearStop = [stop.alongM, left?.alongM].some((atM) => atM !== undefined && Math.abs(atM - alongM) < STOP_M);
  if (Number.isNaN(cell) || nearStop || stoodAt.get(bus) === cell) return;
  stoodAt.set(bus, cell);
  if (cells.size < MAX_CELLS || cells.has(cell)) cells.set(cell, (cells.get(cell) ?? 0) + 1);
}

function reasonOf(bus: Bus, { lateS, gapShare }: SignalPriority): string | undefined {
  if (bus.delayS > lateS) return `${Math.round(bus.delayS)} s late`;
  if (bus.gapS > gapShare * targetOf(bus)) return `${Math.round(bus.gapS)} s behind ${bus.leader}`;
  return undefined;
}

/** Distance to the nearest known standing place within reach. */
function lineAheadM({ alongM, speedMps }: Bus, cells: Map<number, number>, withinS: number): number | undefined {
  const last = Math.floor((alongM + speedMps * withinS) / CELL_M);
  for (let cell = Math.floor(alongM / CELL_M) + 1; cell <= last; cell++) {
    if ((cells.get(cell) ?? 0) >= STANDS) return (cell + 0.5) * CELL_M - alongM;
  }
  return undefined;
}
