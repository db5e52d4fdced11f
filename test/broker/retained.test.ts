import { describe, expect, it } from 'vitest';
import { RetainedCursor } from '../../broker/retained-cursor.ts';
import { Retained } from '../../broker/retained.ts';
import { PUBACK, PUBLISH, SUBACK } from '../../mqtt/packets.ts';
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
    expect([...retained.matching(['city/#'])].map(({ payload }) => payload.length)).toEqual([10]);
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

it('a cursor sends those that are there when their turn comes, many without a pause, and waits when it must', () => {
  const sent: number[] = [];
  const kept = new Map(Array.from({ length: 100_000 }, (_, n) => [n, n]));
  let goOn: (() => void) | undefined;
  const taker = {
    _transform: (message: number, _: string, done: () => void) => {
      sent.push(message);
      if (message === 7) goOn = done;
      else done();
    },
  };
  new RetainedCursor(kept.values()).pipe(taker);
  expect(sent).toHaveLength(8);
  kept.delete(8);
  kept.set(9, 1000);
  goOn!();
  expect([sent[8], sent.length]).toEqual([1000, 99_999]);
});
