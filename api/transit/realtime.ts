// The three GTFS-Realtime feeds of the city now. One feed a second of city time: whoever asks twice within it gets the same bytes, so that
// content never changes under the same timestamp.
import type { Alarm } from '../alarms.ts';
import type { ScenarioEventState } from '../../telemetry/messages.ts';
import { breakdownEntities, cityEntities } from './alerts.ts';
import { feedDate, feedTime, feedZone, shiftInto } from './civil-time.ts';
import type { BusNow } from './buses.ts';
import { encodeFeed } from './feed-message.ts';
import type { EntitySelector, FeedEntity, FeedMessage, TripDescriptor } from './feed-message.ts';
import type { LatLon } from './geometry.ts';
import { directionId, runningTrip } from './running.ts';
import type { DatedTrip } from './timetables.ts';
import type { Transit } from './transit.ts';
import { updateEntities } from './trip-updates.ts';
import { vehicleEntities } from './vehicle-positions.ts';

export const FEEDS = ['vehicle-positions', 'trip-updates', 'alerts'] as const;
export type FeedName = (typeof FEEDS)[number];

/** By then the records of a bus say what its event said, ms. */
const SETTLED_MS = 60_000;

export interface RealtimeSources {
  readonly transit: Transit;
  readonly alarms: () => readonly Alarm[];
  readonly timeline: () => readonly ScenarioEventState[];
  /** The chains of places that a street is drawn as. */
  readonly streetOf: (name: string) => readonly (readonly LatLon[])[];
}

interface Made {
  readonly feed: FeedMessage;
  readonly bytes: Uint8Array;
}

export class Realtime {
  readonly #sources: RealtimeSources;
  readonly #made = new Map<FeedName, Made & { readonly version: number }>();

  constructor(sources: RealtimeSources) {
    this.#sources = sources;
  }

  current(name: FeedName): Made {
    const { transit } = this.#sources;
    const headerS = Math.floor(transit.nowMs / 1000);
    const { version } = transit.timetables;
    const made = this.#made.get(name);
    if (made?.feed.header.timestamp === headerS && made.version === version) return made;
    const feed: FeedMessage = {
      header: { gtfsRealtimeVersion: '2.0', incrementality: 'FULL_DATASET', timestamp: headerS },
      entity: this.#entities(name, headerS),
    };
    const next = { feed, bytes: encodeFeed(feed), version };
    this.#made.set(name, next);
    return next;
  }

  #entities(name: FeedName, headerS: number): FeedEntity[] {
    if (name === 'alerts') return this.#alerts();
    const { transit } = this.#sources;
    const { buses, running, nowMs } = transit.service();
    if (name === 'vehicle-positions') {
      const byBus = new Map(running.map((trip) => [trip.bus.bus, trip]));
      return vehicleEntities(buses, byBus, headerS, ({ dated }) => this.#describe(dated, 'SCHEDULED'));
    }
    // Who has no position is in no feed, so that both name the same vehicles.
    const updates = running
      .filter(({ bus }) => bus.place !== undefined)
      .map((trip) => ({ running: trip, calls: transit.callsAhead(trip, nowMs) }));
    return updateEntities(updates, transit.trips.cancelled(transit.timetables, nowMs), headerS, (...trip) =>
      this.#describe(...trip),
    );
  }

  #alerts(): FeedEntity[] {
    const { transit, alarms, timeline, streetOf } = this.#sources;
    return [
      ...breakdownEntities(
        alarms().filter((alarm) => this.#isStill(alarm)),
        (bus) => this.#selectorOf(transit.buses.of(bus)),
      ),
      ...cityEntities(timeline(), transit.city, transit.timetables.all(), streetOf),
    ];
  }

  /** An alarm may stay open because nobody was there to hear the end of it: a bus that drives again has no breakdown. */
  #isStill({ device, raisedAt }: Alarm): boolean {
    const { transit } = this.#sources;
    const bus = transit.buses.of(device);
    const drives = bus !== undefined && bus.status !== 'broken' && bus.ts > raisedAt + SETTLED_MS;
    return !drives && raisedAt <= transit.nowMs;
  }

  /** Its trip, when it has one, and its line, when a timetable has that. */
  #selectorOf(bus: BusNow | undefined): EntitySelector | undefined {
    const { timetables } = this.#sources.transit;
    if (bus === undefined || timetables.of(bus.line) === undefined) return undefined;
    const dated = runningTrip(bus, timetables)?.dated;
    if (dated === undefined) return { routeId: bus.line };
    return { routeId: dated.timetable.line, trip: this.#describe(dated, 'SCHEDULED') };
  }

  #describe(dated: DatedTrip, scheduleRelationship: TripDescriptor['scheduleRelationship']): TripDescriptor {
    const { trip, timetable, pattern, plan, date } = dated;
    const newest = this.#sources.transit.timetables.newest!;
    const shift = shiftInto(feedZone(newest.utcOffsetMin), timetable.utcOffsetMin);
    return {
      tripId: trip.id,
      startTime: feedTime(trip.startS + plan[0]!, shift),
      startDate: feedDate(date, shift),
      scheduleRelationship,
      routeId: timetable.line,
      directionId: directionId(pattern),
    };
  }
}
