// What is true of one bus, and a bus as it is born. Whoever changes it stands beside this file: driving, passengers, orders, faults,
// the line's operation.
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { Motion } from './driving.ts';
import type { Order } from './order.ts';
import type { Trip } from './schedule.ts';
import type { Shuttle } from './shuttle.ts';
import type { Side } from './side.ts';
import { newTank } from './tank.ts';
import type { Tank } from './tank.ts';

/** 34 seats and 46 standing in a 12 m bus. */
export const SEATS = 34;
export const CAPACITY = 80;

/** A trip that a bus has taken, on its day. */
export interface TripUnderWay {
  readonly trip: Trip;
  /** When it was to start. */
  readonly slotMs: number;
  /** The trip is only what the run is planned like: it has none. */
  readonly isExtra: boolean;
}

/** A hold asked for by command: it begins when the driver has understood, and ends at `untilMs` once the bus stands. */
export interface Hold {
  readonly id: string;
  readonly durationS: number;
  readonly reactMs: number;
  readonly follows: boolean;
  /** When it began to make the bus wait. */
  fromMs: number;
  untilMs: number | undefined;
  /** The command that was to end it early. */
  departure: { readonly id: string; readonly follows: boolean } | undefined;
}

/** What its receiver says again and again. */
export interface Fix {
  readonly lat: number;
  readonly lon: number;
  readonly speedMps: number;
  readonly headingDeg: number;
}

/**
 * On a trip: moving, atStop. At a terminal: layover, or depot with the engine off. Without passengers, along a way of the line to a terminal or
 * to where its service begins: empty; off the ways of the line: shuttle.
 */
export type Mode = 'moving' | 'atStop' | 'layover' | 'depot' | 'empty' | 'shuttle';

export interface Bus extends Motion {
  readonly index: number;
  mode: Mode;
  load: number;
  /** Passengers by destination stop. */
  readonly onBoard: Uint16Array;
  /** Doors close, or the layover ends. */
  readyMs: number;
  layoverSinceMs: number;
  /** Of its line: where it stands, or is bound for. */
  terminal: number;
  /** When an empty run is expected to end. */
  expectedMs: number;
  /** Absent at a terminal and on an empty run. */
  service: TripUnderWay | undefined;
  /** At the stop where it stands. */
  arrivedMs: number;
  boarded: number;
  alighted: number;
  delayS: number;
  hold: Hold | undefined;
  readonly orders: Order[];
  /** Commands that a driver has had to read. */
  asked: number;
  shuttle: Shuttle | undefined;
  readonly tank: Tank;
  /** The receiver's fix does not change until then. */
  frozenUntilMs: number;
  fix: Fix | undefined;
  /** The counter misses this share of a crowd until then. */
  biasUntilMs: number;
  biasShare: number;
  /** The doors will not close at its stop: for how long, or until when. */
  doorStuckS: number | undefined;
  doorStuckUntilMs: number | undefined;
  isTooFast: boolean;
  brokenUntilMs: number | undefined;
  /** Odometer at which it breaks down by itself. */
  nextBreakdownM: number;
  breakdowns: number;
  segments: number;
  crowded: boolean;
  bunching: boolean;
  lastRecordMs: number;
}

/** Most stops of a way; `City` keeps below. */
const STOPS_MAX = 256;
/** A fleet is of all ages, m. */
const ODOMETER_MAX_M = 400_000_000;

/** A bus at the start of a way, empty, without a trip. It never breaks down before `nextBreakdownM` is set. */
export function newBus(index: number, side: Side, random: Random, startMs: number): Bus {
  return {
    index,
    side,
    atM: 0,
    linkIndex: 0,
    stop: 0,
    halt: 0,
    speedMps: 0,
    capMps: Infinity,
    priority: undefined,
    pace: 1,
    odometerM: Math.round(random.uniform(index, DRAW.odometer, 0) * ODOMETER_MAX_M),
    load: 0,
    mode: 'depot',
    onBoard: new Uint16Array(STOPS_MAX),
    readyMs: startMs,
    layoverSinceMs: startMs,
    terminal: 0,
    expectedMs: startMs,
    service: undefined,
    arrivedMs: startMs,
    boarded: 0,
    alighted: 0,
    delayS: 0,
    hold: undefined,
    orders: [],
    asked: 0,
    shuttle: undefined,
    tank: newTank(index, random),
    frozenUntilMs: -Infinity,
    fix: undefined,
    biasUntilMs: -Infinity,
    biasShare: 0,
    doorStuckS: undefined,
    doorStuckUntilMs: undefined,
    isTooFast: false,
    brokenUntilMs: undefined,
    nextBreakdownM: Infinity,
    breakdowns: 0,
    segments: 0,
    crowded: false,
    bunching: false,
    lastRecordMs: 0,
  };
}

/** At the start of a side, standing. */
export function placeAtStart(bus: Bus, side: Side): void {
  bus.side = side;
  bus.atM = 0;
  bus.linkIndex = 0;
  bus.stop = 0;
  bus.halt = 0;
  bus.speedMps = 0;
}

/** Whether it waits because it was asked to. */
export function isHeld({ mode, readyMs, hold }: Bus, nowMs: number): boolean {
  return mode === 'atStop' && nowMs >= readyMs && nowMs < (hold?.untilMs ?? 0);
}

/** Why a bus has no stops ahead; undefined when it has. */
export function notInService({ mode }: Bus): string | undefined {
  if (mode === 'layover' || mode === 'depot') return 'the bus is at its terminal';
  return mode === 'empty' || mode === 'shuttle' ? 'the bus runs empty' : undefined;
}
