// Results of load runs that never were, for whatever judges and shows results.
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { Plan } from '../../loadtest/plan.ts';
import type { Distribution, Result } from '../../loadtest/result.ts';

export const madePlan: Plan = {
  profile: 'publish',
  target: {
    host: '127.0.0.1',
    port: 1883,
    transport: 'tcp',
    path: '/mqtt?token=geheim',
    username: 'ann',
    password: 'a secret',
    key: 'PRIVATE KEY',
    cert: 'CERTIFICATE',
    ca: 'AUTHORITY',
    insecure: false,
    version: '3.1.1',
    sources: [],
  },
  connections: 11,
  publishers: 10,
  subscribers: 1,
  connectPerS: 500,
  schedule: { kind: 'constant', perS: 1000 },
  topic: 'load/%i',
  clientPrefix: 'load-',
  qos: 1,
  subscribeQos: 1,
  sizeBytes: 256,
  retain: false,
  keepAliveS: 60,
  cleanSession: true,
  window: 1000,
  warmUpS: 0,
  durationS: 10,
  drainS: 1,
  seed: 1,
  workers: 1,
  receiverProcess: false,
};

/** valuesMs: what was measured. */
export function distributionOf(valuesMs: readonly number[]): Distribution {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  for (const value of valuesMs) histogram.recordValue(Math.round(value * 1000));
  const at = (percent: number) => histogram.getValueAtPercentile(percent) / 1000;
  return {
    count: valuesMs.length,
    min: valuesMs.length === 0 ? 0 : Math.min(...valuesMs),
    mean: histogram.mean / 1000 || 0,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: valuesMs.length === 0 ? 0 : Math.max(...valuesMs),
    hdr: encodeIntoCompressedBase64(histogram),
  };
}

export const NOTHING = distributionOf([]);

/** 10,000 messages in ten seconds, 1 to 10 ms each, nothing lost; changed as told. */
export function madeResult(changes: Partial<Result> = {}): Result {
  const latencyMs = distributionOf(Array.from({ length: 10_000 }, (_, at) => 1 + (9 * at) / 9999));
  return {
    plan: madePlan,
    connections: 11,
    connectedAtEnd: 11,
    offeredPerS: 1000,
    sentPerS: 1000,
    receivedPerS: 1000,
    sent: 10_000,
    unsent: 0,
    expected: 10_000,
    received: 10_000,
    acked: 10_000,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    connectMs: distributionOf([1, 2, 3]),
    subscribeMs: NOTHING,
    ackMs: NOTHING,
    latencyMs,
    timeline: Array.from({ length: 10 }, (_, atS) => ({
      atS,
      offered: 1000,
      sent: 1000,
      acked: 1000,
      received: 1000,
      connected: 11,
      p50Ms: 5.5,
      p99Ms: 9.9,
      maxMs: 10,
      lagP99Ms: 0.2,
    })),
    errors: {},
    generator: {
      lagMsP50: 0.1,
      lagMsP99: 0.2,
      lagMsMax: 1,
      readLagMsP99: 0.1,
      ownMs: { p50: 0.1, p90: 0.1, p99: 0.3, p999: 0.5, max: 1 },
      blockedMsP99: 0,
      cpuShare: 0.3,
      loopDelayMsP99: 1,
      connectLagMsP99: 1,
      connectCpuShare: 0.1,
      saturated: false,
    },
    clock: 'One clock for both sides.',
    wallSeconds: 11,
    ...changes,
  };
}
