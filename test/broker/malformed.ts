// Seeded streams of MQTT packets that are broken in one of many ways, and their sending. What the broker must survive is said in the tests.
import { once } from 'node:events';
import { connect } from 'node:net';
import { PacketWriter } from '../../mqtt/packets.ts';

const TOPICS = ['city/wuxi/bus/b/event', 'city/wuxi/bus/b/status', 'home/x', '$SYS/x', '', 'a/'.repeat(60), '+/#'];

/** Both ends have closed by then, or the broker keeps what it should have ended. */
const ANSWER_MS = 2000;

/** Numbers in [0, 1), the same for the same seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A CONNECT most of the time, some packets, and then damage: flipped bits, cut ends, wrong lengths, doubled pieces, noise. */
export function malformedStream(seed: number): Buffer {
  const random = seeded(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  const writer = new PacketWriter();
  if (random() < 0.9) writer.connect(connectFields(seed, pick));
  for (let count = pick(6); count > 0; count--) writePacket(writer, pick);
  const bytes = Buffer.from(writer.take());
  for (let damages = 1 + pick(3); damages > 0; damages--) damage(bytes, pick);
  const cut = random() < 0.3 ? bytes.subarray(0, pick(bytes.length + 1)) : bytes;
  const noise = Buffer.from(Array.from({ length: random() < 0.3 ? pick(64) : 0 }, () => pick(256)));
  return random() < 0.5 ? Buffer.concat([cut, noise]) : Buffer.concat([cut, cut.subarray(pick(cut.length + 1)), noise]);
}

function connectFields(seed: number, pick: (below: number) => number) {
  return {
    clientId: `broken ${seed % 500}`,
    cleanSession: pick(4) > 0,
    keepAliveS: 1 + pick(300),
    ...(pick(3) === 0
      ? {
          will: { topic: TOPICS[pick(TOPICS.length)]!, payload: Buffer.alloc(pick(50)), qos: 1 as const, retain: true },
        }
      : {}),
  };
}

function writePacket(writer: PacketWriter, pick: (below: number) => number): void {
  const id = 1 + pick(10);
  const topic = TOPICS[pick(TOPICS.length)]!;
  const kinds = [
    () => writer.publish(topic, Buffer.alloc(pick(200), 0x7b), pick(3) as 0 | 1 | 2, pick(2) > 0, false, id),
    () =>
      writer.subscribe(id, [
        { filter: topic, qos: 1 },
        { filter: 'city/#', qos: 0 },
      ]),
    () => writer.unsubscribe(id, [topic]),
    () => writer.pubrel(id),
    () => writer.pubrec(id),
    () => writer.puback(id),
    () => writer.pubcomp(id),
    () => writer.pingreq(),
    () => writer.connack(false, 0),
    () => writer.suback(id, [0]),
    () => writer.disconnect(),
  ];
  kinds[pick(kinds.length)]!();
}

function damage(bytes: Buffer, pick: (below: number) => number): void {
  if (bytes.length === 0) return;
  const at = pick(bytes.length);
  const kinds = [
    () => (bytes[at]! ^= 1 << pick(8)),
    () => (bytes[at] = pick(256)),
    () => bytes.fill(pick(256), at, Math.min(at + pick(20), bytes.length)),
    () => bytes.copyWithin(at, pick(bytes.length)),
    () => (bytes[1] = pick(256)),
  ];
  kinds[pick(kinds.length)]!();
}

/** Sends streams with the seeds from…to, `atOnce` at a time, each in two pieces, and ends each connection. */
export async function sendMalformed(port: number, from: number, to: number, atOnce: number): Promise<void> {
  for (let first = from; first < to; first += atOnce) {
    const seeds = Array.from({ length: Math.min(atOnce, to - first) }, (_, at) => first + at);
    await Promise.all(seeds.map((seed) => sendOne(port, seed)));
  }
}

async function sendOne(port: number, seed: number): Promise<void> {
  // Many addresses of this machine: one has too few ports for so many connections in a minute.
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.${1 + (seed % 100)}.1` });
  socket.on('error', () => undefined); // reset by a broker that reads no more
  socket.resume();
  const bytes = malformedStream(seed);
  const cut = seed % (bytes.length + 1);
  socket.write(bytes.subarray(0, cut));
  await once(socket, 'connect');
  socket.end(bytes.subarray(cut));
  const deadline = setTimeout(() => socket.destroy(), ANSWER_MS);
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
  clearTimeout(deadline);
}
