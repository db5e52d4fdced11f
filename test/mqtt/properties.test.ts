// MQTT 5 as another implementation (mqtt-packet, of mqtt.js) reads and writes it.
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { PacketWriter } from '../../mqtt/packets.ts';
import { readConnack5, skipProperties } from '../../mqtt/properties.ts';

type Packet = object;
interface OtherCodec {
  parser(options: object): { on(event: string, heard: (what: Packet) => void): void; parse(bytes: Buffer): void };
  generate(packet: Packet, options: object): Buffer;
}
const codec = createRequire(createRequire(import.meta.url).resolve('mqtt'))('mqtt-packet') as OtherCodec;

function read(write: (writer: PacketWriter) => void): Packet[] {
  const writer = new PacketWriter(5);
  write(writer);
  const packets: Packet[] = [];
  const reader = codec.parser({ protocolVersion: 5 });
  reader.on('packet', (packet) => packets.push(packet));
  reader.on('error', (error) => {
    throw error as Error;
  });
  reader.parse(Buffer.from(writer.take()));
  return packets;
}

describe('MQTT 5', () => {
  it('CONNECT carries properties, a will and credentials', () => {
    const will = { topic: 'w', payload: Buffer.from('gone'), qos: 1, retain: true } as const;
    const properties = {
      sessionExpiryS: 3600,
      receiveMaximum: 20,
      maximumPacketBytes: 70_000,
      user: [['a', 'b']],
    } as const;
    const login = { username: 'u', password: 'p' };
    const [packet] = read((writer) =>
      writer.connect({ clientId: 'c', cleanSession: false, keepAliveS: 30, will, properties, ...login }),
    );
    expect(packet).toMatchObject({
      cmd: 'connect',
      protocolVersion: 5,
      clientId: 'c',
      clean: false,
      keepalive: 30,
      username: 'u',
      properties: {
        sessionExpiryInterval: 3600,
        receiveMaximum: 20,
        maximumPacketSize: 70_000,
        userProperties: { a: 'b' },
      },
      will: { topic: 'w', qos: 1, retain: true },
    });
  });

  it('PUBLISH carries properties, and none of them cost one byte', () => {
    const properties = {
      text: true,
      expiryS: 60,
      contentType: 'x',
      responseTopic: 'r',
      correlation: Buffer.from('id'),
    };
    const [packet] = read((writer) => writer.publish('a/b', Buffer.from('hi'), 2, true, false, 9, properties));
    expect(packet).toMatchObject({
      cmd: 'publish',
      topic: 'a/b',
      qos: 2,
      messageId: 9,
      retain: true,
      payload: Buffer.from('hi'),
      properties: {
        payloadFormatIndicator: true,
        messageExpiryInterval: 60,
        contentType: 'x',
        responseTopic: 'r',
        correlationData: Buffer.from('id'),
      },
    });
    const [four, five] = [new PacketWriter(4), new PacketWriter(5)];
    for (const writer of [four, five]) writer.publish('a', Buffer.from('x'), 0, false, false, 0);
    expect(five.length).toBe(four.length + 1);
  });

  it('SUBSCRIBE and UNSUBSCRIBE are understood', () => {
    const packets = read((writer) => {
      writer.subscribe(3, [{ filter: '$share/g/a', qos: 2 }]);
      writer.unsubscribe(4, ['a', 'b']);
    });
    expect(packets[0]).toMatchObject({
      cmd: 'subscribe',
      messageId: 3,
      subscriptions: [{ topic: '$share/g/a', qos: 2 }],
    });
    expect(packets[1]).toMatchObject({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['a', 'b'] });
  });

  it('CONNACK tells what the broker grants, the rest are defaults', () => {
    const connack = (properties: object) => {
      const packet = { cmd: 'connack', sessionPresent: true, reasonCode: 0, properties };
      const bytes = codec.generate(packet, { protocolVersion: 5 });
      return readConnack5(bytes, 2, bytes.length);
    };
    const granted = { receiveMaximum: 20, maximumQoS: 1, sharedSubscriptionAvailable: false, serverKeepAlive: 15 };
    const spoken = { ...granted, reasonString: 'because', userProperties: { a: 'b' }, assignedClientIdentifier: 'me' };
    expect(connack(spoken)).toEqual({
      sessionPresent: true,
      reasonCode: 0,
      properties: {
        receiveMaximum: 20,
        maximumQos: 1,
        retainAvailable: true,
        sharedAvailable: false,
        topicAliasMaximum: 0,
        serverKeepAliveS: 15,
      },
    });
    expect(connack({}).properties).toMatchObject({ receiveMaximum: 65_535, maximumQos: 2, sharedAvailable: true });
  });

  it('properties that are cut short or unknown are malformed', () => {
    expect(() => skipProperties(Buffer.from([5, 1]), 0, 2)).toThrow('properties are cut short');
    expect(() => readConnack5(Buffer.from([0, 0, 2, 0x7e, 0]), 0, 5)).toThrow('unknown property 126');
    expect(() => readConnack5(Buffer.from([0, 0, 2, 0x21, 0]), 0, 5)).toThrow('properties are cut short');
  });
});
