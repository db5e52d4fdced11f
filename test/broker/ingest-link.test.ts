// Records on their way to an api in another process: a device is acknowledged when the api has acknowledged, and nothing goes missing, is sent
// out of order or grows without bound, whatever the api does.
import { describe, expect, it } from 'vitest';
import { WINDOW } from '../../broker/ingest-link-queue.ts';
import { metricsText } from '../../broker/metrics.ts';
import { readPublish } from '../../mqtt/scanner.ts';
import type { Publication } from '../../mqtt/scanner.ts';
import { readMetrics } from '../prometheus.ts';
import { connectedNear } from './near.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

const TELEMETRY = 'city/wuxi/bus/b/telemetry';
const LINK = '$ingest/wuxi';
const FILTERS = ['city/wuxi/clock', 'city/wuxi/kinds/+', LINK, 'city/wuxi/#'];
const PUBACK = 4;
const PUBREC = 5;
const SUBACK = 9;
const REFUSED = 0x80;

const awaiting = (limits: NonNullable<Parameters<typeof start>[0]>['limits'] = {}) =>
  start({ awaitApi: true, ...(limits && { limits }) });
type Started = Awaited<ReturnType<typeof awaiting>>;

function subscribe(wire: Wire): void {
  wire.writer.subscribe(
    1,
    FILTERS.map((filter) => ({ filter, qos: 1 as const })),
  );
  wire.send();
}

/** An api that acknowledges only when it is told to. */
async function api(broker: Started, clientId = 'api-wuxi'): Promise<Wire> {
  const wire = await Wire.connected(broker.port, { clientId });
  subscribe(wire);
  await until(() => broker.ingestLink()!.isUp);
  return wire;
}

/** Telemetry whose payload is its number, as packets of the same number. */
function send(wire: Wire, numbers: readonly number[], qos: 0 | 1 | 2 = 1, topic = TELEMETRY): void {
  for (const number of numbers) wire.writer.publish(topic, Buffer.from(String(number)), qos, false, false, number);
  wire.send();
}

const publications = (wire: Wire): Publication[] =>
  wire.ofType(3).map(({ header, body }) => readPublish(header, body, 0, body.length));
const records = (wire: Wire): Publication[] => publications(wire).filter(({ topic }) => topic.endsWith('telemetry'));
const numbers = (wire: Wire): number[] => records(wire).map(({ payload }) => Number(payload.toString()));
const acknowledged = (wire: Wire): number[] => wire.ofType(PUBACK).map(({ body }) => body.readUInt16BE());
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

function acknowledge(wire: Wire, publications: readonly Publication[]): void {
  for (const { packetId } of publications) wire.writer.puback(packetId);
  wire.send();
}

async function device(broker: Started, clientId = 'device'): Promise<Wire> {
  return Wire.connected(broker.port, { clientId });
}

describe('a record of QoS 1', () => {
  it('is acknowledged when the api has acknowledged it, and not before', async () => {
    const broker = await awaiting();
    const [ingest, bus] = [await api(broker), await device(broker)];
    send(bus, [1, 2, 3]);
    await ingest.until(() => numbers(ingest).length === 3);
    await bus.ping();
    expect(acknowledged(bus)).toEqual([]);
    acknowledge(ingest, records(ingest));
    await bus.until(() => acknowledged(bus).length === 3);
    await ingest.ping();
    expect([numbers(ingest), acknowledged(bus)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(records(ingest).map(({ qos, dup, retain }) => [qos, dup, retain])).toEqual(
      range(1, 3).map(() => [1, false, false]),
    );
    expect(broker.ingestLink()).toMatchObject({ records: 0, bytes: 0, oldestMs: 0 });
  });

  it('waits for an api that is away, with its device connected', async () => {
    const broker = await awaiting();
    const bus = await device(broker);
    send(bus, range(1, 10));
    await bus.ping();
    expect(broker.ingestLink()).toMatchObject({ isUp: false, records: 10 });
    const ingest = await api(broker);
    await ingest.until(() => numbers(ingest).length === 10);
    expect(records(ingest).some(({ dup }) => dup)).toBe(false);
    expect(broker.ingestLink()!.oldestMs).toBeGreaterThan(0);
    acknowledge(ingest, records(ingest));
    await bus.until(() => acknowledged(bus).length === 10);
  });

  it('reaches its other subscribers after that', async () => {
    const broker = await awaiting();
    const [ingest, bus, page] = [await api(broker), await device(broker), await device(broker, 'page')];
    page.writer.subscribe(1, [{ filter: 'city/#', qos: 0 }]);
    page.send();
    await page.until(() => page.ofType(SUBACK).length === 1);
    send(bus, [1]);
    await ingest.until(() => numbers(ingest).length === 1);
    await page.ping();
    expect(numbers(page)).toEqual([]);
    acknowledge(ingest, records(ingest));
    await page.until(() => numbers(page).length === 1);
  });

  it('is acknowledged in order to its device, whoever else sends', async () => {
    const broker = await awaiting();
    const [ingest, bus, tram] = [await api(broker), await device(broker), await device(broker, 'tram')];
    send(bus, [1, 2]);
    await ingest.until(() => numbers(ingest).length === 2);
    send(tram, [11, 12]);
    await ingest.until(() => numbers(ingest).length === 4);
    acknowledge(ingest, records(ingest).toReversed());
    await bus.until(() => acknowledged(bus).length === 2);
    await tram.until(() => acknowledged(tram).length === 2);
    expect([acknowledged(bus), acknowledged(tram)]).toEqual([
      [1, 2],
      [11, 12],
    ]);
  });

  it('that takes the way through Aedes waits as well', async () => {
    const broker = await awaiting();
    const [ingest, bus] = [await api(broker), await device(broker)];
    bus.writer.publish(TELEMETRY, Buffer.from('1'), 1, false, true, 1);
    bus.send();
    await ingest.until(() => numbers(ingest).length === 1);
    await bus.ping();
    expect([acknowledged(bus), records(ingest)[0]!.dup]).toEqual([[], false]);
    acknowledge(ingest, records(ingest));
    await bus.until(() => acknowledged(bus).length === 1);
  });
});

it('a record of QoS 2 gets its PUBREC when the api has acknowledged it, and comes to it at QoS 1, once', async () => {
  const broker = await awaiting();
  const [ingest, bus] = [await api(broker), await device(broker)];
  send(bus, [1], 2);
  send(bus, [1], 2);
  await ingest.until(() => numbers(ingest).length > 0);
  await bus.ping();
  expect(bus.ofType(PUBREC)).toHaveLength(0);
  acknowledge(ingest, records(ingest));
  await bus.until(() => bus.ofType(PUBREC).length > 0);
  await ingest.ping();
  expect(records(ingest).map(({ qos }) => qos)).toEqual([1]);
});

describe('after the api was away', () => {
  it('what it did not acknowledge comes again with DUP, in order, before anything new', async () => {
    const broker = await awaiting();
    const [ingest, bus] = [await api(broker), await device(broker)];
    send(bus, range(1, 2));
    await ingest.until(() => numbers(ingest).length === 2);
    send(bus, range(3, 5));
    await ingest.until(() => numbers(ingest).length === 5);
    acknowledge(ingest, records(ingest).slice(0, 2));
    await bus.until(() => acknowledged(bus).length === 2);
    ingest.socket.destroy();
    await until(() => !broker.ingestLink()!.isUp);
    send(bus, range(6, 8));
    await bus.ping();
    const again = await api(broker);
    send(bus, [9]);
    await again.until(() => numbers(again).length === 7);
    expect(records(again).map(({ dup }, at) => [numbers(again)[at], dup])).toEqual([
      ...range(3, 5).map((number) => [number, true]),
      ...range(6, 9).map((number) => [number, false]),
    ]);
    expect(new Set(records(again).map(({ packetId }) => packetId)).size).toBe(7);
    acknowledge(again, records(again));
    await bus.until(() => acknowledged(bus).length === 9);
    expect([acknowledged(bus), broker.ingestLink()!.resent]).toEqual([range(1, 9), 3]);
  });

  it('it has the clock and the kinds before the first record, also when it subscribes all at once', async () => {
    const broker = await awaiting();
    const bus = await device(broker);
    for (const kind of range(1, 300))
      await broker.publish(`city/wuxi/kinds/k${kind}`, Buffer.of(1), { qos: 1, retain: true });
    await broker.publish('city/wuxi/clock', Buffer.of(1), { qos: 1, retain: true });
    await broker.publish('city/wuxi/bus/b/status', Buffer.of(1), { qos: 1, retain: true });
    send(bus, [1]);
    await bus.ping();
    const ingest = await api(broker);
    await ingest.until(() => publications(ingest).some(({ topic }) => topic.endsWith('status')));
    const topics = publications(ingest).map(({ topic }) => topic);
    const record = topics.indexOf(TELEMETRY);
    const before = topics.slice(0, record);
    expect([before[0], before.filter((topic) => topic.includes('/kinds/')).length]).toEqual(['city/wuxi/clock', 300]);
    expect(topics.indexOf('city/wuxi/bus/b/status')).toBeGreaterThan(record);
    ingest.socket.destroy();
  });

  it('a description comes before the records that its device sends behind it', async () => {
    const broker = await awaiting();
    const [ingest, bus] = [await api(broker), await device(broker)];
    bus.writer.publish('city/wuxi/kinds/tram', Buffer.from('{}'), 1, true, false, 1);
    send(bus, [2]);
    await ingest.until(() => publications(ingest).length === 2);
    expect(publications(ingest).map(({ topic }) => topic)).toEqual(['city/wuxi/kinds/tram', TELEMETRY]);
    ingest.socket.destroy();
  });
});

describe('other messages', () => {
  it('are acknowledged at once, and bear no identifier that a record could have', async () => {
    const broker = await awaiting();
    await broker.publish('city/wuxi/kinds/bus', Buffer.of(1), { qos: 1, retain: true });
    const [ingest, bus] = [await api(broker), await device(broker)];
    for (const [at, channel] of ['status', 'ack', 'status'].entries())
      bus.writer.publish(`city/wuxi/bus/b/${channel}`, Buffer.of(1), 1, false, false, at + 1);
    send(bus, [4]);
    await ingest.until(() => numbers(ingest).length === 1 && publications(ingest).length > 4);
    await bus.until(() => acknowledged(bus).length === 3);
    const others = publications(ingest).filter(({ topic }) => !topic.endsWith('telemetry'));
    expect(others.every(({ qos, packetId }) => qos === 1 && packetId > WINDOW)).toBe(true);
    // What they are answered with stands for no record.
    acknowledge(ingest, others);
    await ingest.ping();
    await bus.ping();
    expect([acknowledged(bus), broker.ingestLink()!.records]).toEqual([[1, 2, 3], 1]);
    ingest.socket.destroy();
  });

  it('of QoS 0 reach the api when it is up to date, else records among them are dropped and counted', async () => {
    const broker = await awaiting({ maxInProgress: WINDOW + 10 });
    const bus = await device(broker);
    send(bus, [1], 0);
    await bus.ping();
    expect([broker.counters().dropped, broker.ingestLink()!.records]).toEqual([1, 0]);
    const ingest = await api(broker);
    await ingest.until(() => ingest.ofType(SUBACK).length === 1);
    await ingest.ping();
    send(bus, [2], 0);
    await ingest.until(() => numbers(ingest).length === 1);
    send(bus, range(1, WINDOW + 1));
    await ingest.until(() => numbers(ingest).length === WINDOW + 1, 10_000);
    send(bus, [3], 0);
    send(bus, [4], 0, 'city/wuxi/bus/b/status');
    await ingest.until(() => publications(ingest).at(-1)!.topic.endsWith('status'));
    expect([numbers(ingest).at(-1), broker.counters().dropped]).toEqual([WINDOW, 2]);
    ingest.socket.destroy();
  });
});

describe('what waits for the api', () => {
  it('is bounded over all clients: beyond it nobody who publishes is read, and all keep their connections', async () => {
    const broker = await awaiting({ awaitedRecords: 26 });
    const buses = await Promise.all(
      ['a', 'b', 'c'].map((clientId) => Wire.connected(broker.port, { clientId, keepAliveS: 1 })),
    );
    // One chunk each, then no more of them.
    for (const bus of buses) send(bus, range(1, 9));
    await until(() => broker.ingestLink()!.records === 27);
    for (const bus of buses) send(bus, range(10, 18));
    const pings = setInterval(() => {
      for (const bus of buses) {
        bus.writer.pingreq();
        bus.send();
      }
    }, 400);
    // Longer than 1.5 keep-alives, during which the PINGREQs of at least one stay unread.
    await new Promise((resolve) => setTimeout(resolve, 2200));
    clearInterval(pings);
    expect([buses.some(({ closed }) => closed), broker.ingestLink()!.isFull]).toEqual([false, true]);
    expect(broker.ingestLink()!.records).toBeLessThanOrEqual(27 + 2 * 9);
    const ingest = await api(broker);
    let done = 0;
    await ingest.until(() => {
      acknowledge(ingest, records(ingest).slice(done));
      done = numbers(ingest).length;
      return done === 54;
    });
    for (const bus of buses) {
      await bus.until(() => acknowledged(bus).length === 18);
      expect(acknowledged(bus)).toEqual(range(1, 18));
    }
    expect([broker.ingestLink()!.isFull, broker.counters().refused]).toEqual([false, 0]);
  });

  it('who comes in meanwhile is not read either, but for an api', async () => {
    const broker = await awaiting({ awaitedRecords: 5 });
    const bus = await device(broker);
    send(bus, range(1, 5));
    await until(() => broker.ingestLink()!.isFull);
    const ingest = await Wire.connected(broker.port, { clientId: 'api-wuxi' });
    subscribe(ingest);
    // Right behind, as after a reconnect: it must not keep it from being heard.
    ingest.writer.publish('city/wuxi/bus/b/command', Buffer.from('{}'), 1, false, false, 1);
    ingest.send();
    await ingest.until(() => numbers(ingest).length === 5);
    acknowledge(ingest, records(ingest));
    await bus.until(() => acknowledged(bus).length === 5);
  });

  it('never grows beyond twice the limit: who sends on in spite of all is ended, unacknowledged', async () => {
    const broker = await awaiting({ awaitedRecords: 10 });
    const bus = await device(broker);
    send(bus, range(1, 100));
    await bus.until(() => bus.closed);
    expect([broker.ingestLink()!.records, acknowledged(bus)]).toEqual([20, []]);
    expect(broker.counters().refusedByCause).toEqual({ 'no-room': 1 });
  });

  it('waits in the queue, where it is counted, when the api does not read; it keeps its connection, and all arrives in order', async () => {
    const broker = await awaiting({ drainTimeoutMs: 100 });
    const ingest = await connectedNear(broker, 'api-wuxi');
    subscribe(ingest);
    await until(() => broker.ingestLink()!.isUp);
    await ingest.ping();
    ingest.socket.pause();
    const bus = await device(broker);
    const body = Buffer.alloc(10_000);
    const from = process.memoryUsage().external;
    for (const number of range(1, 400)) {
      body.write(String(number).padStart(5, '0'));
      bus.writer.publish(TELEMETRY, body, 1, false, false, number);
    }
    bus.send();
    await until(() => broker.ingestLink()!.records === 400);
    expect(process.memoryUsage().external - from).toBeLessThan(24_000_000);
    // Several times the limit for those who take nothing.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect([broker.ingestLink()!.isUp, broker.counters().refused]).toEqual([true, 0]);
    ingest.socket.resume();
    let done = 0;
    await ingest.until(() => {
      acknowledge(ingest, records(ingest).slice(done));
      done = records(ingest).length;
      return done === 400;
    });
    expect(records(ingest).map(({ payload }) => Number(payload.toString('latin1', 0, 5)))).toEqual(range(1, 400));
    await bus.until(() => acknowledged(bus).length === 400);
  });
});

describe('the link', () => {
  it('goes to the newest api: it gets what the other has not acknowledged, whose answers count no more', async () => {
    const broker = await awaiting();
    const [first, bus] = [await api(broker, 'api-1'), await device(broker)];
    send(bus, [1, 2]);
    await first.until(() => numbers(first).length === 2);
    const second = await api(broker, 'api-2');
    await second.until(() => numbers(second).length === 2);
    expect(records(second).map(({ dup }) => dup)).toEqual([true, true]);
    acknowledge(first, records(first));
    await first.ping();
    await bus.ping();
    expect(acknowledged(bus)).toEqual([]);
    first.socket.destroy();
    await until(() => broker.counters().clients === 2);
    expect(broker.ingestLink()!.isUp).toBe(true);
    acknowledge(second, records(second));
    await bus.until(() => acknowledged(bus).length === 2);
  });

  it('follows an api of the same name to its new connection', async () => {
    const broker = await awaiting();
    const [first, bus] = [await api(broker), await device(broker)];
    send(bus, [1]);
    await first.until(() => numbers(first).length === 1);
    const second = await Wire.connected(broker.port, { clientId: 'api-wuxi' });
    subscribe(second);
    await second.until(() => numbers(second).length === 1);
    expect([first.closed, records(second)[0]!.dup]).toEqual([true, true]);
    acknowledge(second, records(second));
    await bus.until(() => acknowledged(bus).length === 1);
  });

  it('ends with its subscription', async () => {
    const broker = await awaiting();
    const [ingest, bus] = [await api(broker), await device(broker)];
    ingest.writer.unsubscribe(2, [LINK]);
    ingest.send();
    await ingest.until(() => ingest.ofType(11).length === 1);
    send(bus, [1]);
    await bus.ping();
    expect(broker.ingestLink()).toMatchObject({ isUp: false, records: 1 });
  });

  it('is refused to a session that outlives its connection', async () => {
    const broker = await awaiting();
    const wire = await Wire.connected(broker.port, { clientId: 'api-wuxi', cleanSession: false });
    wire.writer.subscribe(1, [{ filter: LINK, qos: 1 }]);
    wire.send();
    await wire.until(() => wire.ofType(SUBACK).length === 1);
    expect([wire.ofType(SUBACK)[0]!.body[2], broker.ingestLink()!.isUp]).toEqual([REFUSED, false]);
  });

  it('may be asked for where nothing waits for it, and then means nothing', async () => {
    const broker = await start();
    const ingest = await Wire.connected(broker.port, { clientId: 'api-wuxi' });
    subscribe(ingest);
    await ingest.until(() => ingest.ofType(SUBACK).length === 1);
    expect([...ingest.ofType(SUBACK)[0]!.body.subarray(2)]).toEqual([1, 1, 1, 1]);
    const bus = await device(broker);
    send(bus, [1]);
    await bus.until(() => acknowledged(bus).length === 1);
    await ingest.until(() => numbers(ingest).length === 1);
    expect(broker.ingestLink()).toBeUndefined();
  });

  it('is shown to Prometheus', async () => {
    const broker = await awaiting();
    const bus = await device(broker);
    send(bus, [1]);
    await bus.ping();
    const { samples } = readMetrics(metricsText(broker));
    const shown = Object.fromEntries(samples);
    expect(shown).toMatchObject({
      citytwin_broker_ingest_link_up: 0,
      citytwin_broker_ingest_link_full: 0,
      citytwin_broker_ingest_link_records: 1,
      citytwin_broker_ingest_link_resent_total: 0,
    });
    expect(shown.citytwin_broker_ingest_link_oldest_seconds).toBeGreaterThan(0);
    expect(shown.citytwin_broker_ingest_link_bytes).toBeGreaterThan(300);
  });
});

describe('a broker that closes', () => {
  it('waits for the api to acknowledge what it was sent', async () => {
    const broker = await awaiting();
    const [ingest, bus] = [await api(broker), await device(broker)];
    send(bus, [1, 2]);
    await ingest.until(() => numbers(ingest).length === 2);
    const closing = broker.close();
    acknowledge(ingest, records(ingest));
    await closing;
    await bus.until(() => bus.closed);
    expect(acknowledged(bus)).toEqual([1, 2]);
  });

  it('without an api leaves unacknowledged what is, and does not wait', async () => {
    const broker = await awaiting();
    const bus = await device(broker);
    send(bus, [1]);
    await bus.ping();
    const fromMs = performance.now();
    await broker.close();
    await bus.until(() => bus.closed);
    expect(acknowledged(bus)).toEqual([]);
    expect(performance.now() - fromMs).toBeLessThan(2000);
  });
});
