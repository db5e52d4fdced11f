// What a line is to the line engine: stops and running times, people, a timetable, a fleet. Data and pure functions only; no streets, no
// map, no signals. Times are seconds: of the day where they end in `DayS`, else since the start of the run.

export interface LineSpec {
  /** As riders know it. */
  readonly line: string;
  /** `out-and-back`: two ways between two terminals. `loop`: one way that never ends, no terminals, no timetable. */
  readonly shape: 'out-and-back' | 'loop';
  readonly ways: readonly Way[];
  readonly running: Running;
  readonly demand: RateDemand | JourneyDemand;
  readonly timetable: Timetable;
  readonly buses: number;
  /** Loop only: when each bus comes to the first stop for the first time, s; default: they begin evenly spread. */
  readonly loopStartsS?: readonly number[];
  /** Seated and standing. */
  readonly capacity: number;
  readonly dwell: Dwell;
  /** Two buses never leave a stop, or a terminal, closer than this, s. */
  readonly stopGapS: number;
  readonly terminalGapS: number;
  /** Between the last passenger's leaving and the next start, at least, s. */
  readonly layoverS: number;
  /** Layover after which the engine is off, s; default: after 180 s when the driver was asked to, else never. */
  readonly engineOffAfterS?: number;
  readonly drivers?: Drivers;
  readonly breakdowns?: Breakdowns;
  /** What a request saves at the lights of a segment at most, s; absent: the lights hear nothing. */
  readonly prioritySavesS?: number;
  /** Time of day at which the run begins, s from midnight; default 0. */
  readonly startDayS?: number;
  /** Length of the run, s. */
  readonly durationS: number;
}

/** One way of a line: `out`, or `back`, where an out-and-back line has the stops of `out` from its end. */
export interface Way {
  /** Metres from each stop to the next; of a loop also from the last to the first. */
  readonly segmentsM: readonly number[];
  /** Default `out-00`, `out-01`… */
  readonly stops?: readonly string[];
}

export interface Running {
  /** Mean time of a segment that begins then, s > 0. way: index in `ways`. */
  meanS(way: number, segment: number, atDayS: number): number;
  /** Standard deviation over mean of a segment: normal, never below `floorShare` of the mean. */
  readonly cv: number;
  readonly floorShare: number;
  /** A stop in an incident, for each segment and trip, lasts a time between the two, s. */
  readonly incidentProbability: number;
  readonly incidentS: readonly [least: number, most: number];
  /** Standard deviation of the logarithm of a whole day's times; default 0. */
  readonly daySigma?: number;
}

/** People come at a rate; how many get off follows from the load. Who finds no room leaves. */
export interface RateDemand {
  readonly kind: 'rate';
  /** People a second, [way][stop]; what stands at the last stop of a way is ignored, except on a loop. */
  readonly perS: readonly (readonly number[])[];
  /** A share of min(1, alightShare / (stops left, this one included)) of the load gets off; at the last stop all do. On a loop all stops are left. */
  readonly alightShare: number;
  /** `poisson`, or `fluid`: the mean itself, with fractions of people, for checks against equations. */
  readonly draw: 'poisson' | 'fluid';
}

/** People with an origin and a destination, each drawn by stop and number: the same ones whatever the buses do. Who finds no room waits on. */
export interface JourneyDemand {
  readonly kind: 'journeys';
  /** People an hour at an hourly factor of 1, [way][from][to]. */
  readonly perHour: readonly (readonly (readonly number[])[])[];
  /** Factor for each of the 24 hours of the day. */
  readonly hourly: readonly number[];
  readonly informed?: Informed;
}

/** Riders who look up when the bus is expected and come for it. */
export interface Informed {
  /** 0…1 */
  readonly share: number;
  /** They aim to be there this long before the expected departure, s. */
  readonly bufferS: number;
  /** Asked when one of them would leave home. @returns expected departures from the stop after nowS, ascending; empty: nobody knows, and they come at once */
  expected(way: number, stop: number, nowS: number): readonly number[];
}

export type Timetable = EvenTimetable | ListedTimetable;

/** A departure of each way every `headwayS`, the first at the start of the run. On a loop: the planned headway. */
export interface EvenTimetable {
  readonly kind: 'even';
  readonly headwayS: number;
  /** Running time that the timetable allows over what is usual; default 1. Tells buses how late they are. */
  readonly allowance?: number;
}

/** Departures by way, s since the start of the run, ascending. */
export interface ListedTimetable {
  readonly kind: 'listed';
  readonly departuresS: readonly (readonly number[])[];
  readonly allowance?: number;
}

/** fixedS + max(boardingS B, alightingS A), emptyS when nobody moves. */
export interface Dwell {
  readonly fixedS: number;
  readonly emptyS: number;
  readonly boardingS: number;
  readonly alightingS: number;
  /** Standees slow boarding by this share, beyond `seats`; default 0. */
  readonly standeeShare?: number;
  readonly seats?: number;
  /** Who comes while the bus stands gets in too. */
  readonly boardsWhileStanding: boolean;
}

export interface Drivers {
  /** Share of orders that a driver obeys: mean and standard deviation over drivers, 0…1. */
  readonly compliance: number;
  readonly complianceSd?: number;
}

export interface Breakdowns {
  readonly perKm: number;
  /** Until the bus stands at its next terminal, ready, s. */
  readonly repairS: number;
}

/** Running time of a bus without people, over that with them: it keeps to faster streets (engineering estimate). */
export const EMPTY_RUN_SHARE = 0.8;

/** Stops of a way: on a loop one for each segment. */
export function stopsOf({ shape, ways }: LineSpec, way: number): number {
  return ways[way]!.segmentsM.length + (shape === 'loop' ? 0 : 1);
}
