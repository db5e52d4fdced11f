// What the InfluxDB 1.x store promises beyond the contract: one bad line stops no other, and a server that fails is told apart from one.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { createInflux1Store } from '../../api/stores/influx1.ts';
import { startInfluxd } from '../influxd.ts';
import { batch, description, record } from './records.ts';

const T0 = Date.UTC(2026, 10, 20);
const ALL = { fromMs: 0, toMs: 9_000_000_000_000, limit: 1_000_000 };
const influxd = await startInfluxd();
afterAll(() => influxd?.stop());

describe.skipIf(!influxd)(
  'influx1 store: a real influxd (skipped where it is not installed)',
  { timeout: 60_000 },
  () => {
    it('puts bad lines aside with the reason and stores the others', async () => {
      const bad: string[] = [];
      const options = { url: influxd!.url, database: 'bad-lines', city: 'wuxi' };
      const store = createInflux1Store({ ...options, onBadLine: ({ seq }, reason) => bad.push(`${seq} ${reason}`) });
      await store.open();
      await store.describe(description('bus'));
      await store.append(batch([record('bus-1', T0, 1, { speedMps: 1 })]));
      const wrong = new Set([700, 701, 4_999]);
      const records = Array.from({ length: 6_000 }, (_, n) =>
        record('bus-1', T0 + n + 1, n + 2, { speedMps: wrong.has(n) ? 'fast' : n }),
      );
      await store.append(batch([...records, record('bus-1', 9e15, 1, { speedMps: 1 })]));
      expect(bad).toHaveLength(4);
      expect(bad[0]).toMatch(/^1 ts must be an integer from 0 to/);
      expect(
        bad
          .slice(1)
          .map((line) => Number(line.split(' ')[0]) - 2)
          .sort((a, b) => a - b),
      ).toEqual([...wrong]);
      expect(bad[1]).toContain('field type conflict');
      const series = await store.history({ kind: 'bus', device: 'bus-1', fields: ['speedMps'], ...ALL });
      expect(series.ts).toHaveLength(6_000 - 3 + 1);
    });

    it('rejects while the server is down and works as soon as it is back, with all data', async () => {
      const own = (await startInfluxd())!;
      try {
        const store = createInflux1Store({ url: own.url, database: 'restart', city: 'wuxi' });
        await store.open();
        await store.describe(description('bus'));
        await store.append(batch([record('bus-1', T0, 1, { speedMps: 1 })]));
        await own.restart();
        expect(await store.latest('bus')).toEqual([record('bus-1', T0, 1, { speedMps: 1 })]);
        await store.append(batch([record('bus-1', T0 + 1, 2, { speedMps: 2 })]));
        await own.stop();
        expect(await store.ping()).toBe(false);
        await expect(store.append(batch([record('bus-1', T0 + 2, 3, {})]))).rejects.toThrow(`InfluxDB at ${own.url}`);
        const gone = createInflux1Store({ url: own.url, database: 'restart', city: 'wuxi' });
        await expect(gone.open()).rejects.toThrow(own.url);
      } finally {
        await own.stop();
      }
    });
  },
);

describe('influx1 store with a server that misbehaves', () => {
  /** Answers writes with what `answer` says; everything else like a server that has the database `x`. */
  async function fakeInflux(
    answer: (lines: string[]) => { status: number; body?: string },
  ): Promise<{ url: string; close(): void }> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (!request.url!.startsWith('/write')) {
          const databases = { series: [{ name: 'databases', columns: ['name'], values: [['x']] }] };
          response.end(JSON.stringify({ results: [request.url!.includes('DATABASES') ? databases : {}] }));
          return;
        }
        const { status, body: text } = answer(body.split('\n'));
        response.writeHead(status).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  it('finds one bad line in 5,000 with 14 more requests at most', async () => {
    for (const position of [0, 1, 2_500, 4_998, 4_999]) {
      let requests = 0;
      const good = new Set<string>();
      const server = await fakeInflux((lines) => {
        requests++;
        if (lines.some((line) => line.includes(`seq=${position + 1},`)))
          return { status: 400, body: 'unable to parse' };
        for (const line of lines) good.add(line);
        return { status: 204 };
      });
      const bad: number[] = [];
      const store = createInflux1Store({
        url: server.url,
        database: 'x',
        city: 'wuxi',
        onBadLine: ({ seq }) => bad.push(seq),
      });
      await store.open();
      await store.describe(description('bus'));
      requests = 0;
      good.clear();
      await store.append(
        batch(Array.from({ length: 5_000 }, (_, n) => record('bus-1', T0 + n, n + 1, { speedMps: n }))),
      );
      server.close();
      expect(bad).toEqual([position + 1]);
      expect(good.size).toBe(4_999);
      expect(requests).toBeLessThanOrEqual(1 + 14);
    }
  });

  it.each([500, 503, 429, 401, 404])(
    'rejects on %i with address and answer, without a retry of its own',
    async (status) => {
      let requests = 0;
      let broken = false;
      const server = await fakeInflux(() => {
        requests++;
        return broken ? { status, body: 'not now' } : { status: 204 };
      });
      const store = createInflux1Store({ url: server.url, database: 'x', city: 'wuxi' });
      await store.open();
      await store.describe(description('bus'));
      broken = true;
      requests = 0;
      await expect(store.append(batch([record('bus-1', T0, 1, {})]))).rejects.toThrow(
        `${server.url} refuses a write: ${status} not now`,
      );
      expect(requests).toBe(1);
      broken = false;
      expect(await store.append(batch([record('bus-1', T0, 1, {})]))).toEqual({ duplicates: 0 });
      server.close();
    },
  );
});
