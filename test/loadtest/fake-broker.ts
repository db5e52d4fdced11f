// A broker that does wrong what a test tells it to, and everything else as little as it takes: no topics, every message goes to every subscriber.
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll } from 'vitest';
import * as mqtt from '../../mqtt/packets.ts';
import { Scanner } from '../../mqtt/scanner.ts';

export interface Ways {
  readonly version?: '3.1.1' | '5';
  /** Return code of a CONNACK; `silence`: none comes. */
  readonly connack?: number | 'silence';
  /** Return code of every SUBACK; what was asked for without it. */
  readonly granted?: number;
  /** Reason code of every PUBACK and PUBREC, MQTT 5. */
  readonly reason?: number;
  /** At which QoS messages are delivered; that of the publish without it. */
  readonly deliverQos?: number;
  /** Packets for the subscribers instead of the one that came. */
  readonly deliver?: (packet: Buffer) => readonly Buffer[];
  /** Packets for the subscribers some time after the one that came. */
  readonly again?: (packet: Buffer) => readonly Buffer[];
  readonly againMs?: number;
  /** Every answer comes this much later, ms. */
  readonly delayMs?: number;
}

const servers: Server[] = [];
const sockets = new Set<Socket>();

/** Ends with the test file. @returns its port */
export async function fakeBroker(ways: Ways): Promise<number> {
  const subscribers = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => subscribers.delete(socket));
    const say = (to: Socket, bytes: Buffer, laterMs = 0) =>
      void setTimeout(() => to.write(bytes), (ways.delayMs ?? 0) + laterMs);
    const scanner = new Scanner((header, bytes, start, end) => {
      const type = header >> 4;
      const packet = Buffer.from(bytes.subarray(start, end));
      if (type === mqtt.SUBSCRIBE) subscribers.add(socket);
      const answer = answerTo(type, header, packet, ways);
      if (answer !== undefined) say(socket, answer);
      if (type !== mqtt.PUBLISH) return;
      for (const one of ways.deliver?.(packet) ?? [deliveryOf(header, packet, ways)])
        for (const subscriber of subscribers) say(subscriber, one);
      for (const one of ways.again?.(packet) ?? [])
        for (const subscriber of subscribers) say(subscriber, one, ways.againMs);
    });
    socket.on('data', (chunk: Buffer) => scanner.feed(chunk));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

afterAll(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

function answerTo(type: number, header: number, packet: Buffer, ways: Ways): Buffer | undefined {
  const five = ways.version === '5';
  const id = (at: number) => [packet[at]!, packet[at + 1]!];
  const empty = five ? [0] : [];
  const of = (first: number, body: number[]) => Buffer.from([first, body.length, ...body]);
  if (type === mqtt.CONNECT) {
    return ways.connack === 'silence' ? undefined : of(mqtt.CONNACK << 4, [0, ways.connack ?? 0, ...empty]);
  }
  if (type === mqtt.SUBSCRIBE) return of(mqtt.SUBACK << 4, [...id(0), ...empty, ways.granted ?? packet.at(-1)! & 3]);
  if (type === mqtt.PUBREL) return of(mqtt.PUBCOMP << 4, id(0));
  const qos = (header >> 1) & 3;
  if (type !== mqtt.PUBLISH || qos === 0) return undefined;
  const reason = ways.reason === undefined ? [] : [ways.reason];
  return of((qos === 1 ? mqtt.PUBACK : mqtt.PUBREC) << 4, [...id(2 + packet.readUInt16BE(0)), ...reason]);
}

function deliveryOf(header: number, packet: Buffer, { deliverQos = (header >> 1) & 3 }: Ways): Buffer {
  const idAt = 2 + packet.readUInt16BE(0);
  const body =
    deliverQos > 0 || (header & 6) === 0
      ? packet
      : Buffer.concat([packet.subarray(0, idAt), packet.subarray(idAt + 2)]);
  return publishOf(body, deliverQos);
}

/** body: all of a PUBLISH behind its fixed header. */
export function publishOf(body: Buffer, qos = 0): Buffer {
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest >>= 7) length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  return Buffer.concat([Buffer.from([(mqtt.PUBLISH << 4) | (qos << 1), ...length]), body]);
}
