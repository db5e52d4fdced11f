import { describe, expect, it } from 'vitest';
import { Turns } from '../../broker/turns.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('do some at once and so much in each turn, in order', async () => {
    const turns = new Turns();
    const done: number[] = [];
    for (let at = 0; at < 1000; at++) turns.take(() => done.push(at));
    const atOnce = done.length;
    const each: number[] = [];
    for (let before = atOnce; done.length < 1000; before = done.length) {
      await nextTurn();
      each.push(done.length - before);
    }
    expect(Math.max(atOnce, ...each)).toBeLessThanOrEqual(16);
    expect(Math.min(...each.slice(0, -1))).toBeGreaterThan(0);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
  });

  it('serve what comes while they work after all that waits', async () => {
    const turns = new Turns();
    const done: string[] = [];
    for (let at = 0; at < 40; at++) turns.take(() => done.push('early'));
    turns.take(() => {
      done.push('middle');
      turns.take(() => done.push('late'));
    });
    while (done.length < 42) await nextTurn();
    expect(done.slice(-2)).toEqual(['middle', 'late']);
  });
});

describe('connections that end at once', () => {
  it.each(['destroy', 'resetAndDestroy', 'end'] as const)(
    'by %s are all gone, and their wills are out',
    async (how) => {
      const broker = await start();
      const will = { topic: 'city/wuxi/bus/b/status', payload: Buffer.from('offline'), qos: 0 as const, retain: false };
      const leaving = await Promise.all(
        Array.from({ length: 100 }, (_, at) => Wire.connected(broker.port, { clientId: `c${at}`, will })),
      );
      const stays = await Wire.connected(broker.port);
      stays.writer.subscribe(1, [{ filter: 'city/#', qos: 0 }]);
      stays.send();
      await stays.until(() => stays.ofType(9).length === 1);
      for (const { socket } of leaving) socket[how]();
      await until(() => broker.status().connections === 1 && broker.counters().clients === 1);
      await stays.until(() => stays.ofType(3).length === 100);
      expect(broker.counters().refusedByCause).toEqual({});
    },
  );
});
