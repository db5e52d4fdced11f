import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../../mqtt/client.ts';
import type { ClientOptions } from '../../mqtt/client.ts';
import * as mqtt from '../../mqtt/packets.ts';
import { readPublish } from '../../mqtt/scanner.ts';
import { start, until } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';

const clients: Client[] = [];
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()));
  for (const server of servers.splice(0)) server.close();
});

function make(port: number, options: Partial<ClientOptions> = {}): Client {
  const client = new Client({ host: '127.0.0.1', port, clientId: 'test', random: () => 0, ...options });
  clients.push(client);
  return client;
}

/** A broker that does only what the test says: it answers CONNECT, the rest is up to the test. */
async function fakeBroker(returnCode = 0): Promise<{ port: number; wires: Wire[]; server: Server }> {
  const wires: Wire[] = [];
  const server = createServer((socket: Socket) => {
    const wire = new Wire(socket);
    wires.push(wire);
    socket.once('data', () => {
      wire.writer.connack(false, returnCode);
      wire.send();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, wires, server };
}

function publishes(wire: Wire): { topic: string; packetId: number; dup: boolean; text: string }[] {
  return wire.ofType(mqtt.PUBLISH).map(({ header, body }) => {
    const { topic, packetId, dup, payload } = readPublish(header, body, 0, body.length);
    return { topic, packetId, dup, text: payload.toString() };
  });
}

describe('client', () => {
  it('publishes and subscribes through a real broker', async () => {
    const broker = await start();
    const got: string[] = [];
    const client = make(broker.port, {
      onMessage: (topic, payload, qos) => void got.push(`${topic} ${Buffer.from(payload).toString()} ${qos}`),
    });
    await client.start();
    const filters = ['city/wuxi/#', 'home/#'].map((filter) => ({ filter, qos: 1 as const }));
    expect(await client.subscribe(filters)).toEqual([1, 128]);
    await client.publish('city/wuxi/bus/b/event', Buffer.from('one'), 1);
    expect(client.publish('city/wuxi/bus/b/telemetry', Buffer.from('zero'), 0)).toBeUndefined();
    await until(() => got.length === 2);
    expect(got).toEqual(['city/wuxi/bus/b/event one 1', 'city/wuxi/bus/b/telemetry zero 0']);
    expect([client.unacked, client.dropped, client.congested]).toEqual([0, 0, false]);
  });

  it('sends many publishes in one write', async () => {
    const { port, wires } = await fakeBroker();
    const client = make(port);
    await client.start();
    let chunks = 0;
    wires[0]!.socket.on('data', () => chunks++);
    for (let n = 0; n < 500; n++) client.publish('t', Buffer.from(`${n}`), 0);
    await wires[0]!.until(() => publishes(wires[0]!).length === 500);
    expect(chunks).toBeLessThan(5);
  });

  it('copies a QoS 1 payload, so that its buffer may be used again', async () => {
    const { port, wires } = await fakeBroker();
    const client = make(port, { window: 1 });
    await client.start();
    const payload = Buffer.from('first');
    void client.publish('t', payload, 1);
    void client.publish('t', payload, 1);
    payload.fill('x');
    const wire = wires[0]!;
    await wire.until(() => publishes(wire).length === 1);
    wire.writer.puback(1);
    wire.send();
    await wire.until(() => publishes(wire).length === 2);
    expect(publishes(wire).map(({ text }) => text)).toEqual(['first', 'first']);
  });

  it('keeps to its window, says so, and rejects beyond four windows', async () => {
    const { port, wires } = await fakeBroker();
    const client = make(port, { window: 10 });
    await client.start();
    const wire = wires[0]!;
    const settled = Array.from({ length: 40 }, () => client.publish('t', new Uint8Array(), 1));
    expect(client.congested).toBe(true);
    await expect(client.publish('t', new Uint8Array(), 1)).rejects.toThrow('outbox is full with 40 publishes');
    await wire.until(() => publishes(wire).length === 10);
    let drained = false;
    void client.drained().then(() => (drained = true));
    for (let acked = 0; acked < 40; acked++) {
      await wire.until(() => publishes(wire).length > acked);
      expect(publishes(wire).length - acked).toBeLessThanOrEqual(10);
      expect(drained).toBe(client.unacked < 10);
      wire.writer.puback(publishes(wire)[acked]!.packetId);
      wire.send();
      await until(() => client.unacked === 39 - acked);
      await Promise.resolve();
    }
    await Promise.all(settled);
    expect(drained).toBe(true);
  });

  it('sends un-acked publishes again, first, in order and marked DUP, after a lost connection', async () => {
    const { port, wires } = await fakeBroker();
    const downs: string[] = [];
    const client = make(port, { window: 3, onDown: (reason) => downs.push(reason) });
    await client.start();
    const all = [1, 2, 3, 4, 5].map((n) => client.publish(`t/${n}`, Buffer.from(`${n}`), 1));
    const first = wires[0]!;
    await first.until(() => publishes(first).length === 3);
    first.writer.puback(1);
    first.send();
    await all[0];
    await first.until(() => publishes(first).length === 4);
    first.socket.destroy();
    await until(() => wires.length === 2);
    const second = wires[1]!;
    await second.until(() => publishes(second).length === 3);
    expect(publishes(second).map(({ topic, packetId, dup }) => [topic, packetId, dup])).toEqual([
      ['t/2', 2, true],
      ['t/3', 3, true],
      ['t/4', 4, true],
    ]);
    for (const id of [2, 3, 4, 5]) second.writer.puback(id);
    second.send(second.writer.take().subarray(0, 12));
    await second.until(() => publishes(second).length === 4);
    expect(publishes(second)[3]).toMatchObject({ topic: 't/5', dup: false });
    second.writer.puback(5);
    second.send();
    await Promise.all(all);
    expect(downs).toEqual(['connection closed by the broker']);
  });

  it('loses no QoS 1 publish when the broker restarts again and again, and subscribes again', async () => {
    let broker = await start();
    const { port } = broker;
    const got = new Set<string>();
    const stored = new Set<string>();
    const take = ({ payload }: { payload: Uint8Array }): Promise<void> => {
      stored.add(Buffer.from(payload).toString());
      return Promise.resolve();
    };
    await broker.close();
    broker = await start({ port, take });
    let ups = 0;
    const listener = make(port, {
      clientId: 'listener',
      onMessage: (_, payload) => void got.add(Buffer.from(payload).toString()),
      onUp: () => ups++,
    });
    await listener.start();
    await listener.subscribe([{ filter: 'city/wuxi/bus/+/event', qos: 1 }]);
    const client = make(port, { window: 100 });
    await client.start();
    const acked: Promise<void>[] = [];
    for (let n = 0; n < 3000; n++) {
      if (client.congested) await client.drained();
      acked.push(client.publish('city/wuxi/bus/b/event', Buffer.from(`${n}`), 1));
      if (n % 1000 !== 500) continue;
      await broker.close();
      broker = await start({ port, take });
      await until(() => client.connected && listener.connected);
    }
    await Promise.all(acked);
    expect(stored.size).toBe(3000);
    expect(ups).toBe(4);
    await client.publish('city/wuxi/bus/b/event', Buffer.from('after'), 1);
    await until(() => got.has('after'));
  });

  it('drops and counts QoS 0 publishes without a connection', () => {
    const client = make(1);
    client.publish('t', new Uint8Array(), 0);
    client.publish('t', new Uint8Array(), 0);
    expect(client.dropped).toBe(2);
  });

  it.each([
    [4, 'bad user name or password'],
    [5, 'not authorized'],
  ])('gives up when the broker refuses with %i', async (code, reason) => {
    const { port, wires } = await fakeBroker(code);
    await expect(make(port).start()).rejects.toThrow(reason);
    expect(wires).toHaveLength(1);
  });

  it('tries again when the broker is not there, or not available yet', async () => {
    const busy = await fakeBroker(3);
    const { port } = busy;
    const downs: string[] = [];
    const client = make(port, { onDown: (reason) => downs.push(reason) });
    const started = client.start();
    await until(() => downs.length === 1);
    busy.server.close();
    await until(() => downs.length === 2);
    await start({ port });
    await started;
    expect(downs[0]).toContain('server unavailable');
    expect(downs[1]).toContain('ECONNREFUSED');
  });

  it('acknowledges incoming messages in order, when their handlers have settled', async () => {
    const { port, wires } = await fakeBroker();
    const settle: (() => void)[] = [];
    const client = make(port, { onMessage: () => new Promise<void>((resolve) => settle.push(resolve)) });
    await client.start();
    const wire = wires[0]!;
    for (const id of [11, 12, 13]) wire.writer.publish('t', new Uint8Array(), 1, false, false, id);
    wire.send();
    await until(() => settle.length === 3);
    settle[2]!();
    settle[1]!();
    client.publish('marker', new Uint8Array(), 0);
    await wire.until(() => publishes(wire).length === 1);
    expect(wire.ofType(mqtt.PUBACK)).toEqual([]);
    settle[0]!();
    await wire.until(() => wire.ofType(mqtt.PUBACK).length === 3);
    expect(wire.ofType(mqtt.PUBACK).map(({ body }) => body.readUInt16BE(0))).toEqual([11, 12, 13]);
  });

  it('does not acknowledge a message whose handler failed: it ends the connection', async () => {
    const { port, wires } = await fakeBroker();
    const downs: string[] = [];
    const onMessage = (): Promise<void> => Promise.reject(new Error('disk full'));
    const client = make(port, { onMessage, onDown: (reason) => downs.push(reason) });
    await client.start();
    wires[0]!.writer.publish('t', new Uint8Array(), 1, false, false, 9);
    wires[0]!.send();
    await wires[0]!.until(() => wires[0]!.closed);
    expect(wires[0]!.ofType(mqtt.PUBACK)).toEqual([]);
    expect(downs[0]).toContain('disk full');
  });

  it('takes a QoS 2 message once', async () => {
    const { port, wires } = await fakeBroker();
    let got = 0;
    const client = make(port, { onMessage: () => void got++ });
    await client.start();
    const wire = wires[0]!;
    wire.writer.publish('t', new Uint8Array(), 2, false, false, 5);
    wire.writer.publish('t', new Uint8Array(), 2, false, true, 5);
    wire.writer.pubrel(5);
    wire.send();
    await wire.until(() => wire.ofType(mqtt.PUBCOMP).length === 1);
    expect([got, wire.ofType(mqtt.PUBREC).length]).toEqual([1, 2]);
  });

  it('ends a connection on which the broker has fallen silent', async () => {
    const { port } = await fakeBroker();
    const downs: string[] = [];
    const client = make(port, { keepAliveS: 0.1, onDown: (reason) => downs.push(reason) });
    await client.start();
    await until(() => downs.length > 0);
    expect(downs[0]).toBe('nothing heard for a keep-alive interval');
  });

  it('closes cleanly: waits for PUBACKs, says DISCONNECT, and the broker publishes no will', async () => {
    const broker = await start();
    const will = { topic: 'city/wuxi/bus/b/status', payload: Buffer.from('offline'), qos: 1 as const, retain: true };
    const client = make(broker.port, { will });
    await client.start();
    const acked = client.publish('city/wuxi/bus/b/event', Buffer.from('x'), 1);
    await client.stop(2000);
    await acked;
    await until(() => broker.counters().clients === 0);
    expect(broker.frames.map(({ topic }) => topic)).toEqual(['city/wuxi/bus/b/event']);
    await expect(client.publish('t', new Uint8Array(), 1)).rejects.toThrow('stopped');
  });

  it('that stops acknowledges what it has taken, takes no more, and does not wait for ever', async () => {
    const { port, wires } = await fakeBroker();
    const settle: (() => void)[] = [];
    const taken: string[] = [];
    const client = make(port, {
      onMessage: (topic) => {
        taken.push(topic);
        return new Promise<void>((resolve) => settle.push(resolve));
      },
    });
    await client.start();
    const [wire] = wires as [Wire];
    for (const packetId of [1, 2]) wire.writer.publish('a', Buffer.of(1), 1, false, false, packetId);
    wire.send();
    await until(() => taken.length === 2);
    const stopping = client.stop();
    wire.writer.publish('late', Buffer.of(1), 1, false, false, 3);
    wire.send();
    settle[0]!();
    settle[1]!();
    await stopping;
    await wire.until(() => wire.closed);
    expect([taken, wire.packets.slice(1).map(({ type }) => type)]).toEqual([
      ['a', 'a'],
      [mqtt.PUBACK, mqtt.PUBACK, mqtt.DISCONNECT],
    ]);

    const stubborn = make(port, { clientId: 'stubborn', onMessage: () => new Promise<void>(() => undefined) });
    await stubborn.start();
    const other = wires[1]!;
    other.writer.publish('a', Buffer.of(1), 1, false, false, 1);
    other.send();
    await stubborn.stop();
    await other.until(() => other.closed);
    expect(other.ofType(mqtt.PUBACK)).toHaveLength(0);
  });

  it('refuses a window and a topic that cannot be', () => {
    expect(() => make(1, { window: 0 })).toThrow('window must be an integer from 1 to 32767, got 0');
    expect(() => make(1).publish('', new Uint8Array(), 1)).toThrow('a topic has 1 to 65535 bytes, got 0');
  });
});
