// Rows 30 and 35: too loud, or with wrong passwords. The healthy must not feel it.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Wire } from '../../broker/wire.ts';
import type { Login } from '../gateway.ts';
import { KIND } from '../ledger.ts';
import { atLeast, atMost, exactly } from '../row.ts';
import type { Check, Outcome, Row } from '../row.ts';
import { LAUNCHER } from '../service.ts';
import { System } from '../system.ts';
import { judge, trial } from '../trial.ts';
import type { Trial } from '../trial.ts';

const ACK_P99_MS = 50;
const FLOOD_MS = 15_000;
/** 100 at once, 20 a second, and what the broker reads in one piece: 16 KB of 40 bytes each. */
const MOST_OF_A_DEVICE = 100 + 20 * (FLOOD_MS / 1000) + 16_384 / 40;

/** A folder of credentials, for a system that asks for them. */
async function withCredentials(body: (folder: string) => Promise<Outcome>): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'citytwin-credentials-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const asking = (folder: string): readonly string[] => ['--credentials', folder, '--open-http'];

function partLogin(folder: string): Login {
  return { username: 'simulator', password: readFileSync(join(folder, 'simulator.password'), 'utf8').trim() };
}

async function loudDevice(): Promise<Outcome> {
  return withCredentials(async (folder) => {
    const username = `${KIND}/loud`;
    const args = [LAUNCHER, 'credentials', 'add', username, '--role', 'device', '--credentials', folder, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { password } = JSON.parse(stdout) as { password: string };
    return trial({ args: asking(folder), login: () => partLogin(folder) }, async (parts) => {
      const measured = await beside(parts, `city/wuxi/${KIND}/loud/telemetry`, { username, password });
      const { total } = await parts.system.rejected();
      const judged = await judge(parts);
      const checks = [
        ...felt(measured),
        atMost('ack p99 ms of the others', measured.ackP99Ms, ACK_P99_MS),
        atMost('read of it', total, MOST_OF_A_DEVICE),
        atLeast('read of it', total, 100),
      ];
      return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, sent: measured.sent } };
    });
  });
}

/** A kind that nobody described, from one who speaks for many and has no quota: its sender takes a processor for itself. */
async function loudMany(): Promise<Outcome> {
  return trial({}, async (parts) => {
    const measured = await beside(parts, 'city/wuxi/loud/x/telemetry');
    const judged = await judge(parts);
    const { sent, ackP99Ms } = measured;
    return { checks: [...judged.checks, ...felt(measured)], figures: { ...judged.figures, sent, ackP99Ms } };
  });
}

interface Felt {
  readonly sent: number;
  readonly ackP99Ms: number;
  readonly disconnects: number;
  readonly grownMb: number;
}

/** What the devices feel of a flood. */
async function beside({ system, devices }: Trial, topic: string, login?: Login): Promise<Felt> {
  await devices.send(2000);
  await sleep(3000);
  await devices.mark();
  const beforeMb = system.api.rssMb;
  const sent = await shout(system.mqttPort, topic, login);
  const { ackMs, disconnects } = await devices.mark();
  return { sent, ackP99Ms: ackMs.p99, disconnects, grownMb: system.api.rssMb - beforeMb };
}

function felt({ disconnects, grownMb }: Felt): Check[] {
  return [exactly('connections of the others lost', disconnects, 0), atMost('RSS MB more', grownMb, 150)];
}

/** QoS 0 as fast as it is read, each of them to be refused. → how many were sent */
async function shout(port: number, topic: string, login?: Login): Promise<number> {
  const wire = await Wire.connected(port, { clientId: login?.username ?? 'loud', ...login });
  const untilMs = performance.now() + FLOOD_MS;
  const payload = Buffer.from('{}');
  let sent = 0;
  while (performance.now() < untilMs && !wire.closed) {
    for (let count = 0; count < 1000; count++) wire.writer.publish(topic, payload, 0, false, false, 0);
    sent += 1000;
    const bytes = wire.writer.take();
    const signal = AbortSignal.timeout(1000);
    if (!wire.socket.write(bytes)) await once(wire.socket, 'drain', { signal }).catch(() => undefined);
  }
  wire.socket.destroy();
  return sent;
}

async function badPasswords(): Promise<Outcome> {
  return withCredentials(async (folder) => {
    const system = await System.start({ store: 'memory', args: asking(folder) });
    try {
      return await guess(system, partLogin(folder));
    } finally {
      await system.remove();
    }
  });
}

async function guess(system: System, login: Login): Promise<Outcome> {
  const healthy = await Wire.connected(system.mqttPort, { clientId: 'healthy', ...login });
  const [forMs, ratePerS] = [10_000, 1000];
  const linesBefore = system.api.logLines;
  let [tried, refused, accepted, slowestMs] = [0, 0, 0, 0];
  const one = async (): Promise<void> => {
    const name = { clientId: `guess-${++tried}`, username: 'simulator', password: `wrong-${tried}` };
    const wire = await Wire.connected(system.mqttPort, name).catch(() => undefined);
    if (wire?.returnCode === 0) accepted++;
    else if (wire?.returnCode !== undefined) refused++;
    wire?.socket.destroy();
  };
  const beganMs = performance.now();
  const guesses: Promise<void>[] = [];
  // As many as are due by the clock: what the sender is late with, it catches up.
  const sending = setInterval(() => {
    const due = (Math.min(performance.now() - beganMs, forMs) / 1000) * ratePerS;
    for (let late = Math.ceil(due - tried); late > 0; late--) guesses.push(one());
  }, 10);
  while (performance.now() - beganMs < forMs) {
    const pingedMs = performance.now();
    await healthy.ping();
    slowestMs = Math.max(slowestMs, performance.now() - pingedMs);
    await sleep(50);
  }
  clearInterval(sending);
  const tookS = (performance.now() - beganMs) / 1000;
  await Promise.all(guesses);
  const lines = system.api.logLines - linesBefore;
  return {
    checks: [
      atLeast('tried a second', tried / tookS, 0.95 * ratePerS),
      exactly('let in', accepted, 0),
      atMost('log lines a second', lines / tookS, 1),
      atMost('slowest ping of the healthy ms', slowestMs, 500),
      exactly('healthy one is connected', String(healthy.returnCode === 0 && !healthy.closed), 'true'),
    ],
    figures: { tried, 'refused with a word': refused },
  };
}

export const loud: readonly (Row & { readonly part?: string })[] = [
  {
    number: 30,
    fault: 'a device sends QoS 0 as fast as it goes, thousands of times its quota',
    criterion: "it is read at its quota; others' ack p99 < 50 ms, memory flat",
    run: loudDevice,
  },
  {
    number: 30,
    part: 'b',
    fault: 'who speaks for many sends QoS 0 as fast as it goes, without a quota',
    criterion: 'no other connection lost, memory flat',
    run: loudMany,
  },
  {
    number: 35,
    fault: '1,000 wrong passwords a second',
    criterion: 'none let in, the healthy answered, ≤ 1 log line/s',
    run: badPasswords,
  },
];
