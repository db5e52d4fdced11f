// What the city's bus service is and how it runs now, as it travels over MQTT: a line with its stops, ways and trips (the simulator says
// it), and when buses are expected at their stops (the dispatch centre says it). Data only.
import type { Labels } from './description.ts';

/** `city/{city}/timetable/{line}`, retained: at the start and whenever it changes. */
export interface LineTimetable {
  /** As riders know it, e.g. `608`; a name like a device's. */
  readonly line: string;
  readonly label: string;
  readonly labels?: Labels;
  /** `#rrggbb` */
  readonly color: string;
  /** Civil time = UTC + utcOffsetMin. May be any whole number of minutes: a demo that must not sleep shifts its civil day. */
  readonly utcOffsetMin: number;
  readonly stops: readonly TimetableStop[];
  readonly patterns: readonly TimetablePattern[];
  /** Seconds from a trip's start to its arrival at each stop; the first is 0. Shared by trips of one pattern. */
  readonly plans: readonly (readonly number[])[];
  readonly services: readonly TimetableService[];
}

export interface TimetableStop {
  readonly id: string;
  readonly label: string;
  readonly labels?: Labels;
  readonly lat: number;
  readonly lon: number;
}

/** One way of driving the line: which stops in which order. */
export interface TimetablePattern {
  /** `out` or `back`; a line may have several patterns of a direction. */
  readonly direction: 'out' | 'back';
  /** Where it goes: the label of its last stop. */
  readonly headsign: string;
  /** WGS-84, along the street. */
  readonly shape: readonly (readonly [lat: number, lon: number])[];
  /** Index into `stops`, and metres along the shape; ascending. */
  readonly stops: readonly { readonly stop: number; readonly alongM: number }[];
}

/** The trips of one sort of day, and the civil dates on which they run. */
export interface TimetableService {
  readonly id: string;
  /** `2026-11-21` */
  readonly dates: readonly string[];
  readonly trips: readonly TimetableTrip[];
}

export interface TimetableTrip {
  /** Unique in the city. The same trip runs on every date of its service. */
  readonly id: string;
  readonly pattern: number;
  readonly plan: number;
  /** Seconds from civil midnight to the departure from the first stop; may pass 86,400. */
  readonly startS: number;
}

/** `city/{city}/arrivals/{line}`: what the dispatch centre expects, every 20 s of simulated time at most, not more than once a wall second. */
export interface LineArrivals {
  readonly line: string;
  /** Simulated time of the prediction, ms. */
  readonly ts: number;
  readonly buses: readonly BusArrivals[];
}

export interface BusArrivals {
  /** Device id. */
  readonly bus: string;
  readonly trip: string;
  readonly direction: string;
  /** The stops ahead in their order. */
  readonly stops: readonly ExpectedArrival[];
}

export interface ExpectedArrival {
  /** Stop id. */
  readonly stop: string;
  /** Position of the stop in its pattern, from 0. */
  readonly sequence: number;
  /** Expected arrival, simulated ms. */
  readonly arrivalMs: number;
  /** Standard deviation of the expectation. */
  readonly uncertaintyS: number;
}
