import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { runLoad } from '../../loadtest/run.ts';
import type { Second } from '../../loadtest/result.ts';
import { eventually } from '../city-process.ts';
import { freePort } from '../ports.ts';
import { PLAIN, hasMosquitto, startMosquitto, target } from './plans.ts';

const witnesses: ChildProcess[] = [];
afterAll(() => {
  for (const child of witnesses.splice(0)) child.kill('SIGKILL');
});

/** Counts what arrives at an independent subscriber. It gets a retained message at its SUBACK, so its first line says that it is there. */
async function mosquittoSub(port: number): Promise<{ count: () => number; stop: () => Promise<void> }> {
  spawnSync('mosquitto_pub', ['-p', String(port), '-t', 'load/here', '-r', '-m', 'x'], { timeout: 5000 });
  const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', '-p', String(port), '-t', 'load/#', '-q', '2', '-F', '%t %l']);
  witnesses.push(child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await eventually('mosquitto_sub to subscribe', () => text.includes('load/here') || undefined, 5000);
  return {
    count: () => text.match(/^load\/\d+ 64$/gm)?.length ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'close');
    },
  };
}

// At once: most of a short run is waiting. What they took is judged in honesty.test.ts, one after the other.
describe.skipIf(!hasMosquitto)('a load run against mosquitto', { concurrent: true }, () => {
  for (const [qos, version] of [
    [0, '3.1.1'],
    [1, '5'],
    [2, '5'],
    [2, '3.1.1'],
  ] as const) {
    it(`counts at QoS ${qos}, MQTT ${version}, what an independent subscriber counts`, async () => {
      const { port } = await startMosquitto();
      const witness = await mosquittoSub(port);
      const plan = { ...PLAIN, qos, subscribeQos: qos, target: target(port, { version }) };
      const result = await runLoad(plan);
      await eventually('the witness to count 1000', () => witness.count() >= 1000 || undefined, 10_000);
      expect(witness.count()).toBe(1000);
      await witness.stop();
      expect(result).toMatchObject({
        sent: 1000,
        expected: 1000,
        received: 1000,
        lost: 0,
        duplicated: 0,
        reordered: 0,
      });
      expect(result.acked).toBe(qos === 0 ? 0 : 1000);
      expect(result.latencyMs.count).toBe(1000);
      expect(result.ackMs.count).toBe(qos === 0 ? 0 : 1000);
      expect(result.connections).toBe(11);
      expect(result.connectMs.count).toBe(11);
      expect(result.subscribeMs.count).toBe(1);
    });
  }

  it('measures fan-out, p2p and shared with several senders and receivers in a process of their own', async () => {
    const { port } = await startMosquitto();
    const plan = { ...PLAIN, target: target(port), workers: 2, receiverProcess: true, durationS: 0.5 };
    const fanOut = await runLoad({ ...plan, profile: 'fan-out', subscribers: 5 });
    expect(fanOut).toMatchObject({ sent: 500, expected: 2500, received: 2500, lost: 0, reordered: 0 });
    const p2p = await runLoad({ ...plan, profile: 'p2p', publishers: 4, subscribers: 6 });
    expect(p2p).toMatchObject({ sent: 500, expected: 750, received: 750, lost: 0, reordered: 0 });
    const shared = await runLoad({ ...plan, profile: 'shared', subscribers: 3 });
    expect(shared).toMatchObject({ sent: 500, expected: 500, received: 500, lost: 0, duplicated: 0 });
    expect(shared.skipped).toBeUndefined();
  });

  it('hands on each second once, and the warm-up is not in the totals', async () => {
    const { port } = await startMosquitto();
    const seconds: Second[] = [];
    const plan = { ...PLAIN, target: target(port), warmUpS: 1, durationS: 2 };
    const result = await runLoad(plan, { onSecond: (second) => seconds.push(second) });
    expect(seconds.map(({ atS, offered }) => [atS, offered])).toEqual([
      [-1, 1000],
      [0, 1000],
      [1, 1000],
    ]);
    expect(result.timeline.map(({ atS }) => atS)).toEqual([-1, 0, 1]);
    expect(result.timeline[2]).toMatchObject({ sent: 1000, received: 1000, connected: 11 });
    expect(result.sent).toBe(2000);
  });

  it('keeps messages for subscribers that are away, and counts the time they were', async () => {
    const { port } = await startMosquitto();
    const kept = { cleanSession: false, qos: 1, subscribeQos: 1, durationS: 2 } as const;
    const result = await runLoad({ ...PLAIN, ...kept, profile: 'persistent', target: target(port) });
    expect(result).toMatchObject({ sent: 2000, received: 2000, lost: 0, duplicated: 0 });
    expect(result.latencyMs.max).toBeGreaterThan(900);
    expect(result.latencyMs.p50).toBeGreaterThan(0);
  });

  it('asks for retained messages when they are there, and takes them away afterwards', async () => {
    const { port } = await startMosquitto();
    const plan = {
      ...PLAIN,
      profile: 'retained',
      retain: true,
      publishers: 50,
      subscribers: 2,
      durationS: 0.5,
    } as const;
    const result = await runLoad({ ...plan, target: target(port) });
    expect(result).toMatchObject({ expected: 100, received: 100, lost: 0, duplicated: 0 });
    const again = await runLoad({ ...plan, publishers: 1, target: target(port) });
    expect(again.errors).toEqual({});
    expect(again.received).toBe(2);
  });

  it('lets idle devices come back all at once while others go on', async () => {
    const { port } = await startMosquitto();
    const result = await runLoad({ ...PLAIN, profile: 'reconnect-storm', connections: 111, target: target(port) });
    expect(result.connectMs.count).toBe(111 + 100);
    expect(result).toMatchObject({ connections: 111, received: 1000, lost: 0, errors: {} });
  });

  it('ends early when told to, with what was done', async () => {
    const { port } = await startMosquitto();
    const stop = new AbortController();
    const plan = { ...PLAIN, durationS: 30, target: target(port) };
    const result = await runLoad(plan, { signal: stop.signal, onSecond: () => stop.abort() });
    expect(result.wallSeconds).toBeLessThan(8);
    expect(result.sent).toBeGreaterThan(900);
    expect(result).toMatchObject({ received: result.sent, lost: 0 });
  });

  it('uses many source addresses in turn', async () => {
    const { port } = await startMosquitto();
    const sources = ['127.0.0.2', '127.0.0.3'];
    const result = await runLoad({ ...PLAIN, profile: 'connect', connections: 20, target: target(port, { sources }) });
    expect(result).toMatchObject({ connections: 20, errors: {} });
  });

  it('says who refused the login', async () => {
    const { port } = await startMosquitto(['allow_anonymous false']);
    const refused = runLoad({ ...PLAIN, target: target(port, { username: 'u%i', password: 'x' }) });
    await expect(refused).rejects.toThrow(`127.0.0.1:${port}: refused: not authorized`);
  });
});

describe('a load run', () => {
  it('says where nobody listens', async () => {
    const port = await freePort();
    await expect(runLoad({ ...PLAIN, target: target(port) })).rejects.toThrow(`127.0.0.1:${port}: ECONNREFUSED`);
  });

  it('refuses a plan whose parts do not go together', async () => {
    await expect(runLoad({ ...PLAIN, profile: 'p2p', topic: 'load' })).rejects.toThrow(
      'p2p needs %i or %c in the topic',
    );
    await expect(runLoad({ ...PLAIN, profile: 'persistent' })).rejects.toThrow(
      'persistent needs sessions that are kept',
    );
    await expect(runLoad({ ...PLAIN, publishers: 0 })).rejects.toThrow('publish needs publishers, got 0');
  });
});
