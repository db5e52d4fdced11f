// Where buses are when the city wakes up: in the middle of their duties as the timetable has them, with the people of that hour on board and
// at the stops; at night in the depots.
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { DRAW } from './draws.ts';
import { dutiesOf } from './duties.ts';
import type { Slot, Turn } from './duties.ts';
import type { Operation } from './operation.ts';
import type { Passengers } from './passengers.ts';
import type { Trip } from './schedule.ts';
import { CAPACITY, placeAtStart } from './state.ts';
import type { Bus } from './state.ts';
import { driveBefore } from './tank.ts';

/** Buses start this far off their plan, s, standard deviation; of the headway at most. */
const SPREAD_S = 60;
const SPREAD_SHARE = 0.15;
/** People have waited no longer than this where no bus has come yet. */
const WAITED_MAX_S = 3600;
/** A break of this length between trips has filled a battery. */
const CHARGED_MS = 3 * 3_600_000;

export interface WarmStart {
  readonly operation: Operation;
  /** Trips of yesterday and today, by time. */
  readonly slots: readonly Slot[];
  readonly nowMs: number;
  readonly world: World;
  readonly passengers: Passengers;
  readonly random: Random;
  /** [side][stop], filled with when a bus last left. */
  readonly lastDepartureMs: readonly Float64Array[];
}

/** Puts the buses of one line into their day. */
export function startLine(start: WarmStart): void {
  const { operation, slots, nowMs, lastDepartureMs } = start;
  const { buses, network } = operation;
  const duties = dutiesOf(slots, network, { buses: buses.length });
  const left = new Set<Slot>();
  const passes = new Map<Trip, number>();
  for (const [i, bus] of buses.entries()) {
    const turns = duties[i] ?? [];
    const begun = turns.filter(({ departMs }) => departMs <= nowMs);
    for (const { slot, departMs } of begun) {
      left.add(slot);
      passes.set(slot.trip, (nowMs - departMs) / 1000);
    }
    driveBefore(bus.tank, sinceDepotM(begun));
    const sinceS = putIntoDuty(start, bus, begun.at(-1), turns[begun.length]);
    if (sinceS !== undefined) passes.set(bus.service!.trip, sinceS);
  }
  operation.expect(slots.filter((slot) => !left.has(slot) && nowMs < slot.slotMs + 1000 * slot.trip.patienceS));
  for (const side of network.sides) {
    const runs = [...passes].filter(([trip]) => trip.side === side);
    for (let stop = 0; stop <= side.lastStop; stop++) {
      const agesS = runs.map(([{ planS }, sinceS]) => sinceS - planS[stop]!).filter((ageS) => ageS >= 0);
      const ageS = Math.min(Infinity, ...agesS);
      lastDepartureMs[side.index]![stop] = nowMs - 1000 * ageS;
      start.passengers.warm(side.index, stop, Math.min(WAITED_MAX_S, ageS), start.world.people.boardingShare);
    }
  }
}

/** How far a bus has driven since it last stood at the depot for long. turns: that have begun */
function sinceDepotM(turns: readonly Turn[]): number {
  let metres = 0;
  for (let i = turns.length - 1; i >= 0; i--) {
    metres += turns[i]!.slot.trip.side.lengthM;
    if (i > 0 && turns[i]!.departMs - turns[i - 1]!.endMs > CHARGED_MS) break;
  }
  return metres;
}

/** @returns for how long the bus has been on its trip, s; undefined when it is at a terminal */
function putIntoDuty(start: WarmStart, bus: Bus, last: Turn | undefined, next: Turn | undefined): number | undefined {
  const { network } = start.operation;
  const { nowMs, random } = start;
  if (last === undefined || last.endMs <= nowMs) {
    const at = last === undefined ? next && network.from[next.slot.trip.side.way] : network.to[last.slot.trip.side.way];
    bus.terminal = at ?? 0;
    bus.mode = 'layover';
    bus.readyMs = last?.readyMs ?? -Infinity;
    bus.layoverSinceMs = last?.endMs ?? -Infinity;
    start.operation.receive(bus);
    return undefined;
  }
  const { trip, slotMs } = last.slot;
  const offS = Math.min(SPREAD_S, SPREAD_SHARE * trip.headwayS) * random.normal(bus.index, DRAW.spread, 0);
  const sinceS = (nowMs - last.departMs) / 1000;
  const onRoadS = Math.min(trip.planS.at(-1)! - 1, Math.max(1, sinceS + offS));
  bus.terminal = network.to[trip.side.way]!;
  bus.service = { trip, slotMs, isExtra: false };
  placeAtStart(bus, trip.side);
  putOnRoad(bus, onRoadS, trip.planS);
  bus.delayS = (nowMs - slotMs) / 1000 - onRoadS;
  bus.load = start.passengers.warmLoad(
    trip.side.index,
    bus.stop - 1,
    trip.headwayS,
    start.world.people.boardingShare,
    CAPACITY,
    bus.onBoard,
    bus.index,
  );
  return onRoadS;
}

function putOnRoad(bus: Bus, onRoadS: number, planS: Float64Array): void {
  const stop = planS.findIndex((plannedS) => plannedS > onRoadS);
  const [fromM, toM] = [bus.side.stopAtM[stop - 1]!, bus.side.stopAtM[stop]!];
  const share = (onRoadS - planS[stop - 1]!) / (planS[stop]! - planS[stop - 1]!);
  bus.mode = 'moving';
  bus.stop = stop;
  bus.halt = stop;
  // Not nearer to the next stop than a bus can brake.
  bus.atM = fromM + Math.min(share, 0.8) * (toM - fromM);
  bus.linkIndex = bus.side.linkAt(bus.atM, 0);
  bus.speedMps = Math.min(5, Math.sqrt(toM - bus.atM));
}
