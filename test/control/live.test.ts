import { afterEach, describe, expect, it } from 'vitest';
import { startControl } from '../../control/live.ts';
import type { Control } from '../../control/live.ts';
import type { Broker } from '../../broker/broker.ts';
import type { Frame } from '../../telemetry/messages.ts';
import { start, until } from '../broker/start.ts';
import { BusWords } from './bus-words.ts';

const bus = {
  kind: 'bus',
  label: 'Bus',
  fields: {
    line: { label: 'Line', unit: '', type: 'string' },
    direction: { label: 'Direction', unit: '', type: 'string' },
    trip: { label: 'Trip', unit: '', type: 'string' },
    nextStop: { label: 'Stop', unit: '', type: 'string' },
    stopSequence: { label: 'Stop number', unit: '' },
    status: { label: 'Status', unit: '', type: 'string' },
    alongM: { label: 'Along', unit: 'm' },
    speedMps: { label: 'Speed', unit: 'm/s' },
    boarded: { label: 'Boarded', unit: '' },
    alighted: { label: 'Alighted', unit: '' },
    denied: { label: 'Denied', unit: '' },
    headwayS: { label: 'Headway', unit: 's' },
    targetHeadwayS: { label: 'Target', unit: 's' },
  },
};

const controls: Control[] = [];
const lines: string[] = [];
const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
afterEach(async () => {
  await Promise.all(controls.splice(0).map((control) => control.stop()));
  lines.length = 0;
});

type Started = Awaited<ReturnType<typeof start>>;

async function control(broker: Broker): Promise<Control> {
  const started = await startControl({ city: 'wuxi', broker: { host: '127.0.0.1', port: broker.port }, log });
  controls.push(started);
  return started;
}

async function put(broker: Broker, topic: string, message: object, retain = false): Promise<void> {
  await broker.publish(`city/wuxi/${topic}`, Buffer.from(JSON.stringify(message)), { qos: 1, retain });
}

/** A city with a clock, whose buses speak over MQTT. */
async function city(broker: Broker, speed: number | 'max' = 1) {
  const clock = (simTimeMs: number) =>
    put(broker, 'clock', { simTimeMs, utcOffsetMin: 0, speed, trueSpeed: 1, scenario: 's', seed: 1 }, true);
  await put(broker, 'kinds/bus', bus, true);
  await clock(3_000_000);
  const words = new BusWords({
    name: 'wire',
    reads: [],
    observe: ({ device, ts, seq, fields }) => void put(broker, `bus/${device}/telemetry`, { ts, seq, ...fields }),
    decide: () => [],
  });
  return { clock, words };
}

/** What was sent on topics that end like this. */
function sent(broker: Started, ending: string): { [key: string]: unknown }[] {
  return broker.frames.filter(({ topic }: Frame) => topic.endsWith(ending)).map(textOf);
}

function textOf({ payload }: Frame): { [key: string]: unknown } {
  return JSON.parse(Buffer.from(payload).toString()) as { [key: string]: unknown };
}

/** A bus comes to stop 6, a control point, a minute and a half after another one left it. */
function bunch({ words }: { words: BusWords }, atS: number): void {
  words.arrives('far', 24, atS);
  words.leaves('ahead', 6, atS + 1);
  words.leaves('self', 5, atS + 2);
  words.arrives('ahead', 7, atS + 80);
  words.arrives('self', 6, atS + 91);
}

describe('the control centre over MQTT', () => {
  it('describes itself first, then turns a decision into a command to the bus and an event of its own', async () => {
    const broker = await start();
    await control(broker);
    const live = await city(broker);
    bunch(live, 3000);
    await until(() => sent(broker, 'bus-dispatch/event').length > 0);
    const [command] = sent(broker, 'bus/self/command');
    expect(command).toMatchObject({ name: 'hold', expiresMs: 60_000 });
    const { durationS } = command!.args as { durationS: number };
    expect(durationS).toBeGreaterThanOrEqual(30);
    expect(sent(broker, 'bus-dispatch/event')[0]).toMatchObject({
      name: 'decision',
      bus: 'self',
      action: 'hold',
      line: '608',
      stop: 'out-6',
      durationS,
      gapS: 90,
      targetS: 300,
      leader: 'ahead',
      policy: 'two-way-headway',
    });
    const own = broker.frames.filter(({ topic }) => topic.includes('bus-dispatch'));
    expect(own[0]!.topic).toBe('city/wuxi/kinds/bus-dispatch');
    expect(own[0]!.retain).toBe(true);
  });

  it('reports itself and the expected arrivals, counting from 1, and never one decision a line in its log', async () => {
    const broker = await start();
    await control(broker);
    const live = await city(broker);
    bunch(live, 3000);
    await until(() => sent(broker, 'bus-dispatch/telemetry').length > 0 && sent(broker, 'arrivals/608').length > 0);
    const [record] = sent(broker, 'bus-dispatch/telemetry');
    expect(record).toMatchObject({ ts: 3_091_000, policy: 'two-way-headway', decisions: 1 });
    const numbers = [...sent(broker, 'bus-dispatch/event'), record!].map(({ seq }) => seq);
    expect(new Set(numbers)).toEqual(new Set([1, 2]));
    const arrivals = sent(broker, 'arrivals/608')[0] as { ts: number; buses: { bus: string }[] };
    expect(arrivals.ts).toBe(3_091_000);
    expect(arrivals.buses.map((expected) => expected.bus)).toContain('self');
    await until(() => sent(broker, 'counters/control').some(({ sent: count }) => count === 1));
    expect(lines).toEqual([]);
  });

  it('obeys a command once and answers it each time', async () => {
    const broker = await start();
    await control(broker);
    const live = await city(broker);
    live.words.arrives('a', 3, 3001);
    await until(() => sent(broker, 'bus-dispatch/telemetry').length > 0);
    const ask = (id: string, args: object) =>
      put(broker, 'bus-dispatch/bus-dispatch/command', { id, name: 'setPolicy', args });
    await ask('one', { policy: 'schedule' });
    await ask('two', { policy: 'shedule' });
    await ask('three', { policy: 'timetable' });
    await ask('one', { policy: 'schedule' });
    const acks = () => sent(broker, 'bus-dispatch/ack').map(({ id, state }) => `${String(id)} ${String(state)}`);
    await until(() => acks().length === 6);
    expect(acks()).toEqual(['one accepted', 'one done', 'two rejected', 'three accepted', 'three done', 'one done']);
    expect(sent(broker, 'bus-dispatch/ack')[2]!.reason).toBe('unknown policy "shedule", did you mean schedule?');
    await live.clock(3_020_000);
    await until(() => sent(broker, 'bus-dispatch/telemetry').at(-1)!.policy === 'timetable');
  });

  it('sends no commands to a city that runs too fast for them, but goes on reporting', async () => {
    const broker = await start();
    const centre = await control(broker);
    const live = await city(broker, 600);
    bunch(live, 3000);
    await until(() => sent(broker, 'bus-dispatch/telemetry').some(({ ts }) => ts === 3_091_000));
    expect(sent(broker, 'bus/self/command')).toEqual([]);
    expect(sent(broker, 'bus-dispatch/telemetry').at(-1)).toMatchObject({ decisions: 0 });
    expect(centre.sent).toBe(0);
  });

  it('starts in the middle of the day without memory and acts on the next close arrival', async () => {
    const broker = await start();
    const first = await control(broker);
    const live = await city(broker);
    bunch(live, 3000);
    await until(() => sent(broker, 'bus/self/command').length === 1);
    await first.stop();
    const before = sent(broker, 'counters/control').length;
    await control(broker);
    // It has heard what is retained: kinds, then the clock.
    await until(() => sent(broker, 'counters/control').length > before);
    await live.clock(3_400_000);
    live.words.drives('ahead', 11, 3400, 5_100);
    live.words.leaves('self', 8, 3401);
    live.words.arrives('self', 9, 3480);
    await until(() => sent(broker, 'bus/self/command').length === 2);
    await until(() => sent(broker, 'bus-dispatch/event').length === 2);
    expect(sent(broker, 'bus-dispatch/event').at(-1)).toMatchObject({ leader: 'ahead' });
    const own = [...sent(broker, 'bus-dispatch/event'), ...sent(broker, 'bus-dispatch/telemetry')];
    expect(own.filter(({ seq }) => seq === 1)).toHaveLength(2);
  });

  it('forgets the old city when another one begins, and believes no bus from the future', async () => {
    const broker = await start();
    await control(broker);
    const live = await city(broker);
    live.words.leaves('liar', 5, 900_000);
    bunch(live, 3000);
    await until(() => sent(broker, 'bus/self/command').length === 1);
    await live.clock(1_000_000);
    bunch(live, 1000);
    await until(() => sent(broker, 'bus-dispatch/event').length === 2);
    expect(sent(broker, 'bus-dispatch/event').at(-1)).toMatchObject({ ts: 1_091_000, gapS: 90 });
  });

  it('survives what is no record, no clock and no command', async () => {
    const broker = await start();
    await control(broker);
    const live = await city(broker);
    await put(broker, 'clock', { simTimeMs: 'noon' });
    await put(broker, 'bus/a/telemetry', { ts: 1, speedMps: 'fast' });
    await put(broker, 'bus-dispatch/bus-dispatch/command', { name: 'setPolicy' });
    await put(broker, 'bus-dispatch/bus-dispatch/command', { id: 'x', name: 'setPolicy', args: 'all' });
    await until(() => sent(broker, 'bus-dispatch/ack').length > 0);
    expect(sent(broker, 'bus-dispatch/ack')[0]).toMatchObject({ id: 'x', state: 'rejected' });
    bunch(live, 3000);
    await until(() => sent(broker, 'bus/self/command').length === 1);
  });

  it('says once that its broker is gone and once that it is back, and nothing at its own end', async () => {
    const broker = await start();
    const centre = await control(broker);
    await broker.close();
    await until(() => lines.length > 0);
    const again = await start({ port: broker.port });
    await until(() => again.frames.some(({ topic }) => topic === 'city/wuxi/kinds/bus-dispatch'), 10_000);
    await centre.stop();
    expect(lines).toEqual([
      'the control centre lost its broker: connection closed by the broker',
      'the control centre has its broker again',
    ]);
  }, 15_000);
});
