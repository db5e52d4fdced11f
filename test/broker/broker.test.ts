import { once } from 'node:events';
import { connect } from 'node:net';
import mqttJs from 'mqtt';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import type { Frame } from '../../telemetry/messages.ts';
import { errors, log, start, until } from './start.ts';
import { Wire } from './wire.ts';

const TELEMETRY = 'city/wuxi/bus/bus-0001/telemetry';
const BODY = Buffer.from('{"ts":1,"seq":1}');

/** Sends QoS 1 publishes numbered from 1. */
function sendQos1(wire: Wire, topics: readonly string[]): void {
  for (const [at, topic] of topics.entries()) wire.writer.publish(topic, BODY, 1, false, false, at + 1);
  wire.send();
}

function pubackIds(wire: Wire): number[] {
  return wire.ofType(4).map(({ body }) => body.readUInt16BE(0));
}

describe('publishing', () => {
  it('passes accepted publishes to take and to subscribers, and counts them', async () => {
    const broker = await start();
    const viewer = await mqttJs.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
    await viewer.subscribeAsync('city/wuxi/bus/+/telemetry', { qos: 1 });
    const message = new Promise<[string, Buffer]>((resolve) => {
      viewer.once('message', (topic, payload) => resolve([topic, payload]));
    });
    const wire = await Wire.connected(broker.port);
    sendQos1(wire, [TELEMETRY]);
    const [topic, payload] = await message;
    expect([topic, payload.toString()]).toEqual([TELEMETRY, BODY.toString()]);
    await wire.until(() => wire.ofType(4).length === 1);
    expect(broker.frames).toEqual([{ topic: TELEMETRY, payload: BODY, qos: 1, retain: false }]);
    expect(broker.counters()).toEqual({ in: 1, out: 1, refused: 0, refusedByCause: {}, clients: 2, dropped: 0 });
    await viewer.endAsync();
  });

  it('acknowledges, drops and counts what is refused, and keeps the connection', async () => {
    const broker = await start();
    const api = await mqttJs.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
    const seen: string[] = [];
    api.on('message', (topic) => seen.push(topic));
    await api.subscribeAsync('city/#', { qos: 1 });
    const wire = await Wire.connected(broker.port);
    const refused = [
      'home/kitchen/temp',
      'city/suzhou/bus/b/telemetry',
      'city/wuxi/clock',
      'city/wuxi/bus/b 1/telemetry',
      Array.from({ length: 200 }, () => 'a').join('/'),
      '/'.repeat(150),
      `city/${'x'.repeat(400)}`,
      '$SYS/broker/uptime',
    ];
    sendQos1(wire, [...refused, TELEMETRY]);
    await wire.until(() => wire.ofType(4).length === refused.length + 1);
    expect(pubackIds(wire)).toEqual(refused.map((_, at) => at + 1).concat(refused.length + 1));
    await until(() => seen.length > 0);
    expect(seen).toEqual([TELEMETRY]);
    expect(broker.frames.map(({ topic }) => topic)).toEqual([TELEMETRY]);
    const { refusedByCause } = broker.counters();
    expect(refusedByCause).toEqual({ 'foreign-topic': 1, 'other-city': 1, 'not-allowed': 1, 'bad-topic': 5 });
    expect(wire.closed).toBe(false);
    await api.endAsync();
  });

  it('retains descriptions, status and clock, and never telemetry, events, commands or acks', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    const history = ['telemetry', 'event', 'command', 'ack'].map((channel) => `city/wuxi/bus/b/${channel}`);
    const state = ['city/wuxi/kinds/bus', 'city/wuxi/bus/b/status'];
    for (const topic of [...history, ...state]) wire.writer.publish(topic, BODY, 0, true, false, 0);
    wire.send();
    await wire.ping();
    await broker.publish('city/wuxi/clock', BODY, { qos: 1, retain: true });
    expect(broker.frames.filter(({ retain }) => retain).map(({ topic }) => topic)).toEqual([
      ...state,
      'city/wuxi/clock',
    ]);
    const late = await Wire.connected(broker.port, { clientId: 'late' });
    late.writer.subscribe(1, [{ filter: 'city/#', qos: 0 }]);
    late.send();
    await late.until(() => late.ofType(3).length === 3);
    await late.ping();
    expect(late.ofType(3)).toHaveLength(3);
  });

  it('publishes as the broker through take, and to nothing outside the city', async () => {
    const broker = await start();
    await broker.publish('city/wuxi/counters/broker', BODY, { qos: 0, retain: true });
    expect(broker.frames).toEqual([{ topic: 'city/wuxi/counters/broker', payload: BODY, qos: 0, retain: true }]);
    await expect(broker.publish('home/x', BODY, { qos: 0, retain: false })).rejects.toThrow('"home/x"');
  });
});

describe('tickets', () => {
  it('hold back the PUBACK and keep the order, however they settle; QoS 0 does not wait', async () => {
    const settle = new Map<string, () => void>();
    const taken: string[] = [];
    const take = ({ topic, qos }: Frame): Promise<void> | undefined => {
      taken.push(topic);
      return qos === 0 ? undefined : new Promise((resolve) => settle.set(topic, resolve));
    };
    const broker = await start({ take });
    const viewer = await Wire.connected(broker.port, { clientId: 'viewer' });
    viewer.writer.subscribe(1, [{ filter: 'city/#', qos: 0 }]);
    viewer.send();
    await viewer.until(() => viewer.ofType(9).length === 1);
    const wire = await Wire.connected(broker.port);
    const topics = [1, 2, 3].map((n) => `city/wuxi/bus/b${n}/event`);
    sendQos1(wire, [...topics, 'home/refused']);
    wire.writer.publish(TELEMETRY, BODY, 0, false, false, 0);
    wire.send();
    await viewer.until(() => viewer.ofType(3).length === 1);
    expect(viewer.ofType(3)[0]!.body.toString('utf8', 2, 2 + TELEMETRY.length)).toBe(TELEMETRY);
    settle.get(topics[2]!)!();
    settle.get(topics[1]!)!();
    await wire.ping();
    expect(pubackIds(wire)).toEqual([]);
    settle.get(topics[0]!)!();
    await wire.until(() => wire.ofType(4).length === 4);
    expect(pubackIds(wire)).toEqual([1, 2, 3, 4]);
    expect(taken).toEqual([...topics, TELEMETRY]);
  });

  it('that are late stop the reading of their client, and of nobody else', async () => {
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let taken = 0;
    const take = ({ qos }: Frame): Promise<void> | undefined => {
      if (qos === 1) taken++;
      return qos === 1 ? gate : undefined;
    };
    const broker = await start({ take, limits: { maxInProgress: 100 } });
    const greedy = await Wire.connected(broker.port, { clientId: 'greedy' });
    const other = await Wire.connected(broker.port, { clientId: 'other' });
    const sent = 20_000;
    for (let id = 1; id <= sent; id++) greedy.writer.publish(TELEMETRY, Buffer.alloc(200, 0x20), 1, false, false, id);
    const bytes = greedy.writer.take();
    // One packet per chunk: Aedes alone would go on reading for ever.
    greedy.socket.setNoDelay(true);
    for (let at = 0; at < 200; at++) {
      greedy.send(bytes.subarray((at * bytes.length) / sent, ((at + 1) * bytes.length) / sent));
      await other.ping();
    }
    greedy.send(bytes.subarray((200 * bytes.length) / sent));
    for (let round = 0; round < 50; round++) await other.ping();
    expect(other.closed).toBe(false);
    expect(taken).toBeGreaterThanOrEqual(100);
    expect(taken).toBeLessThan(1000); // the limit and one chunk of the socket
    open();
    await greedy.until(() => greedy.ofType(4).length === sent, 10_000);
    expect(pubackIds(greedy)).toEqual(Array.from({ length: sent }, (_, at) => at + 1));
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('disk on fire');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk on fire'))],
  ])('a take that %s means no PUBACK, the end of that connection, and a broker that lives', async (_, take) => {
    const broker = await start({ take });
    const wire = await Wire.connected(broker.port);
    sendQos1(wire, [TELEMETRY]);
    await wire.until(() => wire.closed);
    expect(wire.ofType(4)).toEqual([]);
    expect(broker.counters().refusedByCause).toEqual({ internal: 1 });
    expect(String((errors[0] as { err: Error }).err)).toContain('disk on fire');
    const next = await Wire.connected(broker.port);
    expect(next.returnCode).toBe(0);
    next.writer.publish(TELEMETRY, BODY, 0, false, false, 0);
    next.send();
    await next.until(() => next.closed);
    expect((await Wire.connected(broker.port)).returnCode).toBe(0);
  });

  it('are waited for when the broker closes', async () => {
    let settle!: () => void;
    const broker = await start({ take: () => new Promise<void>((resolve) => (settle = resolve)) });
    const wire = await Wire.connected(broker.port);
    sendQos1(wire, [TELEMETRY]);
    await until(() => settle !== undefined);
    const closed = broker.close();
    settle();
    await closed;
    await wire.until(() => wire.closed);
    expect(pubackIds(wire)).toEqual([1]);
    await expect(once(connect(broker.port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});

describe('size guard', () => {
  it('ends a connection whose packet is announced as 1 MB, without reading it', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    wire.writer.publish(TELEMETRY, Buffer.alloc(1_048_576), 1, false, false, 1);
    wire.send();
    await wire.until(() => wire.closed);
    expect(broker.counters().refusedByCause).toEqual({ oversize: 1 });
    expect(broker.frames).toEqual([]);
    expect((await Wire.connected(broker.port)).returnCode).toBe(0);
  });

  it('allows 64 KB after the CONNECT and 4 KB before it', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    wire.writer.publish(TELEMETRY, Buffer.alloc(65_536 - 4 - TELEMETRY.length), 1, false, false, 1);
    wire.send();
    await wire.until(() => wire.ofType(4).length === 1);
    const early = await Wire.open(broker.port);
    early.writer.connect({ clientId: 'x'.repeat(5000), cleanSession: true, keepAliveS: 60 });
    early.send();
    await early.until(() => early.closed);
    expect(early.packets).toEqual([]);
    expect(broker.counters().refusedByCause).toEqual({ oversize: 1 });
  });

  it('counts headers right however the bytes are cut', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    for (let id = 1; id <= 20; id++) wire.writer.publish(TELEMETRY, Buffer.alloc(id * 37), 1, false, false, id);
    for (const byte of wire.writer.take()) wire.socket.write(Buffer.of(byte));
    await wire.until(() => wire.ofType(4).length === 20);
    expect(broker.counters().refused).toBe(0);
  });
});

describe('subscribing', () => {
  it('grants what the table allows and answers 128 for the rest, $share and $SYS included', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    const filters = ['city/wuxi/#', '$share/g/city/wuxi/#', '$SYS/#', '#', '$SYS/broker/#', 'home/#'];
    wire.writer.subscribe(
      7,
      filters.map((filter) => ({ filter, qos: 1 })),
    );
    wire.send();
    await wire.until(() => wire.ofType(9).length === 1);
    expect([...wire.ofType(9)[0]!.body.subarray(2)]).toEqual([1, 128, 128, 128, 1, 128]);
    expect(broker.counters().refusedByCause).toEqual({ subscribe: 4 });
  });

  it('keeps nothing for a refused filter in a session that outlives its connection', async () => {
    const broker = await start();
    const session = { clientId: 'sleeper', cleanSession: false };
    const first = await Wire.connected(broker.port, session);
    first.writer.subscribe(1, [
      { filter: 'city/wuxi/bus/+/event', qos: 1 },
      { filter: 'home/#', qos: 1 },
    ]);
    first.send();
    await first.until(() => first.ofType(9).length === 1);
    expect([...first.ofType(9)[0]!.body.subarray(2)]).toEqual([1, 128]);
    first.socket.destroy();
    await until(() => broker.counters().clients === 0);
    await broker.publish('city/wuxi/bus/b/event', BODY, { qos: 1, retain: false });
    const again = await Wire.connected(broker.port, session);
    await again.until(() => again.ofType(3).length === 1);
    expect(again.packets[0]!.body[0]).toBe(1); // session present
    await again.ping();
    expect(broker.counters().refused).toBe(1);
  });

  it('keeps a bounded number of messages for a client that is away', async () => {
    const broker = await start({ limits: { sessionMessages: 10 } });
    const session = { clientId: 'sleeper', cleanSession: false };
    const first = await Wire.connected(broker.port, session);
    first.writer.subscribe(1, [{ filter: 'city/wuxi/bus/+/event', qos: 1 }]);
    first.send();
    await first.until(() => first.ofType(9).length === 1);
    first.socket.destroy();
    await until(() => broker.counters().clients === 0);
    for (let n = 0; n < 25; n++) await broker.publish(`city/wuxi/bus/b${n}/event`, BODY, { qos: 1, retain: false });
    expect(broker.counters().dropped).toBe(15);
    const again = await Wire.connected(broker.port, session);
    await again.until(() => again.ofType(3).length === 10);
  });

  it('is limited per client', async () => {
    const broker = await start({ limits: { subscriptionsPerClient: 3 } });
    const wire = await Wire.connected(broker.port);
    wire.writer.subscribe(
      1,
      [1, 2, 3, 4].map((n) => ({ filter: `city/wuxi/bus/b${n}/event`, qos: 0 })),
    );
    wire.send();
    await wire.until(() => wire.ofType(9).length === 1);
    expect([...wire.ofType(9)[0]!.body.subarray(2)]).toEqual([0, 0, 0, 128]);
    wire.writer.unsubscribe(2, ['city/wuxi/bus/b1/event']);
    wire.send();
    await wire.until(() => wire.ofType(11).length === 1);
    wire.writer.subscribe(3, [{ filter: 'city/wuxi/bus/b5/event', qos: 0 }]);
    wire.send();
    await wire.until(() => wire.ofType(9).length === 2);
    expect(wire.ofType(9)[1]!.body[2]).toBe(0);
  });

  it('a frozen subscriber loses QoS 0 messages and delays nobody', async () => {
    const broker = await start({ limits: { drainTimeoutMs: 60_000 } }); // longer than this may take: nobody waits for that
    const frozen = await Wire.connected(broker.port, { clientId: 'frozen' });
    frozen.writer.subscribe(1, [{ filter: 'city/#', qos: 0 }]);
    frozen.send();
    await frozen.until(() => frozen.ofType(9).length === 1);
    frozen.socket.pause();
    const wire = await Wire.connected(broker.port);
    const body = Buffer.alloc(10_000, 0x20);
    let id = 0;
    while (broker.counters().dropped < 100) {
      wire.writer.publish(TELEMETRY, body, 0, false, false, 0);
      if (++id % 100 === 0) {
        wire.send();
        await wire.ping();
      }
    }
    await wire.ping();
    expect(wire.closed).toBe(false);
    expect(frozen.closed).toBe(false);
    expect(broker.frames.length).toBe(id);
  });
});

describe('clients in trouble', () => {
  it('a frozen QoS 1 subscriber is ended, and its publishers go on', async () => {
    const broker = await start({ limits: { drainTimeoutMs: 100, outputBytes: 1e9 } });
    const frozen = await Wire.connected(broker.port, { clientId: 'frozen' });
    frozen.writer.subscribe(1, [{ filter: 'city/#', qos: 1 }]);
    frozen.send();
    await frozen.until(() => frozen.ofType(9).length === 1);
    frozen.socket.pause();
    const wire = await Wire.connected(broker.port);
    const body = Buffer.alloc(20_000, 0x20);
    for (let id = 1; id <= 1000; id++) {
      wire.writer.publish(TELEMETRY, body, 1, false, false, id);
      if (id % 50 === 0) wire.send();
    }
    await wire.until(() => wire.ofType(4).length === 1000, 10_000);
    await until(() => broker.counters().clients === 1);
    expect(broker.counters().refusedByCause).toEqual({ 'frozen-subscriber': 1 });
  });

  it('a client that is not read because of late tickets keeps its connection beyond its keep-alive', async () => {
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const broker = await start({ take: () => gate, limits: { maxInProgress: 4 } });
    const wire = await Wire.connected(broker.port, { keepAliveS: 1 });
    sendQos1(
      wire,
      Array.from({ length: 10 }, () => TELEMETRY),
    );
    // Longer than 1.5 keep-alives [MQTT-3.1.2-24], during which the PINGREQs stay unread.
    const pings = setInterval(() => {
      wire.writer.pingreq();
      wire.send();
    }, 400);
    await new Promise((resolve) => setTimeout(resolve, 2200));
    clearInterval(pings);
    expect([wire.closed, wire.ofType(4).length]).toEqual([false, 0]);
    open();
    await wire.until(() => wire.ofType(4).length === 10 && wire.ofType(13).length > 0);
  });

  it('a silent client is ended after one and a half keep-alives', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port, { keepAliveS: 1 });
    await wire.until(() => wire.closed, 3000);
    await until(() => broker.counters().clients === 0);
    expect(broker.counters().refusedByCause).toEqual({ 'keep-alive': 1 });
  });
});

describe('start', () => {
  it('refuses a host that others can reach without credentials, and wrong options, all at once', async () => {
    const options = { city: 'Wuxi!', host: '0.0.0.0', port: -1, take: () => undefined, log };
    await expect(startBroker(options)).rejects.toThrow(/city must match .*"Wuxi!".*port must be .*-1.*"0\.0\.0\.0"/);
  });

  it('fails when the port is taken', async () => {
    const broker = await start();
    await expect(start({ port: broker.port })).rejects.toThrow('EADDRINUSE');
  });
});
