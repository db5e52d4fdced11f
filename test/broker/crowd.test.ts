import { expect, it } from 'vitest';
import { NoRoom } from '../../telemetry/no-room.ts';
import { errors, start, until } from './start.ts';
import { Wire } from './wire.ts';

const PUBACK = 4;
const TOPIC = 'city/wuxi/bus/b-1/telemetry';

it('while its api says that too much waits, nobody who publishes is read on; afterwards nothing is missing', async () => {
  const broker = await start();
  const [first, second, viewer] = await Promise.all(
    ['bus-1', 'bus-2', 'viewer'].map((clientId) => Wire.connected(broker.port, { clientId })),
  );
  broker.crowd(true);
  const send = (wire: Wire, packetId: number): void => {
    wire.writer.publish(TOPIC, Buffer.from(`${packetId}`), 1, false, false, packetId);
    wire.send();
  };
  for (const wire of [first!, second!]) {
    send(wire, 1);
    await wire.until(() => acknowledged(wire) === 1);
    send(wire, 2);
  }
  await viewer!.ping(); // who publishes nothing is read: so would the others have been
  expect(broker.frames.filter(({ topic }) => topic === TOPIC)).toHaveLength(2);
  broker.crowd(false);
  for (const wire of [first!, second!]) await wire.until(() => acknowledged(wire) === 2);
  expect(broker.frames.filter(({ topic }) => topic === TOPIC)).toHaveLength(4);
});

it('whom its api has no room for is ended, unacknowledged and without an error', async () => {
  const take = (): undefined => {
    throw new NoRoom('too many records wait');
  };
  const broker = await start({ take });
  const wire = await Wire.connected(broker.port);
  wire.writer.publish(TOPIC, Buffer.from('1'), 1, false, false, 1);
  wire.send();
  await wire.until(() => wire.closed);
  await until(() => broker.counters().refused > 0);
  expect([acknowledged(wire), broker.counters().refusedByCause, errors]).toEqual([0, { 'no-room': 1 }, []]);
});

function acknowledged(wire: Wire): number {
  return wire.ofType(PUBACK).length;
}
