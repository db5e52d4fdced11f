// Runs the contract over every store, then what only one of them promises.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { createInflux1Store } from '../../api/stores/influx1.ts';
import { createMemoryStore } from '../../api/stores/memory.ts';
import { startInfluxd } from '../influxd.ts';
import { batch, description, record, storeContract } from './store-contract.ts';

/** Records of a batch of the process that is killed. */
const APPENDER_ROWS = 300;
const T0 = Date.UTC(2026, 10, 20);
const ALL = { fromMs: 0, toMs: 9_000_000_000_000, limit: 1_000_000 };
const folder = await mkdtemp(join(tmpdir(), 'citytwin-stores-'));
const influxd = await startInfluxd();
afterAll(async () => {
  await influxd?.stop();
  await rm(folder, { recursive: true, force: true });
});

storeContract('memory', async () => ({ create: () => createMemoryStore(), keeps: false, countsDuplicates: true }));

storeContract('duckdb', async () => ({
  create: (place) => createDuckDbStore({ file: join(folder, 'deep', `${place}.duckdb`), memoryLimitMb: 256 }),
  keeps: true,
  countsDuplicates: true,
}));

describe('memory store', () => {
  it('keeps the newest records of a device, and counts what made room', async () => {
    const store = createMemoryStore({ maxRecordsPerDevice: 100 });
    await store.describe(description('bus'));
    for (let n = 0; n < 1_000; n++) await store.append(batch([record('bus-1', T0 + n, n + 1, { speedMps: n })]));
    const series = await store.history({ kind: 'bus', device: 'bus-1', fields: ['speedMps'], ...ALL });
    expect(series.columns.speedMps).toEqual(Array.from({ length: 100 }, (_, n) => 900 + n));
    expect(store.dropped).toBe(900);
  });

  it('keeps to its total, and drops the only record of a device last', async () => {
    const store = createMemoryStore({ maxRecords: 500, maxEvents: 10 });
    await store.describe(description('bus'));
    await store.append(batch([record('seldom', T0, 1, { speedMps: 42 })]));
    for (let n = 0; n < 3_000; n++) await store.append(batch([record(`bus-${n % 5}`, T0 + n, n + 1, { speedMps: n })]));
    const latest = await store.latest('bus');
    expect(latest.find(({ device }) => device === 'seldom')?.fields.speedMps).toBe(42);
    const rows = await Promise.all(
      latest.map(({ device }) => store.history({ kind: 'bus', device, fields: [], ...ALL })),
    );
    expect(rows.reduce((sum, { ts }) => sum + ts.length, 0)).toBe(500);
    expect(store.dropped).toBe(2_501);
  });

  it('keeps to its total with more devices than records', async () => {
    const store = createMemoryStore({ maxRecords: 200 });
    await store.describe(description('bus'));
    await store.append(batch(Array.from({ length: 5_000 }, (_, n) => record(`bus-${n}`, T0, 1, {}))));
    expect(await store.latest('bus')).toHaveLength(200);
    expect(store.dropped).toBe(4_800);
  });
});

describe('duckdb store', { timeout: 60_000 }, () => {
  it('says who owns a file that another process has open', async () => {
    const file = join(folder, 'owned.duckdb');
    const owner = startAppender(file);
    try {
      await owner.acked(1);
      const store = createDuckDbStore({ file });
      await expect(store.open()).rejects.toThrow(`${file} is in use by another process (PID ${owner.pid})`);
    } finally {
      await owner.kill();
    }
  });

  it('refuses a file of a newer layout, and one that is no database', async () => {
    const newer = join(folder, 'newer.duckdb');
    const store = createDuckDbStore({ file: newer });
    await store.open();
    await store.close();
    const instance = await DuckDBInstance.create(newer);
    const connection = await instance.connect();
    await connection.run(`UPDATE "_meta" SET value = '99' WHERE key = 'schemaVersion'`);
    connection.closeSync();
    instance.closeSync();
    await expect(store.open()).rejects.toThrow(/newer\.duckdb was written by a newer citytwin \(layout 99\)/);
    const other = join(folder, 'letter.duckdb');
    await writeFile(other, 'Dear city,\n'.repeat(1_000));
    await expect(createDuckDbStore({ file: other }).open()).rejects.toThrow(/letter\.duckdb/);
  });

  it('rejects a batch with a value of a wrong type, stores nothing of it, and goes on', async () => {
    const store = createDuckDbStore({ file: join(folder, 'wrong.duckdb') });
    await store.open();
    await store.describe(description('bus'));
    const good = record('bus-1', T0, 1, { speedMps: 1 });
    for (const speedMps of ['fast', NaN, Infinity, true]) {
      const bad = record('bus-1', T0 + 1, 2, { speedMps });
      await expect(store.append(batch([good, bad]))).rejects.toThrow(/bus\.speedMps of bus-1/);
    }
    expect(await store.latest('bus')).toEqual([]);
    await store.append(batch([good]));
    expect(await store.latest('bus')).toEqual([good]);
    await store.close();
    await expect(store.append(batch([good]))).rejects.toThrow(/wrong\.duckdb/);
    expect(await store.ping()).toBe(false);
  });

  it('appends while slow queries run', async () => {
    const store = createDuckDbStore({ file: join(folder, 'slow.duckdb') });
    await store.open();
    await store.describe(description('bus'));
    const many = (from: number): ReturnType<typeof record>[] =>
      Array.from({ length: 50_000 }, (_, n) =>
        record(`bus-${n % 5_000}`, T0 + from + n, n, { speedMps: n, lineName: `line ${n}` }),
      );
    for (let n = 0; n < 6; n++) await store.append(batch(many(n * 50_000)));
    const order: string[] = [];
    const bucket = { everyMs: 1_000, agg: 'p95' as const, utcOffsetMin: 0 };
    const slow = Array.from({ length: 8 }, () =>
      store
        .aggregate({ kind: 'bus', field: 'speedMps', ...ALL, bucket, groupBy: 'device', maxGroups: 5_000 })
        .then(() => order.push('query')),
    );
    await store.append(batch([record('bus-1', T0, 1_000_000, {})]));
    order.push('append');
    await Promise.all(slow);
    expect(order.slice(-4)).not.toContain('append');
    await store.close();
  });

  it.each([0, 1, 2, 3, 4, 5])('has every acknowledged batch whole after kill -9, moment %i', async (moment) => {
    const file = join(folder, `killed-${moment}.duckdb`);
    const appender = startAppender(file);
    const acked = await appender.acked(5 + moment * 7);
    await new Promise((resolve) => setTimeout(resolve, moment * 3));
    const last = Math.max(acked, await appender.kill());
    const store = createDuckDbStore({ file });
    await store.open();
    const bucket = { everyMs: 1, agg: 'count' as const, utcOffsetMin: 0 };
    const [group] = await store.aggregate({
      kind: 'bus',
      field: 'speedMps',
      ...ALL,
      bucket,
      groupBy: 'kind',
      maxGroups: 1,
    });
    // A batch has one ts: every acknowledged one is there, and every one that is there is whole.
    expect(group!.ts.length).toBeGreaterThanOrEqual(last);
    expect(new Set(group!.value)).toEqual(new Set([APPENDER_ROWS]));
    expect(group!.ts[0]).toBe(T0 + 1);
    await store.close();
  });
});

if (influxd) {
  describe('influx1 store', { timeout: 60_000 }, () => {
    it('puts bad lines aside with the reason and stores the others', async () => {
      const bad: string[] = [];
      const options = { url: influxd.url, database: 'bad-lines', city: 'wuxi' };
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
  });

  storeContract('influx1', async () => ({
    create: (place) => createInflux1Store({ url: influxd.url, database: place, city: 'wuxi' }),
    keeps: true,
    countsDuplicates: false,
  }));
} else {
  describe('influx1 store', () => {
    it.skip('NOT TESTED: influxd (InfluxDB 1.x) is not installed', () => {});
  });
}

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

/** A process that appends batches of APPENDER_ROWS records with ts T0 + 1, T0 + 2 … and prints the number of each when it is durable. */
function startAppender(file: string): { pid: number; acked(count: number): Promise<number>; kill(): Promise<number> } {
  const script = fileURLToPath(new URL('./duckdb-appender.ts', import.meta.url));
  const child = spawn(process.execPath, [script, file, String(T0), String(APPENDER_ROWS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = 0;
  let wake = (): void => {};
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    last = Number(line);
    wake();
  });
  const closed = new Promise<void>((resolve) => lines.once('close', resolve));
  void closed.then(() => wake());
  return {
    pid: child.pid!,
    async acked(count) {
      while (last < count) {
        if (child.exitCode !== null) throw new Error(`the appending process ended with ${child.exitCode}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return last;
    },
    async kill() {
      child.kill('SIGKILL');
      await closed;
      return last;
    },
  };
}
