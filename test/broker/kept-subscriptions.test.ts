import { describe, expect, it } from 'vitest';
import { KeptSubscriptions } from '../../broker/kept-subscriptions.ts';

function made() {
  const sessions = new Set(['a', 'b']);
  const kept = new KeptSubscriptions((clientId) => sessions.has(clientId));
  const concerned = (topic: string, qos: 1 | 2 = 2) =>
    [...kept.concerned(topic, qos)].toSorted(([a], [b]) => a.localeCompare(b));
  return { sessions, kept, concerned };
}

describe('what kept sessions have subscribed', () => {
  it('concerns each once, at the best of its filters and at most at the QoS of the message [MQTT-3.3.5-1]', () => {
    const { kept, concerned } = made();
    kept.add('a', [
      { topic: 'x/#', qos: 0 },
      { topic: 'x/+', qos: 2 },
      { topic: 'x/y', qos: 1 },
    ]);
    kept.add('b', [{ topic: 'x/y', qos: 1 }]);
    expect(concerned('x/y')).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(concerned('x/y', 1)).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(concerned('x/y/z')).toEqual([]);
  });

  it('is replaced by the same filter, at QoS 0 for no message that is kept [MQTT-3.8.4-3]', () => {
    const { kept, concerned } = made();
    kept.add('a', [{ topic: 'x', qos: 1 }]);
    kept.add('a', [{ topic: 'x', qos: 0 }]);
    expect([kept.of('a'), concerned('x')]).toEqual([[{ topic: 'x', qos: 0 }], []]);
  });

  it('goes with its filters, or with its session', () => {
    const { kept, concerned } = made();
    for (const id of ['a', 'b'])
      kept.add(id, [
        { topic: 'x', qos: 1 },
        { topic: '+', qos: 1 },
      ]);
    kept.remove('a', ['x', 'never']);
    kept.forget('b');
    expect([kept.of('a'), kept.of('b'), concerned('x')]).toEqual([[{ topic: '+', qos: 1 }], [], [['a', 1]]]);
  });

  it('is not taken for a session that is over', () => {
    const { sessions, kept, concerned } = made();
    sessions.delete('a');
    kept.forget('a');
    kept.add('a', [{ topic: 'x', qos: 1 }]);
    expect([kept.of('a'), concerned('x')]).toEqual([[], []]);
  });
});
