// Timetables of an operator: by three periods and believed demand, as it used to be, or by the hour and counted demand. The rule is the same
// in both (policy, capacity, worth of waiting); what differs is what is known. No drivers' shifts.
import { FREQUENCY, frequencyPerH } from '../../control/bus/frequency.ts';
import { DIRECTIONS, FIRST_HOUR, LAST_HOUR, PERIODS, boardingsPerHour, movingMps } from './operator.ts';
import type { Direction, Operator, OperatorLine } from './operator.ts';

export const CAPACITY = 80;
/** The city promises a bus every 20 min. */
const POLICY_PER_HOUR = 3;
/** What a light and a stop take in the plan, s. */
const LIGHT_S = 12.5;
const STOP_S = 11;
/** Rest at each end in the plan, share of the running time (10…20 % in transit practice) and least, s. */
const REST_SHARE = 0.15;
export const MIN_REST_S = 180;
const COST_PER_BUS_HOUR = 1;

export interface LinePlan {
  readonly line: OperatorLine;
  /** Departures an hour and direction, by hour from 0. */
  readonly perHour: Float64Array;
  /** Buses under way, by hour from 0. */
  readonly buses: Int32Array;
}

/** What the planners know of a direction and hour, people an hour. */
type Knowledge = (line: OperatorLine, direction: Direction, hour: number) => number;

/** The plan before there was a dispatch centre, tuned so that a trip carries passengersPerTrip: what was published of the service. */
export function oldPlan(operator: Operator, passengersPerTrip: number): LinePlan[] {
  const boardings = operator.lines.reduce((sum, line) => sum + line.boardingsPerDay, 0);
  return tuned(
    (worth) => planFor(operator, believed, worth),
    (plan) => tripsOf(plan) - boardings / passengersPerTrip,
  );
}

/** The plan by counts of every hour: nobody waits longer than by `old` in the mean, and nobody is left behind. */
export function countedPlan(operator: Operator, old: readonly LinePlan[]): LinePlan[] {
  return tuned(
    (worth) => planFor(operator, boardingsPerHour, worth),
    (plan) => plannedWaitS(old) - plannedWaitS(plan),
  );
}

/** Mean of a period, and what the planners make of it. */
function believed(line: OperatorLine, direction: Direction, hour: number): number {
  const period = PERIODS.findIndex((hours) => (hours as readonly number[]).includes(hour));
  const hours = PERIODS[period]!;
  const mean = hours.reduce((sum, one) => sum + boardingsPerHour(line, direction, one), 0) / hours.length;
  return mean * line.belief[period]!;
}

function planFor(operator: Operator, known: Knowledge, worthOfWaiting: number): LinePlan[] {
  const rule = { ...FREQUENCY, policyPerH: POLICY_PER_HOUR, waitingPerH: worthOfWaiting, busPerH: COST_PER_BUS_HOUR };
  return operator.lines.map((line) => {
    const perHour = new Float64Array(24);
    const buses = new Int32Array(24);
    for (let hour = FIRST_HOUR; hour <= LAST_HOUR; hour++) {
      const out = known(line, 0, hour);
      const back = known(line, 1, hour);
      const cycleHours = cycleS(line, hour) / 3600;
      const fullestPerH = Math.max(out * line.peakLoad[0], back * line.peakLoad[1]);
      perHour[hour] = frequencyPerH(rule, out + back, fullestPerH, CAPACITY, cycleHours);
      buses[hour] = Math.ceil(perHour[hour]! * cycleHours - 1e-9);
    }
    return { line, perHour, buses };
  });
}

/** Finds the worth of waiting at which `excess`, which rises with it, is 0; relative precision 1e-6. */
function tuned(plan: (worth: number) => LinePlan[], excess: (plan: LinePlan[]) => number): LinePlan[] {
  let low = -7;
  let high = 7;
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if (excess(plan(Math.exp(middle))) > 0) high = middle;
    else low = middle;
  }
  return plan(Math.exp(high));
}

function tripsOf(plan: readonly LinePlan[]): number {
  return 2 * plan.reduce((sum, { perHour }) => sum + perHour.reduce((trips, hourly) => trips + hourly, 0), 0);
}

/** Half a headway, over all who really come. */
export function plannedWaitS(plan: readonly LinePlan[]): number {
  let waitS = 0;
  let people = 0;
  for (const { line, perHour } of plan) {
    for (let hour = FIRST_HOUR; hour <= LAST_HOUR; hour++) {
      const boardings = boardingsPerHour(line, 0, hour) + boardingsPerHour(line, 1, hour);
      waitS += (boardings * 1800) / perHour[hour]!;
      people += boardings;
    }
  }
  return waitS / people;
}

/** From the first stop to the last in the plan, s. */
export function plannedRunS(line: OperatorLine, hour: number): number {
  return (line.stops - 1) * (line.segmentM / movingMps(hour) + LIGHT_S + STOP_S);
}

/** Out and back with rests, s. */
function cycleS(line: OperatorLine, hour: number): number {
  const runS = plannedRunS(line, hour);
  return 2 * (runS + Math.max(MIN_REST_S, REST_SHARE * runS));
}

export interface Departure {
  /** Seconds from midnight. */
  readonly startS: number;
  readonly headwayS: number;
  readonly direction: Direction;
}

/** All departures of a line in the order of time: evenly spread within the hours, direction 1 half a headway later. */
export function departuresOf({ perHour }: LinePlan): Departure[] {
  return DIRECTIONS.flatMap((direction) => departuresFrom(perHour, direction)).sort((a, b) => a.startS - b.startS);
}

function departuresFrom(perHour: Float64Array, direction: Direction): Departure[] {
  const departures: Departure[] = [];
  let due = direction === 0 ? 0 : 0.5;
  for (let hour = FIRST_HOUR; hour <= LAST_HOUR; hour++) {
    const hourly = perHour[hour]!;
    for (; due < hourly; due++)
      departures.push({ startS: 3600 * (hour + due / hourly), headwayS: 3600 / hourly, direction });
    due -= hourly;
  }
  return departures;
}
