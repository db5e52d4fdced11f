// What the board of one stop shows: the next buses, as predicted where a prediction is fresh, else by the timetable. A trip that is
// cancelled is not shown; one that waits for its bus is as late as it is by now; one whose bus is silent is thought to be on time.
import { scheduledMs } from './predictions.ts';
import { tripKey } from './running.ts';
import type { DatedTrip } from './timetables.ts';
import type { Transit } from './transit.ts';

/** A trip that no bus has taken for longer will not come, ms. */
const HOPE_MS = 30 * 60_000;
/** A bus that has just come is still shown, ms. */
const SHOWN_MS = 5000;
/** The timetable is looked through this far back for trips that are still under way. */
const LONGEST_TRIP_MS = 6 * 3_600_000;

export interface StopArrival {
  readonly line: string;
  readonly headsign: string;
  /** Absent while no bus has taken the trip. */
  readonly bus?: string;
  readonly trip: string;
  readonly expectedMs: number;
  readonly scheduledMs: number;
  readonly uncertaintyS?: number;
  /** `scheduled` with a bus: the timetable and the delay that the bus has now. */
  readonly source: 'predicted' | 'scheduled';
}

/** lines: those that serve the stop. @returns by expected time */
export function arrivalsAt(transit: Transit, stop: string, lines: readonly string[], spanMs: number): StopArrival[] {
  const { running, nowMs } = transit.service();
  const serving = running.filter(({ dated }) => lines.includes(dated.timetable.line));
  const taken = new Set(serving.map(({ dated }) => tripKey(dated)));
  const coming = serving.flatMap((trip) =>
    transit
      .callsAhead(trip, nowMs)
      .filter((call) => call.stop === stop)
      .map((call): StopArrival => ({
        ...shown(trip.dated, call.scheduledMs),
        bus: trip.bus.bus,
        expectedMs: call.arrivalMs,
        ...(call.uncertaintyS === undefined ? {} : { uncertaintyS: call.uncertaintyS }),
        source: call.source,
      })),
  );
  const never = new Set(transit.trips.cancelled(transit.timetables, nowMs).map(tripKey));
  const out = new Set([...taken, ...never]);
  const waiting = lines.flatMap((line) => waitingTrips(transit, line, nowMs, spanMs, out));
  const planned = waiting.flatMap((dated) => plannedArrivals(transit, dated, stop, nowMs));
  return [...coming, ...planned]
    .filter(({ expectedMs }) => expectedMs >= nowMs - SHOWN_MS && expectedMs <= nowMs + spanMs)
    .toSorted((a, b) => a.expectedMs - b.expectedMs || (a.trip < b.trip ? -1 : 1));
}

/** Trips on which no bus is heard and that may still come. out: trips that are not asked for. */
function waitingTrips(transit: Transit, line: string, nowMs: number, spanMs: number, out: ReadonlySet<string>) {
  return transit.timetables.between(line, nowMs - LONGEST_TRIP_MS, nowMs + spanMs).filter((dated) => {
    if (out.has(tripKey(dated)) || transit.trips.hasEnded(dated)) return false;
    return dated.startMs >= nowMs - HOPE_MS || transit.trips.hasSeen(dated);
  });
}

function plannedArrivals(transit: Transit, dated: DatedTrip, stop: string, nowMs: number): StopArrival[] {
  const { pattern, timetable, trip, startMs } = dated;
  const lateMs = transit.trips.hasSeen(dated) ? 0 : Math.max(0, nowMs - startMs);
  const predicted = transit.arrivals.ofLine(timetable.line, nowMs).find((bus) => bus.trip === trip.id);
  return pattern.stops.flatMap((call, sequence): StopArrival[] => {
    if (timetable.stops[call.stop]!.id !== stop) return [];
    const planned = scheduledMs(dated, sequence);
    const expected = predicted?.stops.find((arrival) => arrival.sequence === sequence);
    if (predicted === undefined || expected === undefined)
      return [{ ...shown(dated, planned), expectedMs: planned + lateMs, source: 'scheduled' }];
    const { arrivalMs, uncertaintyS } = expected;
    const bus = { bus: predicted.bus, expectedMs: Math.round(arrivalMs), uncertaintyS };
    return [{ ...shown(dated, planned), ...bus, source: 'predicted' }];
  });
}

function shown({ timetable, pattern, trip }: DatedTrip, planned: number) {
  return { line: timetable.line, headsign: pattern.headsign, trip: trip.id, scheduledMs: planned };
}
