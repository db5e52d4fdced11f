// Rows 16, 17 and 21 to 23: too many at once, or too slow. The healthy must not feel it.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Wire } from '../../broker/wire.ts';
import { PacketWriter } from '../../../mqtt/packets.ts';
import { atLeast, atMost, exactly } from '../row.ts';
import type { Check, Length, Outcome, Row } from '../row.ts';
import { judge, trial } from '../trial.ts';

const ACK_P99_MS = 50;
/** The others' acknowledgements at most; on every commit machines are busy with other tests. */
const calm = (length: Length, p99Ms: number, beforeMs: number): Check =>
  atMost('ack p99 ms of the others', p99Ms, length === 'quick' ? Math.max(200, 4 * beforeMs) : ACK_P99_MS);

async function storm(): Promise<Outcome> {
  const clients = 10_000;
  return trial({}, async (parts) => {
    const { system, devices } = parts;
    await devices.send(1000);
    const first = await connectAll(system.mqttPort, clients);
    await devices.mark();
    for (const socket of first.sockets) socket.destroy();
    const again = await connectAll(system.mqttPort, clients);
    const { ackMs, disconnects } = await devices.mark();
    for (const socket of again.sockets) socket.destroy();
    await sleep(5000);
    const openFiles = readdirSync(`/proc/${system.api.pid}/fd`).length;
    const judged = await judge(parts);
    const checks = [
      atLeast('back', again.sockets.length, clients),
      atMost('all back s', again.tookMs / 1000, 60),
      atMost('ack p99 ms of the others', ackMs.p99, 200),
      exactly('connections of the others lost', disconnects, 0),
      atMost('open files afterwards', openFiles, 200),
    ];
    return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, ackMaxMs: ackMs.max } };
  });
}

/** From several addresses, each again after a second when it is refused. */
async function connectAll(port: number, count: number): Promise<{ sockets: Socket[]; tookMs: number }> {
  const beganMs = performance.now();
  const sockets: Socket[] = [];
  const one = async (at: number): Promise<void> => {
    while (performance.now() - beganMs < 90_000) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.${1 + (at % 20)}.1` });
      socket.on('error', () => undefined);
      const writer = new PacketWriter();
      writer.connect({ clientId: `storm-${at}`, cleanSession: true, keepAliveS: 300 });
      socket.write(writer.take());
      const closed = new Promise<undefined>((resolve) => socket.once('close', () => resolve(undefined)));
      const answer = await Promise.race([once(socket, 'data').catch(() => undefined), closed]);
      if (answer !== undefined && (answer[0] as Buffer)[3] === 0) {
        sockets.push(socket);
        return;
      }
      socket.destroy();
      await sleep(500 + (at % 1000));
    }
  };
  await Promise.all(Array.from({ length: count }, (_, at) => one(at)));
  return { sockets, tookMs: performance.now() - beganMs };
}

async function sameId(length: Length): Promise<Outcome> {
  const [stormMs, calmMs] = length === 'quick' ? [3000, 1000] : [60_000, 2000];
  return trial({}, async (parts) => {
    const { system, devices } = parts;
    await devices.send(1000);
    await sleep(calmMs);
    const before = await devices.mark();
    const untilMs = performance.now() + stormMs;
    let accepted = 0;
    const fighter = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        const wire = await Wire.connected(system.mqttPort, { clientId: 'twin' }).catch(() => undefined);
        if (wire?.returnCode === 0) {
          accepted++;
          await wire
            .until(() => wire.closed, Math.ceil(Math.max(1, untilMs - performance.now())))
            .catch(() => undefined);
        }
        wire?.socket.destroy();
        await sleep(20);
      }
    };
    await Promise.all([fighter(), fighter(), fighter()]);
    const during = await devices.mark();
    const judged = await judge(parts);
    const checks = [
      atMost('let in', accepted, 12),
      exactly('connections of the others lost', during.disconnects, 0),
      calm(length, during.ackMs.p99, before.ackMs.p99),
    ];
    return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, stormMs } };
  });
}

interface Viewer {
  readonly socket: WebSocket;
  frames: number;
  skipped: boolean;
  slowestMs: number;
  lastMs: number;
  closeCode: number | undefined;
}

async function view(http: string): Promise<Viewer> {
  const socket = new WebSocket(`${http.replace('http', 'ws')}/live`);
  const viewer: Viewer = { socket, frames: 0, skipped: false, slowestMs: 0, lastMs: 0, closeCode: undefined };
  socket.on('error', () => undefined);
  socket.on('close', (code) => (viewer.closeCode = code));
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) return;
    viewer.frames++;
    viewer.skipped ||= (data[1]! & 1) === 1;
    const nowMs = performance.now();
    if (viewer.lastMs > 0) viewer.slowestMs = Math.max(viewer.slowestMs, nowMs - viewer.lastMs);
    viewer.lastMs = nowMs;
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', maxHz: 10 }));
  return viewer;
}

/** A second of them: the healthy viewer came first and reads on. */
const FRAMES_UNDER_WAY = 10;

async function frozenViewers(length: Length): Promise<Outcome> {
  // The kernel keeps up to 10 MB for each of them, which 180 KB/s fill in a minute. The city itself is still growing in its first minute.
  const [count, records, frozenMs, warmMs] = length === 'quick' ? [20, 5000, 3000, 1500] : [20, 10_000, 90_000, 60_000];
  return trial({ devices: { devices: records } }, async (parts) => {
    const { system, devices } = parts;
    await devices.send(records);
    const healthy = await view(system.http);
    const frozen = await Promise.all(Array.from({ length: count }, () => view(system.http)));
    await sleep(warmMs);
    const beforeMb = system.api.rssMb;
    const beforeMs = healthy.slowestMs;
    healthy.slowestMs = 0;
    for (const { socket } of frozen) socket.pause();
    await sleep(frozenMs);
    const grownMb = system.api.rssMb - beforeMb;
    const [slowestMs, frames] = [healthy.slowestMs, healthy.frames];
    for (const { socket } of frozen) socket.resume();
    await sleep(2000);
    const isTold = ({ skipped, closeCode }: Viewer): boolean => skipped || closeCode !== undefined;
    const told = frozen.filter(isTold).length;
    const behind = frozen.filter((viewer) => !isTold(viewer) && viewer.frames < healthy.frames - FRAMES_UNDER_WAY);
    const codes = [...new Set(frozen.map(({ closeCode }) => closeCode ?? 'open'))].join(' ');
    for (const { socket } of [healthy, ...frozen]) socket.terminate();
    const judged = await judge(parts);
    const checks = [
      atMost('RSS MB more for each', grownMb / count, 2),
      atMost('slowest frame of the healthy one ms', slowestMs, Math.max(1000, 3 * beforeMs)),
      exactly('missed something and not told', behind.length, 0),
      // The kernel's buffers hold seconds of frames.
      ...(length === 'long' ? [exactly('told that they missed something', told, count)] : []),
    ];
    return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, frames, told, codes } };
  });
}

async function frozenSubscriber(length: Length): Promise<Outcome> {
  const [frozenMs, warmMs] = length === 'quick' ? [5000, 1000] : [20_000, 2000];
  return trial({ devices: { connections: length === 'quick' ? 20 : 150 } }, async (parts) => {
    const { system, devices } = parts;
    const frozen = await Promise.all(([0, 1] as const).map((qos) => subscriber(system.mqttPort, qos)));
    await devices.send(5000);
    await sleep(warmMs);
    const before = await devices.mark();
    const beforeMb = system.api.rssMb;
    for (const { socket } of frozen) socket.pause();
    await sleep(frozenMs);
    const { ackMs, disconnects } = await devices.mark();
    const grownMb = system.api.rssMb - beforeMb;
    for (const { socket } of frozen) socket.resume();
    await sleep(1000);
    // At QoS 1 what was not acknowledged is bounded, so that the socket may never be full.
    const kicked = frozen.filter(({ closed }) => closed).length;
    for (const { socket } of frozen) socket.destroy();
    const judged = await judge(parts);
    const checks = [
      calm(length, ackMs.p99, before.ackMs.p99),
      atMost('longest ack ms', ackMs.max, 4000),
      exactly('publishers lost', disconnects, 0),
      atMost('RSS MB more', grownMb, 100),
    ];
    return {
      checks: [...judged.checks, ...checks],
      figures: { ...judged.figures, kicked, ackP99BeforeMs: before.ackMs.p99 },
    };
  });
}

async function subscriber(port: number, qos: 0 | 1): Promise<Wire> {
  const wire = await Wire.connected(port, { clientId: `frozen-${qos}` });
  wire.writer.subscribe(1, [{ filter: 'city/#', qos }]);
  wire.send();
  await wire.until(() => wire.ofType(9).length > 0);
  return wire;
}

async function halfOpen(): Promise<Outcome> {
  const each = 200;
  return trial({}, async (parts) => {
    const { system, devices } = parts;
    await devices.send(1000);
    await devices.acknowledged(1000, 10_000);
    await devices.mark();
    const http = Number(new URL(system.http).port);
    const starts = {
      mqtt: [system.mqttPort, Buffer.from([0x10, 0x20, 0x00])],
      http: [http, Buffer.from('GET /api/health HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ')],
      webSocket: [http, Buffer.from('GET /live HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: ')],
    } as const;
    const checks: Check[] = [];
    const waits = Object.entries(starts).map(async ([name, [port, bytes]]) => {
      const tookMs = await Promise.all(Array.from({ length: each }, () => closing(port, bytes)));
      checks.push(atMost(`${name} closed s`, Math.max(...tookMs) / 1000, 15));
    });
    await Promise.all(waits);
    const { ackMs, disconnects } = await devices.mark();
    const judged = await judge(parts);
    const others = [
      atMost('ack p99 ms of the others', ackMs.p99, ACK_P99_MS),
      exactly('connections of the others lost', disconnects, 0),
    ];
    return { checks: [...judged.checks, ...checks, ...others], figures: judged.figures };
  });
}

/** Sends the beginning and a byte a second. → when the other side gave up, ms; 30,000 when it did not */
async function closing(port: number, bytes: Buffer): Promise<number> {
  const beganMs = performance.now();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(bytes);
  const drip = setInterval(() => socket.write(Buffer.from('a')), 1000);
  await Promise.race([once(socket, 'close').catch(() => undefined), sleep(30_000)]);
  clearInterval(drip);
  socket.destroy();
  return performance.now() - beganMs;
}

export const crowd: readonly Row[] = [
  {
    number: 16,
    fault: '10,000 clients leave and come back at once',
    criterion: 'all back < 60 s, ack p99 of the others < 200 ms, no file left open',
    run: storm,
  },
  {
    number: 17,
    fault: 'three clients with one id',
    criterion: 'about 10 takeovers, then a minute of refusal; others unaffected',
    run: sameId,
  },
  {
    number: 21,
    fault: '20 frozen viewers of the live stream',
    criterion: '≤ 2 MB each, others unaffected, a gap marker or 1013 on return',
    run: frozenViewers,
  },
  {
    number: 22,
    fault: 'frozen MQTT subscribers of city/#, at QoS 0 and 1',
    criterion: 'kicked or bounded, no ack later than 4 s, ack p99 < 50 ms',
    run: frozenSubscriber,
  },
  {
    number: 23,
    fault: '200 half-open senders each of MQTT, HTTP and WebSocket',
    criterion: 'closed < 15 s',
    run: halfOpen,
  },
];
