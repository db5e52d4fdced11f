import { describe, expect, it } from 'vitest';
import type { Broker } from '../../broker/broker.ts';
import { Retained } from '../../broker/retained.ts';
import { PUBACK, PUBLISH, SUBACK, UNSUBACK } from '../../mqtt/packets.ts';
import { connectedNear } from './near.ts';
import { start } from './start.ts';
import { Wire } from './wire.ts';

const topicOf = (device: string) => `city/wuxi/bus/${device}/status`;
const TOPIC_BYTES = topicOf('a').length;

function made(limits: { retainedTopics?: number; retainedBytes?: number }) {
  const refused: string[] = [];
  const retained = new Retained({ retainedTopics: 1000, retainedBytes: 1e6, ...limits }, (cause) =>
    refused.push(cause),
  );
  const retain = (device: string, bytes: number): boolean => {
    const message = { topic: topicOf(device), payload: Buffer.alloc(bytes, 1) };
    const may = retained.mayRetain(message.topic, message.payload, true);
    if (may) retained.store(message);
    return may;
  };
  return { retained, retain, refused };
}

describe('what is retained', () => {
  it('is limited by the bytes of all topics and payloads', () => {
    const { retained, retain, refused } = made({ retainedBytes: 2 * TOPIC_BYTES + 100 });
    expect([retain('a', 60), retain('b', 41), refused]).toEqual([true, false, ['retained-bytes']]);
    expect([retain('b', 40), retained.bytes, retained.count]).toEqual([true, 2 * TOPIC_BYTES + 100, 2]);
  });

  it('has room again for what was cleared or became shorter', () => {
    const { retained, retain } = made({ retainedBytes: 2 * TOPIC_BYTES + 100 });
    retain('a', 100);
    expect([retain('b', 1), retain('a', 50), retain('b', 50)]).toEqual([false, true, true]);
    expect([retain('b', 51), retained.bytes]).toEqual([false, 2 * TOPIC_BYTES + 100]);
    retain('a', 0);
    retain('b', 0);
    retain('b', 0);
    expect([retained.bytes, retained.count]).toEqual([0, 0]);
  });

  it('keeps the older message when a newer one has no room', () => {
    const { retained, retain } = made({ retainedBytes: TOPIC_BYTES + 10 });
    retain('a', 10);
    retain('a', 11);
    expect([...retained.matching('city/#')].map((message) => message?.payload.length)).toEqual([10]);
  });

  it('has its room from the moment it is stored, and none when it never is', () => {
    const { retained, retain, refused } = made({ retainedBytes: TOPIC_BYTES + 10 });
    const late = { topic: topicOf('a'), payload: Buffer.alloc(10, 1) };
    expect(retained.mayRetain(late.topic, late.payload, true)).toBe(true);
    expect([retained.bytes, retain('b', 10)]).toEqual([0, true]);
    retained.store(late); // its ticket has settled, and the room is gone
    expect([retained.count, retained.bytes, refused]).toEqual([1, TOPIC_BYTES + 10, ['retained-bytes']]);
    retained.mayRetain(topicOf('b'), Buffer.alloc(0), true);
    expect(retained.count).toBe(1);
  });

  it('is limited by the number of topics', () => {
    const { retain, refused } = made({ retainedTopics: 1 });
    expect([retain('a', 1), retain('b', 1), retain('a', 2), refused]).toEqual([
      true,
      false,
      true,
      ['too-many-retained'],
    ]);
  });
});

it('a broker passes on what it has no room to retain, counts it, and says how much it holds', async () => {
  const broker = await start({ limits: { retainedBytes: 4000 } });
  const before = broker.status().retainedBytes;
  const wire = await Wire.connected(broker.port);
  wire.writer.subscribe(1, [{ filter: topicOf('+'), qos: 0 }]);
  wire.send();
  await wire.until(() => wire.ofType(9).length === 1);
  wire.writer.publish(topicOf('a'), Buffer.alloc(4000, 1), 1, true, false, 1);
  wire.writer.publish(topicOf('b'), Buffer.alloc(100, 1), 1, true, false, 2);
  wire.send();
  await wire.until(() => wire.ofType(4).length === 2 && wire.ofType(3).length === 2);
  expect(broker.counters().refusedByCause).toEqual({ 'retained-bytes': 1 });
  expect(broker.status().retainedBytes - before).toBe(TOPIC_BYTES + 100);
});

it('a new subscriber hears the latest of each topic last, also when they change while it is told', async () => {
  const topics = Array.from({ length: 100 }, (_, n) => topicOf(`b${n}`));
  const broker = await start();
  const wire = await Wire.connected(broker.port);
  const publishAll = (text: string): void => {
    for (const [at, topic] of topics.entries()) {
      wire.writer.publish(topic, Buffer.from(text), 1, true, false, at + 1);
    }
    wire.send();
  };
  publishAll('old');
  await wire.until(() => wire.ofType(PUBACK).length === 100);
  const viewer = await Wire.connected(broker.port, { clientId: 'viewer' });
  viewer.writer.subscribe(1, [{ filter: 'city/wuxi/bus/+/status', qos: 1 }]);
  viewer.send();
  await viewer.until(() => viewer.ofType(SUBACK).length === 1);
  publishAll('new');
  await wire.until(() => wire.ofType(PUBACK).length === 200);
  await viewer.until(() => viewer.ofType(PUBLISH).length >= 200);
  await viewer.ping();
  const latest = new Map<string, string>();
  for (const { body } of viewer.ofType(PUBLISH)) {
    const end = 2 + body.readUInt16BE(0);
    latest.set(body.toString('latin1', 2, end), body.toString('latin1', end + 2));
  }
  expect(latest).toEqual(new Map(topics.map((topic) => [topic, 'new'])));
});

describe('retained messages for a new subscription', () => {
  const TOPICS = 2000;
  const FILTER = topicOf('+');

  async function withRetained(): Promise<Broker> {
    const broker = await start();
    for (let n = 0; n < TOPICS; n++) {
      await broker.publish(topicOf(`b${n}`), Buffer.alloc(1000, 1), { qos: 1, retain: true });
    }
    return broker;
  }

  function subscribe({ writer }: Wire, ...filters: string[]): void {
    for (const [at, filter] of filters.entries()) writer.subscribe(at + 1, [{ filter, qos: 1 }]);
  }

  it('all come, at every QoS', async () => {
    const broker = await withRetained();
    for (const qos of [0, 1, 2] as const) {
      const wire = await Wire.connected(broker.port);
      wire.writer.subscribe(1, [{ filter: FILTER, qos }]);
      wire.send();
      await wire.until(() => wire.ofType(PUBLISH).length === TOPICS);
      const bits = new Set(wire.ofType(PUBLISH).map(({ header }) => header & 7));
      expect(bits).toEqual(new Set([(Math.min(qos, 1) << 1) | 1]));
      wire.socket.destroy();
    }
  });

  it('come once more, not a thousand times, when the filter is subscribed a thousand times meanwhile', async () => {
    const broker = await withRetained();
    const wire = await Wire.connected(broker.port);
    wire.socket.pause();
    subscribe(wire, ...Array.from({ length: 1000 }, () => FILTER));
    wire.send();
    await (await Wire.connected(broker.port, { clientId: 'neighbour' })).ping();
    wire.socket.resume();
    await wire.until(() => wire.ofType(SUBACK).length === 1000 && wire.ofType(PUBLISH).length >= TOPICS);
    await wire.ping();
    expect(wire.ofType(PUBLISH).length).toBeLessThanOrEqual(2 * TOPICS);
  });

  it('do not keep those of others waiting', async () => {
    const broker = await withRetained();
    const wire = await Wire.connected(broker.port);
    wire.socket.pause();
    subscribe(wire, ...Array.from({ length: 500 }, (_, n) => `city/wuxi/bus/+/status/${n}/#`), FILTER);
    wire.send();
    const other = await Wire.connected(broker.port, { clientId: 'other' });
    subscribe(other, topicOf('b1'));
    other.send();
    await other.until(() => other.ofType(PUBLISH).length === 1);
    wire.socket.resume();
    await wire.until(() => wire.ofType(PUBLISH).length === TOPICS);
  });

  it('[MQTT-3.10.4-2] end with the subscription', async () => {
    const broker = await withRetained();
    const wire = await connectedNear(broker, 'near');
    subscribe(wire, FILTER);
    wire.send();
    await wire.until(() => wire.ofType(SUBACK).length === 1);
    wire.socket.pause();
    wire.writer.unsubscribe(7, [FILTER]);
    wire.send();
    const neighbour = await Wire.connected(broker.port);
    for (let turn = 0; turn < 5; turn++) await neighbour.ping();
    wire.socket.resume();
    await wire.until(() => wire.ofType(UNSUBACK).length === 1);
    await wire.ping();
    expect(wire.ofType(PUBLISH).length).toBeLessThan(TOPICS / 2);
  });
});
