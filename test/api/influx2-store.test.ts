// What the InfluxDB 2.x store promises beyond the contract, and that the stand-in it is tested with is strict. No real InfluxDB 2 was had:
// what a test here shows is that both keep to the public reference.
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { eventLine } from '../../api/stores/line-protocol.ts';
import { createInflux2Store } from '../../api/stores/influx2.ts';
import type { Influx2StoreOptions } from '../../api/stores/influx2.ts';
import { startInfluxd } from '../influxd.ts';
import { parseLines } from './influx2-lines.ts';
import { startInflux2 } from './influx2-server.ts';
import { recordLine } from './record-line.ts';
import { batch, description, event, record } from './records.ts';

const T0 = Date.UTC(2026, 10, 20);
const ALL = { fromMs: 0, toMs: 9_000_000_000_000, limit: 1_000_000 };
const DAY_S = 86_400;
const influxd = await startInfluxd();
const server = influxd ? await startInflux2(influxd.url) : undefined;
afterAll(async () => {
  server?.stop();
  await influxd?.stop();
});

/** Lines of which a reader of line protocol must refuse exactly the marked ones. */
const LINES: readonly (readonly [good: boolean, line: string])[] = [
  [true, 'm,a=b v=1 1'],
  [true, 'm v=1'],
  [true, 'm,a=b v=1i,w=t,x="a b,c=d" 5'],
  [true, String.raw`m,a=b\ c,d\,e=f v="say \"hi\" \\" 5`],
  [true, 'm v=-1.5e-3,w=F,x=TRUE 5'],
  [false, ',a=b v=1 1'],
  [false, 'm'],
  [false, 'm,a=b'],
  [false, 'm,a= v=1 1'],
  [false, 'm,=b v=1 1'],
  [false, 'm,a v=1 1'],
  [false, 'm,a=b,a=c v=1 1'],
  [false, 'm v= 1'],
  [false, 'm =1 1'],
  [false, 'm v=NaN 1'],
  [false, 'm v=Infinity 1'],
  [false, 'm v=1x 1'],
  [false, 'm v=yes 1'],
  [false, 'm v=1 tomorrow'],
  [false, 'm v=1 1.5'],
  [false, 'm v=1 9223372036854775807'],
  [false, 'm v="open 1'],
  [false, 'm v=9223372036854775808i 1'],
  [false, String.raw`m,a=b\ v=1 1`],
];

describe('the line protocol of the stand-in', () => {
  it('refuses what the reference refuses, and quotes it', () => {
    for (const [good, line] of LINES) {
      const { points, errors } = parseLines(line, 'ns');
      expect([line, points.length]).toEqual([line, good ? 1 : 0]);
      if (!good) expect(errors).toEqual([expect.stringContaining(`unable to parse '${line}': `)]);
    }
  });

  it('reads every line that our encoder writes as one point', () => {
    const text = fc
      .array(fc.constantFrom('\\', '"', ',', '=', ' ', '\n', 'a', '无', '🚌', '#'))
      .map((parts) => parts.join(''));
    const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), text);
    const fields = fc.dictionary(fc.stringMatching(/^x[A-Za-z0-9_]{0,12}$/), value);
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1, maxLength: 5 }), (some) => {
        const lines = some.flatMap((one, n) => [
          recordLine('wuxi', record('bus-1', n, n, one)),
          eventLine('wuxi', event('bus-1', n, n, 'arrived', 'raised', one)),
        ]);
        const { points, errors } = parseLines(lines.join('\n'), 'ns');
        expect(errors).toEqual([]);
        expect(points.map((point) => point.text)).toEqual(lines);
      }),
      { seed: 5, numRuns: 1_000 },
    );
  });
});

describe.skipIf(!influxd)(
  'influx2 store and its stand-in (skipped where influxd is not installed)',
  { timeout: 30_000 },
  () => {
    const { url = '', org = '', token = '' } = server ?? {};
    let places = 0;
    const options = (more: Partial<Influx2StoreOptions> = {}): Influx2StoreOptions => ({
      url,
      org,
      token,
      bucket: `b${places++}`,
      city: 'wuxi',
      ...more,
    });
    const post = (path: string, body: string | Buffer, headers: { [name: string]: string } = {}): Promise<Response> =>
      fetch(`${url}${path}`, {
        method: 'POST',
        body: body as BodyInit,
        headers: { authorization: `Token ${token}`, ...headers },
      });

    it('has the same opinion of a line as InfluxDB 1.6.7', async () => {
      const database = await fetch(`${influxd!.url}/query?q=CREATE DATABASE opinions`, { method: 'POST' });
      await database.arrayBuffer();
      for (const [good, line] of LINES) {
        const answer = await fetch(`${influxd!.url}/write?db=opinions`, { method: 'POST', body: line });
        const told = await answer.text();
        // A field that changed its type is another question.
        const read = answer.status === 204 || told.includes('field type conflict');
        expect([line, read]).toEqual([line, good]);
      }
    });

    it('makes bucket and mapping once, and gets by with a token for the bucket from then on', async () => {
      const all = options();
      const first = createInflux2Store(all);
      await first.open();
      await first.describe(description('bus'));
      await first.append(batch([record('bus-1', T0, 1, { speedMps: 1 })]));
      await first.close();
      const count = server!.mappings.length;
      const some = createInflux2Store({ ...all, token: server!.tokenFor(all.bucket) });
      await some.open();
      expect(await some.descriptions()).toEqual([description('bus')]);
      await some.append(batch([record('bus-1', T0 + 1, 2, { speedMps: 2 })]));
      const series = await some.history({ kind: 'bus', device: 'bus-1', fields: ['speedMps'], ...ALL });
      expect(series.columns.speedMps).toEqual([1, 2]);
      expect(server!.mappings).toHaveLength(count);
      await some.close();
    });

    it('says what to set when organisation, token or rights are wrong', async () => {
      const bucket = 'not-there';
      await expect(createInflux2Store(options({ org: 'nobody' })).open()).rejects.toThrow(/nobody.*--store-org/);
      await expect(createInflux2Store(options({ token: 'wrong' })).open()).rejects.toThrow(/401.*--store-token-file/);
      const weak = server!.tokenFor(bucket);
      await expect(createInflux2Store(options({ bucket, token: weak })).open()).rejects.toThrow(/--store-org/);
      expect(() => createInflux2Store(options({ token: '' }))).toThrow('--store-token-file');
      expect(() => createInflux2Store(options({ org: '' }))).toThrow('--store-org');
      expect(() => createInflux2Store(options({ bucket: '_internal' }))).toThrow('_internal');
      expect(() => createInflux2Store(options({ url: 'ftp://x' }))).toThrow('ftp://x');
      const gone = createInflux2Store(options({ url: 'http://127.0.0.1:9' }));
      await expect(gone.open()).rejects.toThrow('http://127.0.0.1:9 does not answer');
      expect(await gone.ping()).toBe(false);
    });

    it('takes a name of its own when the database of that name is another bucket', async () => {
      const mine = options();
      const others = createInflux2Store(options());
      await others.open();
      const { id, orgID } = server!.buckets.get(`b${places - 1}`)!;
      const taken = { database: mine.bucket, retention_policy: 'autogen', bucketID: id, orgID, default: true };
      expect((await post('/api/v2/dbrps', JSON.stringify(taken))).status).toBe(201);
      const store = createInflux2Store(mine);
      await store.open();
      await store.describe(description('bus'));
      await store.append(batch([record('bus-1', T0, 1, { speedMps: 7 })]));
      expect(await store.latest('bus')).toEqual([record('bus-1', T0, 1, { speedMps: 7 })]);
      expect(await others.descriptions()).toEqual([]);
    });

    it('names the lines that the server refuses, and stores the others', async () => {
      const own = options();
      const store = createInflux2Store(own);
      await store.open();
      await store.describe(description('bus'));
      const path = `/api/v2/write?org=${org}&bucket=${own.bucket}`;
      expect((await post(path, `bus,city=wuxi,device=x doorOpen="no" ${T0}000000`)).status).toBe(204);
      server!.seen.writes = 0;
      const bad = [17, 4_000, 5_999];
      const records = Array.from({ length: 6_000 }, (_, n) =>
        record('bus-1', T0 + n, n + 1, bad.includes(n) ? { speedMps: n, doorOpen: true } : { speedMps: n }),
      );
      const { refused } = await store.append(batch(records, [event('bus-1', T0, 9_000, 'arrived')]));
      expect(refused!.map((refusal) => refusal.record!).toSorted((a, b) => a - b)).toEqual(bad);
      expect(refused![0]!.reason).toContain('field type conflict');
      // Two requests, each of them once more without its bad lines.
      expect(server!.seen.writes).toBe(4);
      const series = await store.history({ kind: 'bus', device: 'bus-1', fields: ['speedMps'], ...ALL });
      expect(series.ts).toHaveLength(5_997);
      expect(await store.events(ALL)).toHaveLength(1);
    });

    it('tells the bucket how long to keep data', async () => {
      const own = options({ keepMs: 7 * DAY_S * 1000 });
      const store = createInflux2Store(own);
      await store.open();
      expect(server!.buckets.get(own.bucket)!.retentionRules).toEqual([
        { type: 'expire', everySeconds: 7 * DAY_S, shardGroupDurationSeconds: DAY_S },
      ]);
    });

    it('has a stand-in that checks in the order of the server, and answers as it does', async () => {
      const store = createInflux2Store(options());
      await store.open();
      const bucket = `b${places - 1}`;
      const good = 'm,a=b v=1 1';
      const write = `/api/v2/write?org=${org}&bucket=${bucket}`;
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const cases: [
        status: number,
        text: string,
        path: string,
        body: string | Buffer,
        headers?: { [name: string]: string },
      ][] = [
        [401, 'unauthorized access', `${write}&precision=h`, good, { authorization: 'Token nobody' }],
        [401, 'unauthorized access', write, good, { authorization: 'Basic YTpi' }],
        [204, '', write, good, { authorization: `Bearer ${token}` }],
        [400, 'invalid precision', '/api/v2/write?precision=h', good],
        [404, 'bucket not found', `/api/v2/write?org=${org}`, good],
        [400, 'Please provide either orgID or org', '/api/v2/write?bucket=x', good],
        [404, 'organization name "x" not found', '/api/v2/write?org=x&bucket=x', good],
        [404, 'bucket "x" not found', `/api/v2/write?org=${org}&bucket=x`, good],
        [
          403,
          'insufficient permissions for write',
          write,
          good,
          { authorization: `Token ${server!.tokenFor('other')}` },
        ],
        [204, '', write, '\n# a comment\n'],
        [204, '', write, gzipSync(good), { 'content-encoding': 'gzip' }],
        [500, 'internal error', write, good, { 'content-encoding': 'gzip' }],
        [500, 'internal error', write, gzipSync(good).subarray(0, -1), { 'content-encoding': 'gzip' }],
        [400, "unable to parse 'm': missing fields\nunable to parse 'm v=x 1'", write, 'm\nm,a=c v=1 1\nm v=x 1'],
        [422, 'partial write: field type conflict', write, 'm,a=d v=1 1\nm,a=d v="x" 2'],
        [401, 'unauthorized access', '/query', 'q=SHOW DATABASES', { ...form, authorization: `Bearer ${token}` }],
        [400, 'failed to parse query', '/query', `db=${bucket}&q=SELEKT`, form],
        [200, 'database not found: x', '/query', 'db=x&q=SELECT 1', form],
        [200, 'not implemented: CREATE DATABASE', '/query', 'q=CREATE DATABASE y', form],
      ];
      for (const [status, text, path, body, headers] of cases) {
        const answer = await post(path, body, headers);
        const told = await answer.text();
        expect([path, String(body).slice(0, 40), answer.status]).toEqual([path, String(body).slice(0, 40), status]);
        const message = status < 300 ? told : (JSON.parse(told) as { message: string }).message;
        expect(message).toContain(text);
        expect(answer.headers.get('x-platform-error-code') === null).toBe(status < 300);
      }
      // All or nothing where a line cannot be read, the good ones of a partial write: a = b, d.
      const asked = await post('/query', `db=${bucket}&epoch=ns&q=SELECT count(v) FROM m GROUP BY a`, form);
      const { results } = (await asked.json()) as { results: { series: { tags: { a: string } }[] }[] };
      expect(results[0]!.series.map(({ tags }) => tags.a)).toEqual(['b', 'd']);
    });
  },
);
