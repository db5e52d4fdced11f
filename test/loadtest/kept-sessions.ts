// The load profile `persistent` against our own broker, as short or as long as a test wants it.
import { expect } from 'vitest';
import { runLoad } from '../../loadtest/run.ts';
import { start, until } from '../broker/start.ts';
import { PLAIN, target } from './plans.ts';

/** Publishers, subscribers, messages per second of all publishers together; each subscriber gets all of them. */
export const SHAPES = [
  [5, 2, 300],
  [5, 2, 2000],
  [50, 10, 2000],
] as const;

/** Sessions are away for half of durationS, and may keep all that comes meanwhile. */
export async function expectAllInOrder(
  [publishers, subscribers, perS]: readonly [number, number, number],
  qos: 1 | 2,
  durationS: number,
): Promise<void> {
  const broker = await start({ limits: { sessionMessages: perS * durationS } });
  const sent = perS * durationS;
  const result = await runLoad({
    ...PLAIN,
    profile: 'persistent',
    target: target(broker.port),
    topic: 'city/wuxi/bus/%i/event',
    cleanSession: false,
    schedule: { kind: 'constant', perS },
    publishers,
    subscribers,
    qos,
    subscribeQos: qos,
    durationS,
  });
  const expected = { expected: sent * subscribers, received: sent * subscribers, lost: 0, duplicated: 0, reordered: 0 };
  expect(result).toMatchObject({ sent, ...expected });
  expect(result.latencyMs.max).toBeGreaterThan((durationS / 2) * 900); // it was away
  expect(broker.counters().dropped).toBe(0);
  await until(() => broker.status().queuedMessages === 0);
}
