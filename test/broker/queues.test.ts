import { describe, expect, it } from 'vitest';
import { MESSAGE_BYTES, Queues } from '../../broker/queues.ts';
import type { Message } from '../../broker/queues.ts';

/** topic: also its bytes. */
const message = (topic: string, payloadBytes = 9, qos: 1 | 2 = 1): Message => {
  return { cmd: 'publish', topic, payload: Buffer.alloc(payloadBytes), qos, retain: false };
};

function made(limits: { sessionMessages?: number; queuedBytes?: number } = {}) {
  let dropped = 0;
  const queues = new Queues({ sessionMessages: 3, queuedBytes: 5 * MESSAGE_BYTES + 100, ...limits }, () => dropped++);
  return { queues, dropped: () => dropped };
}

/** What goes out on a new connection, in order. */
function allOf(queues: Queues, clientId: string): string[] {
  queues.rewind(clientId);
  const all = [];
  for (let kept = queues.next(clientId), id = 100; kept; kept = queues.next(clientId)) {
    all.push(`${kept.cmd === 'publish' ? kept.topic : kept.cmd} ${kept.messageId ?? 'new'}`);
    queues.send(clientId, kept.messageId ?? id++);
  }
  return all;
}

describe('what a session has not acknowledged', () => {
  it('is kept in order, under the identifier it went out with, until the client has it', () => {
    const { queues } = made();
    for (const topic of ['a', 'b', 'c']) queues.add('x', message(topic));
    queues.send('x', 7);
    queues.send('x', 8);
    expect(queues.next('x')).toMatchObject({ topic: 'c' });
    expect(queues.clear('x', 7)).toMatchObject({ topic: 'a' });
    expect(queues.clear('x', 7)).toBeUndefined();
    expect(queues.next('x')).toMatchObject({ topic: 'c' });
    expect([queues.uses('x', 7), queues.uses('x', 8), queues.rewind('x')]).toEqual([false, true, 8]);
    expect(allOf(queues, 'x')).toEqual(['b 8', 'c new']);
  });

  it('is cleared by an acknowledgement that comes before the message has gone out again', () => {
    const { queues } = made();
    for (const topic of ['a', 'b', 'c']) queues.add('x', message(topic));
    queues.send('x', 7);
    queues.send('x', 8);
    queues.rewind('x');
    queues.send('x', 7);
    queues.clear('x', 8);
    expect(queues.next('x')).toMatchObject({ topic: 'c' });
    expect(allOf(queues, 'x')).toEqual(['a 7', 'c new']);
  });

  it('gives way to its PUBREL, which takes no bytes, at QoS 2 only', () => {
    const { queues } = made();
    for (const topic of ['a', 'b']) queues.add('x', message(topic, 9, 2));
    queues.add('x', message('c'));
    for (const id of [7, 8, 9]) queues.send('x', id);
    for (const id of [8, 7, 8, 9, 10]) queues.release('x', id);
    expect(queues.bytes).toBe(10 + 3 * MESSAGE_BYTES);
    expect(allOf(queues, 'x')).toEqual(['pubrel 7', 'pubrel 8', 'c 9']);
  });

  it('is limited by number for one session and by bytes for all of them', () => {
    const { queues, dropped } = made();
    const kept = ['a', 'b', 'c', 'd'].map((topic) => queues.add('x', message(topic)));
    const bytes = 30 + 3 * MESSAGE_BYTES;
    expect([kept, queues.messages, queues.bytes, dropped()]).toEqual([[true, true, true, false], 3, bytes, 1]);
    const left = 2 * MESSAGE_BYTES + 70;
    expect(queues.add('y', message('e', left - MESSAGE_BYTES))).toBe(false);
    expect(queues.add('y', message('f', left - MESSAGE_BYTES - 1))).toBe(true);
    expect(queues.add('z', message('g'))).toBe(false);
    expect([queues.next('z'), queues.bytes, dropped()]).toEqual([undefined, bytes + left, 3]);
  });

  it('leaves nothing behind when its session is over', () => {
    const { queues } = made();
    for (const id of ['x', 'x', 'y']) queues.add(id, message('a'));
    queues.forget('x');
    queues.forget('never seen');
    expect([queues.next('x'), queues.messages, queues.bytes]).toEqual([undefined, 1, 10 + MESSAGE_BYTES]);
    queues.send('y', 1);
    queues.clear('y', undefined);
    expect(queues.messages).toBe(1);
    queues.clear('y', 1);
    expect([queues.messages, queues.bytes]).toEqual([0, 0]);
  });
});
