import { describe, expect, it } from 'vitest';
import { Sessions } from '../../broker/sessions.ts';
import { start, until } from './start.ts';
import type { Wire as Connected } from './wire.ts';
import { Wire } from './wire.ts';

const EVENT = 'city/wuxi/bus/b/event';
const BODY = Buffer.from('{}');
const DAY_MS = 86_400_000;

function made(limits: { sessions?: number; sessionExpiryS?: number } = {}): { sessions: Sessions; ended: string[] } {
  const ended: string[] = [];
  const sessions = new Sessions({ sessions: 3, sessionExpiryS: 100, ...limits }, (id) => ended.push(id));
  return { sessions, ended };
}

describe('a session that outlives its connection', () => {
  it('ends when its client has been away for the limit, and not a moment earlier', () => {
    const { sessions, ended } = made();
    sessions.claim('a', 'ann', false, 0);
    sessions.expire(1e9);
    expect(ended).toEqual([]); // connected
    sessions.sleep('a', 1e9);
    sessions.expire(1e9 + 99_999);
    expect([ended, sessions.sleeping]).toEqual([[], 1]);
    sessions.expire(1e9 + 100_000);
    expect([ended, sessions.sleeping, sessions.expired]).toEqual([['a'], 0, 1]);
  });

  it('sleeps anew after each visit', () => {
    const { sessions, ended } = made();
    sessions.claim('a', 'ann', false, 0);
    sessions.sleep('a', 0);
    expect(sessions.claim('a', 'ann', false, 90_000)).toBe('ok');
    expect(sessions.isResumed('a')).toBe(true);
    sessions.expire(200_000);
    sessions.sleep('a', 200_000);
    sessions.expire(299_000);
    expect(ended).toEqual([]);
  });

  it('is over for a client that comes back too late, even if nobody has looked', () => {
    const { sessions, ended } = made();
    sessions.claim('a', 'ann', false, 0);
    sessions.sleep('a', 0);
    expect(sessions.claim('a', 'bob', false, 100_000)).toBe('ok');
    expect([ended, sessions.isResumed('a'), sessions.expired]).toEqual([['a'], false, 1]);
  });

  it('makes room when it is the one longest asleep; who is connected keeps theirs', () => {
    const { sessions, ended } = made();
    for (const id of ['a', 'b', 'c']) sessions.claim(id, 'ann', false, 0);
    expect(sessions.claim('d', 'ann', false, 1)).toBe('too-many');
    sessions.sleep('c', 2);
    sessions.sleep('a', 3);
    expect(sessions.claim('d', 'ann', false, 4)).toBe('ok');
    expect([ended, sessions.displaced, sessions.expired]).toEqual([['c'], 1, 0]);
  });

  it('ends with a clean connection of its owner, and of nobody else', () => {
    const { sessions, ended } = made();
    sessions.claim('a', 'ann', false, 0);
    sessions.sleep('a', 0);
    expect([sessions.claim('a', 'bob', true, 1), ended]).toEqual(['taken', []]);
    expect([sessions.claim('a', 'ann', true, 1), ended]).toEqual(['ok', ['a']]);
    expect([sessions.sleeping, sessions.expired]).toEqual([0, 0]);
  });
});

async function kept(port: number, clientId: string): Promise<Connected> {
  const wire = await Wire.connected(port, { clientId, cleanSession: false });
  wire.writer.subscribe(1, [{ filter: EVENT, qos: 1 }]);
  wire.send();
  await wire.until(() => wire.ofType(9).length === 1);
  return wire;
}

describe('the broker', () => {
  it('forgets a session after a day away, with its subscriptions and all that waits for it', async () => {
    let nowMs = 5;
    const broker = await start({ nowMs: () => nowMs });
    (await kept(broker.port, 'away')).socket.destroy();
    await until(() => broker.status().clientsDisconnected === 1);
    await broker.publish(EVENT, BODY, { qos: 1, retain: false });
    expect(broker.status().queuedMessages).toBe(1);
    nowMs += DAY_MS;
    await until(() => broker.status().clientsDisconnected === 0);
    expect(broker.status()).toMatchObject({ clientsExpired: 1, queuedMessages: 0 });
    await broker.publish(EVENT, BODY, { qos: 1, retain: false });
    expect(broker.status().queuedMessages).toBe(0);
    const back = await Wire.connected(broker.port, { clientId: 'away', cleanSession: false });
    expect(back.ofType(2)[0]!.body[0]).toBe(0); // no session present
    await back.ping();
    expect(back.ofType(3)).toEqual([]);
  });

  it('keeps it a moment less than a day', async () => {
    let nowMs = 0;
    const broker = await start({ nowMs: () => nowMs });
    (await kept(broker.port, 'away')).socket.destroy();
    await until(() => broker.status().clientsDisconnected === 1);
    await broker.publish(EVENT, BODY, { qos: 1, retain: false });
    nowMs += DAY_MS - 1;
    const back = await Wire.connected(broker.port, { clientId: 'away', cleanSession: false });
    expect(back.ofType(2)[0]!.body[0]).toBe(1);
    await back.until(() => back.ofType(3).length === 1);
  });

  it('lets a new session in where one sleeps, and counts the one that had to go', async () => {
    const broker = await start({ limits: { sessions: 2 } });
    const [first, second] = await Promise.all([kept(broker.port, 'first'), kept(broker.port, 'second')]);
    expect((await Wire.connected(broker.port, { clientId: 'third', cleanSession: false })).returnCode).toBe(3);
    second.socket.destroy();
    await until(() => broker.status().clientsDisconnected === 1);
    expect((await Wire.connected(broker.port, { clientId: 'third', cleanSession: false })).returnCode).toBe(0);
    expect(broker.status()).toMatchObject({ sessionsDisplaced: 1, clientsDisconnected: 0 });
    await broker.publish(EVENT, BODY, { qos: 1, retain: false });
    await first.until(() => first.ofType(3).length === 1);
  });

  it('does not end a connected client whose session is full', async () => {
    const broker = await start({ limits: { sessionMessages: 5 } });
    const wire = await kept(broker.port, 'busy');
    // None of them is acknowledged, so five fill the session.
    for (let n = 0; n < 8; n++) await broker.publish(EVENT, BODY, { qos: 1, retain: false });
    await wire.until(() => wire.ofType(3).length === 8);
    await wire.ping();
    expect([wire.closed, broker.status().queuedMessages, broker.counters().dropped]).toEqual([false, 5, 3]);
  });
});
