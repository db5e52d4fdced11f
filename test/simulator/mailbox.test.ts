import { expect, test } from 'vitest';
import { Mailbox } from '../../simulator/mailbox.ts';
import type { Reporter } from '../../simulator/fleet.ts';
import type { Command } from '../../telemetry/messages.ts';

const letter = (id: string, expiresMs?: number): Command => ({
  id,
  name: 'readNow',
  args: {},
  ...(expiresMs === undefined ? {} : { expiresMs }),
});

function mailbox() {
  const box = new Mailbox();
  const expired: string[] = [];
  const report: Reporter = {
    record: () => {},
    event: () => {},
    ack: (device, tsMs, id, state) => void expired.push(`${device} ${id} ${state} ${tsMs}`),
  };
  return { box, expired, expire: (nowMs: number) => box.expire(nowMs, report) };
}

test('each command expires at its own time, whatever else waits', () => {
  const { box, expired, expire } = mailbox();
  box.put(1, letter('late', 5000), 0);
  box.put(1, letter('soon', 1000), 0);
  box.put(2, letter('never'), 0);
  box.put(3, letter('middle', 3000), 0);
  expire(999);
  expect(expired).toEqual([]);
  expire(1000);
  expect(expired).toEqual(['1 soon expired 1000']);
  expire(10_000);
  expect(expired.slice(1).sort()).toEqual(['1 late expired 5000', '3 middle expired 3000']);
  expect(box.take(2, 20_000).map(({ id }) => id)).toEqual(['never']);
});

test('a device fetches what came before it woke, once, oldest first', () => {
  const { box, expired, expire } = mailbox();
  box.put(7, letter('a', 9000), 100);
  box.put(7, letter('b'), 200);
  box.put(7, letter('c'), 5000);
  expect(box.take(7, 4000).map(({ id }) => id)).toEqual(['a', 'b']);
  expect(box.take(7, 4000)).toEqual([]);
  expire(100_000);
  expect(expired).toEqual([]);
  expect(box.take(7, 5000).map(({ id }) => id)).toEqual(['c']);
});
