// The shipped broker (`citytwin broker`, its access rules and limits on) at full size, driven by the shipped load tester, each in a process of
// its own: 15,000 connections that send a city's telemetry, and 10,000 clients that come back at once beside others that work. It tunes
// nothing. `node benchmarks/broker-scale.ts city|storm [rounds]`; files: `ulimit -n 20000`
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Plan } from '../loadtest/plan.ts';
import type { LoadReport } from '../loadtest/report.ts';
import type { Second } from '../loadtest/result.ts';
import { runLoad } from '../loadtest/run.ts';

const LAUNCHER = new URL('../bin/citytwin.js', import.meta.url).pathname;
const CITY_CONNECTIONS = 15_000;
/** The demo city sends some 130 messages a second: 40 times as fast they are 5,000. */
const CITY_SPEED = 40;
const CITY_S = 60;
/** At its start every device of the city speaks once within ten simulated seconds; that is no ordinary traffic. */
const CITY_WARM_UP_S = 10;
const STORM_CLIENTS = 10_000;
const STORM_S = 45;
/** The storm breaks after a third of that. */
const WORKERS_S = 24;
const WORKERS_WAIT_S = 8;
const WATCH_MS = 100;
/** From the end of a second to the moment at which the load tester hands it on. */
const SETTLE_MS = 400;
/** Others take part in a storm from another machine: where they share this one, they stand back. */
const NICE = 10;

interface Target {
  readonly url: string;
  readonly port: number;
  metric(name: string): Promise<number>;
  /** Resident [MB] and CPU [s] so far. */
  cost(): { residentMb: number; cpuS: number };
  end(): Promise<void>;
}

async function startTarget(): Promise<Target> {
  const child = spawn(process.execPath, [LAUNCHER, 'broker', '--json', '--port', '0', '--mqtt-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { http, mqtt } = JSON.parse(line) as { http: string; mqtt: string };
  return {
    url: mqtt,
    port: Number(new URL(mqtt).port),
    metric: async (name) => {
      const metrics = await (await fetch(`${http}/metrics`)).text();
      const values = metrics.matchAll(new RegExp(`^citytwin_broker_${name}(?:\\{.*\\})? (.+)$`, 'gm'));
      return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
    },
    cost: () => costOf(child),
    end: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}

function costOf({ pid }: ChildProcess): { residentMb: number; cpuS: number } {
  const [, residentKb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return { residentMb: Math.round(Number(residentKb) / 1024), cpuS: (Number(stat[11]) + Number(stat[12])) / 100 };
}

async function load(args: readonly string[], niceness = 0): Promise<LoadReport> {
  const command = ['-n', String(niceness), process.execPath, LAUNCHER, 'load', ...args, '--json'];
  const child = spawn('nice', command, { stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(await text(child.stdout)) as LoadReport;
}

async function city(qos: 0 | 1): Promise<object> {
  const target = await startTarget();
  const counts = ['--connections', String(CITY_CONNECTIONS), '--connect-rate', '1000', '--receiver-process'];
  const pace = ['--speed', String(CITY_SPEED), '--warm-up', `${CITY_WARM_UP_S}s`, '--duration', `${CITY_S}s`];
  const report = await load(['city', '--broker', target.url, '-q', String(qos), ...counts, ...pace]);
  const { connections, sentPerS, receivedPerS, lost, duplicated, errors, latencyMs, ackMs, generator } = report;
  const [refused, dropped] = [await target.metric('refused_total'), await target.metric('publishes_dropped_total')];
  const cost = target.cost();
  await target.end();
  const kicked = kicksOf(errors);
  const rates = { sentPerS: Math.round(sentPerS), receivedPerS: Math.round(receivedPerS) };
  const times = { latencyMs: shown(latencyMs), ...(qos > 0 && { ackMs: shown(ackMs) }) };
  const { lagMsP99, saturated } = generator;
  return {
    qos,
    connections,
    kicked,
    refused,
    dropped,
    ...rates,
    lost,
    duplicated,
    ...times,
    lagMsP99,
    saturated,
    ...cost,
  };
}

/** What the clients could not connect with or lost; the broker's own counters, which it publishes every second, are no fault. */
function kicksOf(errors: LoadReport['errors']): number {
  const { 'message of somebody else received': _, ...faults } = errors;
  return Object.values(faults).reduce((sum, count) => sum + count, 0);
}

function shown({ p50, p99, p999, max }: LoadReport['latencyMs']): object {
  return { p50, p99, p999, max };
}

interface Seen {
  readonly second: Second;
  readonly endMs: number;
}

/** Those who stay: 50 publishers at QoS 1 and two subscribers of all that they say. */
function workers(port: number): Plan {
  return {
    profile: 'publish',
    target: { host: '127.0.0.1', port, transport: 'tcp', path: '/', insecure: false, version: '3.1.1', sources: [] },
    connections: 52,
    publishers: 50,
    subscribers: 2,
    connectPerS: 500,
    schedule: { kind: 'constant', perS: 500 },
    topic: 'city/wuxi/work/%c/telemetry',
    clientPrefix: 'work-',
    qos: 1,
    subscribeQos: 1,
    sizeBytes: 145,
    retain: false,
    keepAliveS: 60,
    cleanSession: true,
    window: 100,
    warmUpS: 1,
    durationS: WORKERS_S,
    drainS: 5,
    seed: 1,
    workers: 1,
    receiverProcess: false,
  };
}

async function storm(): Promise<object> {
  const target = await startTarget();
  const counts = ['-c', String(STORM_CLIENTS + 2), '--publishers', '1', '--subscribers', '1', '--rate', '1'];
  const pace = ['--connect-rate', '100000', '--duration', `${STORM_S}s`, '-t', 'city/wuxi/storm/%c/telemetry'];
  const storming = load(['reconnect-storm', '--broker', target.url, ...counts, ...pace], NICE);
  await until(async () => (await target.metric('clients')) >= STORM_CLIENTS);
  await sleep(WORKERS_WAIT_S * 1000);
  const seen: Seen[] = [];
  const working = runLoad(workers(target.port), {
    onSecond: (second) => seen.push({ second, endMs: performance.now() - SETTLE_MS }),
  });
  await until(async () => (await target.metric('clients')) < STORM_CLIENTS);
  const struckMs = performance.now();
  await until(async () => (await target.metric('clients')) >= STORM_CLIENTS + 54);
  const backMs = performance.now();
  const [{ errors: ofWorkers, lost, ackMs }, { errors }] = await Promise.all([working, storming]);
  const refused = await target.metric('refused_total');
  await target.end();
  const within = seen.filter(({ endMs }) => endMs > struckMs - WATCH_MS && endMs - 1000 < backMs);
  const before = seen.filter(({ endMs, second }) => endMs <= struckMs - 1000 && second.atS >= 0);
  return {
    clients: STORM_CLIENTS,
    backS: Math.round((backMs - struckMs) / 100) / 10,
    refused,
    failed: kicksOf(errors),
    beforeMs: worstOf(before),
    duringMs: worstOf(within),
    wholeRun: { kicked: kicksOf(ofWorkers), lost, ackP99Ms: ackMs.p99, ackMaxMs: ackMs.max },
  };
}

/** p99 and longest of the worst second: those of all of them together are lower. */
function worstOf(seen: readonly Seen[]): object {
  const most = (of: (second: Second) => number | undefined) => Math.max(...seen.map(({ second }) => of(second) ?? 0));
  return { seconds: seen.length, worstP99: most(({ p99Ms }) => p99Ms), max: most(({ maxMs }) => maxMs) };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(WATCH_MS);
}

const [what = 'city', rounds = '1'] = process.argv.slice(2);
console.log(`node ${process.version}, ${cpus().length} × ${cpus()[0]!.model}, ${new Date().toISOString()}`);
for (let round = 0; round < Number(rounds); round++) {
  const runs = what === 'storm' ? [storm] : [() => city(0), () => city(1)];
  for (const run of runs) {
    const before = loadavg()[0]!;
    console.log(JSON.stringify({ ...(await run()), loadAverage: { before, after: loadavg()[0]! } }));
  }
}
