// GTFS-Realtime trip updates: for every trip under way when its bus comes to the stops ahead, and which trips will not come.
import type { FeedEntity, StopTimeUpdate, TripDescriptor, TripUpdate } from './feed-message.ts';
import type { Call } from './predictions.ts';
import { stopAt, tripKey } from './running.ts';
import type { RunningTrip } from './running.ts';
import type { DatedTrip } from './timetables.ts';

export interface Update {
  readonly running: RunningTrip;
  /** None: nobody knows when it goes on. */
  readonly calls: readonly Call[];
}

export function updateEntities(
  updates: readonly Update[],
  cancelled: readonly DatedTrip[],
  headerS: number,
  describe: (dated: DatedTrip, relationship: 'SCHEDULED' | 'CANCELED') => TripDescriptor,
): FeedEntity[] {
  const moving = updates.map(({ running, calls }): FeedEntity => {
    const { bus, dated } = running;
    const tripUpdate: TripUpdate = {
      trip: describe(dated, 'SCHEDULED'),
      vehicle: { id: bus.bus, label: bus.bus },
      stopTimeUpdate: calls.length > 0 ? calls.map(callUpdate) : [unknownFrom(running)],
      timestamp: Math.min(Math.floor(bus.ts / 1000), headerS),
      ...(calls.length === 0 ? {} : { delay: delayS(calls[0]!.departureMs, calls[0]!.scheduledMs) }),
    };
    return { id: `trip-${tripKey(dated)}`, tripUpdate };
  });
  const never = cancelled.map((dated): FeedEntity => {
    const tripUpdate = { trip: describe(dated, 'CANCELED'), stopTimeUpdate: [], timestamp: headerS };
    return { id: `trip-${tripKey(dated)}`, tripUpdate };
  });
  return [...moving, ...never];
}

function callUpdate({ stop, sequence, scheduledMs, arrivalMs, departureMs, uncertaintyS }: Call): StopTimeUpdate {
  const uncertainty = uncertaintyS === undefined ? {} : { uncertainty: Math.round(uncertaintyS) };
  const event = (ms: number) => ({ delay: delayS(ms, scheduledMs), time: ms / 1000, ...uncertainty });
  return {
    stopSequence: sequence,
    stopId: stop,
    arrival: event(arrivalMs),
    departure: event(departureMs),
    scheduleRelationship: 'SCHEDULED',
  };
}

/** Holds for this stop and all after it. */
function unknownFrom({ dated, next }: RunningTrip): StopTimeUpdate {
  return { stopSequence: next, stopId: stopAt(dated, next)!, scheduleRelationship: 'NO_DATA' };
}

function delayS(ms: number, scheduledMs: number): number {
  return Math.round((ms - scheduledMs) / 1000);
}
