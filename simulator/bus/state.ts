// What is true of one bus, and a bus as it is born. Whoever changes it stands beside this file: driving, passengers, holds, breakdowns.
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { Motion } from './driving.ts';
import type { Side } from './side.ts';

/** 34 seats and 46 standing in a 12 m bus. */
export const SEATS = 34;
export const CAPACITY = 80;

/** A trip's place in the timetable. */
export interface Departure {
  readonly slotMs: number;
  /** Seconds from the slot to each stop. */
  readonly plan: Float64Array;
  readonly headwayS: number;
}

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
  readonly index: number;
  mode: 'moving' | 'atStop' | 'layover';
  /** Passengers by destination stop. */
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
  /** Odometer at which it breaks down by itself. */
  nextBreakdownM: number;
  breakdowns: number;
  segments: number;
  holds: number;
  crowded: boolean;
  bunching: boolean;
  lastRecordMs: number;
}

/** Most stops of a direction; `City` keeps below. */
const STOPS_MAX = 256;
/** A fleet is of all ages, m. */
const ODOMETER_MAX_M = 400_000_000;

/** A bus at the start of its line, empty, ready to leave. It never breaks down before `nextBreakdownM` is set. */
export function newBus(index: number, side: Side, random: Random, startMs: number): Bus {
  return {
    index,
    side,
    atM: 0,
    linkIndex: 0,
    stop: 0,
    speedMps: 0,
    pace: 1,
    odometerM: Math.round(random.uniform(index, DRAW.odometer, 0) * ODOMETER_MAX_M),
    fuelL: 0,
    load: 0,
    mode: 'layover',
    onBoard: new Uint16Array(STOPS_MAX),
    readyMs: startMs,
    layoverSinceMs: startMs,
    trip: { slotMs: startMs, plan: new Float64Array(side.stopAtM.length), headwayS: side.line.headwayS },
    boarded: 0,
    alighted: 0,
    delayS: 0,
    hold: undefined,
    brokenUntilMs: undefined,
    nextBreakdownM: Infinity,
    breakdowns: 0,
    segments: 0,
    holds: 0,
    crowded: false,
    bunching: false,
    lastRecordMs: 0,
  };
}
