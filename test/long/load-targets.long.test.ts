// Load runs against brokers of others, every profile that such a broker has at every QoS, agree to the message with an independent
// subscriber.
import { afterAll, beforeAll, it } from 'vitest';
import { SHAPES, expectAgreement } from '../loadtest/agreement.ts';
import type { ShapeName } from '../loadtest/agreement.ts';
import { startMosquitto } from '../loadtest/plans.ts';
import { startNats } from '../loadtest/targets.ts';
import { describeWith } from '../parts.ts';

const TIMEOUT_MS = 60_000;
/** Messages per second by QoS: a broker on a small machine holds fewer at QoS 2. */
const PER_S = [4000, 4000, 1000] as const;
const DURATION_S = 5;
const each = (highest: 1 | 2) =>
  (Object.keys(SHAPES) as ShapeName[]).flatMap((shape) =>
    ([0, 1, 2] as const).filter((qos) => qos <= highest).map((qos) => [shape, qos] as const),
  );

describeWith(['mosquitto', 'mosquitto_sub', 'stdbuf'], 'mosquitto and mosquitto_sub agree', () => {
  it.each(each(2))('about %s at QoS %s', { timeout: TIMEOUT_MS }, async (shape, qos) => {
    const { port } = await startMosquitto();
    await expectAgreement(port, shape, qos, PER_S[qos], DURATION_S);
  });
});

describeWith(['nats-server', 'mosquitto_sub', 'stdbuf'], 'NATS and mosquitto_sub agree', () => {
  let nats: Awaited<ReturnType<typeof startNats>>;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats.end());
  it.each(each(1))('about %s at QoS %s', { timeout: TIMEOUT_MS }, (shape, qos) =>
    expectAgreement(nats.port, shape, qos, PER_S[qos], DURATION_S),
  );
});
