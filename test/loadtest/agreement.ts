// One load run beside an independent subscriber, and what both must agree about: to the message, in total and for each publisher.
import { expect } from 'vitest';
import type { Plan } from '../../loadtest/plan.ts';
import { runLoad } from '../../loadtest/run.ts';
import { PLAIN, target } from './plans.ts';
import { startWitness } from './witness.ts';

export const SHAPES = {
  publish: { profile: 'publish', publishers: 10, subscribers: 1 },
  'fan-out': { profile: 'fan-out', publishers: 2, subscribers: 4 },
  p2p: { profile: 'p2p', publishers: 5, subscribers: 5 },
} as const satisfies { readonly [name: string]: Partial<Plan> };
export type ShapeName = keyof typeof SHAPES;

export async function expectAgreement(
  port: number,
  shape: ShapeName,
  qos: 0 | 1 | 2,
  perS: number,
  durationS: number,
): Promise<void> {
  const witness = await startWitness(port, qos, PLAIN.sizeBytes);
  const plan: Plan = { ...PLAIN, ...SHAPES[shape], schedule: { kind: 'constant', perS } };
  const result = await runLoad({ ...plan, qos, subscribeQos: qos, durationS, target: target(port) });
  const sent = perS * durationS;
  const received = shape === 'fan-out' ? sent * SHAPES[shape].subscribers : sent;
  const testimony = await witness.testimony(sent);
  expect(testimony).toEqual({ count: sent, publishers: plan.publishers, missing: 0, repeated: 0, late: 0 });
  expect(result).toMatchObject({ sent, expected: received, received, lost: 0, duplicated: 0, reordered: 0 });
  expect(result).toMatchObject({ acked: qos === 0 ? 0 : sent, unsent: 0, errors: {} });
}
