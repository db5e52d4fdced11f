import { describe, expect, it } from 'vitest';
import { Alarms } from '../../api/alarms.ts';
import { Rejected } from '../../api/rejected.ts';
import { quiet } from './city.ts';

const event = (device: string, ts: number, state: 'raised' | 'cleared') => {
  return { kind: 'bus', device, ts, seq: 1, name: 'breakdown', state, fields: {} };
};

describe('alarms', () => {
  it('raised again while open are the same alarm; raised before the last clearing they came late', () => {
    const alarms = new Alarms();
    const first = alarms.take(event('b-1', 10, 'raised'), 'critical')!;
    expect(alarms.take(event('b-1', 20, 'raised'), 'critical')).toBeUndefined();
    expect(alarms.take(event('b-1', 30, 'cleared'), 'critical')).toEqual({ ...first, clearedAt: 30 });
    expect(alarms.take(event('b-1', 25, 'raised'), 'critical')).toBeUndefined();
    expect(alarms.take(event('b-1', 40, 'raised'), 'critical')!.id).not.toBe(first.id);
    expect(alarms.list(false, 10)).toHaveLength(2);
  });

  it('are bounded: the oldest cleared one is forgotten first', () => {
    const alarms = new Alarms(2);
    alarms.take(event('b-1', 1, 'raised'), 'info');
    alarms.take(event('b-2', 2, 'raised'), 'info');
    alarms.take(event('b-2', 3, 'cleared'), 'info');
    alarms.take(event('b-3', 4, 'raised'), 'info');
    alarms.take(event('b-4', 5, 'raised'), 'info');
    expect(alarms.list(false, 10).map(({ device }) => device)).toEqual(['b-4', 'b-3']);
  });
});

describe('rejected items', () => {
  it('are counted for ever and kept within the limit of memory', () => {
    const rejected = new Rejected(quiet, () => 1, undefined, 10_000);
    for (let count = 0; count < 100; count++) {
      void rejected.add('not-json', 'bad', { topic: `t/${count}`, payload: Buffer.from('x'.repeat(2000)) });
    }
    expect([rejected.total, rejected.byCause()]).toEqual([100, { 'not-json': 100 }]);
    const kept = rejected.newest(100);
    expect(kept.map(({ topic }) => topic)).toEqual(['t/99', 't/98', 't/97', 't/96']);
    expect(kept[0]!.payload).toHaveLength(1024);
  });

  it('of QoS 0 are kept up to a thousand a second, and all counted; others are always kept', () => {
    let now = 5000;
    const rejected = new Rejected(quiet, () => now);
    const origin = { topic: 't', payload: Buffer.from('x') };
    for (let count = 0; count < 5000; count++) rejected.addFleeting('clock', 'bad', origin);
    expect([rejected.total, rejected.listed, rejected.givenUp]).toEqual([5000, 1000, 4000]);
    for (let count = 0; count < 2000; count++) void rejected.add('clock', 'bad', origin);
    expect([rejected.total, rejected.listed]).toEqual([7000, 3000]);
    now += 1000;
    rejected.addFleeting('clock', 'bad', origin);
    expect([rejected.listed, rejected.givenUp, rejected.byCause()]).toEqual([3001, 4000, { clock: 7001 }]);
  });
});
