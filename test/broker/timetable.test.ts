import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import type { Broker } from '../../broker/broker.ts';
import { Client } from '../../mqtt/client.ts';
import { lineTopic } from '../../telemetry/topics.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker({ city: 'wuxi', host: '127.0.0.1', port: 0, take: () => undefined, log: quiet });
});
afterAll(() => broker.close());

/** What a client that subscribes now is told at once, up to the clock, which is always retained. */
async function latecomer(name: string): Promise<string[]> {
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const onMessage = (topic: string) => (topic.endsWith('/clock') ? resolve() : void told.push(topic));
  const client = new Client({ host: '127.0.0.1', port: broker.port, clientId: name, onMessage });
  await client.start();
  for (const filter of ['city/wuxi/timetable/+', 'city/wuxi/arrivals/+', 'city/wuxi/clock'])
    await client.subscribe([{ filter, qos: 1 }]);
  await promise;
  await client.stop();
  return told;
}

it('who comes late is told the timetables, and not the arrivals of long ago', async () => {
  const retained = { qos: 1, retain: true } as const;
  const timetable = lineTopic('wuxi', 'timetable', '608');
  await broker.publish('city/wuxi/clock', Buffer.from('{}'), retained);
  await broker.publish(timetable, Buffer.from('{}'), retained);
  await broker.publish(lineTopic('wuxi', 'arrivals', '608'), Buffer.from('{}'), retained);
  expect(await latecomer('one')).toEqual([timetable]);
  await broker.publish(timetable, Buffer.alloc(0), retained);
  expect(await latecomer('two')).toEqual([]);
});
