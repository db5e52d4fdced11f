// Clients that are slow, greedy or broken: what they may take, and that nobody else feels it.
import { describe, expect, it } from 'vitest';
import { sendMalformed } from './malformed.ts';
import { errors, start, until } from './start.ts';
import { Wire } from './wire.ts';

const EVENT = 'city/wuxi/bus/b/event';
const BODY = Buffer.from('{}');
const FAST = { connectsPerS: 1e6 };

describe('malformed streams', () => {
  it('3,000 of them end their own connections and nothing else', async () => {
    const broker = await start({ limits: FAST });
    const healthy = await Wire.connected(broker.port, { clientId: 'healthy', keepAliveS: 30 });
    await sendMalformed(broker.port, 0, 3000, 50);
    await until(() => broker.status().connections === 1);
    await healthy.ping();
    healthy.writer.publish(EVENT, BODY, 1, false, false, 1);
    healthy.send();
    await healthy.until(() => healthy.ofType(4).length === 1);
    expect([healthy.closed, broker.counters().clients, errors]).toEqual([false, 1, []]);
    expect(broker.counters().refusedByCause['protocol']).toBeGreaterThan(500);
  }, 15_000);
});

describe('a client that is slow to speak', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a CONNECT', Buffer.of(0x10, 0x20, 0, 4, 0x4d)],
    ['the length of a CONNECT', Buffer.of(0x10, 0xff)],
  ])('and sends %s is ended, by the hundred, while others are served', async (_, bytes) => {
    const broker = await start({ limits: { ...FAST, connectTimeoutMs: 300 } });
    const slow = await Promise.all(Array.from({ length: 200 }, () => Wire.open(broker.port)));
    for (const wire of slow) wire.send(bytes);
    expect((await Wire.connected(broker.port)).returnCode).toBe(0);
    await Promise.all(slow.map((wire) => wire.until(() => wire.closed, 3000)));
    await until(() => broker.status().connections === 1);
  });

  it('in the middle of a packet is ended after one and a half keep-alives, however the bytes drip', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port, { keepAliveS: 1 });
    const packet = Buffer.concat([Buffer.of(0x30, 100, 0, EVENT.length), Buffer.from(EVENT)]);
    let sent = 0;
    const dripping = setInterval(() => wire.send(packet.subarray(sent, ++sent)), 100);
    try {
      await wire.until(() => wire.closed, 4000);
    } finally {
      clearInterval(dripping);
    }
    expect(broker.frames).toEqual([]);
  });
});

describe('limits', () => {
  it('on retained topics leave the topics that are kept, and let them change', async () => {
    const broker = await start();
    const own = broker.status().retainedMessages;
    const limited = await start({ limits: { retainedTopics: own + 2 } });
    const wire = await Wire.connected(limited.port);
    for (const device of ['a', 'b', 'c', 'a']) {
      wire.writer.publish(`city/wuxi/bus/${device}/status`, BODY, 0, true, false, 0);
    }
    wire.send();
    await wire.ping();
    expect(limited.status().retainedMessages).toBe(own + 2);
    expect(limited.counters().refusedByCause).toEqual({ 'too-many-retained': 1 });
    expect(limited.frames).toHaveLength(4);
  });

  it('on packets end a connection at the header of a 256 MB packet, before and after CONNECT', async () => {
    const broker = await start();
    const claim = Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f);
    const early = await Wire.open(broker.port);
    early.send(claim);
    await early.until(() => early.closed);
    const late = await Wire.connected(broker.port);
    late.send(claim);
    await late.until(() => late.closed);
    expect(broker.counters().refusedByCause).toEqual({ oversize: 2 });
  });

  it('on filters and their levels refuse the filter', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    const filters = ['city/wuxi/a/b/c/d/e/f', 'city/wuxi/a/b/c/d/e/f/g', `city/${'x'.repeat(300)}`];
    wire.writer.subscribe(
      1,
      filters.map((filter) => ({ filter, qos: 0 })),
    );
    wire.send();
    await wire.until(() => wire.ofType(9).length === 1);
    expect([...wire.ofType(9)[0]!.body.subarray(2)]).toEqual([0, 0x80, 0x80]);
  });

  it('on QoS 2 in flight end who never completes an exchange', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    for (let id = 1; id <= 1001; id++) wire.writer.publish(EVENT, BODY, 2, false, false, id);
    wire.send();
    await wire.until(() => wire.closed);
    expect(wire.ofType(5).length).toBeLessThanOrEqual(1000);
    expect([broker.frames.length, broker.counters().refusedByCause]).toEqual([1000, { 'open-exchanges': 1 }]);
    expect((await Wire.connected(broker.port)).returnCode).toBe(0);
  });
});
