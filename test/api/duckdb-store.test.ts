// What the DuckDB store promises beyond the contract: one owner, nothing acknowledged is lost, queries hold no append up.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../api/stores/duckdb-engine.ts';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { batch, description, record } from './records.ts';

const T0 = Date.UTC(2026, 10, 20);
const ALL = { fromMs: 0, toMs: 9_000_000_000_000, limit: 1_000_000 };
/** Records of a batch of the process that is killed. */
const APPENDER_ROWS = 300;
const folder = await mkdtemp(join(tmpdir(), 'citytwin-duckdb-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

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

  it('rejects everything once it is closed, and says so', async () => {
    const store = createDuckDbStore({ file: join(folder, 'closed-store.duckdb') });
    await store.open();
    await store.describe(description('bus'));
    await store.close();
    await expect(store.append(batch([record('bus-1', T0, 1, {})]))).rejects.toThrow(/closed-store\.duckdb/);
    expect(await store.ping()).toBe(false);
  });

  it('lets no query reach a file, an extension or a setting', async () => {
    const engine = await openEngine({ file: join(folder, 'closed.duckdb'), memoryLimitMb: 128, threads: 2 });
    const connection = await engine.connect();
    const letter = join(folder, 'letter.txt');
    await writeFile(letter, 'secret');
    await expect(connection.run(`SELECT * FROM read_text('${letter}')`)).rejects.toThrow(/disabled by configuration/);
    await expect(connection.run(`COPY (SELECT 1) TO '${letter}'`)).rejects.toThrow(/disabled by configuration/);
    await expect(connection.run('INSTALL httpfs')).rejects.toThrow(/disabled by configuration/);
    await expect(connection.run('SET enable_external_access = true')).rejects.toThrow(/locked/);
    connection.closeSync();
    await engine.close();
  });

  it('appends while slow queries run', async () => {
    const store = createDuckDbStore({ file: join(folder, 'slow.duckdb') });
    await store.open();
    await store.describe(description('bus'));
    const many = (from: number): ReturnType<typeof record>[] =>
      Array.from({ length: 50_000 }, (_, n) =>
        record(`bus-${n % 500}`, T0 + from + n, n, { speedMps: n, lineName: `line ${n}` }),
      );
    for (let n = 0; n < 2; n++) await store.append(batch(many(n * 50_000)));
    const order: string[] = [];
    const bucket = { everyMs: 1_000, agg: 'p95' as const, utcOffsetMin: 0 };
    const slow = Array.from({ length: 16 }, () =>
      store
        .aggregate({ kind: 'bus', field: 'speedMps', ...ALL, bucket, groupBy: 'device', maxGroups: 500 })
        .then(() => order.push('query')),
    );
    await store.append(batch([record('bus-1', T0, 1_000_000, {})]));
    order.push('append');
    await Promise.all(slow);
    expect(order.at(-1)).toBe('query');
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
      for (;;) {
        if (last >= count) return last;
        if (child.exitCode !== null) throw new Error(`the appending process ended with ${child.exitCode}`);
        const printed = Promise.withResolvers<void>();
        wake = printed.resolve;
        await printed.promise;
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await closed;
      return last;
    },
  };
}
