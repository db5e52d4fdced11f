// MQTT 3.1.1 clause by clause over bare packets: what the OASIS standard demands of a server, by the standard's own numbers. Speed and our
// own rules are tested elsewhere.
import { describe, expect, it } from 'vitest';
import type { ConnectFields, SubscriptionRequest } from '../../mqtt/packets.ts';
import { readPublish } from '../../mqtt/scanner.ts';
import type { Publication } from '../../mqtt/scanner.ts';
import { matches } from '../../broker/filters.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

const EVENT = 'city/wuxi/bus/b/event';
const STATUS = 'city/wuxi/bus/b/status';
const BODY = Buffer.from('{"ts":1,"seq":1}');
const ILL_FORMED = Buffer.of(0x63, 0xc3, 0x28);
const SURROGATE = Buffer.of(0x63, 0xed, 0xa0, 0x80); // U+D800
const NUL = Buffer.of(0x63, 0x00);

const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const PUBREC = 5;
const PUBREL = 6;
const PUBCOMP = 7;
const SUBACK = 9;
const UNSUBACK = 11;

/** A packet of exactly these bytes; bodies here are shorter than 128. */
function raw(first: number, ...parts: (number | Uint8Array)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : part)));
  return Buffer.concat([Buffer.of(first, body.length), body]);
}

function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

/** CONNECT with these flags and payload fields. */
function connect(flags: number, ...fields: (string | Uint8Array)[]): Buffer {
  return raw(0x10, text('MQTT'), 4, flags, 0, 60, ...fields.map(text));
}

async function answerTo(port: number, bytes: Uint8Array): Promise<{ code: number | undefined; closed: boolean }> {
  const wire = await Wire.open(port);
  wire.send(bytes);
  await wire.until(() => wire.packets.length > 0 || wire.closed);
  if (wire.returnCode !== 0) await wire.until(() => wire.closed);
  return { code: wire.returnCode, closed: wire.closed };
}

async function subscribed(port: number, filters: { [filter: string]: number }, fields: Partial<ConnectFields> = {}) {
  const wire = await Wire.connected(port, { clientId: 'subscriber', ...fields });
  await subscribe(wire, filters);
  return wire;
}

async function subscribe(wire: Wire, filters: { [filter: string]: number }): Promise<number[]> {
  const before = wire.ofType(SUBACK).length;
  const requests = Object.entries(filters).map(([filter, qos]) => ({ filter, qos })) as SubscriptionRequest[];
  wire.writer.subscribe(1, requests);
  wire.send();
  await wire.until(() => wire.ofType(SUBACK).length > before);
  return [...wire.ofType(SUBACK).at(-1)!.body.subarray(2)];
}

function received(wire: Wire): Publication[] {
  return wire.ofType(PUBLISH).map(({ header, body }) => readPublish(header, body, 0, body.length));
}

/** Publishes and waits for the last packet of the exchange. */
async function publish(wire: Wire, topic: string, qos: 0 | 1 | 2, { body = BODY, retain = false, id = 1 } = {}) {
  wire.writer.publish(topic, body, qos, retain, false, qos > 0 ? id : 0);
  wire.send();
  if (qos === 1) await wire.until(() => idsOf(wire, PUBACK).includes(id));
  if (qos === 2) {
    await wire.until(() => idsOf(wire, PUBREC).includes(id));
    wire.writer.pubrel(id);
    wire.send();
    await wire.until(() => idsOf(wire, PUBCOMP).includes(id));
  }
  await wire.ping();
}

function idsOf(wire: Wire, type: number): number[] {
  return wire.ofType(type).map(({ body }) => body.readUInt16BE(0));
}

function sessionPresent(wire: Wire): boolean {
  return wire.ofType(CONNACK)[0]!.body[0] === 1;
}

async function vanish(wire: Wire, broker: { counters(): { clients: number } }, left = 0): Promise<void> {
  wire.socket.destroy();
  await until(() => broker.counters().clients === left);
}

describe('a malformed packet ends its connection [MQTT-4.8.0-1]', () => {
  const publishOf = (topic: Uint8Array): Buffer => raw(0x30, text(topic), BODY);
  const subscribeTo = (filter: Uint8Array): Buffer => raw(0x82, 0, 1, text(filter), 0);
  it.each([
    ['[MQTT-1.5.3-1] ill-formed UTF-8 in a topic', publishOf(ILL_FORMED)],
    ['[MQTT-1.5.3-1] a surrogate in a topic', publishOf(SURROGATE)],
    ['[MQTT-1.5.3-1] ill-formed UTF-8 in a filter', subscribeTo(ILL_FORMED)],
    ['[MQTT-1.5.3-1] ill-formed UTF-8 in a filter to unsubscribe', raw(0xa2, 0, 1, text(ILL_FORMED))],
    ['[MQTT-1.5.3-2] U+0000 in a topic', publishOf(NUL)],
    ['[MQTT-1.5.3-2] U+0000 in a filter', subscribeTo(NUL)],
    ['[MQTT-2.2.2-2] reserved flags', raw(0xc1)],
    ['[MQTT-2.3.1-1] packet identifier 0 in PUBLISH', raw(0x32, text(EVENT), 0, 0, BODY)],
    ['[MQTT-2.3.1-1] packet identifier 0 in SUBSCRIBE', raw(0x82, 0, 0, text('city/#'), 0)],
    ['[MQTT-2.3.1-1] packet identifier 0 in PUBREL', raw(0x62, 0, 0)],
    ['[MQTT-2.3.1-1] a PUBACK without an identifier', raw(0x40)],
    ['[MQTT-3.1.0-2] a second CONNECT', connect(2, 'second')],
    ['[MQTT-3.3.1-2] DUP at QoS 0', raw(0x38, text(EVENT), BODY)],
    ['[MQTT-3.3.1-4] QoS 3', raw(0x36, text(EVENT), 0, 1, BODY)],
    ['[MQTT-3.3.2-2] a wildcard in a topic', raw(0x30, text('city/+/bus/b/event'), BODY)],
    ['[MQTT-3.6.1-1] PUBREL with other flags', raw(0x60, 0, 1)],
    ['[MQTT-3.6.1-1] PUBREL with DUP', raw(0x6a, 0, 1)],
    ['[MQTT-3.8.1-1] SUBSCRIBE with other flags', raw(0x80, 0, 1, text('city/#'), 0)],
    ['[MQTT-3.8.3-3] SUBSCRIBE without a filter', raw(0x82, 0, 1)],
    ['[MQTT-3-8.3-4] a requested QoS of 3', raw(0x82, 0, 1, text('city/#'), 3)],
    ['[MQTT-3-8.3-4] reserved bits in a requested QoS', raw(0x82, 0, 1, text('city/#'), 0x81)],
    ['[MQTT-3.10.1-1] UNSUBSCRIBE with other flags', raw(0xa0, 0, 1, text('city/#'))],
    ['[MQTT-3.10.3-2] UNSUBSCRIBE without a filter', raw(0xa2, 0, 1)],
    ['[MQTT-3.14.1-1] DISCONNECT with flags', raw(0xe1)],
    ['[MQTT-4.7.3-1] an empty topic', raw(0x30, text(''), BODY)],
    ['[MQTT-4.7.3-1] an empty filter', raw(0x82, 0, 1, text(''), 0)],
    ['a packet of a server', raw(0x20, 0, 0)],
    ['a packet type that does not exist', raw(0xf0)],
    ['a remaining length of five bytes', Buffer.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x01)],
    ['PINGREQ with a payload', raw(0xc0, 1)],
    ['a PUBLISH whose topic is longer than the packet', Buffer.concat([raw(0x32, 0, 9, text('a')), raw(0xc0)])],
  ])('%s', async (_, bytes) => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    wire.send(bytes);
    await wire.until(() => wire.closed);
    expect(broker.frames).toEqual([]);
    expect(wire.packets).toHaveLength(1);
    expect((await Wire.connected(broker.port)).returnCode).toBe(0);
  });
});

describe('CONNECT', () => {
  it.each([
    ['[MQTT-3.1.2-1] another protocol name', raw(0x10, text('hj'), 4, 2, 0, 60, text('a')), undefined],
    ['[MQTT-3.1.2-2] a level that does not exist', raw(0x10, text('MQTT'), 6, 2, 0, 60, text('a')), 1],
    ['[MQTT-3.1.2-3] the reserved flag', connect(0x03, 'a'), undefined],
    ['[MQTT-3.1.2-13] a will QoS without a will', connect(0x0a, 'a'), undefined],
    ['[MQTT-3.1.2-14] a will of QoS 3', connect(0x1e, 'a', STATUS, 'x'), undefined],
    ['[MQTT-3.1.2-15] a retained will without a will', connect(0x22, 'a'), undefined],
    ['[MQTT-3.1.2-22] a password without a name', connect(0x42, 'a', 'secret'), undefined],
    ['[MQTT-3.1.3-6] an empty client id with a clean session', connect(2, ''), 0],
    ['[MQTT-3.1.3-8] an empty client id with a kept session', connect(0, ''), 2],
    ['[MQTT-3.1.3-5] a client id of 23 letters and digits', connect(2, '0123456789abcdefghijABC'), 0],
    ['[MQTT-1.5.3-1] ill-formed UTF-8 in the client id', connect(2, ILL_FORMED), undefined],
    ['[MQTT-1.5.3-2] U+0000 in the client id', connect(2, NUL), undefined],
    ['[MQTT-1.5.3-1] ill-formed UTF-8 in the will topic', connect(6, 'a', ILL_FORMED, 'x'), undefined],
    ['[MQTT-1.5.3-1] ill-formed UTF-8 in the name', connect(0x82, 'a', ILL_FORMED), undefined],
    ['[MQTT-4.7.3-1] an empty will topic', connect(6, 'a', '', 'x'), undefined],
    ['bytes after the last field', connect(2, 'a', 'b'), undefined],
    ['MQTT 3.1', raw(0x10, text('MQIsdp'), 3, 2, 0, 60, text('a')), 0],
  ])('%s', async (_, bytes, code) => {
    const broker = await start();
    expect(await answerTo(broker.port, bytes)).toEqual({ code, closed: code !== 0 });
    expect(broker.counters().clients).toBe(code === 0 ? 1 : 0);
  });

  it('[MQTT-3.1.2-2] of MQTT 5 is refused in the form of MQTT 5, with what to set', async () => {
    const broker = await start();
    const wire = await Wire.open(broker.port);
    wire.send(raw(0x10, text('MQTT'), 5, 2, 0, 60, 0, text('a')));
    await wire.until(() => wire.closed);
    const { header, body } = wire.packets[0]!;
    expect([header, body[0], body[1], body[3]]).toEqual([0x20, 0, 0x84, 0x1f]);
    expect(body.readUInt16BE(4)).toBe(body.length - 6);
    expect(body.toString('utf8', 6)).toContain('set protocol version 4 (mqtt.js protocolVersion: 4');
    expect(broker.counters().refusedByCause).toEqual({ 'protocol-version': 1 });
  });

  it('[MQTT-3.1.0-1] must come first', async () => {
    const broker = await start();
    expect(await answerTo(broker.port, raw(0xc0))).toEqual({ code: undefined, closed: true });
  });

  it('[MQTT-3.1.4-2] with an id that is in use ends the other connection', async () => {
    const broker = await start();
    const first = await Wire.connected(broker.port);
    const second = await Wire.connected(broker.port);
    await first.until(() => first.closed);
    expect([second.returnCode, second.closed]).toEqual([0, false]);
  });
});

describe('session', () => {
  const KEPT = { clientId: 'sleeper', cleanSession: false };

  it('[MQTT-3.2.2-1] [MQTT-3.1.2-6] a clean session is never present, and ends the one that was kept', async () => {
    const broker = await start();
    await vanish(await subscribed(broker.port, { [EVENT]: 1 }, KEPT), broker);
    const clean = await Wire.connected(broker.port, { clientId: 'sleeper' });
    expect(sessionPresent(clean)).toBe(false);
    await vanish(clean, broker);
    expect(sessionPresent(await Wire.connected(broker.port, KEPT))).toBe(false);
  });

  it.each(['a reconnect', 'a reconnect with a will', 'a take-over'])(
    '[MQTT-3.2.2-2] without subscriptions is present at %s',
    async (how) => {
      const broker = await start();
      const will = { topic: STATUS, payload: BODY, qos: 1 as const, retain: false };
      const first = await Wire.connected(broker.port, KEPT);
      expect(sessionPresent(first)).toBe(false); // [MQTT-3.2.2-3]
      if (how !== 'a take-over') await vanish(first, broker);
      const again = await Wire.connected(broker.port, how.endsWith('will') ? { ...KEPT, will } : KEPT);
      expect([again.returnCode, sessionPresent(again)]).toEqual([0, true]);
      expect(broker.counters().refused).toBe(0);
    },
  );

  it('[MQTT-3.2.2-4] a refusal says that no session is present', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port, { clientId: '', cleanSession: false });
    expect([...wire.packets[0]!.body]).toEqual([0, 2]);
  });

  it('[MQTT-3.1.2-5] keeps what is published at QoS 1 and 2 while its client is away', async () => {
    const broker = await start();
    await vanish(await subscribed(broker.port, { 'city/wuxi/bus/+/event': 2 }, KEPT), broker);
    const publisher = await Wire.connected(broker.port, { clientId: 'publisher' });
    for (const qos of [0, 1, 2] as const) await publish(publisher, `city/wuxi/bus/b${qos}/event`, qos, { id: qos });
    const again = await Wire.connected(broker.port, KEPT);
    await again.until(() => received(again).length >= 2);
    await again.ping();
    expect(received(again)).toMatchObject([
      { topic: 'city/wuxi/bus/b1/event', qos: 1, dup: false, retain: false },
      { topic: 'city/wuxi/bus/b2/event', qos: 2, dup: false, retain: false },
    ]);
  });

  it('[MQTT-4.4.0-1] [MQTT-3.3.1-1] sends again what was not acknowledged, under its identifier, in order, with DUP', async () => {
    const broker = await start();
    const first = await subscribed(broker.port, { 'city/wuxi/bus/+/event': 2 }, KEPT);
    const publisher = await Wire.connected(broker.port, { clientId: 'publisher' });
    await publish(publisher, 'city/wuxi/bus/b1/event', 1, { id: 1 });
    await publish(publisher, 'city/wuxi/bus/b2/event', 2, { id: 2 });
    await first.until(() => received(first).length === 2);
    const ids = received(first).map(({ packetId }) => packetId);
    await vanish(first, broker, 1);
    const again = await Wire.connected(broker.port, KEPT);
    await again.until(() => received(again).length === 2);
    expect(received(again)).toMatchObject([
      { topic: 'city/wuxi/bus/b1/event', qos: 1, dup: true, packetId: ids[0] },
      { topic: 'city/wuxi/bus/b2/event', qos: 2, dup: true, packetId: ids[1] },
    ]);
    // [MQTT-2.3.1-2]: a new message gets an identifier that is not in use.
    await publish(publisher, EVENT, 1, { id: 3 });
    await again.until(() => received(again).length === 3);
    expect(ids).not.toContain(received(again)[2]!.packetId);
  });

  it('[MQTT-4.4.0-1] sends PUBREL again for what was received and not yet completed', async () => {
    const broker = await start();
    const first = await subscribed(broker.port, { [EVENT]: 2 }, KEPT);
    await publish(await Wire.connected(broker.port, { clientId: 'publisher' }), EVENT, 2);
    await first.until(() => received(first).length === 1);
    const { packetId } = received(first)[0]!;
    first.writer.pubrec(packetId);
    first.send();
    await first.until(() => idsOf(first, PUBREL).includes(packetId));
    await vanish(first, broker, 1);
    const again = await Wire.connected(broker.port, KEPT);
    await again.until(() => idsOf(again, PUBREL).length === 1);
    expect(idsOf(again, PUBREL)).toEqual([packetId]);
    expect(received(again)).toEqual([]);
    again.writer.pubcomp(packetId);
    again.send();
    await again.ping();
    await vanish(again, broker, 1);
    const third = await Wire.connected(broker.port, KEPT);
    await third.ping();
    expect(third.ofType(PUBREL)).toEqual([]);
  });

  it('with overlapping filters keeps a message once', async () => {
    const broker = await start();
    const filters = { 'city/wuxi/#': 1, [EVENT]: 0, 'city/wuxi/bus/+/event': 2 };
    const first = await subscribed(broker.port, filters, KEPT);
    const publisher = await Wire.connected(broker.port, { clientId: 'publisher' });
    await publish(publisher, EVENT, 2);
    await first.until(() => received(first).length === 1);
    await vanish(first, broker, 1);
    const again = await Wire.connected(broker.port, KEPT);
    await again.ping();
    expect(received(again)).toMatchObject([{ topic: EVENT, qos: 2, dup: true }]);
  });
});

describe('will', () => {
  const will = (retain: boolean) => ({ will: { topic: STATUS, payload: BODY, qos: 1 as const, retain } });

  it('[MQTT-3.1.2-8] is published when the connection ends without DISCONNECT, at its QoS', async () => {
    const broker = await start();
    const viewer = await subscribed(broker.port, { [STATUS]: 1 });
    (await Wire.connected(broker.port, will(false))).socket.destroy();
    await viewer.until(() => received(viewer).length === 1);
    expect(received(viewer)[0]).toMatchObject({ topic: STATUS, qos: 1, retain: false, payload: BODY });
  });

  it('[MQTT-3.1.2-24] is published when its client is silent for one and a half keep-alives', async () => {
    const broker = await start();
    const viewer = await subscribed(broker.port, { [STATUS]: 1 });
    const silent = await Wire.connected(broker.port, { ...will(false), keepAliveS: 1 });
    await silent.until(() => silent.closed);
    await viewer.until(() => received(viewer).length === 1);
  });

  it('[MQTT-3.14.4-3] [MQTT-3.1.2-10] is forgotten at DISCONNECT', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port, will(false));
    wire.writer.disconnect();
    wire.send();
    await wire.until(() => wire.closed); // [MQTT-3.14.4-1]
    await until(() => broker.counters().clients === 0);
    expect(broker.frames).toEqual([]);
  });

  it.each([true, false])('[MQTT-3.1.2-16] [MQTT-3.1.2-17] is retained only when it says so: %s', async (retain) => {
    const broker = await start();
    await vanish(await Wire.connected(broker.port, will(retain)), broker);
    await until(() => broker.frames.length === 1);
    const viewer = await subscribed(broker.port, { [STATUS]: 0 });
    await viewer.ping();
    expect(received(viewer).map((message) => message.retain)).toEqual(retain ? [true] : []);
  });
});

describe('PUBLISH', () => {
  it('[MQTT-3.3.4-1] [MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2] is answered by its QoS and delivered once', async () => {
    const broker = await start();
    const viewer = await subscribed(broker.port, { [EVENT]: 2 });
    const wire = await Wire.connected(broker.port);
    for (const qos of [0, 1, 2] as const) await publish(wire, EVENT, qos, { id: qos + 1 });
    await viewer.until(() => received(viewer).length === 3);
    expect([idsOf(wire, PUBACK), idsOf(wire, PUBREC), idsOf(wire, PUBCOMP)]).toEqual([[2], [3], [3]]);
    expect(received(viewer).map(({ qos, dup, retain }) => [qos, dup, retain])).toEqual([
      [0, false, false],
      [1, false, false],
      [2, false, false],
    ]);
  });

  it('[MQTT-4.3.3-2] of QoS 2 that comes again before its PUBREL is not delivered again', async () => {
    const broker = await start();
    const viewer = await subscribed(broker.port, { [EVENT]: 0 });
    const wire = await Wire.connected(broker.port);
    wire.writer.publish(EVENT, BODY, 2, false, false, 7);
    wire.send();
    await wire.until(() => wire.ofType(PUBREC).length === 1);
    wire.writer.publish(EVENT, BODY, 2, false, true, 7);
    wire.writer.pubrel(7);
    wire.send();
    await wire.until(() => wire.ofType(PUBCOMP).length === 1);
    await viewer.ping();
    expect([wire.ofType(PUBREC).length, received(viewer).length]).toEqual([2, 1]);
  });

  it('[MQTT-3.3.1-3] DUP is not passed on', async () => {
    const broker = await start();
    const viewer = await subscribed(broker.port, { [EVENT]: 1 });
    const wire = await Wire.connected(broker.port);
    wire.writer.publish(EVENT, BODY, 1, false, true, 1);
    wire.send();
    await viewer.until(() => received(viewer).length === 1);
    expect(received(viewer)[0]!.dup).toBe(false);
  });

  it('[MQTT-3.8.4-6] [MQTT-3.3.5-1] is delivered at the lower of its QoS and the best that was granted', async () => {
    const broker = await start();
    const cases: [{ [filter: string]: number }, 0 | 1 | 2, number][] = [
      [{ [EVENT]: 0 }, 2, 0],
      [{ 'city/wuxi/bus/+/event': 1 }, 2, 1],
      [{ 'city/wuxi/bus/+/event': 2 }, 1, 1],
      [{ 'city/wuxi/#': 0, 'city/wuxi/bus/+/event': 1 }, 2, 1],
      [{ 'city/wuxi/#': 2, [EVENT]: 0 }, 2, 2],
      [{ 'city/wuxi/+/b/event': 1, 'city/wuxi/#': 2, [EVENT]: 0 }, 1, 1],
    ];
    const wire = await Wire.connected(broker.port);
    for (const [at, [filters, published, expected]] of cases.entries()) {
      const viewer = await subscribed(broker.port, filters, { clientId: `viewer ${at}` });
      await publish(wire, EVENT, published, { id: at + 1 });
      await viewer.until(() => received(viewer).length === 1);
      expect([at, received(viewer)[0]!.qos]).toEqual([at, expected]);
      await vanish(viewer, broker, 1);
    }
  });

  it('[MQTT-4.6.0-2] [MQTT-4.6.0-3] is acknowledged, and delivered, in the order in which it came', async () => {
    const broker = await start();
    const viewer = await subscribed(broker.port, { 'city/wuxi/bus/+/event': 1 });
    const wire = await Wire.connected(broker.port);
    const count = 200;
    for (let id = 1; id <= count; id++) wire.writer.publish(`city/wuxi/bus/b${id}/event`, BODY, 1, false, false, id);
    wire.send();
    await wire.until(() => wire.ofType(PUBACK).length === count);
    await viewer.until(() => received(viewer).length === count);
    expect(idsOf(wire, PUBACK)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    expect(received(viewer).map(({ topic }) => topic)).toEqual(
      Array.from({ length: count }, (_, at) => `city/wuxi/bus/b${at + 1}/event`),
    );
  });
});

describe('retained messages', () => {
  it('[MQTT-3.3.1-5] [MQTT-3.3.1-7] [MQTT-3.3.1-8] the last one is sent to a new subscription, with RETAIN', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    await publish(wire, STATUS, 1, { retain: true, body: Buffer.from('1') });
    await publish(wire, STATUS, 0, { retain: true, body: Buffer.from('2') });
    const viewer = await subscribed(broker.port, { 'city/wuxi/bus/#': 0 });
    await viewer.until(() => received(viewer).length === 1);
    expect(received(viewer)[0]).toMatchObject({ topic: STATUS, retain: true, payload: Buffer.from('2') });
  });

  it('[MQTT-3.3.1-9] one that a subscriber receives as it is published has no RETAIN', async () => {
    const broker = await start();
    const viewer = await subscribed(broker.port, { [STATUS]: 0 });
    await publish(await Wire.connected(broker.port), STATUS, 1, { retain: true });
    await viewer.until(() => received(viewer).length === 1);
    expect(received(viewer)[0]!.retain).toBe(false);
  });

  it('[MQTT-3.3.1-10] [MQTT-3.3.1-11] an empty one clears the topic, is passed on, and is not kept', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    await publish(wire, STATUS, 1, { retain: true });
    const viewer = await subscribed(broker.port, { [STATUS]: 0 });
    await publish(wire, STATUS, 1, { retain: true, body: Buffer.alloc(0), id: 2 });
    await viewer.until(() => received(viewer).length === 2);
    const late = await subscribed(broker.port, { [STATUS]: 0 }, { clientId: 'late' });
    await late.ping();
    expect([received(viewer)[1]!.payload.length, received(late)]).toEqual([0, []]);
  });

  it('[MQTT-3.3.1-12] one without RETAIN leaves the kept one as it is', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    await publish(wire, STATUS, 1, { retain: true, body: Buffer.from('kept') });
    await publish(wire, STATUS, 1, { body: Buffer.from('passing'), id: 2 });
    const viewer = await subscribed(broker.port, { [STATUS]: 0 });
    await viewer.ping();
    expect(received(viewer).map(({ payload }) => payload.toString())).toEqual(['kept']);
  });

  it('[MQTT-3.8.4-3] are sent again to a subscription that is made again', async () => {
    const broker = await start();
    await publish(await Wire.connected(broker.port), STATUS, 1, { retain: true });
    const viewer = await subscribed(broker.port, { [STATUS]: 0 });
    await subscribe(viewer, { [STATUS]: 0 });
    await viewer.until(() => received(viewer).length === 2);
    expect(received(viewer).every(({ retain }) => retain)).toBe(true);
  });

  it('[MQTT-3.8.4-6] are sent at the lower of their QoS and the granted one, also for wildcards', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    for (const qos of [0, 1, 2] as const)
      await publish(wire, `city/wuxi/bus/b${qos}/status`, qos, { retain: true, id: qos });
    for (const granted of [0, 1, 2]) {
      const filters = { 'city/wuxi/bus/+/status': granted };
      const viewer = await subscribed(broker.port, filters, { clientId: `viewer ${granted}` });
      await viewer.until(() => received(viewer).length === 3);
      expect(received(viewer).map(({ qos }) => qos)).toEqual([0, 1, 2].map((qos) => Math.min(qos, granted)));
    }
  });
});

describe('SUBSCRIBE', () => {
  it('[MQTT-3.8.4-1] [MQTT-3.8.4-5] [MQTT-3.9.3-1] is answered with a code for each filter, in their order', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    expect(await subscribe(wire, { 'city/wuxi/#': 2, 'home/#': 1, [EVENT]: 0, '$share/g/city/#': 1 })).toEqual([
      2, 0x80, 0, 0x80,
    ]);
    expect(wire.ofType(SUBACK)[0]!.body.readUInt16BE(0)).toBe(1); // [MQTT-3.8.4-2]
  });

  it.each([true, false])('[MQTT-3.8.4-5] also for a filter that it names twice, clean session: %s', async (clean) => {
    const broker = await start();
    const wire = await Wire.connected(broker.port, { cleanSession: clean });
    const filters = [EVENT, 'home/#', EVENT, 'city/wuxi/#'];
    wire.writer.subscribe(
      0x1234,
      filters.map((filter) => ({ filter, qos: 1 })),
    );
    wire.send();
    await wire.until(() => wire.ofType(SUBACK).length === 1);
    expect([...wire.ofType(SUBACK)[0]!.body]).toEqual([0x12, 0x34, 1, 0x80, 1, 1]);
    await publish(wire, EVENT, 1, { id: 9 });
    await wire.until(() => received(wire).length === 1);
  });

  it('[MQTT-3.8.4-3] with the filter of an existing subscription replaces it', async () => {
    const broker = await start();
    const viewer = await subscribed(broker.port, { [EVENT]: 0 });
    await subscribe(viewer, { [EVENT]: 1 });
    await publish(await Wire.connected(broker.port), EVENT, 1);
    await viewer.until(() => received(viewer).length > 0);
    await viewer.ping();
    expect(received(viewer).map(({ qos }) => qos)).toEqual([1]);
  });

  it.each([true, false])(
    '[MQTT-3.8.4-3] replaces it also when another filter had a better QoS (clean %s)',
    async (clean) => {
      const broker = await start();
      const viewer = await subscribed(broker.port, { [EVENT]: 0, 'city/#': 1 }, { cleanSession: clean });
      const wire = await Wire.connected(broker.port);
      await publish(wire, EVENT, 1, { id: 1 });
      await subscribe(viewer, { [EVENT]: 2 });
      viewer.writer.unsubscribe(2, ['city/#']);
      viewer.send();
      await viewer.until(() => viewer.ofType(UNSUBACK).length === 1);
      await publish(wire, EVENT, 1, { id: 2 });
      await viewer.until(() => received(viewer).length === 2);
      expect(received(viewer).map(({ qos }) => qos)).toEqual([1, 1]);
    },
  );
});

describe('UNSUBSCRIBE', () => {
  it.each([
    ['clean', 'SUBSCRIBE', true],
    ['clean', 'UNSUBSCRIBE', true],
    ['kept', 'SUBSCRIBE', false],
    ['kept', 'UNSUBSCRIBE', false],
  ])(
    '[MQTT-3.10.4-2] in a %s session of many changes of mind the last one counts: %s',
    async (_, last, cleanSession) => {
      const broker = await start();
      const wire = await Wire.connected(broker.port, { clientId: 'undecided', cleanSession });
      wire.writer.subscribe(1, [{ filter: STATUS, qos: 1 }]);
      for (let id = 2; id <= 6; id += 2) {
        const change = [
          () => wire.writer.subscribe(id, [{ filter: EVENT, qos: 1 }]),
          () => wire.writer.unsubscribe(id + 1, [EVENT]),
        ];
        for (const one of last === 'SUBSCRIBE' ? change.toReversed() : change) one();
      }
      wire.send();
      await wire.until(() => wire.ofType(UNSUBACK).length === 3 && wire.ofType(SUBACK).length === 4);
      await broker.publish(EVENT, BODY, { qos: 1, retain: false });
      await broker.publish(STATUS, BODY, { qos: 1, retain: false });
      await wire.until(() => received(wire).some(({ topic }) => topic === STATUS));
      expect(received(wire).map(({ topic }) => topic)).toEqual(last === 'SUBSCRIBE' ? [EVENT, STATUS] : [STATUS]);
    },
  );

  it('[MQTT-3.10.4-5] of a filter that was never subscribed is answered', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    wire.writer.unsubscribe(3, [EVENT]);
    wire.send();
    await wire.until(() => wire.ofType(UNSUBACK).length === 1);
    expect(idsOf(wire, UNSUBACK)).toEqual([3]);
  });
});

describe('MQTT 3.1', () => {
  it('may repeat a PUBREL with DUP', async () => {
    const broker = await start();
    const wire = await Wire.open(broker.port);
    wire.send(raw(0x10, text('MQIsdp'), 3, 2, 0, 60, text('old')));
    await wire.until(() => wire.returnCode === 0);
    wire.writer.publish(EVENT, BODY, 2, false, false, 5);
    wire.send();
    await wire.until(() => wire.ofType(PUBREC).length === 1);
    wire.send(raw(0x6a, 0, 5));
    await wire.until(() => wire.ofType(PUBCOMP).length === 1);
    expect(idsOf(wire, PUBCOMP)).toEqual([5]);
  });
});

describe('a filter', () => {
  it.each([
    ['[MQTT-4.7.1-2] # its parent too', 'a/b/#', 'a/b', true],
    ['[MQTT-4.7.1-2] # all below', 'a/b/#', 'a/b/c/d', true],
    ['# everything', '#', 'a/b', true],
    ['[MQTT-4.7.1-3] + one level', 'a/+/c', 'a/b/c', true],
    ['+ not two levels', 'a/+', 'a/b/c', false],
    ['+ not the parent', 'a/+', 'a', false],
    ['+ an empty level', 't/x/+', 't/x/', true],
    ['+ an empty first level', '+/+', '/a', true],
    ['a leading slash is a level', '/+', '/a', true],
    ['+ not a topic of two levels', '+', '/a', false],
    ['[MQTT-4.7.2-1] # nothing of $', '#', '$SYS/x', false],
    ['[MQTT-4.7.2-1] + nothing of $', '+/x', '$SYS/x', false],
    ['$SYS/# what is below $SYS', '$SYS/#', '$SYS/x', true],
    ['[MQTT-4.7.3-4] letters as they are', 'a/B', 'a/b', false],
    ['not a part of a level', 'a/bc', 'a/b', false],
    ['not a longer level', 'a/b', 'a/bc', false],
  ])('matches %s', (_, filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected);
  });
});
