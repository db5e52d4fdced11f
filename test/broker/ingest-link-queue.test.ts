import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkQueue, WINDOW } from '../../broker/ingest-link-queue.ts';
import { LinkTickets } from '../../broker/ingest-link-tickets.ts';

const payload = new Uint8Array(10);

/** Sends all that may be sent. → their topics */
function sendAll(queue: LinkQueue): string[] {
  const topics: string[] = [];
  for (let next = queue.next(); next; next = queue.next()) {
    next.wasSent = true;
    topics.push(next.topic);
  }
  return topics;
}

describe('the records that wait for the api', () => {
  it('go out in their order, whatever is acknowledged and however often the connection changes', () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ send: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ acknowledge: fc.integer({ min: 1, max: 3000 }), outOfOrder: fc.boolean() }),
      fc.record({ rewind: fc.constant(true) }),
    );
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new LinkQueue();
      let added = 0;
      let acknowledged = 0;
      /** On this connection, in the order of sending. */
      let underWay: { topic: number; packetId: number }[] = [];
      const known = new Set<number>();
      for (const one of steps) {
        if ('add' in one) for (let at = 0; at < one.add; at++) queue.add(String(added++), payload);
        else if ('rewind' in one) {
          queue.rewind();
          underWay = [];
        } else if ('send' in one) {
          for (let at = 0; at < one.send; at++) {
            const next = queue.next();
            if (!next) break;
            const topic = Number(next.topic);
            expect(topic).toBeGreaterThan(underWay.at(-1)?.topic ?? -1);
            expect(next.wasSent).toBe(known.has(topic));
            next.wasSent = true;
            known.add(topic);
            underWay.push({ topic, packetId: next.packetId });
          }
        } else {
          for (let at = 0; at < one.acknowledge && underWay.length > 0; at++) {
            const sent = one.outOfOrder ? underWay.pop()! : underWay.shift()!;
            expect(queue.acknowledge(sent.packetId)).toBe(true);
            acknowledged++;
          }
        }
        expect(new Set(underWay.map(({ packetId }) => packetId)).size).toBe(underWay.length);
      }
      // Whatever is left goes out, each once.
      queue.rewind();
      let left = 0;
      for (let next = queue.next(); next; next = queue.next()) {
        expect(queue.acknowledge(next.packetId)).toBe(true);
        left++;
      }
      expect([acknowledged + left, queue.length, queue.bytes]).toEqual([added, 0, 0]);
    });
    fc.assert(property, { numRuns: 30 });
  });

  it('are gone when one that was acknowledged ahead of its turn is the last, on the next connection', () => {
    const queue = new LinkQueue();
    queue.add('0', payload);
    queue.add('1', payload);
    const [, second] = [queue.next()!, queue.next()!];
    expect(queue.acknowledge(second.packetId)).toBe(true);
    queue.rewind();
    expect(queue.acknowledge(queue.next()!.packetId)).toBe(true);
    expect([queue.length, queue.bytes, queue.head]).toEqual([0, 0, 2]);
  });

  it('are not under way in greater number than there are identifiers, and an identifier that is not under way is nothing', () => {
    const queue = new LinkQueue();
    for (let at = 0; at < WINDOW + 10; at++) queue.add(String(at), payload);
    expect(sendAll(queue)).toHaveLength(WINDOW);
    expect([queue.acknowledge(1), queue.acknowledge(1), queue.acknowledge(WINDOW + 1)]).toEqual([true, false, false]);
    expect(sendAll(queue)).toEqual([String(WINDOW)]);
  });

  it('count the chunk in which they came once, as long as the oldest of it waits', () => {
    const queue = new LinkQueue();
    const chunk = new Uint8Array(5000);
    queue.add('a', chunk.subarray(0, 10));
    const first = queue.bytes;
    queue.add('b', chunk.subarray(10, 20));
    expect([first > 5000, queue.bytes < 6000]).toEqual([true, true]);
    sendAll(queue);
    queue.acknowledge(1);
    queue.acknowledge(2);
    expect(queue.bytes).toBe(0);
  });
});

describe('tickets', () => {
  it('are shared within a turn, and settle with the last record that has them', async () => {
    const tickets = new LinkTickets();
    const settled: string[] = [];
    const first = tickets.of(0);
    expect(tickets.of(1)).toBe(first);
    await new Promise((resolve) => setImmediate(resolve));
    const second = tickets.of(2);
    expect(second).not.toBe(first);
    void first.then(() => settled.push('first'));
    void second.then(() => settled.push('second'));
    tickets.settle(1);
    await Promise.resolve();
    expect([settled, tickets.oldestMs === undefined]).toEqual([[], false]);
    tickets.settle(2);
    await Promise.resolve();
    expect(settled).toEqual(['first']);
    tickets.settle(3);
    await Promise.resolve();
    expect([settled, tickets.oldestMs]).toEqual([['first', 'second'], undefined]);
  });

  it('are not shared by more than a few: the first of a busy turn does not wait for the last', () => {
    const tickets = new LinkTickets();
    const all = Array.from({ length: 1000 }, (_, sequence) => tickets.of(sequence));
    expect(new Set(all).size).toBe(8);
  });
});
