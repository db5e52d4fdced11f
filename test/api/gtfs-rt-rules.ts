// Rules of the public GTFS-Realtime validator (CUTR/MobilityData, E001…E052 and W001…W009) that apply to feeds of a timetabled bus service.
// Not here: those on frequencies.txt (E006, E013, E019, W005), on added trips (E016), on the static feed alone (E010), and on missing static
// times (E046).
import gtfsRealtime from 'gtfs-realtime-bindings';
import type { transit_realtime as rt } from 'gtfs-realtime-bindings';
import type { Row, Tables } from './gtfs-reader.ts';
import { instantS, zoneOffsetMin } from './gtfs-reader.ts';

const { transit_realtime } = gtfsRealtime;
const { CANCELED } = transit_realtime.TripDescriptor.ScheduleRelationship;
const { NO_DATA, SKIPPED } = transit_realtime.TripUpdate.StopTimeUpdate.ScheduleRelationship;

/** Decoded, all at one moment, with the moment before. */
export interface Snapshot {
  readonly tables: Tables;
  readonly atS: number;
  readonly positions: rt.IFeedMessage;
  readonly updates: rt.IFeedMessage;
  readonly alerts: rt.IFeedMessage;
  readonly before?: Snapshot;
}

export function decode(bytes: Uint8Array): rt.IFeedMessage {
  return transit_realtime.FeedMessage.decode(bytes);
}

/** → what breaks the rule, empty when nothing does. */
export type Rule = (snapshot: Snapshot) => unknown[];

const feeds = ({ positions, updates, alerts }: Snapshot) => [positions, updates, alerts];
const entities = (snapshot: Snapshot) => feeds(snapshot).flatMap((feed) => feed.entity ?? []);
const tripUpdates = ({ updates }: Snapshot) => updates.entity!.flatMap((entity) => entity.tripUpdate ?? []);
const vehicles = ({ positions }: Snapshot) => positions.entity!.flatMap((entity) => entity.vehicle ?? []);
const alerts = (snapshot: Snapshot) => snapshot.alerts.entity!.flatMap((entity) => entity.alert ?? []);
const selectors = (snapshot: Snapshot) => alerts(snapshot).flatMap((alert) => alert.informedEntity ?? []);
const isSet = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;
/** Present in the bytes: decoders put defaults into the prototype. */
const has = (message: object, field: string) => Object.hasOwn(message, field) && isSet(Reflect.get(message, field));
const num = (value: unknown) => Number(value);

const trips = (snapshot: Snapshot) => [
  ...tripUpdates(snapshot).map(({ trip }) => trip),
  ...vehicles(snapshot).flatMap(({ trip }) => trip ?? []),
  ...selectors(snapshot).flatMap(({ trip }) => trip ?? []),
];
const indexes = new WeakMap<Row[], Map<unknown, Row[]>>();
/** Rows of a file by their trip, found once. */
const ofTrip = (rows: Row[], id: unknown): Row[] => {
  const index = indexes.get(rows) ?? Map.groupBy<unknown, Row>(rows, (row) => row.trip_id);
  indexes.set(rows, index);
  return index.get(id) ?? [];
};
const tripRow = ({ tables }: Snapshot, id: unknown) => ofTrip(tables['trips.txt']!, id)[0];
const stopTimes = ({ tables }: Snapshot, id: unknown) => ofTrip(tables['stop_times.txt']!, id);
const timed = (snapshot: Snapshot) =>
  tripUpdates(snapshot).flatMap((update) =>
    update.stopTimeUpdate!.filter(({ scheduleRelationship: how }) => how !== NO_DATA && how !== SKIPPED),
  );
const events = (update: rt.TripUpdate.IStopTimeUpdate) => [update.arrival, update.departure].filter(isSet);
const stamps = (snapshot: Snapshot) => [
  ...tripUpdates(snapshot).map(({ timestamp }) => num(timestamp)),
  ...vehicles(snapshot).map(({ timestamp }) => num(timestamp)),
];
const pairs = <T>(list: readonly T[]) => list.slice(1).map((item, at) => [list[at]!, item] as const);
const isPosix = (s: number) => s > 1_000_000_000 && s < 10_000_000_000;
const sequencePairs = (snapshot: Snapshot) =>
  tripUpdates(snapshot).flatMap(({ stopTimeUpdate }) => pairs(stopTimeUpdate!));
const stopIds = (snapshot: Snapshot) => [
  ...tripUpdates(snapshot).flatMap(({ stopTimeUpdate }) => stopTimeUpdate!.map(({ stopId }) => stopId)),
  ...vehicles(snapshot).flatMap((vehicle) => (has(vehicle, 'stopId') ? vehicle.stopId : [])),
];
const routeIds = (snapshot: Snapshot) => [
  ...trips(snapshot).map(({ routeId }) => routeId),
  ...selectors(snapshot).flatMap((selector) => (has(selector, 'routeId') ? selector.routeId : [])),
];
const column = (table: Row[], name: string) => new Set(table.map((row) => row[name]));
const metresApart = (aLat: number, aLon: number, bLat: number, bLon: number) =>
  111_195 * Math.hypot(aLat - bLat, (aLon - bLon) * Math.cos((aLat * Math.PI) / 180));

export const RULES: { readonly [rule: string]: Rule } = {
  'E001 times are POSIX seconds': (snapshot) =>
    [
      ...feeds(snapshot).map(({ header }) => num(header.timestamp)),
      ...stamps(snapshot),
      ...timed(snapshot).flatMap((update) => events(update).map(({ time }) => num(time))),
      ...alerts(snapshot).flatMap(({ activePeriod }) => activePeriod!.map(({ start }) => num(start))),
    ].filter((s) => !isPosix(s)),
  'E002 stop_time_updates are strictly sorted by stop_sequence': (snapshot) =>
    sequencePairs(snapshot).filter(([a, b]) => num(a.stopSequence) >= num(b.stopSequence)),
  'E003 trip_ids are in the static feed': (snapshot) =>
    trips(snapshot).filter(({ tripId }) => !tripRow(snapshot, tripId)),
  'E004 route_ids are in the static feed': (snapshot) => {
    const known = column(snapshot.tables['routes.txt']!, 'route_id');
    return routeIds(snapshot).filter((id) => !known.has(id as string));
  },
  'E009 stop_sequence is given where a trip visits a stop twice': (snapshot) =>
    tripUpdates(snapshot).flatMap(({ stopTimeUpdate }) =>
      stopTimeUpdate!.filter((update) => !has(update, 'stopSequence')),
    ),
  'E011 stop_ids are in the static feed': (snapshot) => {
    const known = column(snapshot.tables['stops.txt']!, 'stop_id');
    return stopIds(snapshot).filter((id) => !known.has(id as string));
  },
  'E012 no entity is newer than the header': (snapshot) =>
    stamps(snapshot).filter((s) => s > Math.min(...feeds(snapshot).map(({ header }) => num(header.timestamp)))),
  'E015 referenced stops have location_type 0': (snapshot) =>
    stopIds(snapshot).filter(
      (id) => snapshot.tables['stops.txt']!.find(({ stop_id }) => stop_id === id)?.location_type !== '0',
    ),
  'E017 content changes only with the header timestamp': ({ before, ...now }) =>
    (['positions', 'updates', 'alerts'] as const).filter((name) => {
      if (before === undefined || num(before[name].header.timestamp) !== num(now[name].header.timestamp)) return false;
      return JSON.stringify(before[name].entity) !== JSON.stringify(now[name].entity);
    }),
  'E018 the header timestamp never decreases': ({ before, ...now }) =>
    (['positions', 'updates', 'alerts'] as const).filter(
      (name) => before !== undefined && num(before[name].header.timestamp) > num(now[name].header.timestamp),
    ),
  'E020 start_time is HH:MM:SS': (snapshot) =>
    trips(snapshot).filter(({ startTime }) => !/^\d\d:[0-5]\d:[0-5]\d$/.test(startTime!)),
  'E021 start_date is YYYYMMDD': (snapshot) =>
    trips(snapshot).filter(({ startDate }) => !/^20\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])$/.test(startDate!)),
  'E022 times increase from stop to stop': (snapshot) =>
    tripUpdates(snapshot).flatMap(({ stopTimeUpdate }) =>
      pairs(stopTimeUpdate!.filter((update) => events(update).length > 0)).filter(
        ([a, b]) => num((a.departure ?? a.arrival)!.time) >= num((b.arrival ?? b.departure)!.time),
      ),
    ),
  'E023 start_time is the first arrival_time': (snapshot) =>
    trips(snapshot).filter(({ tripId, startTime }) => stopTimes(snapshot, tripId)[0]?.arrival_time !== startTime),
  'E024 direction_id is that of the trip': (snapshot) =>
    trips(snapshot).filter(
      ({ tripId, directionId }) => tripRow(snapshot, tripId)?.direction_id !== String(directionId),
    ),
  'E025 no departure before the arrival': (snapshot) =>
    timed(snapshot).filter(({ arrival, departure }) => num(departure?.time ?? Infinity) < num(arrival?.time ?? 0)),
  'E026 positions are WGS 84': (snapshot) =>
    vehicles(snapshot).filter(
      ({ position }) => !(Math.abs(position!.latitude) <= 90 && Math.abs(position!.longitude) <= 180),
    ),
  'E027 bearings are 0…360': (snapshot) =>
    vehicles(snapshot).filter(({ position }) => !(position!.bearing! >= 0 && position!.bearing! <= 360)),
  'E028 positions lie in the area of the agency': (snapshot) => {
    const stops = snapshot.tables['stops.txt']!;
    return vehicles(snapshot).filter(({ position }) => {
      const near = stops.some(
        ({ stop_lat, stop_lon }) =>
          metresApart(num(stop_lat), num(stop_lon), position!.latitude, position!.longitude) <= 5000,
      );
      return !near;
    });
  },
  'E029 positions are near the shape of their trip': (snapshot) =>
    vehicles(snapshot).filter(({ trip, position }) => {
      if (!isSet(trip)) return false;
      const shape = tripRow(snapshot, trip.tripId)?.shape_id;
      const points = snapshot.tables['shapes.txt']!.filter(({ shape_id }) => shape_id === shape);
      return !pairs(points).some(([a, b]) => isNearSegment(position!, a, b));
    }),
  'E030, E035 a trip belongs to its route': (snapshot) =>
    trips(snapshot).filter(({ tripId, routeId }) => tripRow(snapshot, tripId)?.route_id !== routeId),
  'E031 a selector and its trip name the same route': (snapshot) =>
    selectors(snapshot).filter(({ routeId, trip }) => isSet(trip) && trip.routeId !== routeId),
  'E032 alerts have an informed_entity': (snapshot) =>
    alerts(snapshot).filter(({ informedEntity }) => (informedEntity ?? []).length === 0),
  'E033 selectors select something': (snapshot) =>
    selectors(snapshot).filter(
      (selector) => !['agencyId', 'routeId', 'trip', 'stopId'].some((name) => has(selector, name)),
    ),
  'E034 agency_ids are in the static feed': (snapshot) => {
    const known = column(snapshot.tables['agency.txt']!, 'agency_id');
    return selectors(snapshot).filter((selector) => has(selector, 'agencyId') && !known.has(selector.agencyId!));
  },
  'E036 no stop_sequence comes twice in a row': (snapshot) =>
    sequencePairs(snapshot).filter(([a, b]) => a.stopSequence === b.stopSequence),
  'E037 no stop_id comes twice in a row': (snapshot) =>
    sequencePairs(snapshot).filter(([a, b]) => a.stopId === b.stopId),
  'E038 the version is 2.0': (snapshot) => feeds(snapshot).filter(({ header }) => header.gtfsRealtimeVersion !== '2.0'),
  'E039 a full dataset deletes nothing': (snapshot) => entities(snapshot).filter((entity) => has(entity, 'isDeleted')),
  'E040 stop_time_updates name their stop': (snapshot) =>
    tripUpdates(snapshot).flatMap(({ stopTimeUpdate }) =>
      stopTimeUpdate!.filter((update) => !has(update, 'stopId') && !has(update, 'stopSequence')),
    ),
  'E041 trips that run have stop_time_updates': (snapshot) =>
    tripUpdates(snapshot).filter(
      ({ trip, stopTimeUpdate }) => trip.scheduleRelationship !== CANCELED && stopTimeUpdate!.length === 0,
    ),
  'E042 no times where there is no data': (snapshot) =>
    tripUpdates(snapshot).flatMap(({ stopTimeUpdate }) =>
      stopTimeUpdate!.filter((update) => update.scheduleRelationship === NO_DATA && events(update).length > 0),
    ),
  'E043 an arrival or departure for every other stop': (snapshot) =>
    timed(snapshot).filter((update) => events(update).length === 0),
  'E044 arrivals and departures have a time or a delay': (snapshot) =>
    timed(snapshot).flatMap((update) => events(update).filter((event) => !has(event, 'time') && !has(event, 'delay'))),
  'E045 stop_sequence and stop_id match the static feed': (snapshot) =>
    tripUpdates(snapshot).flatMap(({ trip, stopTimeUpdate }) =>
      stopTimeUpdate!.filter(
        ({ stopId, stopSequence }) =>
          stopTimes(snapshot, trip.tripId).find(({ stop_sequence }) => num(stop_sequence) === stopSequence)?.stop_id !==
          stopId,
      ),
    ),
  'E047 both feeds pair the same vehicle with a trip': (snapshot) => {
    const byTrip = new Map(vehicles(snapshot).map(({ trip, vehicle }) => [trip?.tripId, vehicle!.id]));
    return tripUpdates(snapshot).filter(
      ({ trip, vehicle }) => isSet(vehicle) && byTrip.has(trip.tripId) && byTrip.get(trip.tripId) !== vehicle.id,
    );
  },
  'E048 the header has a timestamp': (snapshot) => feeds(snapshot).filter(({ header }) => !has(header, 'timestamp')),
  'E049 the header says how complete the feed is': (snapshot) =>
    feeds(snapshot).filter(({ header }) => !has(header, 'incrementality')),
  'E050 nothing is of the future': (snapshot) => stamps(snapshot).filter((s) => s > snapshot.atS + 60),
  'E051 stop_sequences are in the static feed': (snapshot) =>
    [
      ...tripUpdates(snapshot).flatMap(({ trip, stopTimeUpdate }) =>
        stopTimeUpdate!.map((update) => [trip, update.stopSequence] as const),
      ),
      ...vehicles(snapshot).flatMap(({ trip, currentStopSequence }) =>
        isSet(trip) ? [[trip, currentStopSequence] as const] : [],
      ),
    ].filter(
      ([trip, sequence]) =>
        !stopTimes(snapshot, trip.tripId).some(({ stop_sequence }) => num(stop_sequence) === sequence),
    ),
  'E052 entity ids, vehicles and trips of vehicles are unique': (snapshot) => [
    ...feeds(snapshot).flatMap(({ entity }) => twice(entity!.map(({ id }) => id))),
    ...twice(vehicles(snapshot).map(({ vehicle }) => vehicle!.id)),
    ...twice(vehicles(snapshot).flatMap(({ trip }) => (isSet(trip) ? `${trip.tripId} ${trip.startDate}` : []))),
  ],
  'W001 entities have timestamps': (snapshot) =>
    [...tripUpdates(snapshot), ...vehicles(snapshot)].filter((entity) => !has(entity, 'timestamp')),
  'W002 vehicles have ids': (snapshot) => [
    ...vehicles(snapshot).filter(({ vehicle }) => !isSet(vehicle?.id)),
    ...tripUpdates(snapshot).filter(
      ({ trip, vehicle }) => trip.scheduleRelationship !== CANCELED && !isSet(vehicle?.id),
    ),
  ],
  'W003 both feeds have the same trips and vehicles': (snapshot) => {
    const updated = new Set(tripUpdates(snapshot).map(({ trip }) => trip.tripId));
    const seen = new Set(vehicles(snapshot).map(({ vehicle }) => vehicle!.id));
    return [
      ...vehicles(snapshot).filter(({ trip }) => isSet(trip) && !updated.has(trip.tripId)),
      ...tripUpdates(snapshot).filter(({ vehicle }) => isSet(vehicle) && !seen.has(vehicle.id)),
    ];
  },
  'W004 speeds are real': (snapshot) => vehicles(snapshot).filter(({ position }) => !(position!.speed! <= 26)),
  'W006 trips have a trip_id': (snapshot) => trips(snapshot).filter(({ tripId }) => !tripId),
  'W007, W008 the feed is younger than 35 s': (snapshot) =>
    feeds(snapshot).filter(({ header }) => Math.abs(num(header.timestamp) - snapshot.atS) > 35),
  'W009 schedule_relationship is given': (snapshot) => [
    ...trips(snapshot).filter((trip) => !has(trip, 'scheduleRelationship')),
    ...tripUpdates(snapshot).flatMap(({ stopTimeUpdate }) =>
      stopTimeUpdate!.filter((update) => !has(update, 'scheduleRelationship')),
    ),
  ],
  'times and delays agree with the static feed': (snapshot) =>
    tripUpdates(snapshot).flatMap(({ trip, stopTimeUpdate }) =>
      stopTimeUpdate!.filter((update) => {
        const row = stopTimes(snapshot, trip.tripId).find(
          ({ stop_sequence }) => num(stop_sequence) === update.stopSequence,
        );
        const zone = snapshot.tables['agency.txt']![0]!.agency_timezone!;
        const planned = instantS(trip.startDate!, row!.arrival_time!, zoneOffsetMin(zone, snapshot.atS * 1000));
        return events(update).some(({ time, delay }) => num(time) - num(delay) !== planned);
      }),
    ),
};

function isNearSegment(position: rt.IPosition, a: Row, b: Row): boolean {
  const steps = Array.from({ length: 21 }, (_, at) => at / 20);
  return steps.some((share) => {
    const lat = num(a.shape_pt_lat) + share * (num(b.shape_pt_lat) - num(a.shape_pt_lat));
    const lon = num(a.shape_pt_lon) + share * (num(b.shape_pt_lon) - num(a.shape_pt_lon));
    return metresApart(lat, lon, position.latitude, position.longitude) <= 200;
  });
}

function twice(values: readonly unknown[]): unknown[] {
  return values.filter((value, at) => values.indexOf(value) !== at);
}
