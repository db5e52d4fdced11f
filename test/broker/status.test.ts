import { describe, expect, it } from 'vitest';
import { readPublish } from '../../mqtt/scanner.ts';
import { ephemeralCredentials } from '../../broker/credentials.ts';
import { Status } from '../../broker/status.ts';
import type { StatusTotals } from '../../broker/status.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

const EVENT = 'city/wuxi/bus/b/event';
const BODY = Buffer.from('{}');
const NOTHING: StatusTotals = {
  uptimeS: 0,
  clientsConnected: 0,
  clientsDisconnected: 0,
  clientsExpired: 0,
  sessionsDisplaced: 0,
  clientsMaximum: 0,
  connections: 0,
  sockets: 0,
  messagesReceived: 0,
  messagesSent: 0,
  publishesReceived: 0,
  publishesSent: 0,
  publishesDropped: 0,
  bytesReceived: 0,
  bytesSent: 0,
  subscriptions: 0,
  retainedMessages: 0,
  retainedBytes: 0,
  queuedMessages: 0,
  queuedBytes: 0,
};

async function statusSeenBy(wire: Wire): Promise<Map<string, string>> {
  wire.writer.subscribe(1, [{ filter: '$SYS/broker/#', qos: 0 }]);
  wire.send();
  await wire.until(() => wire.ofType(9).length === 1);
  if (wire.ofType(9)[0]!.body[2] === 0) await wire.until(() => wire.ofType(3).length >= 40);
  return new Map(
    wire.ofType(3).map(({ header, body }) => {
      const { topic, payload } = readPublish(header, body, 0, body.length);
      return [topic, payload.toString()];
    }),
  );
}

describe('$SYS/broker', () => {
  it('is retained, in the names of mosquitto, and names no client', async () => {
    const broker = await start();
    const status = await statusSeenBy(await Wire.connected(broker.port));
    expect([...status.keys()]).toEqual(
      expect.arrayContaining(
        [
          'version',
          'uptime',
          'clients/total',
          'clients/connected',
          'clients/maximum',
          'messages/received',
          'messages/sent',
          'publish/messages/received',
          'bytes/received',
          'bytes/sent',
          'subscriptions/count',
          'retained messages/count',
          'load/messages/received/1min',
          'load/bytes/sent/15min',
        ].map((name) => `$SYS/broker/${name}`),
      ),
    );
    expect(status.get('$SYS/broker/uptime')).toMatch(/^\d+ seconds$/);
    expect([...status.keys()].every((topic) => topic.startsWith('$SYS/broker/'))).toBe(true);
  });

  it('is for viewers and the api only', async () => {
    const { credentials, secretOf } = ephemeralCredentials();
    const broker = await start({ credentials });
    const codes = await Promise.all(
      (['viewer', 'api', 'simulator', 'control'] as const).map(async (name) => {
        const wire = await Wire.connected(broker.port, { clientId: name, username: name, password: secretOf(name) });
        await statusSeenBy(wire);
        return wire.ofType(9)[0]!.body[2];
      }),
    );
    expect(codes).toEqual([0, 0, 0x80, 0x80]);
  });

  it('counts packets, publishes, bytes, clients, subscriptions and retained messages', async () => {
    const broker = await start();
    const before = broker.status();
    const kept = await Wire.connected(broker.port, { clientId: 'kept', cleanSession: false });
    kept.writer.subscribe(1, [
      { filter: EVENT, qos: 1 },
      { filter: 'city/wuxi/clock', qos: 0 },
    ]);
    kept.send();
    await kept.until(() => kept.ofType(9).length === 1);
    const wire = await Wire.connected(broker.port);
    for (const [id, qos] of [0, 1, 1, 2].entries())
      wire.writer.publish(EVENT, BODY, qos as 0 | 1 | 2, false, false, qos > 0 ? id + 1 : 0);
    wire.writer.publish('city/wuxi/bus/b/status', BODY, 0, true, false, 0);
    wire.send();
    await kept.until(() => kept.ofType(3).length === 4);
    await wire.ping();
    const now = broker.status();
    // 2 CONNECT, SUBSCRIBE, 5 PUBLISH, PINGREQ; in return 2 CONNACK, SUBACK, 2 PUBACK, PUBREC, PINGRESP, 4 deliveries
    expect(now.messagesReceived - before.messagesReceived).toBe(9);
    expect(now.messagesSent - before.messagesSent).toBe(11);
    expect(now).toMatchObject({ publishesReceived: 5, publishesSent: 4, subscriptions: 2, clientsConnected: 2 });
    expect(now.retainedMessages).toBe(before.retainedMessages + 1);
    await until(() => broker.status().bytesSent === kept.socket.bytesRead + wire.socket.bytesRead);
    expect(now.bytesReceived).toBe(kept.socket.bytesWritten + wire.socket.bytesWritten);
    kept.socket.destroy();
    wire.socket.destroy();
    await until(() => broker.counters().clients === 0);
    const { bytesReceived } = now;
    expect(broker.status()).toMatchObject({ clientsDisconnected: 1, clientsMaximum: 2, sockets: 2, bytesReceived });
  });

  it('averages what happens in a minute over 1, 5 and 15 minutes', () => {
    const status = new Status('v');
    status.topics(NOTHING);
    let topics = new Map<string, string>();
    for (let at = 1; at <= 600; at++) {
      topics = status.topics({ ...NOTHING, uptimeS: 10 * at, publishesReceived: 50 * at });
      const minutes = (10 * at) / 60;
      for (const span of [1, 5, 15]) {
        const expected = 300 * (1 - Math.exp(-minutes / span)); // the answer of a first-order low pass to a step
        expect(Number(topics.get(`$SYS/broker/load/publish/received/${span}min`))).toBeCloseTo(expected, 1);
      }
    }
    expect(Number(topics.get('$SYS/broker/load/publish/received/1min'))).toBeCloseTo(300, 1);
    expect(topics.get('$SYS/broker/load/publish/sent/1min')).toBe('0.00');
  });
});
