// The tester's latency beside that of the plainest client that there can be: two sockets, one message at a time, a clock before the write and
// after the read. Both live on the same machine and use the same broker in turn.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runLoad } from '../../loadtest/run.ts';
import { CONNACK, PacketWriter, PUBLISH, SUBACK } from '../../mqtt/packets.ts';
import { Scanner } from '../../mqtt/scanner.ts';
import { PLAIN, hasMosquitto, startMosquitto, target } from './plans.ts';

const MESSAGES = 100;
const GAP_MS = 10;
/** More than the tester was seen to add, 0.1 to 0.2 ms: its threads wake up where the plain client is still awake. */
const LIMIT_MS = 0.3;

async function client(port: number, name: string, onPacket: (type: number) => void): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const scanner = new Scanner((header) => onPacket(header >> 4));
  socket.on('data', (chunk: Buffer) => scanner.feed(chunk));
  await once(socket, 'connect');
  const writer = new PacketWriter();
  writer.connect({ clientId: name, cleanSession: true, keepAliveS: 60 });
  socket.write(writer.take());
  return socket;
}

/** Median of MESSAGES, ms. */
async function plainMs(port: number): Promise<number> {
  const times: number[] = [];
  let sentMs = 0;
  const ready = Promise.withResolvers<void>();
  const publisher = await client(port, 'plain-p', () => undefined);
  const subscriber = await client(port, 'plain-s', (type) => {
    if (type === PUBLISH) times.push(performance.now() - sentMs);
    else if (type === CONNACK) subscribe();
    else if (type === SUBACK) ready.resolve();
  });
  function subscribe(): void {
    const writer = new PacketWriter();
    writer.subscribe(1, [{ filter: 'plain', qos: 0 }]);
    subscriber.write(writer.take());
  }
  await ready.promise;
  for (let at = 0; at < MESSAGES; at++) {
    const writer = new PacketWriter();
    writer.publish('plain', Buffer.alloc(64), 0, false, false, 0);
    const packet = writer.take();
    sentMs = performance.now();
    publisher.write(packet);
    await sleep(GAP_MS);
  }
  for (const socket of [publisher, subscriber]) socket.destroy();
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

it.skipIf(!hasMosquitto)(
  'the tester measures what a plain client measures, to three tenths of a millisecond',
  async () => {
    const { port } = await startMosquitto();
    const schedule = { kind: 'constant', perS: 1000 / GAP_MS } as const;
    const plan = { ...PLAIN, publishers: 1, schedule, durationS: 1, drainS: 1, target: target(port) };
    const rounds: string[] = [];
    // Other programs on the machine may spoil a round; an error of the tester's own would be in each.
    for (let round = 0; round < 6; round++) {
      const ownMs = (await runLoad(plan)).latencyMs.p50;
      const otherMs = await plainMs(port);
      rounds.push(`${ownMs} and ${otherMs.toFixed(3)} ms`);
      if (Math.abs(ownMs - otherMs) < LIMIT_MS) return;
    }
    expect.fail(rounds.join('; '));
  },
  40_000,
);
