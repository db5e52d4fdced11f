import { describe, expect, it } from 'vitest';
import type { Identity } from '../../broker/roles.ts';
import { CONNACK, PUBACK } from '../../mqtt/packets.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

const TOPIC = 'city/wuxi/bus/b/event';
const will = { topic: TOPIC, payload: Buffer.from('will'), qos: 0, retain: false } as const;

/** A peer that has written its CONNECT and not sent it. */
async function connecting(port: number): Promise<Wire> {
  const wire = await Wire.open(port);
  const login = { username: 'u', password: 'p' };
  wire.writer.connect({ clientId: 'hasty', cleanSession: true, keepAliveS: 60, will, ...login });
  return wire;
}

const everybody = {
  anonymous: false,
  verify: async (name: string): Promise<Identity> => ({ name, roles: ['integrator'] }),
};

/** Nobody's password is known before `learn` is called. */
async function slowBroker() {
  const learn: (() => void)[] = [];
  const verify = async (name: string): Promise<Identity> => {
    await new Promise<void>((now) => learn.push(now));
    return { name, roles: ['integrator'] };
  };
  return { learn, broker: await start({ credentials: { anonymous: false, verify } }) };
}

describe('what a client sends behind its CONNECT, without waiting for the answer (3.1.4)', () => {
  it.each([
    ['200 small publishes', 200, 2],
    ['publishes of 60 KB', 3, 60_000],
  ])('is taken once it is let in: %s', async (_, count, bytes) => {
    const { broker, learn } = await slowBroker();
    const wire = await connecting(broker.port);
    for (let id = 1; id <= count; id++) wire.writer.publish(TOPIC, Buffer.alloc(bytes), 1, false, false, id);
    wire.send();
    await until(() => learn.length === 1);
    expect(broker.status().publishesReceived).toBe(0);
    learn[0]!();
    await wire.until(() => wire.ofType(PUBACK).length === count);
    expect([wire.packets[0]!.type, broker.frames.length]).toEqual([CONNACK, count]);
    expect([broker.counters().refused, broker.status().publishesReceived]).toEqual([0, count]);
  });

  it('is taken however the bytes are cut', async () => {
    const broker = await start({ credentials: everybody });
    const wire = await connecting(broker.port);
    for (let id = 1; id <= 20; id++) wire.writer.publish(TOPIC, Buffer.alloc(id * 17), 1, false, false, id);
    for (const byte of wire.writer.take()) wire.socket.write(Buffer.of(byte));
    await wire.until(() => wire.ofType(PUBACK).length === 20);
  });

  it('is taken also when it has ended its side by then; its will is not published after its DISCONNECT', async () => {
    const { broker, learn } = await slowBroker();
    const wire = await connecting(broker.port);
    wire.writer.publish(TOPIC, Buffer.from('1'), 0, false, false, 0);
    wire.writer.disconnect();
    wire.socket.end(wire.writer.take());
    await until(() => learn.length === 1);
    learn[0]!();
    await wire.until(() => wire.closed);
    expect(broker.frames.map(({ payload }) => String(payload))).toEqual(['1']);
  });

  it('[MQTT-3.14.4-2] is not taken when it comes after its DISCONNECT', async () => {
    const broker = await start({ credentials: everybody });
    const wire = await connecting(broker.port);
    wire.writer.disconnect();
    wire.writer.publish(TOPIC, Buffer.from('late'), 1, false, false, 1);
    wire.send();
    await wire.until(() => wire.closed);
    expect([wire.returnCode, broker.frames.length, wire.ofType(PUBACK).length]).toEqual([0, 0, 0]);
  });

  it('[MQTT-3.1.4-5] is not taken when it is refused', async () => {
    const verify = async (): Promise<undefined> => undefined;
    const broker = await start({ credentials: { anonymous: false, verify } });
    const wire = await connecting(broker.port);
    wire.writer.publish(TOPIC, Buffer.from('1'), 1, false, false, 1);
    wire.send();
    await wire.until(() => wire.closed);
    expect([wire.returnCode, broker.frames.length, wire.ofType(PUBACK).length]).toEqual([4, 0, 0]);
  });

  it('ends its connection when one of them is longer than it may be', async () => {
    const broker = await start({ credentials: everybody });
    const wire = await connecting(broker.port);
    wire.writer.publish(TOPIC, Buffer.alloc(70_000), 1, false, false, 1);
    wire.send();
    await wire.until(() => wire.closed);
    expect(broker.counters().refusedByCause).toEqual({ oversize: 1 });
  });
});
