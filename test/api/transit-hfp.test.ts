import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import type { Broker } from '../../broker/broker.ts';
import { Client } from '../../mqtt/client.ts';
import { allSettled, describeKind, frame, quiet, startCity, until } from './city.ts';
import type { TestCity } from './city.ts';
import { EIGHT, busKind, lifeOf, timetableOf } from './transit-life.ts';

let city: TestCity;
let broker: Broker;
let viewer: Client;
const heard: { topic: string; VP: { [name: string]: unknown } }[] = [];

beforeAll(async () => {
  city = await startCity({
    hfp: true,
    now: () => EIGHT,
    publish: async (topic, payload, { qos }) => {
      if (topic.startsWith('hfp/')) await broker.publish(topic, payload, { qos, retain: false });
    },
  });
  broker = await startBroker({ city: 'wuxi', host: '127.0.0.1', port: 0, take: city.api.take, log: quiet });
  viewer = new Client({
    host: '127.0.0.1',
    port: broker.port,
    clientId: 'hfp-viewer',
    onMessage: (topic, payload) => void heard.push({ topic, ...JSON.parse(Buffer.from(payload).toString()) }),
  });
  await viewer.start();
  await viewer.subscribe([{ filter: 'hfp/v2/journey/ongoing/vp/bus/+/+/608/#', qos: 0 }]);
});
afterAll(async () => {
  await viewer.stop();
  await broker.close();
  await city.api.close();
});

it('a city with HFP says where its buses on trips are, in HSL’s way, and does not take it in again', async () => {
  const lines = [timetableOf({ line: '608' }), timetableOf({ line: 'K2', lat: 31.58 })];
  await city.api.take(describeKind(busKind));
  for (const timetable of lines) void city.api.take(frame(`city/wuxi/timetable/${timetable.line}`, timetable));
  const records = lifeOf(lines).records(EIGHT - 60_000, EIGHT);
  await allSettled(
    records.map(({ device, ts, seq, fields }) =>
      city.api.take(frame(`city/wuxi/bus/${device}/telemetry`, { ts, seq, ...fields })),
    ),
  );
  const onTrip = records.filter(({ fields }) => fields.line === '608' && fields.status !== 'layover');
  const atTheEnd = onTrip.filter(({ fields }) => fields.stopSequence === 5 && fields.boarded !== undefined);
  await until(() => heard.length === onTrip.length - atTheEnd.length);
  for (const { topic, VP } of heard) {
    expect(topic).toMatch(
      /^hfp\/v2\/journey\/ongoing\/vp\/bus\/0001\/\d{5}\/608\/[12]\/[^/]+\/0[78]:\d\d\/608-s\d\/[0-5]\/31;120\/5[23](?:\/\d\d){2}$/,
    );
    expect(VP).toMatchObject({ desi: '608', oday: '2026-05-01', route: '608' });
  }
  const { body } = await city.get('/api/rejected');
  expect(body.total).toBe(0);
});
