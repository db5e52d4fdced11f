// What counts as a duplicate: not what MQTT says is the same message, and not what comes again because somebody subscribes again.
import { describe, expect, it } from 'vitest';
import { Receiver } from '../../loadtest/receiver.ts';
import { Device } from '../../loadtest/device.ts';
import type { Home } from '../../loadtest/device.ts';
import { HEADER_BYTES, writeHeader } from '../../loadtest/payload.ts';
import type { Plan } from '../../loadtest/plan.ts';
import { Tally } from '../../loadtest/tally.ts';
import { PacketWriter } from '../../mqtt/packets.ts';
import { PLAIN } from './plans.ts';

const RUN = 7;

function hearing(changes: Partial<Plan>) {
  const plan = { ...PLAIN, publishers: 2, subscribers: 1, ...changes };
  const tally = new Tally();
  tally.startNs = 0;
  const receiver = new Receiver(plan, RUN, tally);
  const home = { plan, writer: new PacketWriter() } as Partial<Home> as Home;
  const subscriber = new Device(home, plan.publishers, 'subscriber');
  const writer = new PacketWriter();
  const hear = (sequence: number, { publisher = 0, packetId = 0, dup = false, retain = false }: Message = {}) => {
    const payload = Buffer.alloc(HEADER_BYTES);
    writeHeader(payload, 0, RUN, 1, publisher, sequence);
    writer.publish('t', payload, plan.subscribeQos, retain, dup, packetId);
    const bytes = Buffer.from(writer.take());
    receiver.published(subscriber, bytes[0]!, bytes, 2, bytes.length, 2);
  };
  const counts = () => [tally.received, receiver.audit.duplicated];
  return { receiver, subscriber, hear, counts };
}

interface Message {
  readonly publisher?: number;
  readonly packetId?: number;
  readonly dup?: boolean;
  readonly retain?: boolean;
}

describe('a message at QoS 2 in a session that is kept', () => {
  it('that comes again before its PUBREL is the same one, afterwards a duplicate', () => {
    const { receiver, subscriber, hear, counts } = hearing({ qos: 2, subscribeQos: 2, cleanSession: false });
    hear(0, { packetId: 5 });
    hear(0, { packetId: 5, dup: true });
    expect(counts()).toEqual([1, 0]);
    receiver.released(subscriber, 5);
    hear(1, { packetId: 5 });
    expect(counts()).toEqual([2, 0]);
    hear(1, { packetId: 6, dup: true });
    expect(counts()).toEqual([2, 1]);
  });

  it('with an identifier that a new session uses anew is a new one', () => {
    const { hear, counts } = hearing({ qos: 2, subscribeQos: 2, cleanSession: false });
    hear(0, { packetId: 5 });
    hear(1, { packetId: 5 });
    expect(counts()).toEqual([2, 0]);
  });
});

describe('a retained message', () => {
  it('that comes again to who subscribes again is no duplicate, and is not received twice', () => {
    const { receiver, subscriber, hear, counts } = hearing({ profile: 'retained', retain: true });
    receiver.connected(subscriber);
    for (const publisher of [0, 1]) hear(0, { publisher, retain: true });
    receiver.connected(subscriber);
    for (const publisher of [0, 1]) hear(0, { publisher, retain: true });
    expect(counts()).toEqual([2, 0]);
    hear(0, { publisher: 1, retain: true });
    expect(counts()).toEqual([2, 1]);
  });
});
