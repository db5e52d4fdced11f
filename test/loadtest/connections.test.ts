// What a run makes of connections that are not answered, are refused, or cannot be made for want of this machine's own means.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { nowNs } from '../../loadtest/clock.ts';
import { Part } from '../../loadtest/part.ts';
import type { Plan } from '../../loadtest/plan.ts';
import { checkDescriptors } from '../../loadtest/own-means.ts';
import { reportOf } from '../../loadtest/report.ts';
import { SESSION_LEFT } from '../../loadtest/result.ts';
import { runLoad } from '../../loadtest/run.ts';
import { resultOf } from '../../loadtest/verdict.ts';
import { PacketWriter } from '../../mqtt/packets.ts';
import { eventually } from '../city-process.ts';
import { PLAIN, hasMosquitto, startMosquitto, target } from './plans.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

/** A broker that answers the first thing that a client says with `answer(n)`, n counting connections from 0. */
async function answering(
  answer: (connection: number) => Uint8Array | undefined,
  onConnect: (packet: Buffer) => void = () => undefined,
): Promise<number> {
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (packet: Buffer) => {
      onConnect(packet);
      const bytes = answer(connections++);
      if (bytes) socket.write(bytes);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function connack(code: number): Buffer {
  const writer = new PacketWriter();
  writer.connack(false, code);
  return Buffer.from(writer.take());
}

/** Devices that only connect, all at once; their clock is told to them. */
function partOf(port: number, changes: Partial<Plan>): Part {
  const plan: Plan = { ...PLAIN, profile: 'connect', connectPerS: 1e9, target: target(port), ...changes };
  return new Part({ plan, runId: 1, kind: 'send', part: 0, parts: 1, address: '127.0.0.1' }, () => undefined);
}

const CIRCUMSTANCES = { version: '1', node: process.version, date: '', command: '', complete: true };
const OWN = { loopDelayMsP99: 0, cpuShare: 0, connectCpuShare: 0 };

describe('a connection', () => {
  it('without a CONNACK is given up after ten seconds, counted, and waited for from when it was first meant to begin', async () => {
    let asked = 0;
    const port = await answering((connection) => (asked++, connection < 3 ? connack(0) : undefined));
    const part = partOf(port, { connections: 5 });
    const beganNs = nowNs() - 30e9;
    part.obey({ type: 'connect', beginNs: beganNs, first: 0 });
    part.tick(beganNs + 1e6);
    await eventually('all to ask', () => asked === 5 || undefined, 3000);
    await eventually('the CONNACKs', () => part.devices.filter(({ up }) => up).length === 3 || undefined, 3000);
    part.tick(beganNs + 10.2e9);
    expect(Object.fromEntries(part.tally.errors)).toEqual({ 'no CONNACK within 10 s': 2 });
    part.tick(nowNs() + 3e9); // it tries again
    expect(part.devices.every(({ idle }) => !idle)).toBe(true);
    part.obey({ type: 'finish' });
    const { connect, errors } = part.final(OWN);
    expect(errors).toEqual({ 'no CONNACK within 10 s': 2, 'no CONNACK until the end': 2 });
    expect(connect.count).toBe(5);
  });

  it('that is refused at first is waited for from its first attempt', async () => {
    const port = await answering((connection) => connack(connection === 0 ? 3 : 0));
    const part = partOf(port, { connections: 1 });
    const beganNs = nowNs();
    part.obey({ type: 'connect', beginNs: beganNs - 5e9, first: 0 });
    part.tick(beganNs);
    await eventually('the refusal', () => part.tally.errors.size > 0 || undefined, 3000);
    part.tick(nowNs() + 3e9);
    await eventually('the CONNACK', () => part.devices[0]!.up || undefined, 3000);
    part.obey({ type: 'finish' });
    expect(part.tally.connect.count).toBe(1);
    expect(part.tally.connect.maxUs).toBeGreaterThan(5e6);
  });

  it('that this machine has no means for is no fault of the broker', () => {
    const part = partOf(1, { connections: 1 });
    const generatorOf = () =>
      resultOf({ plan: part.plan, startNs: 0, endNs: 1e9, connections: 1, timeline: [], wallSeconds: 1 }, [
        { kind: 'send', final: part.final(OWN) },
      ]).generator;
    part.tally.error('ECONNRESET');
    expect(generatorOf().saturated).toBe(false);
    part.tally.error('EMFILE');
    part.tally.error('EMFILE');
    expect(generatorOf()).toMatchObject({
      saturated: true,
      why: expect.stringMatching(/^2 connections .* EMFILE, /) as string,
    });
  });

  it('for which there are too few file descriptors is refused before anything is sent', () => {
    const plan: Plan = { ...PLAIN, publishers: 300, subscribers: 700, connections: 2000 };
    expect(() => checkDescriptors(plan, 4000)).not.toThrow();
    expect(() => checkDescriptors(plan, 2000)).toThrow(
      '2000 connections need 2064 open files in one process and it may have 2000',
    );
    expect(() => checkDescriptors({ ...plan, receiverProcess: true }, 2000)).not.toThrow();
    expect(() => checkDescriptors({ ...plan, receiverProcess: true }, 1000)).toThrow('1364 open files');
  });
});

describe.skipIf(!hasMosquitto)('devices that come back', () => {
  it('are waited for when they are due only after the schedule, and so is what was kept for them', async () => {
    const { port } = await startMosquitto();
    const idle = { profile: 'reconnect-storm', connections: 61, connectPerS: 60, durationS: 0.6 } as const;
    const kept = { profile: 'persistent', subscribers: 20, cleanSession: false, qos: 1, subscribeQos: 1 } as const;
    const [storm, persistent] = await Promise.all([
      runLoad({ ...PLAIN, ...idle, target: target(port) }),
      runLoad({
        ...PLAIN,
        ...kept,
        clientPrefix: 'kept-',
        topic: 'kept/%i',
        publishers: 2,
        connectPerS: 15,
        durationS: 0.5,
        drainS: 1,
        target: target(port),
      }),
    ]);
    expect(storm).toMatchObject({ connectedAtEnd: 61, lost: 0, errors: {} });
    expect(storm.connectMs.count).toBe(61 + 50);
    expect(persistent).toMatchObject({ connectedAtEnd: 22, received: 20 * 500, lost: 0 });
  });
});

describe('a run', () => {
  it('has failed when not all are connected at its end', async () => {
    const port = await answering((connection) => connack(connection < 4 ? 0 : 3));
    const plan: Plan = {
      ...PLAIN,
      profile: 'connect',
      connections: 5,
      durationS: 0.2,
      drainS: 0.1,
      target: target(port),
    };
    const result = await runLoad(plan);
    expect(result.connectedAtEnd).toBe(3); // the first of the four was to see whether anybody is there
    const { ok, verdict } = reportOf(result, [], CIRCUMSTANCES);
    expect(ok).toBe(false);
    expect(verdict).toMatch('2 of 5 devices were not connected at the end. ');
  });
});

describe.skipIf(!hasMosquitto)('sessions that are kept', () => {
  const kept: Partial<Plan> = { profile: 'persistent', cleanSession: false, qos: 1, subscribeQos: 1, publishers: 3 };

  for (const version of ['3.1.1', '5'] as const) {
    it(`are gone from the broker after the run, MQTT ${version}`, async () => {
      const { port } = await startMosquitto(['sys_interval 1']);
      const plan: Plan = { ...PLAIN, ...kept, subscribers: 5, connections: 12, target: target(port, { version }) };
      const result = await runLoad({ ...plan, durationS: 0.4 });
      expect(result).toMatchObject({ lost: 0, errors: {} });
      await eventually('all to be gone', () => sessionsAt(port) <= 1 || undefined, 5000); // the one that asks
    });
  }

  it('that could not be ended are told', async () => {
    const { port, child } = await startMosquitto();
    const plan: Plan = { ...PLAIN, ...kept, subscribers: 5, drainS: 0.1, target: target(port) };
    const result = await runLoad({ ...plan, durationS: 2 }, { onSecond: () => void child.kill('SIGKILL') });
    expect(result.errors[SESSION_LEFT]).toBe(5);
  });

  it('are none of a publisher, which would have to send again what was un-acknowledged', async () => {
    const flags: number[] = [];
    const port = await answering(
      () => connack(0),
      (connect) => flags.push(connect[9]! & 2),
    );
    const part = partOf(port, { ...kept, profile: 'publish', subscribers: 0, connections: 4 });
    part.obey({ type: 'connect', beginNs: 0, first: 0 });
    part.tick(nowNs());
    await eventually('all to connect', () => flags.length === 4 || undefined, 3000);
    expect(flags.filter((flag) => flag === 0).length).toBe(1);
    part.obey({ type: 'finish' });
  });
});

/** Clients that mosquitto knows, connected or not. */
function sessionsAt(port: number): number {
  const words = ['-p', String(port), '-t', '$SYS/broker/clients/total', '-C', '1', '-W', '2'];
  return Number(spawnSync('mosquitto_sub', words, { timeout: 5000 }).stdout.toString());
}
