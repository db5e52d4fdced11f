// One bus of the line engine: what is true of it between two events. Whoever changes it stands beside this file.

/**
 * `layover`: not ready yet; `due`: has a departure, waits for it; `atStop`; `running`; `empty`: runs without people to where it begins;
 * `broken`; `depot`: nothing left to do.
 */
export type Phase = 'layover' | 'due' | 'atStop' | 'running' | 'empty' | 'broken' | 'depot';

/** A place in the timetable. */
export interface Slot {
  /** From 0 in its way. */
  readonly index: number;
  readonly dueS: number;
  readonly headwayS: number;
}

export interface LineBus {
  readonly index: number;
  /** `bus-0001` */
  readonly device: string;
  phase: Phase;
  /** Index in the spec's ways. */
  way: number;
  /** The stop where it stands or to which it runs, from 0. */
  stop: number;
  /** When its phase ends. */
  nextS: number;
  load: number;
  /** People by the stop where they get off; empty when people come at a rate. */
  readonly aboard: Uint16Array;
  slot: Slot;
  /** Number of the trip: tells its draws apart from all others. */
  trip: number;
  startS: number;
  firstStop: number;
  arrivedS: number;
  /** Doors could close. */
  readyS: number;
  /** The bus ahead has to be gone. */
  clearS: number;
  boarded: number;
  alighted: number;
  denied: number;
  dwellS: number;
  /** Ordered for this stop, or the next. */
  holdS: number;
  leftS: number;
  /** When it left its last stop, or came to the last of its way: since the bus before; NaN: it was the first. */
  headwayS: number;
  /** Against the timetable at its last stop, s; kept for controllers only. */
  delayS: number;
  /** It breaks down so long after it left; NaN: it does not. */
  breaksS: number;
  odometerM: number;
  /** Of this trip: metres, and metres times people. */
  tripM: number;
  passengerM: number;
  /** Held on this trip, s. */
  tripHoldS: number;
  layoverSinceS: number;
  /** Layover with a running engine so far, s. */
  idleS: number;
  engineOffAdvised: boolean;
  turnsAt: number;
  emptyTo: number;
  skips: readonly number[];
  hasPriority: boolean;
  orders: number;
  seq: number;
}

const NO_SLOT: Slot = { index: -1, dueS: 0, headwayS: Number.NaN };

export function newBus(index: number, way: number, stops: number): LineBus {
  return {
    index,
    device: `bus-${String(index + 1).padStart(4, '0')}`,
    phase: 'layover',
    way,
    stop: 0,
    nextS: 0,
    load: 0,
    aboard: new Uint16Array(stops),
    slot: NO_SLOT,
    trip: -1,
    startS: 0,
    firstStop: 0,
    arrivedS: 0,
    readyS: 0,
    clearS: 0,
    boarded: 0,
    alighted: 0,
    denied: 0,
    dwellS: 0,
    holdS: 0,
    leftS: 0,
    headwayS: Number.NaN,
    delayS: Number.NaN,
    breaksS: Number.NaN,
    odometerM: 0,
    tripM: 0,
    passengerM: 0,
    tripHoldS: 0,
    layoverSinceS: 0,
    idleS: 0,
    engineOffAdvised: false,
    turnsAt: -1,
    emptyTo: -1,
    skips: [],
    hasPriority: false,
    orders: 0,
    seq: 0,
  };
}

/** trip: its number in its way. */
export function beginTrip(bus: LineBus, stop: number, trip: number, nowS: number): void {
  bus.stop = stop;
  bus.firstStop = stop;
  bus.trip = trip;
  bus.startS = nowS;
  bus.tripM = 0;
  bus.passengerM = 0;
  bus.tripHoldS = 0;
  bus.turnsAt = -1;
  bus.skips = [];
}
