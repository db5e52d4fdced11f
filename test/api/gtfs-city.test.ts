// The simulated city's own buses, with its dispatch centre, held against the rules of the public validator for a quarter of an hour.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BusDispatch } from '../../control/bus-dispatch.ts';
import { loadCity } from '../../simulator/city/load.ts';
import { deviceId } from '../../simulator/devices.ts';
import { describe as describeModel } from '../../simulator/kinds.ts';
import { model } from '../../simulator/models/bus.ts';
import { Run } from '../../simulator/run.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import { allSettled, describeKind, frame, startCity } from './city.ts';
import type { TestCity } from './city.ts';
import { readFeed } from './gtfs-reader.ts';
import { RULES, decode } from './gtfs-rt-rules.ts';
import type { Snapshot } from './gtfs-rt-rules.ts';

/** 07:30 of a Wednesday in Wuxi. */
const START_MS = Date.UTC(2026, 4, 19, 23, 30);
const BUSES = 48;
const MINUTES = 15;
/** Moments at which the feeds are looked at. */
const LOOKED_MIN = [2, 8, 15];

describe('feeds of the simulated city', () => {
  let city: TestCity;
  let nowMs = START_MS;
  const snapshots: Snapshot[] = [];

  beforeAll(async () => {
    city = await startCity({ now: () => nowMs });
    await live(city);
  });
  afterAll(() => city.api.close());

  it.each(Object.keys(RULES))('%s', (rule) => {
    expect(snapshots.map(RULES[rule]!)).toEqual(snapshots.map(() => []));
  });

  it('have a trip for most buses, and predictions for most trips', () => {
    for (const { positions, updates } of snapshots.slice(1)) {
      expect(positions.entity).toHaveLength(BUSES);
      const onTrip = positions.entity!.filter(({ vehicle }) => vehicle!.trip);
      expect(onTrip.length).toBeGreaterThan(BUSES / 2);
      const predicted = updates.entity!.filter(({ tripUpdate }) =>
        tripUpdate!.stopTimeUpdate!.some(({ arrival }) => arrival && Object.hasOwn(arrival, 'uncertainty')),
      );
      expect(predicted.length).toBeGreaterThan(onTrip.length / 2);
    }
  });

  it('are fresh within ten seconds', () => {
    for (const { positions, atS } of snapshots)
      for (const { vehicle } of positions.entity!) expect(atS - Number(vehicle!.timestamp)).toBeLessThanOrEqual(10);
  });

  it('are on the map of the city’s lines', async () => {
    const { body } = await city.get('/api/lines');
    expect(body.items).toHaveLength(loadCity().lines.length);
    for (const { buses, targetHeadwayS, headwayCv } of body.items) {
      expect(buses).toBeGreaterThan(0);
      expect(targetHeadwayS).toBeGreaterThan(60);
      expect(headwayCv).toBeLessThan(2);
    }
    const passages = (await city.get(`/api/lines/${body.items[0].line}/passages?minutes=15`)).body.items;
    expect(passages.length).toBeGreaterThan(2);
  });

  async function live({ api }: TestCity): Promise<void> {
    const centre = new BusDispatch();
    let due: (Promise<void> | undefined)[] = [];
    const send = ({ device, ts, seq, fields }: TelemetryRecord, channel: string, more: object = {}) =>
      due.push(api.take(frame(`city/wuxi/bus/${device}/${channel}`, { ts, seq, ...more, ...fields })));
    const run = new Run({
      city: loadCity(),
      models: new Map([['bus', model]]),
      fleets: { bus: BUSES },
      seed: 1,
      startMs: START_MS,
      utcOffsetMin: 480,
      sink: {
        record(kind, index, ts, seq, fields) {
          const record = { kind, device: deviceId(kind, index), ts, seq, fields: { ...fields } };
          centre.observe(record);
          send(record, 'telemetry');
        },
        event(kind, index, ts, seq, name, state, fields) {
          const event: DeviceEvent = { kind, device: deviceId(kind, index), ts, seq, name, fields: { ...fields } };
          send(event, 'event', { name, ...(state && { state }) });
        },
        ack() {},
      },
    });
    await api.take(describeKind(describeModel(model)));
    for (let second = 1; second <= MINUTES * 60; second++) {
      run.tick(1000);
      nowMs = START_MS + second * 1000;
      if (second % 10 > 0) continue;
      const clock = { simTimeMs: nowMs, utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: 'demo', seed: 1 };
      void api.take(frame('city/wuxi/clock', clock));
      await allSettled(due);
      due = [];
      if (second === 10)
        for (const timetable of run.timetables())
          void api.take(frame(`city/wuxi/timetable/${timetable.line}`, timetable));
      for (const arrivals of centre.report(nowMs).arrivals ?? [])
        void api.take(frame(`city/wuxi/arrivals/${arrivals.line}`, arrivals));
      if (LOOKED_MIN.includes(second / 60)) snapshots.push(await look(snapshots.at(-1)));
    }
  }

  async function look(before: Snapshot | undefined): Promise<Snapshot> {
    const bytes = async (path: string) => new Uint8Array(await (await fetch(`${city.base}/${path}`)).arrayBuffer());
    return {
      tables: before?.tables ?? readFeed(await bytes('gtfs.zip')),
      atS: nowMs / 1000,
      positions: decode(await bytes('gtfs-rt/vehicle-positions.pb')),
      updates: decode(await bytes('gtfs-rt/trip-updates.pb')),
      alerts: decode(await bytes('gtfs-rt/alerts.pb')),
      ...(before && { before }),
    };
  }
});
