import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runLoad } from '../../loadtest/run.ts';
import { Cells, FINE_BITS } from '../../loadtest/cells.ts';
import { Part } from '../../loadtest/part.ts';
import { reportOf } from '../../loadtest/report.ts';
import { resultOf } from '../../loadtest/verdict.ts';
import type { Setup } from '../../loadtest/orders.ts';
import { sequenceOf } from '../../loadtest/payload.ts';
import * as mqtt from '../../mqtt/packets.ts';
import { Scanner, readPublish } from '../../mqtt/scanner.ts';
import { complaints, runWithStop } from './honesty.ts';
import { PLAIN, hasMosquitto, startMosquitto, target } from './plans.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/**
 * Hands everything that clients send to `port` on, about `delayMs` later (a timer is up to a ms late, so it notes how much it really was);
 * what comes back is not delayed.
 */
async function delayingProxy(port: number, delayMs: number): Promise<{ port: number; delaysMs: number[] }> {
  const delaysMs: number[] = [];
  const proxy = await listening((socket) => {
    const onward = connect({ port, host: '127.0.0.1', noDelay: true });
    sockets.add(onward);
    onward.on('error', () => undefined);
    onward.on('data', (chunk) => socket.write(chunk));
    socket.on('data', (chunk) => {
      const cameMs = performance.now();
      const handOn = (): void => {
        delaysMs.push(performance.now() - cameMs);
        onward.write(chunk);
      };
      if (delayMs > 0) setTimeout(handOn, delayMs);
      else handOn();
    });
  });
  return { port: proxy, delaysMs };
}

/** Of the median latency that a run through a proxy with this delay measures, against what the proxy says of itself. */
async function errorOfDelayMs(port: number, delayMs: number): Promise<number> {
  const plan = { ...PLAIN, publishers: 5, schedule: { kind: 'constant', perS: 200 }, durationS: 1 } as const;
  const [direct, proxy] = [await delayingProxy(port, 0), await delayingProxy(port, delayMs)];
  const quick = await runLoad({ ...plan, target: target(direct.port) });
  const delayed = await runLoad({ ...plan, target: target(proxy.port) });
  expect(delayed.lost).toBe(0);
  const knownMs = median(proxy.delaysMs) - median(direct.delaysMs);
  expect(knownMs).toBeGreaterThan(0.9 * delayMs);
  return delayed.latencyMs.p50 - quick.latencyMs.p50 - knownMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** A broker that hands QoS 0 messages to every subscriber, except that of each publisher 10 is lost, 20 comes twice, 30 comes after 31. */
function tamperingBroker(): Promise<number> {
  const subscribers: Socket[] = [];
  const held = new Map<string, Buffer>();
  return listening((socket) => {
    const writer = new mqtt.PacketWriter();
    const scanner = new Scanner((header, bytes, start, end) => {
      const type = header >> 4;
      if (type === mqtt.CONNECT) writer.connack(false, 0);
      else if (type === mqtt.SUBSCRIBE) {
        writer.suback(bytes.readUInt16BE(start), [0]);
        subscribers.push(socket);
      } else if (type === mqtt.PUBLISH) {
        const { topic, payload } = readPublish(header, bytes, start, end);
        for (const packet of tampered(held, topic, payload))
          for (const subscriber of subscribers) subscriber.write(packet);
      }
      if (writer.length > 0) socket.write(writer.take());
    });
    socket.on('data', (chunk: Buffer) => scanner.feed(chunk));
  });
}

function tampered(held: Map<string, Buffer>, topic: string, payload: Buffer): Buffer[] {
  const writer = new mqtt.PacketWriter();
  writer.publish(topic, payload, 0, false, false, 0);
  const packet = Buffer.from(writer.take());
  const sequence = sequenceOf(payload, 0);
  if (sequence === 10) return [];
  if (sequence === 20) return [packet, packet];
  if (sequence === 30) {
    held.set(topic, packet);
    return [];
  }
  return sequence === 31 ? [packet, held.get(topic)!] : [packet];
}

function setupOf(profile: 'connect' | 'publish'): Setup {
  const plan = { ...PLAIN, profile, connections: 1 };
  return { plan, runId: 1, kind: 'send', part: 0, parts: 1, address: '127.0.0.1' };
}

describe('the tester', () => {
  it.skipIf(!hasMosquitto)('feels a target that stands still for a second, in every message that was due', async () => {
    const plan = { ...PLAIN, schedule: { kind: 'constant', perS: 5000 }, durationS: 4, drainS: 10 } as const;
    const { latencyMs, lost } = await runWithStop(plan, { afterS: 2, forS: 1 });
    expect(lost).toBe(0);
    expect(complaints(latencyMs, 4, 1, 500)).toEqual([]);
  });

  it.skipIf(!hasMosquitto).each([5, 50, 500])(
    'adds nothing of its own to a known delay of %i ms, within a twentieth or 0.2 ms',
    async (delayMs) => {
      const { port } = await startMosquitto();
      const errorsMs: number[] = [];
      // Other programs on the machine may spoil a round; an error of the tester's own would be in each.
      for (let round = 0; round < 5; round++) {
        errorsMs.push(await errorOfDelayMs(port, delayMs));
        if (Math.abs(errorsMs.at(-1)!) < Math.max(0.2, 0.05 * delayMs)) return;
      }
      expect.fail(`errors of ${errorsMs.join(', ')} ms`);
    },
    30_000,
  );

  it('finds what a broker loses, repeats and turns around', async () => {
    const port = await tamperingBroker();
    const plan = { ...PLAIN, profile: 'fan-out', publishers: 4, subscribers: 2, durationS: 1, drainS: 0.3 } as const;
    const result = await runLoad({ ...plan, target: target(port) });
    const pairs = 4 * 2;
    expect(result).toMatchObject({ sent: 1000, expected: 2000, lost: pairs, duplicated: pairs, reordered: pairs });
    expect(result.received).toBe(2000 - pairs);
  });

  it('does not blame itself for a target that takes nothing, and counts what never left', async () => {
    // Answers CONNECT and SUBSCRIBE, then reads no more.
    const port = await listening((socket) => {
      const writer = new mqtt.PacketWriter();
      socket.once('data', () => {
        writer.connack(false, 0);
        socket.write(writer.take());
        socket.pause();
      });
    });
    const schedule = { kind: 'constant', perS: 2000 } as const;
    const plan = { ...PLAIN, publishers: 1, subscribers: 0, schedule, sizeBytes: 20_000, durationS: 1.5, drainS: 0.2 };
    const result = await runLoad({ ...plan, target: target(port) });
    expect(result.unsent).toBeGreaterThan(500);
    expect(result.sent + result.unsent).toBe(3000);
    expect(result.lost).toBe(result.unsent);
    expect(result.generator.saturated).toBe(false);
    expect(result.generator.blockedMsP99).toBeGreaterThan(500);
  });

  it.skipIf(!hasMosquitto)('fails a run whose target dies in the middle, whatever was expected', async () => {
    const { port, child } = await startMosquitto();
    const onSecond = ({ atS }: { atS: number }) => void (atS === 0 && child.kill('SIGKILL'));
    const plan = { ...PLAIN, durationS: 2, drainS: 0.2, target: target(port) };
    const result = await runLoad(plan, { onSecond });
    expect(result).toMatchObject({ connections: 11, connectedAtEnd: 0 });
    expect(result.lost).toBeGreaterThan(0);
    const circumstances = { version: '1', node: process.version, date: '', command: '', complete: true };
    expect(reportOf(result, [], circumstances)).toMatchObject({
      ok: false,
      verdict: expect.stringMatching(/^The broker was gone at the end/) as string,
    });
  });

  it('says of connections when it was late itself', () => {
    const late = new Cells(FINE_BITS);
    late.record(50_000);
    const verdict = (profile: 'connect' | 'publish', connectCpuShare: number, opening: Cells) => {
      const final = {
        ...new Part(setupOf(profile), () => undefined).final({ loopDelayMsP99: 0, cpuShare: 0, connectCpuShare }),
        opening,
      };
      const plan = { ...PLAIN, profile };
      const course = { plan, startNs: 0, endNs: 1e9, connections: 1, timeline: [], wallSeconds: 1 };
      return resultOf(course, [{ kind: 'send', final }]).generator;
    };
    expect(verdict('connect', 0.1, new Cells(FINE_BITS)).saturated).toBe(false);
    expect(verdict('connect', 0.1, late).why).toMatch(/begun 50 ms late/);
    expect(verdict('connect', 0.95, new Cells(FINE_BITS)).why).toMatch(/95 % of a core to connect/);
    expect(verdict('publish', 0.95, late)).toMatchObject({
      saturated: false,
      connectLagMsP99: expect.closeTo(50, 0) as number,
    });
  });

  it('charges acknowledgements that never come with the time they were waited for', async () => {
    const port = await listening((socket) => {
      const writer = new mqtt.PacketWriter();
      writer.connack(false, 0);
      const connack = Buffer.from(writer.take());
      socket.once('data', () => socket.write(connack));
    });
    const schedule = { kind: 'constant', perS: 500 } as const;
    const plan = {
      ...PLAIN,
      qos: 1,
      publishers: 1,
      subscribers: 0,
      schedule,
      drainS: 0.2,
      target: target(port),
    } as const;
    const { sent, acked, unsent, lost, ackMs } = await runLoad(plan);
    expect({ sent, acked, unsent, lost }).toEqual({ sent: PLAIN.window, acked: 0, unsent: 400, lost: 500 });
    expect(ackMs.count).toBe(500);
    expect(ackMs.max).toBeGreaterThan(1100);
    expect(ackMs.p50).toBeGreaterThan(500);
  });
});
