// Load runs against brokers of others agree with an independent subscriber; what such a broker has not is said, not measured. More of
// the same, with more messages, in test/long/load-targets.long.test.ts.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runLoad } from '../../loadtest/run.ts';
import { describeWith } from '../parts.ts';
import { SHAPES, expectAgreement } from './agreement.ts';
import type { ShapeName } from './agreement.ts';
import { PLAIN, startMosquitto, target } from './plans.ts';
import { startNats } from './targets.ts';

const QUICK = { ...PLAIN, publishers: 4, durationS: 0.3 };

describeWith(['mosquitto', 'mosquitto_sub', 'stdbuf'], 'a load run against mosquitto', () => {
  it.each([
    ['fan-out', 1],
    ['p2p', 0],
  ] as const)('of %s at QoS %s counts what mosquitto_sub counts', async (shape, qos) => {
    const { port } = await startMosquitto();
    await expectAgreement(port, shape, qos, 1000, 0.5);
  });
});

describeWith(['nats-server', 'mosquitto_sub', 'stdbuf'], 'a load run against NATS', () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats.end());

  it.each((Object.keys(SHAPES) as ShapeName[]).map((shape, at) => [shape, (at % 2) as 0 | 1] as const))(
    'of %s at QoS %s counts what mosquitto_sub counts',
    (shape, qos) => expectAgreement(nats.port, shape, qos, 1000, 0.5),
  );

  it.each([
    ['shared', { profile: 'shared', subscribers: 2 }, 'the broker grants shared subscriptions and delivers nothing'],
    ['QoS 2', { qos: 2 }, 'the broker ends connections that publish at QoS 2: closed by the broker'],
  ] as const)('skips %s, with the reason', async (_, more, skipped) => {
    const result = await runLoad({ ...QUICK, ...more, target: target(nats.port) });
    expect(result).toMatchObject({ sent: 0, received: 0 });
    expect(result.skipped).toContain(skipped);
  });

  it('names the version to take where MQTT 5 is refused', async () => {
    const going = runLoad({ ...QUICK, target: target(nats.port, { version: '5' }) });
    await expect(going).rejects.toThrow(/the broker does not speak MQTT 5; expected -V 3\.1\.1$/);
  });
});
