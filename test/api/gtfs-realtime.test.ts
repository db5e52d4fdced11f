import { execFileSync } from 'node:child_process';
import gtfsRealtime from 'gtfs-realtime-bindings';
import type { transit_realtime as rt } from 'gtfs-realtime-bindings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { occupancyStatus } from '../../api/transit/vehicle-positions.ts';
import { describeWith, program } from '../parts.ts';
import { allSettled, describeKind, frame, startCity } from './city.ts';
import type { TestCity } from './city.ts';
import { readFeed } from './gtfs-reader.ts';
import { RULES, decode } from './gtfs-rt-rules.ts';
import type { Snapshot } from './gtfs-rt-rules.ts';
import { EIGHT, arrivalS, breakdown, busKind, lifeOf, timetableOf } from './transit-life.ts';
import type { Life } from './transit-life.ts';

const { transit_realtime } = gtfsRealtime;
const MINUTE_MS = 60_000;

/** A city whose wall clock is its own. */
interface LivingCity {
  readonly city: TestCity;
  /** Lives until then, with a clock message a second and, when asked for, predictions every 20 s. */
  live(untilMs: number, predicts: boolean): Promise<void>;
  snapshot(before?: Snapshot): Promise<Snapshot>;
  bytes(feed: string): Promise<Uint8Array>;
  say(topic: string, message: object): Promise<void>;
}

async function startLife(life: Life, startMs: number): Promise<LivingCity> {
  let nowMs = startMs;
  const city = await startCity({ now: () => nowMs });
  const say = async (topic: string, message: object) => city.api.take(frame(`city/wuxi/${topic}`, message));
  const clock = () =>
    say('clock', { simTimeMs: nowMs, utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: 'demo', seed: 1 });
  await city.api.take(describeKind(busKind));
  await clock();
  for (const timetable of life.timetables) await say(`timetable/${timetable.line}`, timetable);
  const bytes = async (feed: string) => {
    const response = await fetch(`${city.base}/${feed}`);
    expect(response.status).toBe(200);
    return new Uint8Array(await response.arrayBuffer());
  };
  return {
    city,
    bytes,
    say,
    async live(untilMs, predicts) {
      const records = life.records(nowMs, untilMs);
      let at = 0;
      for (; nowMs < untilMs; nowMs += 1000) {
        const due: (Promise<void> | undefined)[] = [];
        for (; at < records.length && records[at]!.ts <= nowMs; at++) {
          const { device, ts, seq, fields } = records[at]!;
          due.push(city.api.take(frame(`city/wuxi/bus/${device}/telemetry`, { ts, seq, ...fields })));
        }
        if (nowMs % 5000 === 0) await allSettled(due);
        if (nowMs % 20_000 === 0 && predicts)
          for (const arrivals of life.arrivals(nowMs)) await say(`arrivals/${arrivals.line}`, arrivals);
        if (nowMs % 5000 === 0) await clock();
      }
      await clock();
    },
    async snapshot(before) {
      return {
        tables: readFeed(await bytes('gtfs.zip')),
        atS: nowMs / 1000,
        positions: decode(await bytes('gtfs-rt/vehicle-positions.pb')),
        updates: decode(await bytes('gtfs-rt/trip-updates.pb')),
        alerts: decode(await bytes('gtfs-rt/alerts.pb')),
        ...(before && { before }),
      };
    },
  };
}

const roadClosed = {
  scenario: 'demo',
  startMs: EIGHT,
  timeline: [
    {
      id: 'works',
      event: 'road-closed',
      fromMs: EIGHT,
      untilMs: EIGHT + 60 * MINUTE_MS,
      state: 'happening',
      detail: 'works at the station',
      lat: 31.57,
      lon: 120.283,
      radiusM: 400,
    },
    { id: 'cut', event: 'control-outage', fromMs: EIGHT, state: 'happening', detail: '' },
    { id: 'later', event: 'crowd', fromMs: EIGHT + 1, state: 'scheduled', detail: '' },
  ],
  expectations: [],
  catalog: [],
};

describe('GTFS-Realtime feeds of a service with predictions, delays, a breakdown and a trip that never comes', () => {
  const timetables = [
    timetableOf({ line: '608', stops: 9 }),
    timetableOf({ line: 'K2', stops: 4, headwayS: 420, lat: 31.58 }),
  ];
  const never = `608-out-${7 * 3600 + 55 * 60}`;
  const brokenTrip = `608-out-${8 * 3600}`;
  /** One bus a trip, in their order; one trip has none. */
  const brokenBus = '608-bus-11';
  const breaksMs = EIGHT + 4 * MINUTE_MS;
  let living: LivingCity;
  const snapshots: Snapshot[] = [];

  beforeAll(async () => {
    living = await startLife(
      lifeOf(timetables, { skip: new Set([never]), broken: { trip: brokenTrip, atMs: breaksMs } }),
      EIGHT - 10 * MINUTE_MS,
    );
    await living.live(EIGHT, false);
    snapshots.push(await living.snapshot());
    snapshots.push(await living.snapshot(snapshots[0]));
    const cancelled = { ts: EIGHT, seq: 8000, name: 'tripCancelled', line: '608', direction: 'out', trip: never };
    await living.say('bus/608-bus-20/event', cancelled);
    await living.say('bus/608-bus-20/event', { ...cancelled, seq: 8001, trip: 'nobody' });
    await living.live(EIGHT + 3 * MINUTE_MS, true);
    snapshots.push(await living.snapshot(snapshots[1]));
    const { device, kind: _kind, fields: _fields, ...raised } = breakdown(brokenBus, breaksMs, 9000, 'raised');
    await living.live(breaksMs, true);
    await living.say(`bus/${device}/event`, raised);
    await living.say('scenario/state', roadClosed);
    snapshots.push(await living.snapshot(snapshots[2]));
    await living.live(breaksMs + 10_000, true);
    snapshots.push(await living.snapshot(snapshots[3]));
  });
  afterAll(() => living.city.api.close());

  it.each(Object.keys(RULES))('%s', (rule) => {
    expect(snapshots.map(RULES[rule]!)).toEqual(snapshots.map(() => []));
  });

  it('are full of what the rules look at', () => {
    const last = snapshots.at(-1)!;
    expect(vehiclesOf(last).filter(({ trip }) => trip).length).toBeGreaterThan(2);
    expect(vehiclesOf(last).filter(({ trip }) => !trip).length).toBeGreaterThan(0);
    expect(last.updates.entity!.length).toBeGreaterThan(3);
    expect(last.alerts.entity!.length).toBe(3);
    const howMany = last.updates.entity!.flatMap(({ tripUpdate }) => tripUpdate!.stopTimeUpdate!.length);
    expect(Math.max(...howMany)).toBeGreaterThan(6);
  });

  const broken: [rule: string, spoil: (snapshot: Snapshot) => void][] = [
    ['E001', ({ positions }) => (positions.header.timestamp = EIGHT)],
    ['E002', ({ updates }) => longest(updates).stopTimeUpdate!.push(longest(updates).stopTimeUpdate![0]!)],
    ['E003', ({ updates }) => (longest(updates).trip.tripId = 'nobody')],
    ['E004', ({ updates }) => (longest(updates).trip.routeId = 'nobody')],
    ['E011', ({ updates }) => (longest(updates).stopTimeUpdate![0]!.stopId = 'nowhere')],
    ['E012', ({ positions }) => (positions.entity![0]!.vehicle!.timestamp = EIGHT / 1000 + 9999)],
    ['E018', ({ positions }) => (positions.header.timestamp = EIGHT / 1000 - 9999)],
    ['E020', ({ updates }) => (longest(updates).trip.startTime = '7:05')],
    ['E021', ({ updates }) => (longest(updates).trip.startDate = '2026-05-01')],
    ['E022', ({ updates }) => (longest(updates).stopTimeUpdate![2]!.departure!.time = EIGHT / 1000 + 99_999)],
    ['E023', ({ updates }) => (longest(updates).trip.startTime = '05:00:00')],
    ['E024', ({ updates }) => (longest(updates).trip.directionId = 7)],
    ['E025', ({ updates }) => (longest(updates).stopTimeUpdate![1]!.departure!.time = EIGHT / 1000 - 9999)],
    ['E026', ({ positions }) => (positions.entity![0]!.vehicle!.position!.latitude = 91)],
    ['E027', ({ positions }) => (positions.entity![0]!.vehicle!.position!.bearing = -1)],
    ['E028', ({ positions }) => (positions.entity![0]!.vehicle!.position!.latitude = 40)],
    ['E029', ({ positions }) => (onTrip(positions).position!.latitude += 0.01)],
    ['E030', ({ updates }) => (longest(updates).trip.routeId = 'K2')],
    ['E032', ({ alerts }) => (alerts.entity![0]!.alert!.informedEntity = [])],
    ['E034', ({ alerts }) => (alerts.entity![0]!.alert!.informedEntity = [{ agencyId: 'nobody' }])],
    ['E038', ({ alerts }) => (alerts.header.gtfsRealtimeVersion = '3')],
    ['E041', ({ updates }) => (longest(updates).stopTimeUpdate = [])],
    ['E045', ({ updates }) => (longest(updates).stopTimeUpdate![1]!.stopSequence = 0)],
    ['E047', ({ updates }) => (longest(updates).vehicle!.id = 'other')],
    ['E052', ({ positions }) => positions.entity!.push(positions.entity![0]!)],
    ['W003', ({ updates }) => (updates.entity = [])],
    ['W007', ({ positions }) => (positions.header.timestamp = EIGHT / 1000 - 9999)],
    ['times', ({ updates }) => (longest(updates).stopTimeUpdate![1]!.arrival!.delay = 12_345)],
  ];
  it.each(broken)('a feed that breaks %s is found out', (rule, spoil) => {
    const copy = structuredCopy(snapshots[4]!);
    spoil(copy);
    const name = Object.keys(RULES).find((title) => title.startsWith(rule))!;
    expect(RULES[name]!(copy)).not.toEqual([]);
  });

  it('name the trip that nobody drove, and only that, as cancelled', () => {
    const cancelled = snapshots.map(({ updates }) =>
      updates.entity!.flatMap(({ tripUpdate }) => {
        const { CANCELED } = transit_realtime.TripDescriptor.ScheduleRelationship;
        return tripUpdate!.trip.scheduleRelationship === CANCELED ? tripUpdate!.trip.tripId : [];
      }),
    );
    expect(cancelled).toEqual([[], [], [never], [never], [never]]);
  });

  it('give a bus that has broken down an alert with its line and trip, and no times', () => {
    const { alerts, updates } = snapshots[4]!;
    const alert = alerts.entity!.find(({ id }) => id.includes('breakdown'))!.alert!;
    const [selector] = alert.informedEntity!;
    expect(selector).toMatchObject({ routeId: '608', trip: { routeId: '608', tripId: brokenTrip } });
    expect(alert.effect).toBe(transit_realtime.Alert.Effect.SIGNIFICANT_DELAYS);
    expect(alert.headerText!.translation!.map(({ language }) => language)).toEqual(['en', 'zh']);
    const update = updates.entity!.find(({ tripUpdate }) => tripUpdate!.trip.tripId === selector!.trip!.tripId)!;
    const { NO_DATA } = transit_realtime.TripUpdate.StopTimeUpdate.ScheduleRelationship;
    expect(update.tripUpdate!.stopTimeUpdate).toMatchObject([{ scheduleRelationship: NO_DATA }]);
  });

  it('tell the lines that pass a closed road, and the agency what concerns all', () => {
    const informed = Object.fromEntries(
      snapshots[4]!.alerts.entity!.map(({ id, alert }) => [id, alert!.informedEntity!.map((one) => ({ ...one }))]),
    );
    expect(informed['alert-works']).toEqual([{ routeId: '608' }]);
    expect(informed['alert-cut']).toEqual([{ agencyId: 'wuxi' }]);
    expect(informed['alert-later']).toBeUndefined();
  });

  it('send zeros that mean something', async () => {
    const first = snapshots
      .flatMap(vehiclesOf)
      .find(({ trip, stopId }) => trip?.routeId === '608' && stopId === '608-s0');
    expect(Object.hasOwn(first!, 'currentStopSequence')).toBe(true);
    expect(Object.hasOwn(first!.trip!, 'directionId')).toBe(true);
  });

  it('are the same in JSON, with names for numbers', async () => {
    const { body, headers } = await living.city.get('/gtfs-rt/vehicle-positions.pb?format=json');
    expect(headers.get('content-type')).toContain('application/json');
    const inBytes = transit_realtime.FeedMessage.toObject(
      decode(await living.bytes('gtfs-rt/vehicle-positions.pb')) as never,
      {
        enums: String,
        longs: Number,
      },
    );
    expect(body.header).toEqual(inBytes.header);
    expect(body.entity.map(({ id }: { id: string }) => id)).toEqual(inBytes.entity.map(({ id }: { id: string }) => id));
    expect(body.entity[0].vehicle.trip).toEqual(inBytes.entity[0].vehicle.trip);
    expect(body.entity[0].vehicle.occupancyStatus).toEqual(inBytes.entity[0].vehicle.occupancyStatus);
  });

  describeWith(['protoc'], 'read by protoc', () => {
    it.each(['vehicle-positions', 'trip-updates', 'alerts'])('%s has the fields by number', async (feed) => {
      const bytes = await living.bytes(`gtfs-rt/${feed}.pb`);
      const text = execFileSync(program('protoc')!, ['--decode_raw'], { input: bytes }).toString();
      expect(text).toMatch(/^1 \{\n {2}1: "2.0"\n {2}2: 0\n {2}3: 17775\d{5}\n\}/);
      expect(text.match(/^2 \{/gm)).toHaveLength(decode(bytes).entity!.length);
      const field = { 'vehicle-positions': 4, 'trip-updates': 3, alerts: 5 }[feed]!;
      expect(text.match(new RegExp(`^ {2}${field} \\{`, 'gm'))).toHaveLength(decode(bytes).entity!.length);
    });
  });
});

describe('a trip update', () => {
  const life = lifeOf([timetableOf({ line: '608', headwayS: 1800, firstS: 8 * 3600, lastS: 9 * 3600 })]);
  // The second trip out: 37 s late.
  const [, , back] = life.timetables[0]!.services[0]!.trips;
  const startMs = EIGHT + 1800_000;
  let living: LivingCity;
  afterAll(() => living.city.api.close());
  beforeAll(async () => {
    living = await startLife(life, startMs - MINUTE_MS);
    // 37 s late it set out, 100 s a stop: between its second and third stop now.
    await living.live(startMs + (37 + 150) * 1000, true);
  });
  const updateOf = async (trip: string) => {
    const { entity } = decode(await living.bytes('gtfs-rt/trip-updates.pb'));
    return entity!.find(({ tripUpdate }) => tripUpdate!.trip.tripId === trip)!.tripUpdate!;
  };

  it('has the dispatch centre’s times while they are fresh, else the timetable’s and the delay', async () => {
    expect(back!.id).toBe('608-out-32400');
    const trip = '608-out-30600';
    const predicted = await updateOf(trip);
    expect(predicted.stopTimeUpdate!.map(({ stopSequence }) => stopSequence)).toEqual([2, 3, 4, 5]);
    expect(predicted.stopTimeUpdate!.map(({ arrival }) => arrival!.uncertainty)).toEqual([12, 12, 12, 12]);
    expect(predicted.stopTimeUpdate!.map(({ arrival }) => Number(arrival!.time))).toEqual(
      [2, 3, 4, 5].map((stop) => startMs / 1000 + 37 + arrivalS(stop)),
    );
    // Later than predictions last, but 5 s after the last record.
    await living.live(startMs + (37 + 350) * 1000, false);
    const scheduled = await updateOf(trip);
    expect(scheduled.stopTimeUpdate!.map(({ arrival }) => Number(arrival!.time))).toEqual(
      [4, 5].map((stop) => startMs / 1000 + 37 + arrivalS(stop)),
    );
    expect(Object.hasOwn(scheduled.stopTimeUpdate![0]!.arrival!, 'uncertainty')).toBe(false);
  });

  it('belongs to a bus that drives, whose breakdown of earlier is no alert though nobody cleared it', async () => {
    const { entity } = decode(await living.bytes('gtfs-rt/vehicle-positions.pb'));
    const bus = entity!.find(({ vehicle }) => vehicle!.trip?.tripId === '608-out-30600')!.vehicle!.vehicle!.id!;
    await living.say(`bus/${bus}/event`, { ts: startMs - MINUTE_MS, seq: 9000, name: 'breakdown', state: 'raised' });
    expect((await living.city.get('/api/alarms')).body.items).toMatchObject([{ device: bus, name: 'breakdown' }]);
    expect(decode(await living.bytes('gtfs-rt/alerts.pb')).entity).toEqual([]);
  });

  it('ends when nobody has heard of the bus for 90 s', async () => {
    const silent = startMs + (37 + 350) * 1000;
    const clock = { utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: 'demo', seed: 1 };
    for (const [afterS, heard] of [
      [85, true],
      [95, false],
    ] as const) {
      await living.say('clock', { simTimeMs: silent + afterS * 1000, ...clock });
      const { entity } = decode(await living.bytes('gtfs-rt/vehicle-positions.pb'));
      expect(entity!.some(({ vehicle }) => vehicle!.trip?.tripId === '608-out-30600')).toBe(heard);
    }
  });
});

describe('occupancy', () => {
  const rows: [load: number, status: string][] = [
    [3, 'EMPTY'],
    [20, 'MANY_SEATS_AVAILABLE'],
    [34, 'FEW_SEATS_AVAILABLE'],
    [60, 'STANDING_ROOM_ONLY'],
    [76, 'CRUSHED_STANDING_ROOM_ONLY'],
    [80, 'FULL'],
  ];
  it.each(rows)('of %i people in a bus of 34 seats and 80 places is %s', (load, status) => {
    expect(occupancyStatus(load / 80)).toBe(status);
  });
});

function vehiclesOf({ positions }: Snapshot): rt.IVehiclePosition[] {
  return positions.entity!.map(({ vehicle }) => vehicle!);
}

function longest({ entity }: rt.IFeedMessage): rt.ITripUpdate {
  const updates = entity!.map(({ tripUpdate }) => tripUpdate!);
  return updates.toSorted((a, b) => b.stopTimeUpdate!.length - a.stopTimeUpdate!.length)[0]!;
}

function onTrip({ entity }: rt.IFeedMessage): rt.IVehiclePosition {
  return entity!.find(({ vehicle }) => vehicle!.trip)!.vehicle!;
}

/** Written and read again, so that a test may spoil it. */
function structuredCopy(snapshot: Snapshot): Snapshot {
  const copy = (feed: rt.IFeedMessage) => decode(transit_realtime.FeedMessage.encode(feed).finish());
  const { positions, updates, alerts } = snapshot;
  return { ...snapshot, positions: copy(positions), updates: copy(updates), alerts: copy(alerts) };
}
