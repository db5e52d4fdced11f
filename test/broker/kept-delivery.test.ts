import { describe, expect, it } from 'vitest';
import type { Client } from 'aedes';
import type { Broker } from '../../broker/broker.ts';
import { KeptDelivery } from '../../broker/kept-delivery.ts';
import { Queues } from '../../broker/queues.ts';
import { CONNACK, PUBLISH, PUBREL, SUBACK } from '../../mqtt/packets.ts';
import { Peer } from './peer.ts';
import type { Received } from './peer.ts';
import { start, until } from './start.ts';

const TOPICS = ['city/wuxi/bus/a/event', 'city/wuxi/bus/b/event', 'city/wuxi/bus/c/event'];
const FILTER = 'city/wuxi/bus/+/event';
const SLICE_MS = 5;
const ROOM = { sessionMessages: 20_000, takeovers: 100 };

async function subscriber(broker: Broker, qos: 1 | 2): Promise<Peer> {
  const peer = new Peer(broker.port, 'kept', false);
  await peer.connect();
  // Several filters match: still once.
  peer.subscribe({ filter: FILTER, qos }, { filter: TOPICS[1]!, qos: 1 }, { filter: TOPICS[2]!, qos: 0 });
  await until(() => peer.types.includes(SUBACK));
  return peer;
}

/** Publishes without a pause: perS messages a second, number n to topic n % topics, whatever becomes of them. */
class Stream {
  readonly peer: Peer;
  readonly #topics: readonly string[];
  readonly #timer: NodeJS.Timeout;
  sent = 0;

  constructor(peer: Peer, qos: 1 | 2, perS: number, topics: readonly string[] = TOPICS, sizeBytes = 4) {
    this.peer = peer;
    this.#topics = topics;
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startMs) * perS) / 1000;
      for (; this.sent < due; this.sent++) {
        peer.publish(topics[this.sent % topics.length]!, this.sent, qos, (this.sent % 60_000) + 1, sizeBytes);
      }
      peer.send();
    }, SLICE_MS);
  }

  static async begin(port: number, qos: 1 | 2, perS: number, topics = TOPICS, sizeBytes = 4): Promise<Stream> {
    const peer = new Peer(port, `publisher-${topics[0]}`, true);
    await peer.connect();
    await until(() => peer.types.includes(CONNACK));
    return new Stream(peer, qos, perS, topics, sizeBytes);
  }

  async more(messages: number): Promise<void> {
    const goal = this.sent + messages;
    await until(() => this.sent >= goal);
  }

  /** When all it sent is acknowledged. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await until(() => this.peer.completed === this.sent);
  }

  /** What each topic was sent, in order. */
  get expected(): number[][] {
    return this.#topics.map((_, at) => {
      return Array.from({ length: this.sent }, (__, number) => number).filter((n) => n % this.#topics.length === at);
    });
  }

  numbers(received: readonly Received[]): number[][] {
    return this.#topics.map((topic) => received.filter((one) => one.topic === topic).map(({ number }) => number));
  }
}

/** What came for the first time; what comes again says so. */
function firstOf(received: readonly Received[]): Received[] {
  const seen = new Set<string>();
  return received.filter((one) => {
    const key = `${one.topic} ${one.number}`;
    if (!seen.has(key)) return seen.add(key);
    expect(one).toMatchObject({ dup: true });
    return false;
  });
}

/** On each connection of its own: what was not acknowledged first, then what is new, each in the order of its publisher. */
function expectInOrder(stream: Stream, { received, connections }: Peer): void {
  for (let connection = 1; connection <= connections; connection++) {
    const here = received.filter((one) => one.connection === connection);
    const dups = here.map(({ dup }) => dup);
    expect(dups.lastIndexOf(true)).toBeLessThan(dups.includes(false) ? dups.indexOf(false) : Infinity);
    for (const numbers of stream.numbers(here)) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
  expect(stream.numbers(firstOf(received))).toEqual(stream.expected);
}

const isComplete = (stream: Stream, peer: Peer): boolean => firstCount(peer) === stream.sent;
const firstCount = ({ received }: Peer): number =>
  new Set(received.map(({ topic, number }) => `${topic} ${number}`)).size;

describe('a kept session that is away and comes back while others publish', () => {
  it('[MQTT-4.6.0-6] gets each message of QoS 1 once, in order, at 2,000 messages a second', async () => {
    const broker = await start({ limits: ROOM });
    const peer = await subscriber(broker, 1);
    const stream = await Stream.begin(broker.port, 1, 2000);
    for (let round = 0; round < 3; round++) {
      await stream.more(100);
      peer.leave();
      await stream.more(200);
      await peer.connect();
    }
    await stream.end();
    await until(() => isComplete(stream, peer));
    expectInOrder(stream, peer);
    expect(broker.counters().dropped).toBe(0);
    await until(() => broker.status().queuedMessages === 0);
  });

  it('[MQTT-4.6.0-6] gets each message of QoS 2 once, in order', async () => {
    const broker = await start({ limits: ROOM });
    const peer = await subscriber(broker, 2);
    const stream = await Stream.begin(broker.port, 2, 2000, TOPICS.slice(0, 1));
    for (let round = 0; round < 3; round++) {
      await stream.more(100);
      peer.leave();
      await stream.more(100);
      await peer.connect();
    }
    await stream.end();
    await until(() => broker.status().queuedMessages === 0);
    expect(stream.numbers(peer.handedOn)).toEqual(stream.expected);
    expectInOrder(stream, peer);
  });

  it('[MQTT-4.6.0-5] gets those of several publishers in the order of each', async () => {
    const broker = await start({ limits: ROOM });
    const peer = await subscriber(broker, 1);
    const streams = await Promise.all(TOPICS.slice(0, 2).map((topic) => Stream.begin(broker.port, 1, 1000, [topic])));
    for (let round = 0; round < 3; round++) {
      peer.leave();
      await streams[0]!.more(150);
      await peer.connect();
      await streams[0]!.more(50);
    }
    await Promise.all(streams.map((stream) => stream.end()));
    await until(() => firstCount(peer) === streams[0]!.sent + streams[1]!.sent);
    for (const stream of streams) expect(stream.numbers(firstOf(peer.received))).toEqual(stream.expected);
  });

  it('[MQTT-4.4.0-1] gets what it left without an acknowledgement first, with DUP, under the same identifiers', async () => {
    const broker = await start({ limits: ROOM });
    const peer = await subscriber(broker, 1);
    const stream = await Stream.begin(broker.port, 1, 2000);
    peer.answers = false;
    await until(() => peer.received.length >= 100);
    peer.leave();
    const unacknowledged = [...peer.received];
    await stream.more(200);
    peer.answers = true;
    await peer.connect();
    await stream.more(100);
    await stream.end();
    await until(() => isComplete(stream, peer));
    const again = peer.received.filter(({ connection }) => connection === 2);
    const names = (all: readonly Received[]) => all.map(({ number, packetId }) => [number, packetId]);
    expect(names(again.slice(0, unacknowledged.length))).toEqual(names(unacknowledged));
    expect(again.slice(0, unacknowledged.length).every(({ dup }) => dup)).toBe(true);
    expectInOrder(stream, peer);
  });

  it('[MQTT-3.1.4-2] [MQTT-4.6.0-6] gets them in order when a second connection takes it over in full flow', async () => {
    const broker = await start({ limits: ROOM });
    const peer = await subscriber(broker, 1);
    const stream = await Stream.begin(broker.port, 1, 2000);
    for (let round = 0; round < 10; round++) {
      await stream.more(60);
      await peer.connect();
    }
    await stream.end();
    await until(() => isComplete(stream, peer));
    expect(peer.connections).toBe(11);
    expectInOrder(stream, peer);
    await until(() => broker.status().queuedMessages === 0);
  });

  it('[MQTT-4.6.0-6] gets them in order when it reads more slowly than they come', async () => {
    const blockedBytes = 65_536;
    const broker = await start({ limits: { ...ROOM, blockedBytes } });
    const peer = await subscriber(broker, 1);
    peer.leave();
    const sizeBytes = 16_384; // more than the sockets between both take
    const stream = await Stream.begin(broker.port, 1, 1000, TOPICS, sizeBytes);
    await stream.more(300);
    await peer.connect();
    for (let pause = 0; pause < 6; pause++) {
      peer.socket.pause();
      await stream.more(20);
      peer.socket.resume();
      const before = peer.received.length;
      await until(() => peer.received.length > before);
    }
    await stream.end();
    await until(() => isComplete(stream, peer));
    expectInOrder(stream, peer);
    expect(broker.counters().dropped).toBe(0);
  });

  it('is ended when it comes back and reads nothing; publishers go on, and what it has not read waits for it', async () => {
    const broker = await start({ limits: { ...ROOM, blockedBytes: 65_536, drainTimeoutMs: 100 } });
    const peer = await subscriber(broker, 1);
    peer.leave();
    const stream = await Stream.begin(broker.port, 1, 1000, TOPICS, 16_384);
    await stream.more(250);
    await peer.connect();
    peer.socket.pause();
    await until(() => broker.counters().refusedByCause['frozen-subscriber'] === 1);
    await stream.more(50);
    await stream.end();
    await peer.connect();
    await until(() => isComplete(stream, peer));
    expectInOrder(stream, peer);
  });

  it('[MQTT-3.2.0-1] hears CONNACK before anything else', async () => {
    const broker = await start({ limits: ROOM });
    const peer = await subscriber(broker, 1);
    const stream = await Stream.begin(broker.port, 1, 2000);
    for (let round = 0; round < 10; round++) {
      await peer.connect();
      await until(() => peer.types.includes(PUBLISH));
      expect(peer.types[0]).toBe(CONNACK);
    }
    await stream.end();
  });

  it('[MQTT-2.3.1-4] is never given an identifier that is in use, when they begin anew', async () => {
    const broker = await start();
    const peer = await subscriber(broker, 1);
    peer.answers = false;
    await broker.publish(TOPICS[0]!, Buffer.alloc(4), { qos: 1, retain: false });
    await until(() => peer.received.length === 1);
    const { packetId } = peer.received[0]!;
    peer.answers = true;
    const rounds = 66_000; // more than there are
    for (let sent = 0; sent < rounds; sent += 500) {
      const batch = Array.from({ length: 500 }, () =>
        broker.publish(TOPICS[0]!, Buffer.alloc(4), { qos: 1, retain: false }),
      );
      await Promise.all(batch);
      await until(() => peer.received.length === sent + 501);
    }
    const later = peer.received.slice(1).map((one) => one.packetId);
    expect(later).not.toContain(packetId);
    expect(later).not.toContain(0);
    expect(new Set(later).size).toBe(65_534);
  });

  it('[MQTT-2.3.1-4] nor is what is not kept, as retained messages for a new subscription are not', () => {
    const queues = new Queues({ sessionMessages: 9, queuedBytes: 999 }, () => undefined);
    const delivery = new KeptDelivery(queues, () => undefined);
    for (const packetId of [65_535, 1, 3]) {
      queues.add('kept', { cmd: 'publish', topic: 'a', payload: Buffer.from('x'), qos: 1, retain: false });
      queues.send('kept', packetId);
    }
    const client = { id: 'kept', clean: false, _nextId: 65_535 } as unknown as Client;
    expect([delivery.takeId(client), delivery.takeId(client)]).toEqual([2, 4]);
  });

  it('keeps no more than its limit while it is away, in the order in which it came, and goes on with what is new', async () => {
    const broker = await start({ limits: { sessionMessages: 50 } });
    const peer = await subscriber(broker, 1);
    peer.leave();
    await until(() => broker.status().clientsDisconnected === 1);
    const stream = await Stream.begin(broker.port, 1, 2000, TOPICS.slice(0, 1));
    await stream.more(200);
    await until(() => broker.counters().dropped > 0);
    expect(broker.status().queuedMessages).toBe(50);
    await peer.connect();
    await until(() => peer.received.length > 100);
    await stream.end();
    await until(() => peer.received.at(-1)!.number === stream.sent - 1);
    const numbers = peer.received.map(({ number }) => number);
    expect(numbers.slice(0, 50)).toEqual(numbers.slice(0, 50).map((_, at) => at));
    const rest = numbers.slice(50);
    expect(rest).toEqual(rest.map((_, at) => rest[0]! + at));
  });

  it('[MQTT-4.4.0-1] gets the PUBRELs that it has not completed before the messages that are new', async () => {
    const broker = await start();
    const peer = await subscriber(broker, 2);
    const publisher = new Peer(broker.port, 'publisher', true);
    await publisher.connect();
    const publish = async (number: number): Promise<void> => {
      publisher.publish(TOPICS[0]!, number, 2, number);
      publisher.send();
      await until(() => publisher.completed === number);
    };
    peer.completes = false;
    for (const number of [1, 2, 3]) await publish(number);
    await until(() => peer.types.filter((type) => type === PUBREL).length === 3);
    peer.leave();
    await until(() => broker.status().clientsDisconnected === 1);
    for (const number of [4, 5]) await publish(number);
    peer.completes = true;
    await peer.connect();
    await until(() => broker.status().queuedMessages === 0);
    expect(peer.types.slice(0, 6)).toEqual([CONNACK, PUBREL, PUBREL, PUBREL, PUBLISH, PUBLISH]);
    expect(peer.handedOn.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  });
});
