import { describe, expect, it } from 'vitest';
import { ephemeralCredentials } from '../../broker/credentials.ts';
import { Exchanges } from '../../broker/exchanges.ts';
import { PUBCOMP, PUBLISH, PUBREC, SUBACK } from '../../mqtt/packets.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

const TOPIC = 'city/wuxi/bus/b/event';

async function viewerOf(port: number): Promise<Wire> {
  const viewer = await Wire.connected(port, { clientId: 'viewer' });
  viewer.writer.subscribe(1, [{ filter: 'city/#', qos: 2 }]);
  viewer.send();
  await viewer.until(() => viewer.ofType(SUBACK).length === 1);
  return viewer;
}

function send(wire: Wire, dup: boolean, topic = TOPIC): void {
  wire.writer.publish(topic, Buffer.from('x'), 2, false, dup, 7);
  wire.send();
}

async function sendAndHear(wire: Wire, dup: boolean, topic = TOPIC): Promise<void> {
  const before = wire.ofType(PUBREC).length;
  send(wire, dup, topic);
  await wire.until(() => wire.ofType(PUBREC).length > before);
}

describe('a message of QoS 2 that comes again [MQTT-4.3.3-2]', () => {
  it('is taken, counted and delivered once', async () => {
    const broker = await start();
    const [viewer, wire] = [await viewerOf(broker.port), await Wire.connected(broker.port)];
    for (const dup of [false, true, true]) await sendAndHear(wire, dup);
    await viewer.ping();
    expect([viewer.ofType(PUBLISH).length, broker.frames.length, broker.counters().in]).toEqual([1, 1, 1]);
    wire.writer.pubrel(7);
    wire.send();
    await wire.until(() => wire.ofType(PUBCOMP).length === 1);
    await sendAndHear(wire, false);
    await viewer.ping();
    expect([viewer.ofType(PUBLISH).length, broker.frames.length]).toEqual([2, 2]);
  });

  it('stays the same for a client whose name somebody else uses with a wrong password', async () => {
    const { credentials, secretOf } = ephemeralCredentials();
    const broker = await start({ credentials });
    const login = { clientId: 'simulator', username: 'simulator', password: secretOf('simulator') };
    const [viewer, wire] = [await viewerOf(broker.port), await Wire.connected(broker.port, login)];
    await sendAndHear(wire, false);
    expect((await Wire.connected(broker.port, { ...login, password: 'wrong' })).returnCode).toBe(4);
    await sendAndHear(wire, true);
    await viewer.ping();
    expect([viewer.ofType(PUBLISH).length, broker.frames.length]).toEqual([1, 1]);
  });

  it('on a new connection of the session, before its ticket has settled, is acknowledged with it', async () => {
    const settle: (() => void)[] = [];
    const broker = await start({ take: () => new Promise((resolve) => settle.push(resolve)) });
    const kept = { clientId: 'kept', cleanSession: false };
    const [viewer, first] = [await viewerOf(broker.port), await Wire.connected(broker.port, kept)];
    send(first, false);
    await until(() => settle.length === 1);
    const second = await Wire.connected(broker.port, kept);
    send(second, true);
    await second.ping();
    expect([settle.length, second.ofType(PUBREC).length]).toEqual([1, 0]);
    settle[0]!();
    await second.until(() => second.ofType(PUBREC).length === 1);
    await viewer.ping();
    expect(viewer.ofType(PUBLISH)).toHaveLength(1);
  });

  it('is refused as often as it comes when its topic is, and takes no room', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    for (let round = 0; round < 1100; round++) {
      wire.writer.publish('city/other/bus/b/event', Buffer.from('x'), 2, false, false, 7);
      wire.writer.pubrel(7);
    }
    wire.send();
    await wire.until(() => wire.ofType(PUBCOMP).length === 1100);
    expect(broker.counters().refusedByCause).toEqual({ 'other-city': 1100 });
  });
});

describe('exchanges', () => {
  const clean = { id: 'a', clean: true };
  const kept = { id: 'a', clean: false };

  it('of a kept session are forgotten with it, those of a clean connection are its own', () => {
    const exchanges = new Exchanges();
    let taken = 0;
    for (const client of [clean, kept, { ...clean }, { ...kept }]) void exchanges.begin(client, 1, () => void taken++);
    expect(taken).toBe(3);
    for (const client of [clean, kept]) exchanges.publish(client, 1);
    exchanges.forget('a');
    expect([exchanges.isPublished(clean, 1), exchanges.isPublished(kept, 1)]).toEqual([true, false]);
    exchanges.publish(kept, 1);
    expect(exchanges.isPublished(kept, 1)).toBe(false);
  });

  it('are bounded for a session, on however many connections; those that are open go on', () => {
    const exchanges = new Exchanges();
    for (let id = 1; id <= 1000; id++) void exchanges.begin({ ...kept }, id, () => undefined);
    expect([1000, 1001].map((id) => exchanges.hasRoom(kept, id))).toEqual([true, false]);
    exchanges.end(kept, 7);
    expect([exchanges.hasRoom(kept, 1001), exchanges.hasRoom(clean, 1)]).toEqual([true, true]);
  });

  it('may begin again when a ticket is not given', async () => {
    const exchanges = new Exchanges();
    await expect(exchanges.begin(kept, 1, () => Promise.reject(new Error('full')))).rejects.toThrow('full');
    let again = false;
    void exchanges.begin(kept, 1, () => void (again = true));
    expect(again).toBe(true);
  });
});
