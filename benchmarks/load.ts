// What the load tester's engine costs: messages per second into a sink, memory per connection, messages per CPU second beside one mqtt.js
// client with a timer per device. The sink answers CONNACK and throws everything else away, in a process of its own; no broker is measured
// here. `node benchmarks/load.ts [compare]` (three minutes; `compare`: the last part alone)
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { runLoad } from '../loadtest/run.ts';
import type { Plan } from '../loadtest/plan.ts';
import { PacketWriter } from '../mqtt/packets.ts';

const role = process.argv[2];
/** 5 a second from each device; 500; 20,000. */
const COMPARED = [
  { devices: 1000, perS: 5000 },
  { devices: 1000, perS: 500_000 },
  { devices: 100, perS: 2_000_000 },
];
/** Of which the first is not measured: connecting and compiling are not what is compared. */
const COMPARED_S = 8;
const ROUNDS = 3;
const IDLE = 9000;

if (role === 'sink') sink();
else if (role === 'engine' || role === 'mqttjs') await compared(role, Number(process.argv[3]), process.argv[4]!);
else if (role === 'idle') await idle(Number(process.argv[3]));
else await main();

function sink(): void {
  const writer = new PacketWriter();
  writer.connack(false, 0);
  const connack = Buffer.from(writer.take());
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    socket.once('data', () => {
      socket.write(connack);
      socket.on('data', () => undefined);
    });
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1', 4096, () => process.send!((server.address() as AddressInfo).port));
  process.once('disconnect', () => process.exit(0));
}

function plan(port: number, more: Partial<Plan>): Plan {
  return {
    profile: 'publish',
    target: { host: '127.0.0.1', port, transport: 'tcp', path: '/', insecure: false, version: '3.1.1', sources: [] },
    connections: 0,
    publishers: 100,
    subscribers: 0,
    connectPerS: 2000,
    schedule: { kind: 'constant', perS: 1 },
    topic: 'load/%i',
    clientPrefix: 'bench-',
    qos: 0,
    subscribeQos: 0,
    sizeBytes: 64,
    retain: false,
    keepAliveS: 60,
    cleanSession: true,
    window: 100,
    warmUpS: 1,
    durationS: 5,
    drainS: 2,
    seed: 1,
    workers: 1,
    receiverProcess: false,
    ...more,
  };
}

async function main(): Promise<void> {
  const child = fork(import.meta.filename, ['sink']);
  const port = await new Promise<number>((resolve) => child.once('message', (port) => resolve(port as number)));
  console.log(`node ${process.version}, ${cpus().length} × ${cpus()[0]!.model}\n`);
  if (role !== 'compare') {
    await rates(port);
    console.log(JSON.stringify(await report('idle', port)));
  }
  for (const shape of COMPARED) {
    for (let round = 0; round < ROUNDS; round++) {
      const engine = await report('engine', port, JSON.stringify(shape));
      const mqttjs = await report('mqttjs', port, JSON.stringify(shape));
      const ratio = Math.round((engine.perCpuS! / mqttjs.perCpuS!) * 10) / 10;
      console.log(JSON.stringify({ ...shape, engine, mqttjs, ratio }));
    }
  }
  child.disconnect();
}

async function rates(port: number): Promise<void> {
  for (const workers of [1, 2]) {
    for (const perS of [250_000, 500_000, 1_000_000, 2_000_000]) {
      const schedule = { kind: 'constant', perS } as const;
      const { sentPerS, unsent, generator } = await runLoad(plan(port, { workers, schedule, durationS: 3 }));
      const { lagMsP99, blockedMsP99, cpuShare, saturated } = generator;
      console.log(JSON.stringify({ workers, perS, sentPerS, unsent, lagMsP99, blockedMsP99, cpuShare, saturated }));
    }
  }
}

/** A part of the benchmark in a process of its own, so that its memory and CPU time are its own. */
function report(part: string, port: number, shape = ''): Promise<{ [key: string]: number }> {
  const child = fork(import.meta.filename, [part, String(port), shape], { execArgv: ['--expose-gc'] });
  return new Promise((resolve) => child.once('message', (found) => resolve(found as { [key: string]: number })));
}

function residentBytes(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
}

/** Resident memory that idle connections add to a process with one worker. */
async function idle(port: number): Promise<void> {
  const rss: number[] = [];
  for (const connections of [1, IDLE]) {
    const watching = { onSecond: () => rss.push(residentBytes()) };
    await runLoad(plan(port, { profile: 'connect', connections, warmUpS: 0, durationS: 4 }), watching);
    rss.push(0);
  }
  const before = rss[rss.indexOf(0) - 1]!;
  const after = rss.at(-2)!;
  done({ connections: IDLE, bytesPerConnection: Math.round((after - before) / (IDLE - 1)) });
}

interface Shape {
  readonly devices: number;
  readonly perS: number;
}

/** The same devices, rate and size: ours, and one mqtt.js client with one timer each. CPU time is that of the whole process. */
async function compared(who: 'engine' | 'mqttjs', port: number, words: string): Promise<void> {
  const shape = JSON.parse(words) as Shape;
  const { sent, cpuS } = who === 'engine' ? await byEngine(port, shape) : await byMqttJs(port, shape);
  const offered = shape.perS * (COMPARED_S - 1);
  done({ sentShare: Math.round((1000 * sent) / offered) / 1000, cpuS, perCpuS: Math.round(sent / cpuS) });
}

function cpuS(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function byEngine(port: number, { devices, perS }: Shape): Promise<{ sent: number; cpuS: number }> {
  const schedule = { kind: 'constant', perS } as const;
  let [sent, beganS, endedS] = [0, 0, 0];
  await runLoad(plan(port, { publishers: devices, schedule, durationS: COMPARED_S, warmUpS: 0 }), {
    onSecond: (second) => {
      if (second.atS === 0) beganS = cpuS();
      else sent += second.sent;
      if (second.atS === COMPARED_S - 1) endedS = cpuS();
    },
  });
  return { sent, cpuS: endedS - beganS };
}

/** The devices begin one after the other, as ours do; a timer fires once a ms at most and then sends what became due in between. */
async function byMqttJs(port: number, { devices, perS }: Shape): Promise<{ sent: number; cpuS: number }> {
  const payload = Buffer.alloc(64, 0x2e);
  const clients = await Promise.all(
    Array.from({ length: devices }, (_, at) => mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: `js-${at}` })),
  );
  const intervalMs = Math.max(1, (1000 * devices) / perS);
  const perFiring = Math.round((perS * intervalMs) / 1000 / devices);
  let sent = 0;
  for (const [at, client] of clients.entries()) {
    const fire = () => {
      for (let due = 0; due < perFiring; due++) client.publish(`load/${at}`, payload);
      sent += perFiring;
    };
    setTimeout(() => setInterval(fire, intervalMs), (intervalMs * at) / devices);
  }
  await sleep(1000);
  const [sentBefore, beganS] = [sent, cpuS()];
  await sleep((COMPARED_S - 1) * 1000);
  return { sent: sent - sentBefore, cpuS: cpuS() - beganS };
}

function done(found: { [key: string]: number }): void {
  process.send!(found, () => process.exit(0));
}
