// Profile retained: every subscriber gets one message of each publisher, whoever came before, however late the broker is, and what a broker
// does not keep is lost.
import { spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../loadtest/plan.ts';
import { FOREIGN } from '../../loadtest/result.ts';
import { runLoad } from '../../loadtest/run.ts';
import { start } from '../broker/start.ts';
import { describeWith } from '../parts.ts';
import { PLAIN, startMosquitto, target } from './plans.ts';

const PLAN: Plan = {
  ...PLAIN,
  profile: 'retained',
  retain: true,
  publishers: 400,
  subscribers: 5,
  durationS: 0.5,
  schedule: { kind: 'constant', perS: 2000 },
  topic: 'city/wuxi/load/%c/status',
};
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** All three at once: most of a short run is waiting. Each finds what the others retain under its filter, unless it has a level of its own. */
function atEachQos(port: number) {
  return Promise.all(
    ([0, 1, 2] as const).map((qos) => {
      const names = { clientPrefix: `qos${qos}-`, topic: `city/wuxi/load-${qos}/%c/status` };
      return runLoad({ ...PLAN, ...names, qos, subscribeQos: qos, target: target(port) });
    }),
  );
}

/** What clients publish arrives late; everything else passes at once. */
async function slowIntake(port: number, delayMs: number): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    const onward = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const end of [socket, onward]) end.on('error', () => undefined);
    onward.pipe(socket);
    let lateMs = 0;
    socket.on('data', (chunk: Buffer) => {
      // What follows a publish stays behind it.
      if (chunk[0]! >> 4 === 3) lateMs = delayMs;
      if (lateMs === 0) onward.write(chunk);
      else setTimeout(() => onward.write(chunk), lateMs);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const ALL = { expected: 2000, received: 2000, lost: 0, duplicated: 0, errors: {} };

describe('retained messages of our broker', () => {
  it('reach each subscriber once, and are gone afterwards', async () => {
    const broker = await start();
    for (const result of await atEachQos(broker.port)) expect(result).toMatchObject(ALL);
    const names = { clientPrefix: 'after-', topic: 'city/wuxi/load-0/%c/status' };
    const after = await runLoad({ ...PLAN, ...names, publishers: 1, durationS: 0.1, target: target(broker.port) });
    expect(after.errors).toEqual({});
  });

  it('are neither lost nor duplicated where subscribers come before the broker has worked off the publishes', async () => {
    const broker = await start();
    const port = await slowIntake(broker.port, 900);
    const schedule = { kind: 'constant', perS: 400 } as const;
    const plan = { ...PLAN, publishers: 50, subscribers: 4, schedule, target: target(port) };
    const result = await runLoad(plan);
    // Four of each publisher, most of them live.
    expect(result).toMatchObject({ sent: 200, expected: 200, received: 200, lost: 0, duplicated: 0 });
  });
});

describeWith(['mosquitto', 'mosquitto_pub', 'mosquitto_sub'], 'retained messages of mosquitto', () => {
  it('reach each subscriber once, and are gone afterwards', async () => {
    const { port } = await startMosquitto();
    for (const result of await atEachQos(port)) expect(result).toMatchObject(ALL);
    const left = spawnSync('mosquitto_sub', ['-p', String(port), '-t', '#', '-W', '1', '-F', '%t'], { timeout: 5000 });
    expect(left.stdout.toString()).toBe('');
  });

  it('of an earlier run or of somebody else are counted as such', async () => {
    const { port } = await startMosquitto();
    for (const name of ['one', 'two'])
      spawnSync('mosquitto_pub', [
        '-p',
        String(port),
        '-r',
        '-q',
        '1',
        '-t',
        `city/wuxi/load/${name}/status`,
        '-m',
        'x',
      ]);
    const result = await runLoad({ ...PLAN, target: target(port) });
    expect(result).toMatchObject({ ...ALL, errors: { [FOREIGN]: 2 * PLAN.subscribers } });
  });

  it('are lost beyond what it queues for a subscriber, and mosquitto_sub loses as many', async () => {
    const { port } = await startMosquitto(['max_queued_messages 100', 'max_inflight_messages 20']);
    let independent = 0;
    const result = await runLoad(
      { ...PLAN, qos: 1, subscribeQos: 1, durationS: 1, target: target(port) },
      {
        onSecond: () => {
          const words = ['-p', String(port), '-q', '1', '-t', 'city/wuxi/load/+/status', '-W', '1', '-F', '%t'];
          const { stdout } = spawnSync('mosquitto_sub', words, { timeout: 5000 });
          independent = stdout.toString().trim().split('\n').length;
        },
      },
    );
    expect(independent).toBeGreaterThan(100);
    expect(independent).toBeLessThan(PLAN.publishers);
    expect(result).toMatchObject({ received: independent * PLAN.subscribers, duplicated: 0 });
    expect(result.lost).toBe((PLAN.publishers - independent) * PLAN.subscribers);
  });
});
