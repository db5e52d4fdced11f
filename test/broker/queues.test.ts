import { describe, expect, it } from 'vitest';
import { Queues } from '../../broker/queues.ts';
import type { Kept } from '../../broker/queues.ts';

type Message = Kept & { brokerCounter: number };
const message = (brokerCounter: number, bytes = 10): Message => {
  return { cmd: 'publish', brokerId: 'b', brokerCounter, topic: 't', payload: Buffer.alloc(bytes - 1) };
};

function made(limits: { sessionMessages?: number; queuedBytes?: number } = {}) {
  let dropped = 0;
  const queues = new Queues<Kept>({ sessionMessages: 3, queuedBytes: 100, ...limits }, () => dropped++);
  return { queues, dropped: () => dropped };
}

describe('what a session has not acknowledged', () => {
  it('is kept in order, under the identifier it went out with, until the client has it', () => {
    const { queues } = made();
    for (const counter of [1, 2, 3]) queues.add('a', message(counter));
    queues.update('a', { ...message(2), messageId: 7 });
    expect(queues.of('a').map(({ messageId }) => messageId)).toEqual([undefined, 7, undefined]);
    expect(queues.clear('a', 7)).toMatchObject({ brokerCounter: 2 });
    expect(queues.clear('a', 7)).toBeUndefined();
    expect(queues.of('a').map(({ brokerCounter }) => brokerCounter)).toEqual([1, 3]);
  });

  it('gives way to its PUBREL, which takes no bytes', () => {
    const { queues } = made();
    queues.add('a', message(1));
    queues.update('a', { ...message(1), messageId: 7 });
    queues.update('a', { cmd: 'pubrel', messageId: 7 });
    expect([queues.of('a'), queues.bytes]).toEqual([[{ cmd: 'pubrel', messageId: 7 }], 0]);
  });

  it('is limited by number for one session and by bytes for all of them', () => {
    const { queues, dropped } = made();
    for (const counter of [1, 2, 3, 4]) queues.add('a', message(counter));
    expect([queues.of('a').length, queues.bytes, dropped()]).toEqual([3, 30, 1]);
    queues.add('b', message(5, 71));
    queues.add('b', message(6, 70));
    queues.add('c', message(7));
    expect([queues.of('b').length, queues.of('c').length, queues.bytes, dropped()]).toEqual([1, 0, 100, 3]);
  });

  it('leaves nothing behind when its session is over', () => {
    const { queues } = made();
    queues.add('a', message(1));
    queues.add('a', message(2));
    queues.add('b', message(3));
    queues.forget('a');
    queues.forget('never seen');
    expect([queues.of('a'), queues.messages, queues.bytes]).toEqual([[], 1, 10]);
    queues.clear('b', undefined);
    expect([queues.messages, queues.bytes]).toEqual([0, 0]);
  });
});
