// A lean load over bare sockets: pre-encoded publishes, receivers that only count. At most WINDOW messages are on their way, so that a broker
// is measured at the rate it sustains without loss, not at the rate at which it drops. It measures no latency.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { PUBACK, PUBLISH, PacketWriter } from '../../mqtt/packets.ts';
import { Scanner } from '../../mqtt/scanner.ts';

export interface Shape {
  /** Of the publishes. */
  readonly qos: 0 | 1;
  readonly subscribers: number;
  readonly subscriberQos: 0 | 1;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface Target {
  readonly port: number;
  readonly publisher?: Login;
  readonly subscriber?: Login;
}

export interface Rate {
  readonly deliveredPerS: number;
  /** Deliveries still missing at the end, when nothing had moved for STALLED_MS. */
  readonly lost: number;
}

const PUBLISHERS = 50;
const TOPICS = 10_000;
const PAYLOAD_BYTES = 145;
const TOPICS_EACH = TOPICS / PUBLISHERS;
/** Messages per write of a publisher; divides TOPICS_EACH. */
const BURST = 20;
const WINDOW = 4000;
const STALLED_MS = 2000;
const STALL_CHECK_MS = 100;

/** warmUpS, measureS [s]; both at full load. */
export async function run(target: Target, shape: Shape, warmUpS: number, measureS: number): Promise<Rate> {
  const load = new Load(shape);
  await load.connect(target);
  load.fill();
  await seconds(warmUpS);
  const [delivered, startMs] = [load.delivered, performance.now()];
  await seconds(measureS);
  const deliveredPerS = (load.delivered - delivered) / ((performance.now() - startMs) / 1000);
  return { deliveredPerS, lost: await load.drain() };
}

interface Publisher {
  readonly socket: Socket;
  readonly bursts: readonly Buffer[];
  next: number;
  unacknowledged: number;
}

class Load {
  readonly #shape: Shape;
  readonly #publishers: Publisher[] = [];
  readonly #sockets: Socket[] = [];
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  #sent = 0;
  #movedMs = performance.now();
  #stopped = false;
  /** Deliveries no longer waited for. */
  #writtenOff = 0;
  delivered = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#timer = setInterval(() => this.#checkStall(), STALL_CHECK_MS);
  }

  async connect(target: Target): Promise<void> {
    const { qos, subscribers, subscriberQos } = this.#shape;
    for (let index = 0; index < subscribers; index++) {
      const socket = await this.#open(target.port, `bench-subscriber-${index}`, target.subscriber);
      await subscribe(socket, subscriberQos);
      socket.on('data', this.#receiver(socket));
    }
    for (let index = 0; index < PUBLISHERS; index++) {
      const socket = await this.#open(target.port, `bench-publisher-${index}`, target.publisher);
      const publisher = { socket, bursts: encodeBursts(index, qos), next: 0, unacknowledged: 0 };
      const scanner = new Scanner((header) => {
        if (header >> 4 === PUBACK) publisher.unacknowledged--;
      });
      socket.on('data', (chunk: Buffer) => {
        scanner.feed(chunk);
        this.fill();
      });
      socket.on('drain', () => this.fill());
      this.#publishers.push(publisher);
    }
  }

  /** Publishers take turns; one that still has bytes to send or all its packet identifiers in use sits out. */
  fill(): void {
    let idle = 0;
    while (!this.#stopped && idle < PUBLISHERS && this.#onTheirWay() + BURST <= WINDOW) {
      const publisher = this.#publishers[this.#turn++ % PUBLISHERS]!;
      if (publisher.socket.writableLength > 0 || publisher.unacknowledged + BURST > TOPICS_EACH) {
        idle++;
        continue;
      }
      idle = 0;
      publisher.socket.write(publisher.bursts[publisher.next++ % publisher.bursts.length]!);
      if (this.#shape.qos > 0) publisher.unacknowledged += BURST;
      this.#sent += BURST;
    }
  }

  /** Sends no more and waits for what is on its way; returns what is lost. */
  async drain(): Promise<number> {
    this.#stopped = true;
    while (this.#onTheirWay() > 0) await seconds(0.02);
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    return this.#sent * this.#shape.subscribers - this.delivered;
  }

  #onTheirWay(): number {
    return this.#sent - (this.delivered + this.#writtenOff) / this.#shape.subscribers;
  }

  #receiver(socket: Socket): (chunk: Buffer) => void {
    const writer = new PacketWriter();
    const scanner = new Scanner((header, bytes, start) => {
      if (header >> 4 !== PUBLISH) return;
      this.delivered++;
      if ((header & 6) > 0) writer.puback(bytes.readUInt16BE(start + 2 + bytes.readUInt16BE(start)));
    });
    return (chunk) => {
      scanner.feed(chunk);
      if (writer.length > 0) socket.write(writer.take());
      this.#movedMs = performance.now();
      this.fill();
    };
  }

  #checkStall(): void {
    if (this.#onTheirWay() <= 0 || performance.now() - this.#movedMs < STALLED_MS) return;
    this.#writtenOff += Math.round(this.#onTheirWay() * this.#shape.subscribers);
    this.#movedMs = performance.now();
    this.fill();
  }

  async #open(port: number, clientId: string, login?: Login): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', (error) => {
      if (!this.#stopped) throw error;
    });
    this.#sockets.push(socket);
    const writer = new PacketWriter();
    writer.connect({ clientId, cleanSession: true, keepAliveS: 60, ...login });
    socket.write(writer.take());
    const [connack] = (await once(socket, 'data')) as [Buffer];
    if (connack[3] !== 0) throw new Error(`${clientId} was refused, return code ${connack[3]}`);
    return socket;
  }
}

async function subscribe(socket: Socket, qos: 0 | 1): Promise<void> {
  const writer = new PacketWriter();
  writer.subscribe(1, [{ filter: 'city/#', qos }]);
  socket.write(writer.take());
  const [suback] = (await once(socket, 'data')) as [Buffer];
  if (suback[4] !== qos) throw new Error(`the subscription was granted ${suback[4]}, expected ${qos}`);
}

/** Message n of a publisher has packet identifier n + 1: it is free again by the time n comes round. */
function encodeBursts(publisher: number, qos: 0 | 1): Buffer[] {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 'x');
  return Array.from({ length: TOPICS_EACH / BURST }, (_, burst) => {
    const writer = new PacketWriter();
    for (let at = burst * BURST; at < (burst + 1) * BURST; at++) {
      const device = publisher * TOPICS_EACH + at;
      writer.publish(`city/wuxi/bus/bus-${device}/telemetry`, payload, qos, false, false, qos > 0 ? at + 1 : 0);
    }
    return writer.take();
  });
}

export function seconds(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration * 1000));
}
