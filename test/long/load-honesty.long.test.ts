import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SpoolWriter } from '../../loadtest/spool.ts';
import type { Plan } from '../../loadtest/plan.ts';
import type { Result } from '../../loadtest/result.ts';
import { complaints, runWithStop } from '../loadtest/honesty.ts';
import { PLAIN, hasMosquitto, target } from '../loadtest/plans.ts';

const PER_S = 5000;
const RUN_S = 20;
const STOP_S = 2;
/** What mosquitto may need to work off two seconds of load, on a machine with other things to do. */
const SLACK_MS = 500;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-honesty-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A recorded city of 200 topics at 5,000 messages a second. */
function recorded(): string {
  const file = join(folder, 'city.spool');
  const spool = new SpoolWriter(file);
  for (let at = 0; at < PER_S * RUN_S; at++) spool.write(at / 5, `load/${at % 200}`, Buffer.alloc(60, 0x20));
  spool.close();
  return file;
}

const five = target(0, { version: '5' });
const acknowledged = { qos: 1, subscribeQos: 1 } as const;
/** 40 a second fit into the queue of connections that the system keeps for a program that does not accept. */
const coming = { connectPerS: 40, durationS: 1 };

const PROFILES: readonly {
  readonly profile: Plan['profile'];
  readonly more: () => Partial<Plan>;
  readonly of: (result: Result) => Result['latencyMs'];
  readonly stopAfterS?: number;
}[] = [
  { profile: 'publish', more: () => ({}), of: ({ latencyMs }) => latencyMs },
  { profile: 'publish', more: () => ({ qos: 1, subscribers: 0 }), of: ({ ackMs }) => ackMs },
  { profile: 'fan-out', more: () => ({ publishers: 5, subscribers: 5 }), of: ({ latencyMs }) => latencyMs },
  { profile: 'p2p', more: () => ({ publishers: 50, subscribers: 50, qos: 1 }), of: ({ latencyMs }) => latencyMs },
  { profile: 'shared', more: () => ({ target: five, subscribers: 4 }), of: ({ latencyMs }) => latencyMs },
  // While its subscribers are away: of messages that are kept for them only the acknowledgement tells.
  {
    profile: 'persistent',
    more: () => ({ ...acknowledged, cleanSession: false }),
    of: ({ ackMs }) => ackMs,
    stopAfterS: 4,
  },
  {
    profile: 'retained',
    more: () => ({ ...coming, retain: true, publishers: 5, subscribers: 40 * RUN_S }),
    of: ({ latencyMs }) => latencyMs,
  },
  { profile: 'reconnect-storm', more: () => ({ connections: 200 }), of: ({ latencyMs }) => latencyMs },
  {
    profile: 'city',
    more: () => ({ publishers: 50, schedule: { kind: 'spool', file: recorded(), speed: 1 } }),
    of: ({ latencyMs }) => latencyMs,
  },
  {
    profile: 'connect',
    more: () => ({ ...coming, connections: 40 * RUN_S, publishers: 0, subscribers: 0 }),
    of: ({ connectMs }) => connectMs,
  },
];

describe.skipIf(!hasMosquitto)(
  'a run of 20 s whose target stands still for 2 s gives a tenth of all evenly 0 to 2 s',
  () => {
    it.each(PROFILES)(
      '$profile',
      async ({ profile, more, of, stopAfterS }) => {
        const schedule = { kind: 'constant', perS: PER_S } as const;
        const plan = { ...PLAIN, profile, schedule, topic: 'load/%i', durationS: RUN_S, drainS: 10, ...more() };
        const result = await runWithStop(plan, { afterS: stopAfterS ?? 11, forS: STOP_S });
        expect(result.lost).toBe(0);
        expect(complaints(of(result), RUN_S, STOP_S, SLACK_MS)).toEqual([]);
        expect(of(result).max).toBeGreaterThan(1900);
        expect(of(result).p50).toBeLessThan(20);
      },
      90_000,
    );
  },
);
