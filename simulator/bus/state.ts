// What is true of one bus, and where buses are when the city wakes up: spread over their line's cycle, with the people of that hour.
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Motion } from './driving.ts';
import type { Passengers } from './passengers.ts';
import type { Side } from './side.ts';
import { LAYOVER_MIN_S } from './timetable.ts';
import type { Departure, Timetable } from './timetable.ts';

/** 34 seats and 46 standing in a 12 m bus. */
export const SEATS = 34;
export const CAPACITY = 80;

/** A hold asked for by command: it begins when the driver has understood, and ends at `untilMs` once the bus stands. */
export interface Hold {
  readonly id: string;
  readonly durationS: number;
  readonly reactMs: number;
  untilMs: number | undefined;
  /** The command that ended it early. */
  departId: string | undefined;
}

export interface Bus extends Motion {
  mode: 'moving' | 'atStop' | 'layover';
  readonly onBoard: Uint16Array;
  /** Doors close, or the layover ends. */
  readyMs: number;
  layoverSinceMs: number;
  trip: Departure;
  boarded: number;
  alighted: number;
  delayS: number;
  hold: Hold | undefined;
  brokenUntilMs: number | undefined;
  nextBreakdownM: number;
  breakdowns: number;
  segments: number;
  holds: number;
  crowded: boolean;
  bunching: boolean;
  nextRecordMs: number;
  lastRecordMs: number;
}

/** Purposes of the random draws of buses; passengers and receivers have their own. */
export const DRAW = {
  phase: 21,
  spread: 22,
  breakdown: 23,
  segment: 24,
  incident: 25,
  incidentS: 26,
  reaction: 27,
  day: 28,
  odometer: 29,
} as const;

/** Service vehicle distance between breakdowns, m. */
const BREAKDOWN_MEAN_M = 10_000_000;
const RECORD_MS = 5_000;
/** Buses start this far off their even spacing, of a headway. */
const SPREAD = 0.15;

export function nextBreakdownM(random: Random, index: number, bus: Bus): number {
  return bus.odometerM + random.exponential(BREAKDOWN_MEAN_M, index, DRAW.breakdown, bus.breakdowns);
}

/** A bus at the start of its line, empty, ready to leave. */
export function newBus(index: number, side: Side, random: Random, startMs: number): Bus {
  const odometerM = Math.round(random.uniform(index, DRAW.odometer, 0) * 400_000_000);
  const bus: Bus = {
    side,
    atM: 0,
    linkIndex: 0,
    stop: 0,
    speedMps: 0,
    pace: 1,
    odometerM,
    fuelL: 0,
    load: 0,
    mode: 'layover',
    onBoard: new Uint16Array(256),
    readyMs: startMs,
    layoverSinceMs: startMs,
    trip: { slotMs: startMs, plan: new Float64Array(side.stopAtM.length), headwayS: side.line.headwayS },
    boarded: 0,
    alighted: 0,
    delayS: 0,
    hold: undefined,
    brokenUntilMs: undefined,
    nextBreakdownM: 0,
    breakdowns: 0,
    segments: 0,
    holds: 0,
    crowded: false,
    bunching: false,
    nextRecordMs: startMs + random.uniform(index, DRAW.phase, 0) * RECORD_MS,
    lastRecordMs: 0,
  };
  bus.nextBreakdownM = nextBreakdownM(random, index, bus);
  return bus;
}

/** Spreads the buses of one line over its cycle. lastDepartureMs: [side][stop], filled with when a bus last left. */
export function spreadLine(
  buses: readonly { readonly index: number; readonly bus: Bus }[],
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
  for (const [position, { index, bus }] of buses.entries()) {
    const phaseS = position * headwayS;
    const way = phaseS >= leaves[1] ? 1 : 0;
    const sinceS = phaseS - leaves[way];
    bus.side = sides[way];
    bus.trip = { slotMs: startMs - 1000 * sinceS, plan: plans[way], headwayS };
    if (sinceS === 0) continue;
    const onRoadS = Math.max(1, sinceS + SPREAD * headwayS * random.normal(index, DRAW.spread, 0));
    runs.push({ way, sinceS: onRoadS });
    if (share === 0 || onRoadS >= plans[way].at(-1)!) {
      bus.side = sides[way === 0 ? 1 : 0];
      continue;
    }
    putOnRoad(bus, onRoadS, plans[way]);
    bus.delayS = sinceS - onRoadS;
    bus.load = passengers.warmLoad(bus.side.index, bus.stop - 1, headwayS, share, CAPACITY, bus.onBoard, index);
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
