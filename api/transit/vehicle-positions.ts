// GTFS-Realtime vehicle positions: where each bus is that was heard of late, and, when it serves a trip, at or before which stop.
import type { BusNow, Place } from './buses.ts';
import type { FeedEntity, OccupancyStatus, TripDescriptor, VehiclePosition } from './feed-message.ts';
import { stopAt } from './running.ts';
import type { RunningTrip } from './running.ts';

/** So close to its stop a bus is arriving. */
const ARRIVING_M = 30;
/** Seats by capacity of a 12 m city bus, 34 by 80. */
const SEATS = 34 / 80;
/** Highest occupancy by capacity for each status: seats as long as there are any, then standing room. */
const OCCUPANCY: readonly (readonly [upTo: number, status: OccupancyStatus])[] = [
  [0.1 * SEATS, 'EMPTY'],
  [0.6 * SEATS, 'MANY_SEATS_AVAILABLE'],
  [SEATS, 'FEW_SEATS_AVAILABLE'],
  [0.75, 'STANDING_ROOM_ONLY'],
  [0.95, 'CRUSHED_STANDING_ROOM_ONLY'],
  [Infinity, 'FULL'],
];

/** headerS: the feed's time, no entity is newer. describe: a trip as feeds name it. */
export function vehicleEntities(
  buses: readonly BusNow[],
  running: ReadonlyMap<string, RunningTrip>,
  headerS: number,
  describe: (running: RunningTrip) => TripDescriptor,
): FeedEntity[] {
  return buses.flatMap((bus) => {
    if (bus.place === undefined) return [];
    const trip = running.get(bus.bus);
    const vehicle: VehiclePosition = {
      ...(trip && { trip: describe(trip), ...stopOf(trip) }),
      vehicle: { id: bus.bus, label: bus.bus },
      position: positionOf(bus.place),
      timestamp: Math.min(Math.floor(bus.place.ts / 1000), headerS),
      ...occupancyOf(bus.occupancyRatio),
    };
    return [{ id: `vehicle-${bus.bus}`, vehicle }];
  });
}

function stopOf({ bus, dated, next, atStop }: RunningTrip) {
  const aheadM = dated.pattern.stops[next]!.alongM - (bus.alongM ?? -Infinity);
  const arriving = !bus.hasLeft && aheadM <= ARRIVING_M ? 'INCOMING_AT' : 'IN_TRANSIT_TO';
  const currentStatus = atStop ? 'STOPPED_AT' : arriving;
  return { currentStopSequence: next, stopId: stopAt(dated, next)!, currentStatus } as const;
}

function positionOf({ lat, lon, headingDeg, speedMps, odometerM }: Place): VehiclePosition['position'] {
  return {
    latitude: lat,
    longitude: lon,
    ...(headingDeg === undefined ? {} : { bearing: ((headingDeg % 360) + 360) % 360 }),
    ...(odometerM === undefined ? {} : { odometer: odometerM }),
    ...(speedMps === undefined ? {} : { speed: Math.max(0, speedMps) }),
  };
}

function occupancyOf(ratio: number | undefined) {
  if (ratio === undefined) return {};
  return { occupancyStatus: occupancyStatus(ratio), occupancyPercentage: Math.round(100 * Math.max(0, ratio)) };
}

/** ratio: people on board by capacity, from 0 on. */
export function occupancyStatus(ratio: number): OccupancyStatus {
  return OCCUPANCY.find(([upTo]) => ratio <= upTo)![1];
}
