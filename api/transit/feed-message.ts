// GTFS-Realtime messages: their shape as we fill it, and their bytes. Field numbers are those of the GTFS-Realtime 2.0 reference
// (gtfs.org); fields that we never fill are left out, as every reader must expect.
import protobuf from 'protobufjs/light.js';
import type { INamespace } from 'protobufjs';

export interface FeedMessage {
  readonly header: {
    readonly gtfsRealtimeVersion: '2.0';
    readonly incrementality: 'FULL_DATASET';
    /** s since 1970, like all times in feeds. */
    readonly timestamp: number;
  };
  readonly entity: readonly FeedEntity[];
}

export interface FeedEntity {
  readonly id: string;
  readonly tripUpdate?: TripUpdate;
  readonly vehicle?: VehiclePosition;
  readonly alert?: Alert;
}

export interface TripDescriptor {
  readonly tripId: string;
  /** As in the static feed, `25:10:00`. */
  readonly startTime: string;
  /** As in the static feed, `20261121`. */
  readonly startDate: string;
  readonly scheduleRelationship: 'SCHEDULED' | 'CANCELED';
  readonly routeId: string;
  readonly directionId: 0 | 1;
}

export interface VehicleDescriptor {
  readonly id: string;
  readonly label: string;
}

export interface StopTimeEvent {
  readonly delay: number;
  readonly time: number;
  readonly uncertainty?: number;
}

export interface StopTimeUpdate {
  readonly stopSequence: number;
  readonly stopId: string;
  readonly arrival?: StopTimeEvent;
  readonly departure?: StopTimeEvent;
  readonly scheduleRelationship: 'SCHEDULED' | 'NO_DATA';
}

export interface TripUpdate {
  readonly trip: TripDescriptor;
  readonly vehicle?: VehicleDescriptor;
  readonly stopTimeUpdate: readonly StopTimeUpdate[];
  readonly timestamp: number;
  readonly delay?: number;
}

export interface VehiclePosition {
  readonly trip?: TripDescriptor;
  readonly vehicle: VehicleDescriptor;
  readonly position: {
    readonly latitude: number;
    readonly longitude: number;
    readonly bearing?: number;
    readonly odometer?: number;
    readonly speed?: number;
  };
  readonly currentStopSequence?: number;
  readonly stopId?: string;
  readonly currentStatus?: 'INCOMING_AT' | 'STOPPED_AT' | 'IN_TRANSIT_TO';
  readonly timestamp: number;
  readonly occupancyStatus?: OccupancyStatus;
  readonly occupancyPercentage?: number;
}

export type OccupancyStatus =
  | 'EMPTY'
  | 'MANY_SEATS_AVAILABLE'
  | 'FEW_SEATS_AVAILABLE'
  | 'STANDING_ROOM_ONLY'
  | 'CRUSHED_STANDING_ROOM_ONLY'
  | 'FULL';

export interface EntitySelector {
  readonly agencyId?: string;
  readonly routeId?: string;
  readonly trip?: TripDescriptor;
  readonly stopId?: string;
}

export interface TranslatedText {
  readonly translation: readonly { readonly text: string; readonly language: string }[];
}

export interface Alert {
  readonly activePeriod: readonly { readonly start: number; readonly end?: number }[];
  readonly informedEntity: readonly EntitySelector[];
  readonly cause: keyof typeof CAUSES;
  readonly effect: keyof typeof EFFECTS;
  readonly headerText: TranslatedText;
  readonly descriptionText: TranslatedText;
  readonly severityLevel: 'INFO' | 'WARNING' | 'SEVERE';
}

const CAUSES = { UNKNOWN_CAUSE: 1, OTHER_CAUSE: 2, TECHNICAL_PROBLEM: 3, WEATHER: 8, CONSTRUCTION: 10 };
const EFFECTS = { SIGNIFICANT_DELAYS: 3, MODIFIED_SERVICE: 6, OTHER_EFFECT: 7, UNKNOWN_EFFECT: 8 };

type Field = { readonly type: string; readonly id: number; readonly rule?: 'required' | 'repeated' };
type Message = { readonly fields: { readonly [name: string]: Field } };
type Enumeration = { readonly values: { readonly [name: string]: number } };

const one = (type: string, id: number): Field => ({ type, id });
const must = (type: string, id: number): Field => ({ type, id, rule: 'required' });
const many = (type: string, id: number): Field => ({ type, id, rule: 'repeated' });

const MESSAGES: { readonly [name: string]: Message | Enumeration } = {
  FeedMessage: { fields: { header: must('FeedHeader', 1), entity: many('FeedEntity', 2) } },
  FeedHeader: {
    fields: {
      gtfsRealtimeVersion: must('string', 1),
      incrementality: one('Incrementality', 2),
      timestamp: one('uint64', 3),
    },
  },
  Incrementality: { values: { FULL_DATASET: 0 } },
  FeedEntity: {
    fields: {
      id: must('string', 1),
      tripUpdate: one('TripUpdate', 3),
      vehicle: one('VehiclePosition', 4),
      alert: one('Alert', 5),
    },
  },
  TripUpdate: {
    fields: {
      trip: must('TripDescriptor', 1),
      stopTimeUpdate: many('StopTimeUpdate', 2),
      vehicle: one('VehicleDescriptor', 3),
      timestamp: one('uint64', 4),
      delay: one('int32', 5),
    },
  },
  StopTimeUpdate: {
    fields: {
      stopSequence: one('uint32', 1),
      arrival: one('StopTimeEvent', 2),
      departure: one('StopTimeEvent', 3),
      stopId: one('string', 4),
      scheduleRelationship: one('StopScheduleRelationship', 5),
    },
  },
  StopScheduleRelationship: { values: { SCHEDULED: 0, NO_DATA: 2 } },
  StopTimeEvent: { fields: { delay: one('int32', 1), time: one('int64', 2), uncertainty: one('int32', 3) } },
  VehiclePosition: {
    fields: {
      trip: one('TripDescriptor', 1),
      position: one('Position', 2),
      currentStopSequence: one('uint32', 3),
      currentStatus: one('VehicleStopStatus', 4),
      timestamp: one('uint64', 5),
      stopId: one('string', 7),
      vehicle: one('VehicleDescriptor', 8),
      occupancyStatus: one('OccupancyStatus', 9),
      occupancyPercentage: one('uint32', 10),
    },
  },
  VehicleStopStatus: { values: { INCOMING_AT: 0, STOPPED_AT: 1, IN_TRANSIT_TO: 2 } },
  OccupancyStatus: {
    values: {
      EMPTY: 0,
      MANY_SEATS_AVAILABLE: 1,
      FEW_SEATS_AVAILABLE: 2,
      STANDING_ROOM_ONLY: 3,
      CRUSHED_STANDING_ROOM_ONLY: 4,
      FULL: 5,
    },
  },
  Position: {
    fields: {
      latitude: must('float', 1),
      longitude: must('float', 2),
      bearing: one('float', 3),
      odometer: one('double', 4),
      speed: one('float', 5),
    },
  },
  TripDescriptor: {
    fields: {
      tripId: one('string', 1),
      startTime: one('string', 2),
      startDate: one('string', 3),
      scheduleRelationship: one('TripScheduleRelationship', 4),
      routeId: one('string', 5),
      directionId: one('uint32', 6),
    },
  },
  TripScheduleRelationship: { values: { SCHEDULED: 0, CANCELED: 3 } },
  VehicleDescriptor: { fields: { id: one('string', 1), label: one('string', 2) } },
  Alert: {
    fields: {
      activePeriod: many('TimeRange', 1),
      informedEntity: many('EntitySelector', 5),
      cause: one('Cause', 6),
      effect: one('Effect', 7),
      headerText: one('TranslatedString', 10),
      descriptionText: one('TranslatedString', 11),
      severityLevel: one('SeverityLevel', 14),
    },
  },
  TimeRange: { fields: { start: one('uint64', 1), end: one('uint64', 2) } },
  EntitySelector: {
    fields: {
      agencyId: one('string', 1),
      routeId: one('string', 2),
      trip: one('TripDescriptor', 4),
      stopId: one('string', 5),
    },
  },
  Cause: { values: CAUSES },
  Effect: { values: EFFECTS },
  SeverityLevel: { values: { INFO: 2, WARNING: 3, SEVERE: 4 } },
  TranslatedString: { fields: { translation: many('Translation', 1) } },
  Translation: { fields: { text: must('string', 1), language: one('string', 2) } },
};

/** proto2, each of them: what is set is sent, also where it is the default. */
const PROTO2 = Object.entries(MESSAGES).map(([name, message]) => [name, { edition: 'proto2', ...message }]);
const PACKAGE = { nested: Object.fromEntries(PROTO2) } as INamespace;
const FEED = protobuf.Root.fromJSON(PACKAGE).lookupType('FeedMessage');

/** → bytes of `application/x-protobuf`. */
export function encodeFeed(feed: FeedMessage): Uint8Array {
  return FEED.encode(FEED.fromObject(feed)).finish();
}
