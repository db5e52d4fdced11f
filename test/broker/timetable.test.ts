import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import type { Broker } from '../../broker/broker.ts';
import { ephemeralCredentials } from '../../broker/credentials.ts';
import { Client } from '../../mqtt/client.ts';
import type { ClientOptions } from '../../mqtt/client.ts';
import { lineTopic, scenarioTopic } from '../../telemetry/topics.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker({ city: 'wuxi', host: '127.0.0.1', port: 0, take: () => undefined, log: quiet });
});
afterAll(() => broker.close());

/** What a client that subscribes now is told at once, up to the clock, which is always retained. */
async function latecomer(name: string, ...more: string[]): Promise<string[]> {
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const onMessage = (topic: string) => (topic.endsWith('/clock') ? resolve() : void told.push(topic));
  const client = new Client({ host: '127.0.0.1', port: broker.port, clientId: name, onMessage });
  await client.start();
  for (const filter of [...more, 'city/wuxi/timetable/+', 'city/wuxi/arrivals/+', 'city/wuxi/clock'])
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

describe('timetables of a big city', () => {
  /** As a line with four thousand trips on each sort of day has it. */
  const LONG = Buffer.alloc(400_000, ' ');
  const LINES = Array.from({ length: 12 }, (_, at) => lineTopic('wuxi', 'timetable', `${at}`));
  const { credentials, secretOf } = ephemeralCredentials();
  let guarded: Broker;
  let simulator: Client;
  beforeAll(async () => {
    guarded = await startBroker({
      city: 'wuxi',
      host: '127.0.0.1',
      port: 0,
      credentials,
      take: () => undefined,
      log: quiet,
    });
    simulator = client('simulator');
    await simulator.start();
    await Promise.all(LINES.map((topic) => simulator.publish(topic, LONG, 1, true)));
  });
  afterAll(async () => {
    await simulator.stop();
    await guarded.close();
  });

  function client(part: 'simulator' | 'control' | 'viewer', rest: Partial<ClientOptions> = {}): Client {
    const login = { host: '127.0.0.1', port: guarded.port, username: part, password: secretOf(part) };
    return new Client({ clientId: `${part} ${rest.clientId ?? ''}`, ...login, ...rest });
  }

  it.each([0, 1] as const)('reach who comes late, all of them, at QoS %d', async (qos) => {
    const told: [string, number][] = [];
    const all = Promise.withResolvers<void>();
    const viewer = client('viewer', {
      onMessage: (topic, payload) => {
        if (told.push([topic, payload.length]) === LINES.length) all.resolve();
      },
    });
    await viewer.start();
    await viewer.subscribe([{ filter: 'city/#', qos }]);
    await all.promise;
    expect(new Map(told)).toEqual(new Map(LINES.map((topic) => [topic, LONG.length])));
    await viewer.stop();
  });

  it('are the only long messages, and come from nobody else', async () => {
    const before = guarded.counters().refusedByCause.oversize ?? 0;
    await simulator.publish('city/wuxi/scenario/state', LONG, 1, true);
    expect(simulator.connected).toBe(true);
    expect(guarded.counters().refusedByCause.oversize).toBe(before + 1);
    const down = Promise.withResolvers<string>();
    const control = client('control', { onDown: (reason) => down.resolve(reason) });
    await control.start();
    control.publish(LINES[0]!, LONG, 1, true).catch(() => undefined);
    await down.promise;
    await control.stop();
    expect(guarded.counters().refusedByCause.oversize).toBeGreaterThan(before + 1);
  });
});

it('who comes late is told what the scenario is about', async () => {
  const state = scenarioTopic('wuxi', 'state');
  await broker.publish(state, Buffer.from('{}'), { qos: 1, retain: true });
  expect(await latecomer('three', state)).toEqual([state]);
});
