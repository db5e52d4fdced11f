import { expect, it } from 'vitest';
import { matches } from '../../broker/filters.ts';
import { Grants } from '../../broker/grants.ts';
import { start } from './start.ts';
import { Wire } from './wire.ts';

const LEVELS = ['a', 'b', '+', '$x'];
const paths = LEVELS.flatMap((one) => LEVELS.flatMap((two) => [`${one}/${two}`, `${one}/${two}/c`]));
const filters = [...LEVELS, ...paths, '#', 'a/#', '+/#', 'a/+/#', '+/b/#'];
const topics = [...LEVELS, ...paths].filter((path) => !path.includes('+'));

it.each([3, filters.length])('the best of the filters that match decides, of %s filters', (count) => {
  for (let begin = 0; begin < filters.length; begin++) {
    const grants = new Grants();
    const expected = new Map<string, 0 | 1 | 2>();
    for (let at = 0; at < count; at++) {
      const filter = filters[(begin + at) % filters.length]!;
      const qos = ((begin + at) % 3) as 0 | 1 | 2;
      grants.set(filter, qos);
      expected.set(filter, qos);
      if (at % 5 === 4) {
        grants.delete(filter);
        expected.delete(filter);
      }
    }
    expect(grants.size).toBe(expected.size);
    for (const topic of topics) {
      const found = [...expected].filter(([filter]) => matches(filter, topic)).map(([, qos]) => qos);
      for (const published of [0, 1, 2] as const) {
        expect(grants.best(topic, published), topic).toBe(Math.min(published, Math.max(0, ...found)));
      }
    }
  }
});

it('what is granted anew takes the place of what was granted before', () => {
  const grants = new Grants();
  for (const qos of [1, 2, 0, 1] as const) {
    grants.set('a/+', qos);
    expect([grants.best('a/b', 2), grants.size, grants.has('a/+')]).toEqual([qos, 1, true]);
  }
  grants.delete('a/+');
  expect([grants.best('a/b', 2), grants.size, grants.has('a/+')]).toEqual([0, 0, false]);
});

it('a filter of QoS 0 that is subscribed at QoS 2 is granted it, whatever others delivered before', async () => {
  const topic = 'city/wuxi/bus/b/event';
  const broker = await start();
  const wire = await Wire.connected(broker.port);
  const heardAt = async (qos: 1 | 2): Promise<number> => {
    const before = wire.ofType(3).length;
    wire.writer.publish(topic, Buffer.of(1), qos, false, false, 9);
    wire.send();
    await wire.until(() => wire.ofType(3).length > before);
    return (wire.ofType(3).at(-1)!.header >> 1) & 3;
  };
  const subscribe = async (filter: string, qos: 0 | 1 | 2): Promise<void> => {
    const before = wire.ofType(9).length;
    wire.writer.subscribe(1, [{ filter, qos }]);
    wire.send();
    await wire.until(() => wire.ofType(9).length > before);
  };
  await subscribe(topic, 0);
  expect(await heardAt(1)).toBe(0);
  await subscribe('city/#', 2);
  expect(await heardAt(2)).toBe(2);
  await subscribe(topic, 2);
  wire.writer.unsubscribe(1, ['city/#']);
  wire.send();
  await wire.until(() => wire.ofType(11).length === 1);
  expect(await heardAt(1)).toBe(1);
});
