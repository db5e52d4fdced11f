import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  NOW,
  bus,
  countersOf,
  createTestStore,
  describeKind,
  frame,
  scenarioState,
  startCity,
  telemetry,
} from './city.ts';
import type { TestCity } from './city.ts';
import { QuestionTooLong } from '../../api/store.ts';

const YEAR_MS = 365 * 86_400_000;

describe('bad input', () => {
  let city: TestCity;
  beforeEach(async () => {
    city = await startCity();
    await city.api.take(describeKind(bus));
  });
  afterEach(() => city.api.close());

  const onTelemetry: [string, string, string | Uint8Array][] = [
    ['not JSON', 'not-json', '{"ts":'],
    ['NaN', 'not-json', `{"ts":${NOW},"speedMps":NaN}`],
    ['text in a number field', 'wrong-type', `{"ts":${NOW},"speedMps":"fast"}`],
    ['no ts', 'bad-ts', '{"speedMps":1}'],
    ['64 KB', 'too-large', `{"ts":${NOW},"line":"${'x'.repeat(65_000)}"}`],
    ['bad UTF-8', 'bad-utf8', Uint8Array.of(0x7b, 0xc3, 0x28, 0x7d)],
    ['a ts a year ahead', 'clock', `{"ts":${NOW + YEAR_MS}}`],
  ];
  it.each(onTelemetry)('%s is counted as %s, and ingest goes on', async (_name, cause, payload) => {
    expect(city.api.take(telemetry('b-1', payload))).toBeUndefined();
    await city.api.take(telemetry('b-1', { ts: NOW, seq: 1 }));
    expect(countersOf(city.api).ingest).toMatchObject({ in: 2, stored: 1, rejected: 1, backlog: 0 });
    const { body } = await city.get('/api/rejected');
    expect(body).toMatchObject({ total: 1, byCause: { [cause]: 1 } });
    expect(body.items[0]).toMatchObject({ cause, device: 'b-1', topic: 'city/wuxi/bus/b-1/telemetry', at: NOW });
    expect(body.items[0].payload.length).toBeLessThanOrEqual(1024);
  });

  const elsewhere: [string, string, string][] = [
    ['a topic of nobody', 'foreign-topic', 'sensors/kitchen/temp'],
    ['a topic with odd letters', 'foreign-topic', 'city/wuxi/bus/<img src=x>/telemetry'],
    ['a topic of another city', 'other-city', 'city/atlantis/bus/b-1/telemetry'],
    ['a bad clock', 'clock', 'city/wuxi/clock'],
    ['a bad ack', 'bad-ack', 'city/wuxi/bus/b-1/ack'],
    ['a bad status', 'bad-status', 'city/wuxi/bus/b-1/status'],
    ['a bad description', 'bad-description', 'city/wuxi/kinds/bus'],
  ];
  it.each(elsewhere)('%s is counted as %s beside the equation', async (_name, cause, topic) => {
    expect(city.api.take(frame(topic, { ts: NOW }))).toBeUndefined();
    expect(countersOf(city.api).ingest).toMatchObject({ in: 0, rejected: 0 });
    expect((await city.get('/api/rejected')).body.byCause).toEqual({ [cause]: 1 });
  });

  it('that is no text is shown in base64', async () => {
    void city.api.take(telemetry('b-1', Uint8Array.of(0xff, 0xfe)));
    expect((await city.get('/api/rejected')).body.items[0]).toMatchObject({ payload: '//4=', base64: true });
  });

  it('of ground truth is not ours', () => {
    expect(city.api.take(frame('truth/wuxi/bus/b-1', 'x'))).toBeUndefined();
    expect(countersOf(city.api).ingest.in).toBe(0);
  });

  it.each(['telemetry', 'status', 'event'])(
    'a load test’s %s is nobody’s record and waits for nothing',
    async (channel) => {
      expect(city.api.take(frame(`city/wuxi/load/load-1/${channel}`, 'CTLD'))).toBeUndefined();
      void city.api.take(describeKind({ ...bus, kind: 'load' }));
      expect(countersOf(city.api).ingest).toMatchObject({ in: 0, rejected: 0 });
      expect((await city.get('/api/rejected')).body.byCause).toEqual({ 'bad-description': 1 });
    },
  );

  it('a record in the city clock’s time is believed', async () => {
    const simTimeMs = NOW + YEAR_MS;
    const clock = { simTimeMs, utcOffsetMin: 480, speed: 10, trueSpeed: 10, scenario: 'demo', seed: 1 };
    void city.api.take(frame('city/wuxi/clock', clock));
    await city.api.take(telemetry('b-1', { ts: simTimeMs + 1000, seq: 1 }));
    void city.api.take(telemetry('b-1', { ts: simTimeMs - 30 * 86_400_000, seq: 2 }));
    expect(countersOf(city.api).ingest).toMatchObject({ stored: 1, rejected: 1 });
    void city.api.take(frame('city/wuxi/clock', { ...clock, backfillFromMs: simTimeMs - 40 * 86_400_000 }));
    await city.api.take(telemetry('b-1', { ts: simTimeMs - 30 * 86_400_000, seq: 3 }));
    expect(countersOf(city.api).ingest).toMatchObject({ stored: 2, rejected: 1 });
  });
});

describe('REST', () => {
  let city: TestCity;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'citytwin-page-'));
    await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>city</title>');
    city = await startCity({ staticFolder: folder, allowedHosts: ['city.example'] });
    await city.api.take(describeKind(bus));
    for (let seq = 1; seq <= 120; seq++) {
      const ts = NOW - 7_200_000 + seq * 60_000;
      void city.api.take(telemetry('b-1', { ts, seq, lat: 31.5, lon: 120.3, speedMps: seq / 10, line: '608' }));
    }
    void city.api.take(telemetry('b-2', { ts: NOW, seq: 1, lat: 31.9, lon: 120.9, doorOpen: true, line: '2' }));
    await city.api.take(telemetry('b-3', { ts: NOW, seq: 1, line: '608' }));
  });
  afterAll(async () => {
    await city.api.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['/api/kinds', 1000],
    ['/metrics', 1000],
    ['/gtfs-rt/alerts.pb', 1000],
    ['/', 3000],
    ['/index.html', 3000],
    ['/there-is-none.js', 3000],
  ])('counts a question for %s, of which an address may ask %i in ten seconds', async (file, limit) => {
    const { headers } = await city.get(file);
    expect(headers.get('x-ratelimit-limit')).toBe(String(limit));
    expect(Number(headers.get('x-ratelimit-remaining'))).toBeLessThan(limit);
  });

  it('answers probes, health and counters', async () => {
    expect((await city.get('/healthz')).status).toBe(200);
    expect((await city.get('/readyz')).status).toBe(200);
    const { body } = await city.get('/api/health');
    expect(body).toMatchObject({
      status: 'ok',
      version: '1.2.3',
      city: 'wuxi',
      store: { kind: 'memory', ok: true, backlog: 0 },
    });
    void city.api.take(frame('city/wuxi/counters/simulator', { out: 122, dropped: 0 }));
    const counters = (await city.get('/api/counters')).body;
    expect(counters).toMatchObject({
      simulator: { out: 122 },
      ingest: { in: 122, stored: 122 },
      broker: { clients: 0 },
    });
  });

  it('shows metrics without a label per device', async () => {
    const { body } = await city.get('/metrics');
    expect(body).toMatch(/^citytwin_ingest_stored_total 122$/m);
    expect(body).toMatch(/^citytwin_devices\{kind="bus"\} 3$/m);
    expect(body).not.toContain('b-1');
  });

  it('lists kinds with the number of their devices', async () => {
    expect((await city.get('/api/kinds')).body).toEqual([{ ...bus, devices: 3 }]);
  });

  it('lists devices in pages', async () => {
    const first = (await city.get('/api/devices?kind=bus&limit=2')).body;
    expect(first.items.map((item: { device: string }) => item.device)).toEqual(['b-1', 'b-2']);
    const second = (await city.get(`/api/devices?kind=bus&limit=2&cursor=${first.next}`)).body;
    expect(second).toMatchObject({ items: [{ device: 'b-3' }], next: null });
  });

  it('lists devices in a box, with those that have no position', async () => {
    const { body } = await city.get('/api/devices?bbox=120.2,31.4,120.4,31.6');
    expect(body.items.map((item: { device: string }) => item.device)).toEqual(['b-1', 'b-3']);
  });

  it('shows one device as it is now', async () => {
    expect((await city.get('/api/devices/bus/b-2')).body).toEqual({
      kind: 'bus',
      device: 'b-2',
      ts: NOW,
      seq: 1,
      lat: 31.9,
      lon: 120.9,
      fields: { lat: 31.9, lon: 120.9, doorOpen: true, line: '2' },
    });
  });

  it('answers the hour up to the newest record when no time is given', async () => {
    const { body } = await city.get('/api/devices/bus/b-1/history?field=speedMps');
    expect(body.ts).toHaveLength(60);
    expect(body.ts.at(-1)).toBe(NOW);
    expect(body.speedMps.at(-1)).toBe(12);
  });

  it('takes ISO 8601 and ms for the same time', async () => {
    const from = NOW - 600_000;
    const ms = await city.get(`/api/devices/bus/b-1/history?field=speedMps&from=${from}&to=${NOW}`);
    const iso = await city.get(
      `/api/devices/bus/b-1/history?field=speedMps&from=${new Date(from).toISOString()}&to=${new Date(NOW).toISOString()}`,
    );
    expect(ms.body.ts).toHaveLength(10);
    expect(iso.body).toEqual(ms.body);
  });

  it('folds history and kinds into buckets', async () => {
    const range = `from=${NOW - 3_600_000}&to=${NOW}`;
    const { body } = await city.get(`/api/devices/bus/b-1/history?field=speedMps&every=10m&agg=max&${range}`);
    expect(body.ts).toHaveLength(6);
    expect(body.speedMps[0]).toBeCloseTo(6.9);
    const aggregate = await city.get(`/api/aggregate?kind=bus&field=speedMps&every=1h&agg=count&groupBy=line&${range}`);
    expect(aggregate.body).toEqual({ groups: [{ key: '608', ts: [NOW - 3_600_000], value: [60] }] });
  });

  it('folds all fields but texts into means, texts where they can be counted', async () => {
    const mean = await city.get('/api/devices/bus/b-1/history?every=30m');
    expect(Object.keys(mean.body)).toEqual(['ts', 'lat', 'lon', 'speedMps', 'doorOpen']);
    const count = await city.get('/api/devices/bus/b-1/history?every=30m&agg=count');
    expect(Object.keys(count.body)).toContain('line');
  });

  const refused: [string, number, object][] = [
    ['/api/devices/buss/b-1', 404, { nearest: 'bus', value: 'buss' }],
    ['/api/devices/bus/b-11', 404, { nearest: 'b-1' }],
    ['/api/devices?kind=tram', 400, { value: 'tram', expected: 'bus' }],
    ['/api/devices?limit=0', 400, { value: 0 }],
    ['/api/devices?limmit=5', 400, { nearest: 'limit', value: 'limmit' }],
    ['/api/devices?bbox=1,2,3', 400, { value: '1,2,3' }],
    ['/api/devices?cursor=x', 400, { value: 'x' }],
    ['/api/devices/bus/b-1/history?field=speed', 400, { nearest: 'speedMps', value: 'speed' }],
    ['/api/devices/bus/b-1/history?from=yesterday', 400, { value: 'yesterday' }],
    ['/api/devices/bus/b-1/history?every=5x', 400, { value: '5x' }],
    ['/api/devices/bus/b-1/history?every=1m&agg=avg', 400, { value: 'avg' }],
    ['/api/devices/bus/b-1/history?agg=mean', 400, { value: 'mean' }],
    ['/api/devices/bus/b-1/history?field=line&every=1m&agg=mean', 400, { value: 'mean', expected: 'count, last' }],
    ['/api/devices/bus/b-1/history?from=2000&to=1000', 400, {}],
    ['/api/devices/bus/b-1/history?limit=1000001', 400, { value: 1000001 }],
    ['/api/aggregate?kind=bus&field=speedMps&from=0&every=1s', 400, {}],
    ['/api/aggregate?kind=bus&field=speedMps&groupBy=doorOpen', 400, { value: 'doorOpen' }],
    ['/api/records', 400, {}],
    ['/api/records?kind=bsu', 400, { value: 'bsu', nearest: 'bus' }],
    ['/api/records?kind=bus&limit=10001', 400, { value: 10001 }],
    ['/api/records?kind=bus&cursor=1~2', 400, { value: '1~2' }],
    ['/api/events?cursor=x', 400, { value: 'x' }],
    ['/api/events?cursor=2~1~0', 400, { value: '2~1~0' }],
    ['/api/alarms?cursor=x', 400, { value: 'x' }],
    ['/api/rejected?cursor=7', 400, { value: '7' }],
    ['/api/devices/bus/%zz', 400, {}],
    [`/api/devices?bbox=${'1'.repeat(20_000)}`, 431, {}],
    ['/api/devises', 404, { nearest: '/api/devices' }],
  ];
  it.each(refused)('refuses %s with %i and says why', async (url, status, problem) => {
    const answer = await city.get(url);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String), ...problem });
    expect(answer.status).toBe(status);
  });

  it('serves the page, for its own paths too, with headers that guard it', async () => {
    for (const url of ['/', '/map/bus']) {
      const { status, body, headers } = await city.get(url);
      expect([status, body]).toEqual([200, '<!doctype html><title>city</title>']);
      expect(headers.get('content-security-policy')).toContain("worker-src 'self' blob:");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect((await city.get('/missing.js')).status).toBe(404);
  });

  it('limits how often it is asked, the page apart from the API, and what is missing too', async () => {
    const { headers } = await city.get('/api/city');
    expect(Number(headers.get('x-ratelimit-limit'))).toBe(1000);
    for (const path of ['/', '/map/bus', '/missing.js']) {
      expect(Number((await city.get(path)).headers.get('x-ratelimit-limit'))).toBe(3000);
    }
  });

  const statusFrom = (headers: { [name: string]: string }, url = '/api/city') =>
    new Promise<number>((resolve, reject) => {
      request(city.base + url, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      })
        .on('error', reject)
        .end();
    });
  it('answers only to names of its own and to pages of its own', async () => {
    expect(await statusFrom({ host: 'evil.example' })).toBe(403);
    expect(await statusFrom({ host: 'city.example:8080' })).toBe(200);
    expect(await statusFrom({ host: '[::1]:8080' })).toBe(200);
    expect(await statusFrom({ origin: 'http://evil.example' })).toBe(403);
    expect(await statusFrom({ origin: 'null' })).toBe(403);
    expect(await statusFrom({ origin: 'http://localhost:5173' })).toBe(200);
    expect(await statusFrom({ host: 'api:8081' }, '/healthz')).toBe(200);
    // Who scrapes a server on loopback is on this machine.
    expect(await statusFrom({ host: 'evil.example' }, '/metrics')).toBe(403);
    expect(await statusFrom({ host: 'localhost:8080' }, '/metrics')).toBe(200);
  });

  it('describes itself in an OpenAPI 3.1 document whose schemas are valid', async () => {
    const { body } = await city.get('/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const ajv = new Ajv2020({ strict: false });
    let schemas = 0;
    for (const operations of Object.values<any>(body.paths)) {
      for (const { parameters = [], requestBody, responses } of Object.values<any>(operations)) {
        expect(Object.keys(responses).length).toBeGreaterThan(0);
        const contents = [requestBody, ...Object.values<any>(responses)].flatMap((part) =>
          Object.values<any>(part?.content ?? {}),
        );
        for (const { schema } of [...parameters, ...contents]) {
          if (schema === undefined) continue;
          ajv.compile(schema);
          schemas++;
        }
      }
    }
    expect(schemas).toBeGreaterThan(30);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/api/health',
        '/api/devices/{kind}/{device}/history',
        '/api/devices/{kind}/{device}/commands/{id}',
        '/api/alarms/{id}/ack',
        '/api/scenario',
      ]),
    );
    expect((await city.get('/docs')).status).toBe(200);
  });
});

describe('commands', () => {
  let city: TestCity;
  const url = '/api/devices/bus/b-1/commands';
  const ack = (id: string, state: string, reason?: string) =>
    city.api.take(frame('city/wuxi/bus/b-1/ack', { id, state, ts: NOW, ...(reason ? { reason } : {}) }));
  beforeEach(async () => {
    city = await startCity();
    await city.api.take(describeKind(bus));
    await city.api.take(telemetry('b-1', { ts: NOW, seq: 1 }));
  });
  afterEach(() => city.api.close());

  it('are answered with the first ack, and can be asked about later', async () => {
    const answer = city.post(url, { id: 'c-1', name: 'hold', args: { seconds: 30 }, expiresMs: 60_000 });
    await expect.poll(() => city.published).toHaveLength(1);
    expect(city.published[0]).toEqual({
      topic: 'city/wuxi/bus/b-1/command',
      message: { id: 'c-1', name: 'hold', args: { seconds: 30 }, expiresMs: 60_000 },
    });
    expect(countersOf(city.api).acks).toEqual({ stored: 0, waiting: 1 });
    void ack('c-1', 'accepted');
    expect(await answer).toMatchObject({ status: 200, body: { id: 'c-1', state: 'accepted' } });
    void ack('c-1', 'done');
    expect((await city.get(`${url}/c-1`)).body).toMatchObject({ state: 'done', ts: NOW });
    expect(countersOf(city.api).acks).toEqual({ stored: 2, waiting: 0 });
  });

  it('wait for the last ack when asked to', async () => {
    const answer = city.post(`${url}?wait=done`, { id: 'c-1', name: 'hold', args: { seconds: 30 } });
    await expect.poll(() => city.published).toHaveLength(1);
    void ack('c-1', 'accepted');
    void ack('c-1', 'expired', 'no stop came');
    expect(await answer).toMatchObject({ status: 200, body: { state: 'expired', reason: 'no stop came' } });
  });

  it('are answered with 202 while a device sleeps', { timeout: 8000 }, async () => {
    const { status, body } = await city.post(url, { id: 'c-1', name: 'hold', args: { seconds: 30 } });
    expect([status, body]).toEqual([202, { id: 'c-1', name: 'hold', state: 'waiting' }]);
    expect((await city.get(`${url}/c-1`)).body.state).toBe('waiting');
  });

  it('with the same id are sent once; an id stands for one command', async () => {
    const body = { id: 'c-1', name: 'hold', args: { seconds: 30 } };
    const first = city.post(url, body);
    await expect.poll(() => city.published).toHaveLength(1);
    void ack('c-1', 'accepted');
    await first;
    expect((await city.post(url, body)).body.state).toBe('accepted');
    expect(city.published).toHaveLength(1);
    expect((await city.post(url, { ...body, args: { seconds: 31 } })).status).toBe(409);
  });

  const refused: [string, string, object, number, object][] = [
    ['an unknown command', url, { name: 'holt' }, 400, { nearest: 'hold' }],
    ['args outside the schema', url, { name: 'hold', args: { seconds: 601 } }, 400, { value: 601 }],
    ['missing args', url, { name: 'hold' }, 400, {}],
    [
      'an unknown device',
      '/api/devices/bus/b-9/commands',
      { name: 'hold', args: { seconds: 1 } },
      404,
      { nearest: 'b-1' },
    ],
    ['an unknown key', url, { name: 'hold', arg: {} }, 400, { nearest: 'args' }],
    ['a bad id', url, { name: 'hold', args: { seconds: 1 }, id: 'a/b' }, 400, { value: 'a/b' }],
    ['a bad wait', `${url}?wait=forever`, { name: 'hold', args: { seconds: 1 } }, 400, { expected: 'done' }],
  ];
  it.each(refused)('refuse %s', async (_name, path, body, status, problem) => {
    expect(await city.post(path, body)).toMatchObject({ status, body: problem });
    expect(city.published).toEqual([]);
  });

  it('answer 503 when the broker takes nothing', async () => {
    await city.api.close();
    city = await startCity({ publish: () => Promise.reject(new Error('not connected')) });
    await city.api.take(describeKind(bus));
    await city.api.take(telemetry('b-1', { ts: NOW, seq: 1 }));
    expect(await city.post(url, { name: 'hold', args: { seconds: 1 } })).toMatchObject({ status: 503 });
  });

  it('steer the scenario', async () => {
    const answer = city.post('/api/scenario', { name: 'speed', args: { speed: 10 } });
    await expect.poll(() => city.published).toHaveLength(1);
    const { topic, message } = city.published[0]!;
    expect([topic, message.name, message.args]).toEqual(['city/wuxi/scenario/command', 'speed', { speed: 10 }]);
    void city.api.take(frame('city/wuxi/scenario/ack', { id: message.id, state: 'done', ts: NOW }));
    expect(await answer).toMatchObject({ status: 200, body: { state: 'done' } });
    expect((await city.post('/api/scenario', { name: 'stop' })).body).toMatchObject({ status: 400 });
    expect((await city.post('/api/scenario', { name: 'speed', args: { speed: -1 } })).body).toMatchObject({
      value: -1,
    });
  });

  it('inject an event, and say in the simulator’s words why not', async () => {
    const args = { event: 'power-cut', where: { lat: 31.57, lon: 120.3, radiusM: 0 }, for: '30m' };
    const answer = city.post('/api/scenario', { name: 'event', args });
    await expect.poll(() => city.published).toHaveLength(1);
    const { message } = city.published[0]!;
    expect(message).toMatchObject({ name: 'event', args });
    const reason = 'radiusM must be above 0, got 0';
    void city.api.take(frame('city/wuxi/scenario/ack', { id: message.id, state: 'rejected', reason, ts: NOW }));
    expect(await answer).toMatchObject({ status: 200, body: { state: 'rejected', reason } });
    expect((await city.post('/api/scenario', { name: 'event', args: { events: 'fog' } })).body).toMatchObject({
      status: 400,
      detail: 'args.event must be a text, got nothing',
    });
  });

  it('show the scenario beside the clock', async () => {
    expect((await city.get('/api/scenario')).body).toEqual({ city: 'wuxi', clock: null, state: null });
    const clock = { simTimeMs: NOW, utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: 'storm-day', seed: 1 };
    void city.api.take(frame('city/wuxi/clock', clock));
    void city.api.take(frame('city/wuxi/scenario/state', scenarioState));
    expect((await city.get('/api/scenario')).body).toEqual({ city: 'wuxi', clock, ...clock, state: scenarioState });
  });

  it.each([
    ['not JSON', '{', 'not-json', /JSON/],
    ['no object', [], 'not-an-object', /must be a JSON object/],
    ['too large', { ...scenarioState, title: 'x'.repeat(300_000) }, 'too-large', /at most 262144 bytes/],
    ['without a list', { ...scenarioState, catalog: 7 }, 'wrong-type', /catalog must be an array, got 7/],
    [
      'with an endless event that says null',
      { ...scenarioState, timeline: [{ ...scenarioState.timeline[0], untilMs: Infinity }] },
      'wrong-type',
      /timeline\[0\]\.untilMs must be absent or a number of ms, got null/,
    ],
    [
      'with an event in no known state',
      { ...scenarioState, timeline: [{ ...scenarioState.timeline[0], state: 'soon' }] },
      'wrong-type',
      /timeline\[0\]\.state must be one of scheduled, happening, over, got "soon"/,
    ],
  ])('refuse and count a scenario state that is %s', async (_, state, cause, detail) => {
    void city.api.take(frame('city/wuxi/scenario/state', scenarioState));
    void city.api.take(frame('city/wuxi/scenario/state', state));
    const { body } = await city.get('/api/rejected');
    expect(body).toMatchObject({ total: 1, byCause: { [cause]: 1 } });
    expect(body.items[0].detail).toMatch(detail);
    expect((await city.get('/api/scenario')).body.state).toEqual(scenarioState);
  });
});

describe('alarms', () => {
  const event = (device: string, ts: number, seq: number, state: string) =>
    frame(`city/wuxi/bus/${device}/event`, { ts, seq, name: 'breakdown', state });

  it('are raised, acknowledged and cleared, keep their id, and survive a restart', async () => {
    const store = createTestStore();
    let city = await startCity({ store });
    await city.api.take(describeKind(bus));
    await city.api.take(event('b-1', NOW - 5000, 1, 'raised'));
    await city.api.take(event('b-2', NOW - 4000, 1, 'raised'));
    await city.api.take(event('b-2', NOW - 3000, 2, 'cleared'));
    const { items } = (await city.get('/api/alarms')).body;
    expect(items).toMatchObject([
      { device: 'b-2', name: 'breakdown', severity: 'critical', raisedAt: NOW - 4000, clearedAt: NOW - 3000 },
      { device: 'b-1', raisedAt: NOW - 5000 },
    ]);
    expect((await city.get('/api/alarms?open=true')).body.items).toEqual([items[1]]);
    const acked = await city.post(`/api/alarms/${items[1].id}/ack`, { by: 'Mei' });
    expect(acked.body).toEqual({ ...items[1], ackedBy: 'Mei' });
    const silently = await fetch(`${city.base}/api/alarms/${items[0].id}/ack`, { method: 'POST' });
    expect(await silently.json()).toMatchObject({ ackedBy: 'operator' });
    expect((await city.post('/api/alarms/none/ack', {})).status).toBe(404);
    expect((await city.get('/api/events?kind=bus&device=b-2')).body.items).toHaveLength(2);
    await city.api.close();

    city = await startCity({ store });
    expect((await city.get('/api/alarms')).body.items).toEqual(items);
    // The event had taken number 2, so 3 is no gap.
    await city.api.take(telemetry('b-2', { ts: NOW, seq: 3 }));
    expect(countersOf(city.api).ingest).toMatchObject({ stored: 1, gaps: 0, restarts: 0 });
    await city.api.close();
  });
});

describe('lists and devices', () => {
  let city: TestCity;
  beforeEach(async () => {
    city = await startCity();
    await city.api.take(describeKind(bus));
  });
  afterEach(() => city.api.close());

  const raise = (device: string, ts: number, seq = 1) =>
    city.api.take(frame(`city/wuxi/bus/${device}/event`, { ts, seq, name: 'breakdown', state: 'raised' }));
  /** Pages of a list, following `next`; ten at most. */
  const pagesOf = async (url: string) => {
    const pages: any[][] = [];
    let next: string | null = '';
    for (let page = 0; next !== null && page < 10; page++) {
      const { body } = await city.get(`${url}${next && `&cursor=${encodeURIComponent(next)}`}`);
      pages.push(body.items);
      next = body.next as string | null;
    }
    return pages;
  };
  const devicesOf = (pages: any[][]) => pages.map((items) => items.map(({ device }) => device as string));

  it('pages of events and alarms lead to older ones, also where many have the same time', async () => {
    await raise('b-0', NOW - 2000);
    for (const device of ['b-1', 'b-2', 'b-3', 'b-4', 'b-5']) await raise(device, NOW - 1000);
    await raise('b-6', NOW);
    const events = devicesOf(await pagesOf('/api/events?limit=2'));
    expect(events.map((page) => page.length)).toEqual([2, 2, 2, 1]);
    expect(events.toReversed().flat()).toEqual(['b-0', 'b-1', 'b-2', 'b-3', 'b-4', 'b-5', 'b-6']);
    const alarms = devicesOf(await pagesOf('/api/alarms?limit=2'));
    expect(alarms).toEqual([['b-6', 'b-1'], ['b-2', 'b-3'], ['b-4', 'b-5'], ['b-0']]);
    expect((await city.get('/api/alarms?limit=7')).body.next).toBeNull();
  });

  it('pages of records lead to newer ones, whole and in order, also where many have the same time', async () => {
    await city.api.take(telemetry('b-0', { ts: NOW - 2000, seq: 1, speedMps: 1.5, doorOpen: true, line: 'K1' }));
    for (const device of ['b-3', 'b-1', 'b-2']) await city.api.take(telemetry(device, { ts: NOW - 1000, seq: 9 }));
    await city.api.take(telemetry('b-1', { ts: NOW - 1000, seq: 10 }));
    await city.api.take(telemetry('b-0', { ts: NOW, seq: 2 }));
    const pages = await pagesOf(`/api/records?kind=bus&from=${NOW - 2000}&limit=2`);
    expect(pages.flat().map(({ device, ts, seq }) => `${device} ${ts - NOW} ${seq}`)).toEqual([
      'b-0 -2000 1',
      'b-1 -1000 9',
      'b-1 -1000 10',
      'b-2 -1000 9',
      'b-3 -1000 9',
      'b-0 0 2',
    ]);
    expect(pages[0]![0]).toEqual({
      kind: 'bus',
      device: 'b-0',
      ts: NOW - 2000,
      seq: 1,
      fields: { speedMps: 1.5, doorOpen: true, line: 'K1' },
    });
    expect(devicesOf(await pagesOf(`/api/records?kind=bus&from=${NOW - 1000}&to=${NOW}`))).toEqual([
      ['b-1', 'b-1', 'b-2', 'b-3'],
    ]);
  });

  it('pages of refused messages stay in place while more are refused', async () => {
    for (const device of ['b-1', 'b-2', 'b-3']) void city.api.take(telemetry(device, '{'));
    void city.api.take(frame('sensors/kitchen/temp', '1'));
    const first = (await city.get('/api/rejected?cause=not-json&limit=2')).body;
    expect(devicesOf([first.items])).toEqual([['b-3', 'b-2']]);
    void city.api.take(telemetry('b-4', '{'));
    const second = (await city.get(`/api/rejected?cause=not-json&limit=2&cursor=${first.next}`)).body;
    expect([devicesOf([second.items]), second.next]).toEqual([[['b-1']], null]);
    expect(devicesOf(await pagesOf('/api/rejected?limit=3'))).toEqual([
      ['b-4', undefined, 'b-3'],
      ['b-2', 'b-1'],
    ]);
  });

  it('an id that is too long is refused as a problem, guarded like every answer', async () => {
    const { status, body, headers } = await city.get(`/api/devices/bus/${'x'.repeat(301)}`);
    expect(status).toBe(414);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ status: 414, title: 'URL too long' });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('a device that sent events only is there, without fields', async () => {
    await raise('b-1', NOW - 1000, 1);
    await raise('b-1', NOW, 2);
    expect(await city.get('/api/devices/bus/b-1')).toMatchObject({
      status: 200,
      body: { kind: 'bus', device: 'b-1', ts: NOW, seq: 2, fields: {} },
    });
    const { status, body } = await city.get('/api/devices/bus/b-2');
    expect([status, body.nearest]).toEqual([404, undefined]);
  });
});

describe('the server', () => {
  it('is degraded and not ready while the store fails, and closes all the same', async () => {
    const city = await startCity();
    await city.api.take(describeKind(bus));
    city.store.failing = true;
    void city.api.take(telemetry('b-1', { ts: NOW, seq: 1 }));
    await expect.poll(async () => (await city.get('/readyz')).status, { timeout: 3000 }).toBe(503);
    expect((await city.get('/api/health')).body).toMatchObject({
      status: 'degraded',
      store: { ok: false, backlog: 1 },
    });
    const started = performance.now();
    await city.api.close();
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('says what to ask instead when a question takes too long', async () => {
    const tooLong = () => Promise.reject(new QuestionTooLong('no answer within 60 s'));
    const city = await startCity({ store: { ...createTestStore(), history: tooLong } });
    await city.api.take(describeKind(bus));
    await city.api.take(telemetry('b-1', { ts: NOW, seq: 1, speedMps: 5 }));
    const { status, body } = await city.get('/api/devices/bus/b-1/history?field=speedMps');
    expect(status).toBe(503);
    expect(body).toMatchObject({
      detail: 'the store was given up: no answer within 60 s',
      expected: 'a shorter range, or fewer devices',
    });
    await city.api.close();
  });

  it('starts with what the store knows', async () => {
    const store = createTestStore();
    const before = await startCity({ store });
    await before.api.take(describeKind(bus));
    await before.api.take(telemetry('b-1', { ts: NOW, seq: 1, speedMps: 5 }));
    await before.api.close();
    const after = await startCity({ store });
    expect(await after.api.newestTs()).toBe(NOW);
    expect((await after.get('/api/devices/bus/b-1')).body).toMatchObject({ ts: NOW, fields: { speedMps: 5 } });
    await after.api.close();
  });

  it('answers 429 with the time to wait from the 1001st question in ten seconds on', { timeout: 20_000 }, async () => {
    const city = await startCity();
    const statuses = new Map<number, number>();
    for (let round = 0; round < 11; round++) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => city.get('/api/nothing')));
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect(Object.fromEntries(statuses)).toEqual({ 404: 1000, 429: 100 });
    const refused = await city.get('/api/city');
    expect(refused.body).toMatchObject({ status: 429, title: 'Too many requests' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await city.get('/healthz')).status).toBe(200);
    await city.api.close();
  });

  it('refuses a port that is taken, naming it', async () => {
    const city = await startCity();
    await expect(startCity({ port: city.api.port })).rejects.toThrow(String(city.api.port));
    await city.api.close();
  });
});
