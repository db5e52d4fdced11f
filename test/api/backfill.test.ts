// A simulator that is killed in the middle of a backfill sends its last stretch again: every store must still hold each record once,
// with the api alive all the time, started again, or having forgotten devices.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CityClock } from '../../api/city-clock.ts';
import { Ingest } from '../../api/ingest.ts';
import { SeenWindow } from '../../api/identity.ts';
import { Kinds } from '../../api/kinds.ts';
import { Rejected } from '../../api/rejected.ts';
import type { Store } from '../../api/store.ts';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { createInflux1Store } from '../../api/stores/influx1.ts';
import { createMemoryStore } from '../../api/stores/memory.ts';
import { startInfluxd } from '../influxd.ts';
import { NOW, allSettled, bus, onFatal, quiet } from './city.ts';
import { createRandom } from './random.ts';

const DAY_MS = 86_400_000;
const START = NOW - 30 * DAY_MS;
const TICK_MS = 5000;
const DEVICES = 100;
const TICKS = 200;
const ALL = { fromMs: 0, toMs: 9_000_000_000_000 };

const folder = await mkdtemp(join(tmpdir(), 'citytwin-backfill-'));
const influxd = await startInfluxd();
afterAll(async () => {
  await influxd?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Message {
  readonly channel: 'telemetry' | 'event';
  readonly device: string;
  readonly payload: Buffer;
}

/** In order of time, devices interleaved, events and records of a device counting together; some report seldom, one starts again. */
function history(seed: number): Message[] {
  const random = createRandom(seed);
  const seq = new Uint32Array(DEVICES);
  const messages: Message[] = [];
  for (let tick = 0; tick < TICKS; tick++) {
    for (let device = 0; device < DEVICES; device++) {
      if (device % 10 === 3 && tick % 40 !== device % 40) continue;
      if (device === 7 && tick === TICKS / 2) seq[device] = 0;
      const isEvent = random() < 0.02;
      const head = { ts: START + tick * TICK_MS + device, seq: ++seq[device]! };
      const body = isEvent ? { ...head, name: 'breakdown', state: 'raised' } : { ...head, speedMps: tick % 40 };
      const payload = Buffer.from(JSON.stringify(body));
      messages.push({ channel: isEvent ? 'event' : 'telemetry', device: `bus-${device}`, payload });
    }
  }
  return messages;
}

class Api {
  readonly ingest: Ingest;
  readonly kinds: Kinds;
  readonly store: Store;
  readonly rejected: Rejected;

  constructor(store: Store, memory: { devicesInMemory?: number; window?: SeenWindow } = {}) {
    this.store = store;
    this.rejected = new Rejected(quiet, () => NOW);
    this.kinds = new Kinds({ store, rejected: this.rejected, log: quiet, ...memory });
    const cityClock = new CityClock();
    const clock = { simTimeMs: START, utcOffsetMin: 480, speed: 'max', trueSpeed: 1000, scenario: 'demo', seed: 1 };
    cityClock.take(Buffer.from(JSON.stringify({ ...clock, backfillFromMs: START })), NOW);
    const { kinds, rejected } = this;
    this.ingest = new Ingest({
      city: 'wuxi',
      store,
      kinds,
      rejected,
      log: quiet,
      now: () => NOW,
      cityClock,
      onFatal,
      onDurable: () => {},
    });
  }

  async start(): Promise<this> {
    await this.store.open();
    await this.kinds.load();
    await this.kinds.take('bus', Buffer.from(JSON.stringify(bus)), 'city/wuxi/kinds/bus');
    return this;
  }

  /** Resolves when all of it is acknowledged; a turn of the event loop after every `burst` messages. */
  async send(messages: readonly Message[], burst = 500): Promise<void> {
    const tickets: (Promise<void> | undefined)[] = [];
    for (const [at, { channel, device, payload }] of messages.entries()) {
      const topic = `city/wuxi/bus/${device}/${channel}`;
      tickets.push(this.ingest.take(channel, 'bus', device, { topic, payload, qos: 1, retain: false }));
      if (at % burst === burst - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    await allSettled(tickets);
  }

  /** As after a kill: nothing is remembered but what the store has. */
  async end(): Promise<void> {
    await this.ingest.close(1000);
    this.kinds.close();
    await this.store.close();
  }
}

async function storedRecords(store: Store): Promise<number> {
  const bucket = { everyMs: DAY_MS, agg: 'count', utcOffsetMin: 0 } as const;
  const groups = await store.aggregate({
    kind: 'bus',
    field: 'speedMps',
    ...ALL,
    bucket,
    groupBy: 'kind',
    maxGroups: 1,
  });
  return groups.flatMap(({ value }) => value).reduce<number>((sum, count) => sum + Number(count), 0);
}

async function expectOnce({ store, rejected }: Api, messages: readonly Message[]): Promise<void> {
  const records = messages.filter(({ channel }) => channel === 'telemetry').length;
  expect(rejected.total).toBe(0);
  expect(await storedRecords(store)).toBe(records);
  expect(await store.events({ ...ALL, limit: 1_000_000 })).toHaveLength(messages.length - records);
}

const STORES: { readonly [name: string]: (place: string) => Store } = {
  duckdb: (place) => createDuckDbStore({ file: join(folder, `${place}.duckdb`), memoryLimitMb: 256 }),
  ...(influxd && { influx1: (place) => createInflux1Store({ url: influxd.url, database: place, city: 'wuxi' }) }),
};

/** Devices that report many samples at once: in order of time for each device only. */
function inBursts(messages: readonly Message[]): Message[] {
  const bursts = Array.from({ length: Math.ceil(messages.length / 1000) }, (_, at) =>
    Map.groupBy(messages.slice(at * 1000, (at + 1) * 1000), ({ device }) => device),
  );
  return bursts.flatMap((burst) => [...burst.values()].flat());
}

describe.each(Object.keys(STORES))('a backfill into %s', { timeout: 60_000 }, (name) => {
  const messages = inBursts(history(11));
  const killedAt = Math.floor(messages.length * 0.6);
  const resumedAt = killedAt - 5000;
  let places = 0;
  const create = (place = `place-${places++}`) => STORES[name]!(place);

  it('is stored once when its sender repeats a stretch', async () => {
    const api = await new Api(create()).start();
    await api.send(messages.slice(0, killedAt));
    await api.send(messages.slice(resumedAt));
    await expectOnce(api, messages);
    expect(api.ingest.counters()).toMatchObject({ gaps: 0, restarts: 1, backlog: 0 });
    await api.end();
  });

  it('is stored once when the stretch is longer than what the api remembers', async () => {
    const api = await new Api(create(), { window: new SeenWindow(64) }).start();
    await api.send(messages.slice(0, killedAt));
    await api.send(messages.slice(resumedAt));
    await expectOnce(api, messages);
    await api.end();
  });

  it('is stored once when the api was started again as well', async () => {
    const place = `again-${places++}`;
    const first = await new Api(create(place)).start();
    await first.send(messages.slice(0, killedAt));
    await first.end();
    const second = await new Api(create(place)).start();
    await second.send(messages.slice(resumedAt));
    await expectOnce(second, messages);
    // A store that is idempotent by its keys does not know what it had.
    if (name === 'duckdb') expect(second.ingest.counters().duplicates).toBe(killedAt - resumedAt);
    await second.end();
  });

  it('is stored once when the api cannot remember all devices', async () => {
    const place = `forgets-${places++}`;
    const first = await new Api(create(place), { devicesInMemory: 10 }).start();
    await first.send(messages.slice(0, killedAt));
    await first.send(messages.slice(resumedAt, killedAt));
    await first.end();
    const second = await new Api(create(place), { devicesInMemory: 10 }).start();
    await second.send(messages.slice(resumedAt));
    await expectOnce(second, messages);
    await second.end();
  });

  it('is stored once when it begins again from the start, where a device has counted twice from 1', async () => {
    const place = `start-${places++}`;
    const first = await new Api(create(place)).start();
    await first.send(messages.slice(0, killedAt));
    await first.end();
    const second = await new Api(create(place)).start();
    await second.send(messages);
    await expectOnce(second, messages);
    await second.end();
  });

  it('is stored once when it comes behind what the city reports now', async () => {
    const api = await new Api(create()).start();
    const live = Array.from({ length: DEVICES }, (_, device): Message => {
      const payload = Buffer.from(JSON.stringify({ ts: NOW + device, seq: 100_000, speedMps: 1 }));
      return { channel: 'telemetry', device: `bus-${device}`, payload };
    });
    await api.send(live);
    await api.send(messages.slice(0, killedAt));
    await api.send(messages.slice(resumedAt));
    await expectOnce(api, [...live, ...messages]);
    await api.end();
  });
});

describe('the time of a backfill', () => {
  it.each([
    ['its first record', START, true],
    ['a record of a connection that is hours ahead of the clock', START + DAY_MS / 2, true],
    ['a record of now', NOW, true],
    ['a record of a day before it began', START - DAY_MS, true],
    ['a record of more than a week before it began', START - 8 * DAY_MS, false],
    ['a record of tomorrow', NOW + DAY_MS, false],
  ])('%s is believed or not', async (_, ts, isBelieved) => {
    const api = await new Api(createMemoryStore()).start();
    const payload = Buffer.from(JSON.stringify({ ts, seq: 1, speedMps: 1 }));
    await api.send([{ channel: 'telemetry', device: 'bus-1', payload }]);
    expect(api.ingest.counters()).toMatchObject(isBelieved ? { stored: 1 } : { rejected: 1 });
    await api.end();
  });
});
