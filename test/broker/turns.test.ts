import { describe, expect, it } from 'vitest';
import { Turns } from '../../broker/turns.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

describe('turns', () => {
  it('do so much at once and the rest later, in order, however late they are', async () => {
    const turns = new Turns(300);
    const done: number[] = [];
    for (let at = 0; at < 10; at++) turns.take(() => done.push(at));
    expect(done).toEqual([0, 1, 2]); // 300 a second are 3 in 10 ms
    const until = performance.now() + 50;
    while (performance.now() < until); // a busy loop catches nothing up
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(done.length).toBeLessThanOrEqual(6);
    while (done.length < 10) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('serve what comes while they work after all that waits', async () => {
    const turns = new Turns(100_000); // 1000 in 10 ms
    const done: string[] = [];
    for (let at = 0; at < 2000; at++) turns.take(() => done.push('early'));
    turns.take(() => {
      done.push('middle');
      turns.take(() => done.push('late'));
    });
    expect(turns.waiting).toBe(1001);
    while (done.length < 2002) await new Promise((resolve) => setImmediate(resolve));
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

  it('by DISCONNECT are all gone, without their wills, and nothing that follows it counts', async () => {
    const broker = await start({ limits: { departuresPerS: 1000 } });
    const will = { topic: 'city/wuxi/bus/b/status', payload: Buffer.from('offline'), qos: 0 as const, retain: false };
    const leaving = await Promise.all(
      Array.from({ length: 100 }, (_, at) => Wire.connected(broker.port, { clientId: `c${at}`, will })),
    );
    for (const wire of leaving) {
      wire.writer.disconnect();
      wire.writer.publish('city/wuxi/bus/b/event', Buffer.from('{}'), 0, false, false, 0);
      wire.send();
    }
    await until(() => broker.status().connections === 0 && broker.counters().clients === 0);
    expect(broker.frames).toEqual([]);
  });
});
