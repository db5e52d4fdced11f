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
const DEVICES = 1000;
/** 5 a second from each device; as many as there are to be had. */
const COMPARED_PER_S = [5000, 500_000];
const COMPARED_S = 5;
const ROUNDS = 3;
const IDLE = 9000;

if (role === 'sink') sink();
else if (role === 'engine' || role === 'mqttjs') await compared(role, Number(process.argv[3]), Number(process.argv[4]));
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
  for (const perS of COMPARED_PER_S) {
    for (let round = 0; round < ROUNDS; round++) {
      const engine = await report('engine', port, perS);
      const mqttjs = await report('mqttjs', port, perS);
      const ratio = Math.round((engine.perCpuS! / mqttjs.perCpuS!) * 10) / 10;
      console.log(JSON.stringify({ perS, engine, mqttjs, ratio }));
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
function report(part: string, port: number, perS = 0): Promise<{ [key: string]: number }> {
  const child = fork(import.meta.filename, [part, String(port), String(perS)], { execArgv: ['--expose-gc'] });
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

/** The same devices, rate and size: ours, and one mqtt.js client with one timer each. */
async function compared(who: 'engine' | 'mqttjs', port: number, perS: number): Promise<void> {
  const began = process.cpuUsage();
  const sent = who === 'engine' ? await byEngine(port, perS) : await byMqttJs(port, perS);
  const { user, system } = process.cpuUsage(began);
  done({ sent, cpuS: (user + system) / 1e6, perCpuS: Math.round(sent / ((user + system) / 1e6)) });
}

async function byEngine(port: number, perS: number): Promise<number> {
  const schedule = { kind: 'constant', perS } as const;
  const more = { publishers: DEVICES, schedule, durationS: COMPARED_S, warmUpS: 0 };
  return (await runLoad(plan(port, more))).sent;
}

async function byMqttJs(port: number, perS: number): Promise<number> {
  const payload = Buffer.alloc(64, 0x2e);
  let sent = 0;
  const clients = await Promise.all(
    Array.from({ length: DEVICES }, (_, at) => mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: `js-${at}` })),
  );
  const timers = clients.map((client, at) =>
    setInterval(
      () => {
        client.publish(`load/${at}`, payload);
        sent++;
      },
      (1000 * DEVICES) / perS,
    ),
  );
  await sleep(COMPARED_S * 1000);
  for (const timer of timers) clearInterval(timer);
  await Promise.all(clients.map((client) => client.endAsync(true)));
  return sent;
}

function done(found: { [key: string]: number }): void {
  process.send!(found, () => process.exit(0));
}
