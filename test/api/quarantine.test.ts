import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../api/journal/journal.ts';
import { Quarantine } from '../../api/quarantine.ts';
import type { Quarantined } from '../../api/quarantine.ts';
import type { Frame } from '../../telemetry/messages.ts';
import { NOW, allSettled, onFatal, quiet, startCity, until } from './city.ts';

const MB = 1_048_576;
const TOPIC = 'city/wuxi/bus/b-1/telemetry';
let folder = '';
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citytwin-quarantine-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true });
});

async function open(): Promise<{ quarantine: Quarantine; journal: Journal }> {
  const journal = await Journal.open({ folder, log: quiet, onFatal, minFreeBytes: 0, maxBytes: 16 * MB });
  closing.push(() => journal.close());
  return { quarantine: new Quarantine(journal), journal };
}

const item = (cause: string, payload: Uint8Array) => ({ cause, detail: 'why', topic: TOPIC, payload, at: NOW });

async function kept(quarantine: Quarantine): Promise<Quarantined[]> {
  const all = [];
  for await (const one of quarantine.items()) all.push({ ...one, payload: Buffer.from(one.payload) });
  return all;
}

const causes = async (quarantine: Quarantine) => (await kept(quarantine)).map(({ cause }) => cause);

/** Items of 15 KB up to this share of its room. */
async function fill(quarantine: Quarantine, journal: Journal, share: number): Promise<number> {
  let count = 0;
  while (journal.state.bytes < share * journal.state.maxBytes) {
    const some = Array.from({ length: 20 }, () => quarantine.add(item('not-json', Buffer.alloc(15_000, 0x61))));
    await allSettled(some);
    count += some.length;
  }
  return count;
}

describe('quarantine', () => {
  it('keeps the beginning of what is larger than its journal takes, and says that it is not all', async () => {
    const { quarantine } = await open();
    const payload = Buffer.alloc(MB, 0x61);
    await quarantine.add({ ...item('bad-timetable', payload), topic: `city/wuxi/${'x'.repeat(60_000)}` });
    await quarantine.add({ ...item('bad-timetable', payload), detail: '\u0001'.repeat(1024) });
    for (const one of await kept(quarantine)) {
      expect(one.wholeBytes).toBe(MB);
      expect(one.payload.length).toBeGreaterThan(300_000);
      expect(one.detail).toContain(`only the first ${one.payload.length} of ${MB} bytes are kept`);
    }
  });

  it('takes nothing again of which it has the beginning only, and keeps that', async () => {
    const { quarantine } = await open();
    await quarantine.add(item('bad-timetable', Buffer.alloc(MB)));
    await quarantine.add(item('bad-timetable', Buffer.alloc(10)));
    const taken: Frame[] = [];
    expect(await quarantine.replay((frame) => void taken.push(frame))).toBe(1);
    expect(taken.map(({ payload }) => payload.length)).toEqual([10]);
    expect((await kept(quarantine)).map(({ wholeBytes }) => wholeBytes)).toEqual([MB]);
  });

  it('gives nothing up for a replay, however full it is', async () => {
    const { quarantine, journal } = await open();
    const others = await fill(quarantine, journal, 0.59);
    await quarantine.add(item('wrong-type', Buffer.from('{}')));
    expect(await quarantine.replay(() => undefined, 'wrong-type')).toBe(1);
    expect(await causes(quarantine)).toEqual(Array.from({ length: others }, () => 'not-json'));
    expect(quarantine.givenUp).toBe(0);
  });

  it('counts what it gave up', async () => {
    const { quarantine, journal } = await open();
    const before = await fill(quarantine, journal, 0.6);
    await quarantine.add(item('not-json', Buffer.alloc(10)));
    await until(() => quarantine.givenUp > 0);
    expect(quarantine.givenUp).toBeGreaterThan(before / 5);
    expect((await kept(quarantine)).length + quarantine.givenUp).toBe(before + 1);
  });

  it('has all that a replay handed on which did not live to see it on disk', async () => {
    const { quarantine, journal } = await open();
    for (const cause of ['wrong-type', 'not-json', 'wrong-type']) await quarantine.add(item(cause, Buffer.from('{}')));
    let handedOn = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const replayed = quarantine.replay(() => (handedOn++, promise), 'wrong-type');
    await until(() => handedOn === 2);
    await journal.close();
    const after = await open();
    expect((await causes(after.quarantine)).slice(0, 3)).toEqual(['wrong-type', 'not-json', 'wrong-type']);
    resolve();
    await replayed;
  });

  it('keeps what it has no room to keep anew', async () => {
    const { quarantine, journal } = await open();
    for (let count = 0; count < 3; count++) await quarantine.add(item('wrong-type', Buffer.from('{}')));
    let isFull = false;
    Object.defineProperty(journal, 'isFull', { get: () => isFull });
    const take = () => {
      isFull = true;
      return undefined;
    };
    expect(await quarantine.replay(take)).toBe(1);
    expect([await causes(quarantine), quarantine.givenUp]).toEqual([['wrong-type', 'wrong-type'], 0]);
  });

  it('replays one thing at a time', async () => {
    const city = await startCity({ journal: { folder, onFatal, minFreeBytes: 0 } });
    closing.push(() => city.api.close());
    await city.api.take({ topic: 'sensors/kitchen', payload: Buffer.from('1'), qos: 1, retain: false });
    const answers = await Promise.all([1, 2].map(() => city.post('/api/rejected/replay', {})));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
    expect((await city.post('/api/rejected/replay', {})).body).toEqual({ replayed: 1 });
  });
});
