// Where buses are when the city wakes up: spread over their line's cycle, with the people of that hour on board and at the stops.
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { DRAW } from './draws.ts';
import type { Passengers } from './passengers.ts';
import type { Side } from './side.ts';
import { CAPACITY } from './state.ts';
import type { Bus } from './state.ts';
import { LAYOVER_MIN_S } from './timetable.ts';
import type { Timetable } from './timetable.ts';

/** Buses start this far off their even spacing, of a headway. */
const SPREAD = 0.15;

/** Spreads the buses of one line over its cycle. lastDepartureMs: [side][stop], filled with when a bus last left. */
export function spreadLine(
  buses: readonly Bus[],
  sides: readonly [Side, Side],
  startMs: number,
  world: World,
  timetable: Timetable,
  passengers: Passengers,
  random: Random,
  lastDepartureMs: readonly Float64Array[],
): void {
  const plans = [sides[0].plan(world), sides[1].plan(world)] as const;
  const headwayS = timetable.headwayS(sides[0].lineIndex, world);
  const share = world.people.boardingShare;
  const cycleS = headwayS * buses.length;
  const restS = Math.max(LAYOVER_MIN_S, (cycleS - plans[0].at(-1)! - plans[1].at(-1)!) / 2);
  const leaves = [0, plans[0].at(-1)! + restS] as const;
  const runs: { readonly way: 0 | 1; readonly sinceS: number }[] = [];
  for (const [position, bus] of buses.entries()) {
    const phaseS = position * headwayS;
    const way = phaseS >= leaves[1] ? 1 : 0;
    const sinceS = phaseS - leaves[way];
    bus.side = sides[way];
    bus.trip = { slotMs: startMs - 1000 * sinceS, plan: plans[way], headwayS };
    if (sinceS === 0) continue;
    const onRoadS = Math.max(1, sinceS + SPREAD * headwayS * random.normal(bus.index, DRAW.spread, 0));
    runs.push({ way, sinceS: onRoadS });
    if (share === 0 || onRoadS >= plans[way].at(-1)!) {
      bus.side = sides[way === 0 ? 1 : 0];
      continue;
    }
    putOnRoad(bus, onRoadS, plans[way]);
    bus.delayS = sinceS - onRoadS;
    bus.load = passengers.warmLoad(bus.side.index, bus.stop - 1, headwayS, share, CAPACITY, bus.onBoard, bus.index);
  }
  for (const way of [0, 1] as const) {
    const side = sides[way].index;
    timetable.setNextSlot(side, startMs + 1000 * (leaves[way] % headwayS));
    for (const [stop, plannedS] of plans[way].entries()) {
      const passed = runs.filter((run) => run.way === way && run.sinceS >= plannedS);
      const ageS = Math.min(headwayS, ...passed.map((run) => run.sinceS - plannedS));
      lastDepartureMs[side]![stop] = startMs - 1000 * ageS;
      passengers.warm(side, stop, ageS, share);
    }
  }
}

function putOnRoad(bus: Bus, onRoadS: number, plan: Float64Array): void {
  const stop = plan.findIndex((plannedS) => plannedS > onRoadS);
  const [fromM, toM] = [bus.side.stopAtM[stop - 1]!, bus.side.stopAtM[stop]!];
  const share = (onRoadS - plan[stop - 1]!) / (plan[stop]! - plan[stop - 1]!);
  bus.mode = 'moving';
  bus.stop = stop;
  // Not nearer to the next stop than a bus can brake.
  bus.atM = fromM + Math.min(share, 0.8) * (toM - fromM);
  bus.linkIndex = bus.side.linkAt(bus.atM, 0);
  bus.speedMps = Math.min(5, Math.sqrt(toM - bus.atM));
}
