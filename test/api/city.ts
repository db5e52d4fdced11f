// A small city for the tests of the api: a kind with everything in it, a store that can be held or made to fail, a started api.
import { createMemoryStore } from '../../api/stores/memory.ts';
import { startApi } from '../../api/server.ts';
import type { Api, ApiOptions } from '../../api/server.ts';
import type { AppendResult, Store, StoreBatch } from '../../api/store.ts';
import type { Description } from '../../telemetry/description.ts';
import type { Frame, ScenarioState } from '../../telemetry/messages.ts';

/** 2026-05-01T00:00:00Z, 08:00 in Wuxi */
export const NOW = 1_777_593_600_000;

export const bus: Description = {
  kind: 'bus',
  label: 'Bus',
  fields: {
    lat: { label: 'Latitude', unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
    lon: { label: 'Longitude', unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
    speedMps: { label: 'Speed', unit: 'm/s', min: 0, max: 40, resolution: 0.01 },
    doorOpen: { label: 'Door open', unit: '', type: 'boolean' },
    line: { label: 'Line', unit: '', type: 'string' },
  },
  events: { breakdown: { label: 'Breakdown', severity: 'critical' } },
  commands: {
    hold: {
      label: 'Hold at the next stop',
      args: {
        type: 'object',
        properties: { seconds: { type: 'number', minimum: 0, maximum: 600 } },
        required: ['seconds'],
        additionalProperties: false,
      },
    },
  },
};

/** For parts that end the process when nothing else is left. */
export function onFatal(error: Error): void {
  throw error;
}

export function frame(topic: string, payload: object | string | Uint8Array, qos: 0 | 1 = 1): Frame {
  const bytes =
    payload instanceof Uint8Array
      ? payload
      : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return { topic, payload: bytes, qos, retain: false };
}
export function telemetry(device: string, payload: object | string | Uint8Array, qos: 0 | 1 = 1): Frame {
  return frame(`city/wuxi/bus/${device}/telemetry`, payload, qos);
}
export function describeKind(description: Description): Frame {
  return frame(`city/wuxi/kinds/${description.kind}`, description);
}

/** A memory store whose appends fail, or wait, while a test wants them to. */
export interface TestStore extends Store {
  failing: boolean;
  batches: StoreBatch[];
  hold(): void;
  letGo(): void;
}

export function createTestStore(): TestStore {
  const inner = createMemoryStore();
  let gate: PromiseWithResolvers<void> | undefined;
  const store: TestStore = {
    name: 'memory',
    failing: false,
    batches: [],
    hold() {
      gate = Promise.withResolvers();
    },
    letGo() {
      gate?.resolve();
      gate = undefined;
    },
    async append(batch: StoreBatch): Promise<AppendResult> {
      await gate?.promise;
      if (store.failing) throw new Error('the disk is full');
      store.batches.push({ ...batch, records: [...batch.records] });
      return inner.append(batch);
    },
    open: () => inner.open(),
    describe: (description) => inner.describe(description),
    descriptions: () => inner.descriptions(),
    history: (query) => inner.history(query),
    aggregate: (query) => inner.aggregate(query),
    events: (query) => inner.events(query),
    records: (query) => inner.records(query),
    latest: (kind, among) => inner.latest(kind, among),
    ping: async () => !store.failing,
    position: () => inner.position(),
    close: () => inner.close(),
  };
  return store;
}

export interface Published {
  readonly topic: string;
  readonly message: { readonly [key: string]: unknown };
}

export interface TestCity {
  readonly api: Api;
  readonly store: TestStore;
  /** Commands that the api published. */
  readonly published: Published[];
  readonly base: string;
  get(path: string): Promise<{ status: number; body: any; headers: Headers }>;
  post(path: string, body: object): Promise<{ status: number; body: any; headers: Headers }>;
}

/** A scenario in the middle of its run, an hour after its start. */
export const scenarioState: ScenarioState = {
  scenario: 'storm-day',
  title: 'Storm day',
  startMs: NOW - 3_600_000,
  endMs: NOW + 10_800_000,
  timeline: [
    { id: 'fog', event: 'weather', fromMs: NOW - 3_000_000, untilMs: NOW - 1_200_000, state: 'over', detail: 'fog' },
    {
      id: 'cut',
      event: 'power-cut',
      fromMs: NOW - 600_000,
      untilMs: NOW + 1_200_000,
      state: 'happening',
      detail: 'within 800 m of Sanyang Plaza',
      lat: 31.575,
      lon: 120.301,
      radiusM: 800,
    },
    { id: 'rain', event: 'weather', fromMs: NOW + 1_800_000, state: 'scheduled', detail: '18 mm/h of rain' },
  ],
  expectations: [
    { name: 'buses keep moving', state: 'holding', value: 5.2, limit: '>= 4.5' },
    { name: 'meters report', state: 'waiting', limit: '>= 0.98' },
  ],
  catalog: [
    {
      event: 'power-cut',
      label: 'Power cut',
      labels: { zh: '停电' },
      where: 'required',
      args: { type: 'object', properties: {}, additionalProperties: false },
    },
    {
      event: 'weather',
      label: 'Weather',
      where: 'none',
      args: { type: 'object', properties: { rainMmPerH: { type: 'number', minimum: 0, maximum: 200 } } },
    },
    {
      event: 'breakdown',
      label: 'Breakdown',
      kind: 'bus',
      where: 'optional',
      args: { type: 'object', properties: {} },
    },
  ],
};

export const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export async function startCity(options: Partial<ApiOptions> & { store?: TestStore } = {}): Promise<TestCity> {
  const store = options.store ?? createTestStore();
  const published: Published[] = [];
  const api = await startApi({
    city: 'wuxi',
    host: '127.0.0.1',
    port: 0,
    publish: async (topic, payload) => {
      if (topic.includes('/counters/')) return;
      published.push({ topic, message: JSON.parse(Buffer.from(payload).toString()) as Published['message'] });
    },
    map: { id: 'wuxi', layers: {} },
    version: '1.2.3',
    log: quiet,
    now: () => NOW,
    ...options,
    store,
  });
  const base = `http://127.0.0.1:${api.port}`;
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(base + path, { ...init, signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  };
  return {
    api,
    store,
    published,
    base,
    get: (path) => ask(path),
    post: (path, body) =>
      ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  };
}

/** All tickets settled; frames without one are done already. */
export async function allSettled(tickets: readonly (Promise<void> | undefined)[]): Promise<void> {
  for (const ticket of tickets) await ticket;
}

/** Until it is true; fails after two seconds. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`never came true: ${isTrue.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Counters {
  readonly ingest: {
    in: number;
    stored: number;
    rejected: number;
    duplicates: number;
    dropped: number;
    gaps: number;
    restarts: number;
    backlog: number;
  };
  readonly live: { clients: number; frames: number; bytes: number; skipped: number };
  readonly acks: { stored: number; waiting: number };
  readonly simulator: { out: number; dropped: number };
}
export function countersOf(api: Api): Counters {
  const counters: unknown = api.counters();
  return counters as Counters;
}
