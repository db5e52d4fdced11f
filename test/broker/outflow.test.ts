import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Outflow } from '../../broker/outflow.ts';
import { readPublish } from '../../mqtt/scanner.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';
import type { Packet } from './wire.ts';

const TOPIC = 'city/wuxi/bus/b/telemetry';
const turn = () => new Promise((resolve) => setImmediate(resolve));
const publication = ({ header, body }: Packet) => readPublish(header, body, 0, body.length);
const numbers = (wire: Wire) => wire.ofType(3).map((packet) => Number(publication(packet).payload.toString()));

/** A stream whose writes are looked at. */
function pipe(): { stream: PassThrough; writes: Buffer[] } {
  const stream = new PassThrough({ highWaterMark: 1e9 });
  const writes: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => writes.push(chunk));
  return { stream, writes };
}

describe('the output of a client', () => {
  it('leaves in one write per turn, in the order in which it was written', async () => {
    const { stream, writes } = pipe();
    const outflow = new Outflow(stream, 1e6);
    stream.write(Buffer.of(0xd0, 0));
    outflow.publish({ topic: 'a', payload: Buffer.from('x'), qos: 0, retain: false }, 0);
    outflow.puback(258);
    stream.write('é', 'utf8');
    expect(stream.writableLength).toBe(2 + 6 + 4 + 2);
    await turn();
    expect(writes).toEqual([Buffer.from('d00030040001617840020102c3a9', 'hex')]);
    expect(stream.writableLength).toBe(0);
  });

  it('leaves at once when it is much, so that a busy turn is not taken for a slow client', () => {
    const { stream, writes } = pipe();
    const outflow = new Outflow(stream, 1e6);
    const payload = Buffer.alloc(1000);
    for (let at = 0; at < 100; at++) outflow.publish({ topic: 'a', payload, qos: 0, retain: false }, 0);
    outflow.flush();
    expect(Buffer.concat(writes)).toHaveLength(100 * (3 + 3 + 1000));
    expect(Math.max(...writes.map(({ length }) => length))).toBeLessThanOrEqual(65_536);
  });

  it('leaves before the stream ends', async () => {
    const { stream, writes } = pipe();
    new Outflow(stream, 1e6).puback(1);
    stream.end();
    await turn();
    expect(writes).toHaveLength(1);
  });

  it('shares a publish with other clients without changing what anyone has seen', async () => {
    const pipes = Array.from({ length: 3 }, pipe);
    const outflows = pipes.map(({ stream }) => new Outflow(stream, 1e6));
    const packet = { topic: 'a/é', payload: Buffer.from('xyz'), qos: 1, retain: false } as const;
    outflows.forEach((outflow, at) => outflow.publish(packet, 0x0101 * (at + 1)));
    outflows[0]!.flush();
    const seen = Buffer.from(pipes[0]!.writes[0]!);
    outflows.forEach((outflow, at) => outflow.publish(packet, 0x1111 * (at + 1)));
    outflows[1]!.publish({ ...packet, qos: 0 }, 0);
    await turn();
    expect(pipes[0]!.writes[0]).toEqual(seen);
    const frame = (id: string) => `320b0004612fc3a9${id}78797a`;
    expect(pipes.map(({ writes }) => Buffer.concat(writes).toString('hex'))).toEqual([
      frame('0101') + frame('1111'),
      `${frame('0202') + frame('2222')}30090004612fc3a978797a`,
      frame('0303') + frame('3333'),
    ]);
  });

  it('reports that it is full at its limit, what is collected included', () => {
    const { stream } = pipe();
    const outflow = new Outflow(stream, 100);
    expect(stream.write(Buffer.alloc(99))).toBe(true);
    expect(stream.write(Buffer.alloc(1))).toBe(false);
    expect(outflow.isBlocked).toBe(true);
  });
});

describe('the order of messages', () => {
  /** Sends 1 … count as one stream of bytes, cut at every odd place. */
  async function sendAll(wire: Wire, count: number, qos: 0 | 1, topic = TOPIC): Promise<void> {
    for (let n = 1; n <= count; n++) wire.writer.publish(topic, Buffer.from(String(n)), qos, false, false, qos ? n : 0);
    const bytes = wire.writer.take();
    for (let at = 0; at < bytes.length; at += 1777) {
      wire.send(bytes.subarray(at, at + 1777));
      await turn();
    }
  }
  const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

  it.each([
    ['QoS 0 to QoS 0', 0, 0, true],
    ['QoS 1 to QoS 0', 1, 0, true],
    ['QoS 1 to QoS 1', 1, 1, true],
    ['QoS 1 to a session that outlives its connection', 1, 1, false],
  ] as const)('is kept per topic [MQTT-4.6.0-6]: %s', async (_, qos, granted, cleanSession) => {
    const { port } = await start();
    const viewer = await Wire.connected(port, { clientId: 'viewer', cleanSession });
    viewer.writer.subscribe(1, [{ filter: 'city/#', qos: granted }]);
    viewer.send();
    await viewer.until(() => viewer.ofType(9).length === 1);
    const wire = await Wire.connected(port);
    await sendAll(wire, 500, qos);
    await viewer.until(() => viewer.ofType(3).length === 500);
    expect(numbers(viewer)).toEqual(upTo(500));
    await wire.until(() => wire.ofType(4).length === (qos ? 500 : 0));
    expect(wire.ofType(4).map(({ body }) => body.readUInt16BE(0))).toEqual(qos ? upTo(500) : []);
  });

  it.each([0, 1] as const)('is kept between retained and other publishes of QoS %i, and none is lost', async (qos) => {
    const { port } = await start();
    const viewer = await Wire.connected(port, { clientId: 'viewer' });
    viewer.writer.subscribe(1, [{ filter: 'city/#', qos: 1 }]);
    viewer.send();
    await viewer.until(() => viewer.ofType(9).length === 1);
    const wire = await Wire.connected(port);
    for (let n = 1; n <= 100; n++) {
      const topic = 'city/wuxi/bus/b/status';
      wire.writer.publish(topic, Buffer.from(String(n)), qos, n % 2 > 0, false, qos ? n : 0);
    }
    wire.send();
    await wire.ping();
    await viewer.ping();
    expect(numbers(viewer)).toEqual(upTo(100));
  });

  it('is kept when a session that outlives its connection comes in the middle of it', async () => {
    const { port } = await start();
    const viewer = await Wire.connected(port, { clientId: 'viewer' });
    viewer.writer.subscribe(1, [{ filter: 'city/#', qos: 1 }]);
    viewer.send();
    await viewer.until(() => viewer.ofType(9).length === 1);
    const wire = await Wire.connected(port);
    const sent = sendAll(wire, 2000, 1);
    const sleeper = await Wire.connected(port, { clientId: 'sleeper', cleanSession: false });
    sleeper.writer.subscribe(1, [{ filter: 'city/#', qos: 1 }]);
    sleeper.send();
    await sent;
    await viewer.until(() => viewer.ofType(3).length === 2000);
    expect(numbers(viewer)).toEqual(upTo(2000));
    await wire.until(() => wire.ofType(4).length === 2000);
  });

  it('loses nothing between QoS 0 and QoS 1 while a session can sleep, also when tickets are late', async () => {
    const broker = await start({ take: ({ qos }) => (qos > 0 ? Promise.resolve() : undefined) });
    const sleeper = await Wire.connected(broker.port, { clientId: 'sleeper', cleanSession: false });
    const viewer = await Wire.connected(broker.port, { clientId: 'viewer' });
    for (const wire of [sleeper, viewer]) {
      wire.writer.subscribe(1, [{ filter: 'city/#', qos: 1 }]);
      wire.send();
      await wire.until(() => wire.ofType(9).length === 1);
    }
    const wire = await Wire.connected(broker.port);
    for (let n = 1; n <= 300; n++) {
      wire.writer.publish(TOPIC, Buffer.from(String(n)), 1, false, false, n);
      wire.writer.publish('city/wuxi/bus/b/event', Buffer.from(String(1000 + n)), 0, false, false, 0);
    }
    wire.send();
    const own = upTo(300).map((n) =>
      broker.publish('city/wuxi/clock', Buffer.from(String(2000 + n)), { qos: 0, retain: false }),
    );
    await Promise.all(own);
    for (const each of [sleeper, viewer]) {
      await each.until(() => each.ofType(3).length === 900);
      for (const from of [0, 1000, 2000]) {
        expect(numbers(each).filter((n) => n > from && n <= from + 300)).toEqual(upTo(300).map((n) => n + from));
      }
    }
  });

  it("[MQTT-4.5.0-1] loses none of the broker's own publishes and of the wills, whatever their QoS, while a session can sleep", async () => {
    const broker = await start();
    const sleeper = await Wire.connected(broker.port, { clientId: 'sleeper', cleanSession: false });
    const viewer = await Wire.connected(broker.port, { clientId: 'viewer' });
    for (const wire of [sleeper, viewer]) {
      wire.writer.subscribe(1, [{ filter: 'city/#', qos: 1 }]);
      wire.send();
      await wire.until(() => wire.ofType(9).length === 1);
    }
    await Promise.all(
      upTo(100).map((n) =>
        broker.publish('city/wuxi/clock', Buffer.from(String(n)), { qos: (n % 2) as 0 | 1, retain: false }),
      ),
    );
    for (const wire of [sleeper, viewer]) await wire.until(() => wire.ofType(3).length === 100);
    expect(numbers(viewer)).toEqual(upTo(100));
    const vanishing = await Promise.all(
      upTo(60).map((n) =>
        Wire.connected(broker.port, {
          clientId: `v${n}`,
          will: { topic: TOPIC, payload: Buffer.from(String(100 + n)), qos: (n % 2) as 0 | 1, retain: false },
        }),
      ),
    );
    for (const wire of vanishing) wire.socket.destroy();
    for (const wire of [sleeper, viewer]) {
      await wire.until(() => wire.ofType(3).length === 160);
      expect(numbers(wire).toSorted((a, b) => a - b)).toEqual(upTo(160));
    }
  });

  it('is that of the acknowledgements also when tickets settle in another one [MQTT-4.6.0-2]', async () => {
    const settle: (() => void)[] = [];
    const { port } = await start({ take: () => new Promise((resolve) => settle.push(resolve)) });
    const wire = await Wire.connected(port);
    await sendAll(wire, 3, 1);
    await until(() => settle.length === 3);
    settle[2]!();
    settle[1]!();
    await wire.ping();
    expect(wire.ofType(4)).toHaveLength(0);
    settle[0]!();
    await wire.until(() => wire.ofType(4).length === 3);
    expect(wire.ofType(4).map(({ body }) => body.readUInt16BE(0))).toEqual([1, 2, 3]);
  });
});

describe('a publish', () => {
  it('is heard once by a client with overlapping filters', async () => {
    const { port } = await start();
    const viewer = await Wire.connected(port, { clientId: 'viewer' });
    viewer.writer.subscribe(1, [
      { filter: 'city/#', qos: 0 },
      { filter: 'city/wuxi/bus/#', qos: 1 },
    ]);
    viewer.send();
    const wire = await Wire.connected(port);
    await viewer.until(() => viewer.ofType(9).length === 1);
    wire.writer.publish(TOPIC, Buffer.from('1'), 1, false, false, 1);
    wire.writer.publish(TOPIC, Buffer.from('2'), 0, false, false, 0);
    wire.send();
    await viewer.until(() => viewer.ofType(3).length >= 2);
    await viewer.ping();
    expect(numbers(viewer)).toEqual([1, 2]);
  });

  it('that a known topic does not make allowed is refused, and counted', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    for (const topic of [TOPIC, 'city/wuxi/bus/b/command', 'city/other/bus/b/telemetry', TOPIC]) {
      wire.writer.publish(topic, Buffer.from('1'), 0, false, false, 0);
    }
    wire.send();
    await wire.ping();
    expect(broker.frames.map(({ topic }) => topic)).toEqual([TOPIC, 'city/wuxi/bus/b/command', TOPIC]);
    expect(broker.counters()).toMatchObject({ in: 2, refusedByCause: { 'other-city': 1 } });
  });

  it('after a DISCONNECT is not taken [MQTT-3.14.4-2]', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port);
    wire.writer.publish(TOPIC, Buffer.from('1'), 0, false, false, 0);
    wire.writer.disconnect();
    wire.writer.publish(TOPIC, Buffer.from('2'), 0, false, false, 0);
    wire.send();
    await wire.until(() => wire.closed);
    expect(broker.frames).toHaveLength(1);
  });
});
