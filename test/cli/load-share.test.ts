import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { shareWith } from '../../cli/load-share.ts';
import { Client } from '../../mqtt/client.ts';
import { clockTopic, countersTopic } from '../../telemetry/topics.ts';
import { madePlan, madeResult } from '../loadtest/made-result.ts';
import { startTarget } from './load-command.ts';

let broker: Awaited<ReturnType<typeof startTarget>>;
beforeEach(async () => {
  broker = await startTarget();
});
afterEach(() => broker.close());

function target() {
  return {
    host: '127.0.0.1',
    port: broker.port,
    transport: 'tcp',
    path: '',
    insecure: false,
    version: '3.1.1',
    sources: [],
  } as const;
}
const [second] = madeResult().timeline;

it('a city hears every second of a load test, and how it ended', async () => {
  await broker.publish(clockTopic('wuxi'), Buffer.from('{}'), { qos: 0, retain: true });
  const heard = new EventTarget();
  const shares: { readonly [counter: string]: number }[] = [];
  const viewer = new Client({
    host: '127.0.0.1',
    port: broker.port,
    clientId: 'viewer',
    onMessage: (_, payload) => {
      shares.push(JSON.parse(Buffer.from(payload).toString()) as { [counter: string]: number });
      heard.dispatchEvent(new Event('share'));
    },
  });
  await viewer.start();
  await viewer.subscribe([{ filter: countersTopic('wuxi', 'load'), qos: 0 }]);
  const share = shareWith(target());
  // It finds the city by itself; until then nothing is said.
  const speaking = setInterval(() => share.second(second!), 20);
  await once(heard, 'share');
  clearInterval(speaking);
  expect(shares[0]).toMatchObject({ running: 1, sentPerS: 1000, receivedPerS: 1000, p99Ms: 9.9, lagMsP99: 0.2 });
  await share.end(madeResult({ generator: { ...madeResult().generator, saturated: true } }));
  while (shares.at(-1)!.running === 1) await once(heard, 'share');
  expect(shares.at(-1)).toMatchObject({ running: 0, valid: 0, lagMsP99: 0.2 });
  for (const value of Object.values(shares.at(-1)!)) expect(Number.isFinite(value)).toBe(true);
  await viewer.stop();
});

it('a broker without a city hears nothing', async () => {
  const before = broker.counters();
  const share = shareWith(target());
  share.second(second!);
  await share.end(madeResult());
  expect(broker.counters()).toMatchObject({ in: before.in, refused: before.refused });
});

it('nobody is asked where the client cannot go', async () => {
  const share = shareWith({ ...target(), transport: 'ws' });
  await share.end(undefined);
  const devices = shareWith({ ...madePlan.target, port: broker.port, username: 'dev-%i' });
  await devices.end(undefined);
  expect(broker.counters().clients).toBe(0);
});
