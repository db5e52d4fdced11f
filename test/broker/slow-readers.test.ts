// Clients that read too slowly or not at all what they are sent: nobody waits for them, and what waits for them is limited.
import { describe, expect, it } from 'vitest';
import type { Broker } from '../../broker/broker.ts';
import { connectedNear } from './near.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

const EVENT = 'city/wuxi/bus/b/event';
const MB = 1_048_576;
const PUBACK = 4;
const PUBLISH = 3;

async function near(broker: Broker, clientId: string, qos?: 0 | 1 | 2): Promise<Wire> {
  const wire = await connectedNear(broker, clientId);
  if (qos !== undefined) {
    wire.writer.subscribe(1, [{ filter: 'city/#', qos }]);
    wire.send();
    await wire.until(() => wire.ofType(9).length === 1);
  }
  return wire;
}

/** One after the other, acknowledged. → the longest wait for an acknowledgement [ms] */
async function publish(wire: Wire, messages: number, bytes: number, qos: 1 | 2 = 1): Promise<number> {
  const payload = Buffer.alloc(bytes);
  const answer = qos === 1 ? PUBACK : 7;
  let longestMs = 0;
  for (let id = 1; id <= messages; id++) {
    const fromMs = performance.now();
    const before = wire.ofType(answer).length;
    wire.writer.publish(EVENT, payload, qos, false, false, id);
    if (qos === 2) wire.writer.pubrel(id);
    wire.send();
    await wire.until(() => wire.ofType(answer).length > before);
    longestMs = Math.max(longestMs, performance.now() - fromMs);
  }
  return longestMs;
}

describe('a subscriber that reads nothing', () => {
  it.each([1, 2] as const)('at QoS %s holds up none of its publishers, and is ended after a while', async (qos) => {
    const broker = await start({ limits: { drainTimeoutMs: 4000 } });
    const frozen = await near(broker, 'frozen', qos);
    frozen.socket.pause();
    const publisher = await Wire.connected(broker.port, { clientId: 'publisher' });
    expect(await publish(publisher, 100, 50_000, qos)).toBeLessThan(3000);
    expect(broker.counters().clients).toBe(2);
    await until(() => broker.counters().clients === 1, 10_000);
    expect(broker.counters().refusedByCause).toEqual({ 'frozen-subscriber': 1 });
    await publish(publisher, 3, 50_000, qos);
  });

  it('does not hold up what the broker itself publishes to others', async () => {
    const broker = await start({ limits: { drainTimeoutMs: 4000 } });
    const frozen = await near(broker, 'frozen', 1);
    frozen.socket.pause();
    await publish(await Wire.connected(broker.port), 50, 50_000);
    const fromMs = performance.now();
    await broker.publish(EVENT, Buffer.of(1), { qos: 1, retain: false });
    expect(performance.now() - fromMs).toBeLessThan(3000);
    expect(broker.counters().clients).toBe(2);
  });

  it('is ended at once when too much waits for it', async () => {
    const broker = await start({ limits: { outputBytes: 2 * MB } });
    const frozen = await near(broker, 'frozen', 1);
    frozen.socket.pause();
    await publish(await Wire.connected(broker.port), 50, 50_000);
    await until(() => broker.counters().clients === 1);
    expect(broker.counters().refusedByCause).toEqual({ 'slow-subscriber': 1 });
  });

  it('is ended when it has most and too much waits for all of them', async () => {
    const broker = await start({ limits: { allOutputBytes: 1_200_000 } });
    const greedy = await near(broker, 'greedy', 1);
    greedy.socket.pause();
    const publisher = await Wire.connected(broker.port, { clientId: 'publisher' });
    await publish(publisher, 10, 50_000);
    const others = await Promise.all(['a', 'b'].map((id) => near(broker, id, 1)));
    for (const { socket } of others) socket.pause();
    await publish(publisher, 8, 50_000);
    await until(() => broker.counters().clients === 3);
    expect(broker.counters().refusedByCause).toEqual({ 'slow-subscriber': 1 });
    greedy.socket.resume();
    await greedy.until(() => greedy.closed);
    await publish(publisher, 2, 50_000);
    expect(others.map(({ closed }) => closed)).toEqual([false, false]);
  });
});

describe('a subscriber that reads slowly', () => {
  it('is not ended while it takes some of what waits for it', async () => {
    const broker = await start({ limits: { drainTimeoutMs: 600, blockedBytes: 65_536, outputBytes: 100 * MB } });
    const slow = await Wire.connected(broker.port, { clientId: 'slow' });
    slow.writer.subscribe(1, [{ filter: 'city/#', qos: 1 }]);
    slow.send();
    await slow.until(() => slow.ofType(9).length === 1);
    slow.socket.pause();
    const messages = 180;
    await publish(await Wire.connected(broker.port), messages, 50_000); // more than the sockets take
    // Never all of it: there is no drain before the end.
    slow.socket.on('data', () => slow.socket.pause());
    const reading = setInterval(() => slow.socket.resume(), 15);
    try {
      await slow.until(() => slow.ofType(PUBLISH).length === messages || slow.closed, 10_000);
    } finally {
      clearInterval(reading);
    }
    expect([slow.ofType(PUBLISH).length, broker.counters().refusedByCause]).toEqual([messages, {}]);
  });
});

describe('a client that does not read its answers', () => {
  const limits = { blockedBytes: 16_384, drainTimeoutMs: 100 };
  const messages = 60_000;

  async function flood(broker: Broker): Promise<Wire> {
    const wire = await near(broker, 'flood');
    wire.socket.pause();
    for (let id = 1; id <= messages; id++) {
      wire.writer.publish(EVENT, Buffer.alloc(0), 1, false, false, id);
      if (id % 1000 === 0) wire.send();
    }
    return wire;
  }

  it('is not read either, and is ended: what waits for it stays small', async () => {
    const broker = await start({ limits });
    await flood(broker);
    await until(() => broker.counters().clients === 0, 10_000);
    expect(broker.counters().refusedByCause).toEqual({ 'frozen-subscriber': 1 });
    // Each was answered with 4 bytes; some are read before the stream between both is full.
    expect(broker.frames.length).toBeGreaterThan(limits.blockedBytes / 4);
    expect(broker.frames.length).toBeLessThan(0.7 * messages);
  });

  it('is read again once it has read them', async () => {
    const broker = await start({ limits: { ...limits, drainTimeoutMs: 60_000 } });
    const wire = await flood(broker);
    let before = -1;
    const stands = (): boolean => before === (before = broker.frames.length);
    while (!stands() || before < limits.blockedBytes / 4) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(before).toBeLessThan(0.7 * messages);
    wire.socket.resume();
    await until(() => broker.frames.length === messages, 10_000);
  });
});
