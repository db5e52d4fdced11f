// The disk under the DuckDB store fails: full, it is an error that ends when there is room again; broken, the store says that it is lost.
// Tests that need root or strace are skipped by name where these are not to be had.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect } from 'vitest';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import type { Store } from '../../api/store.ts';
import { canTrace, itWith } from '../parts.ts';
import { createRandom } from './random.ts';
import { batch, description, record } from './records.ts';

const T0 = Date.UTC(2026, 10, 20);
const ROWS = 5_000;
const ALL = { fromMs: 0, toMs: 9_000_000_000_000 };
const folder = mkdtempSync(join(tmpdir(), 'citytwin-duckdb-faults-'));
const mounts: string[] = [];
afterAll(() => {
  for (const mount of mounts) spawnSync('umount', ['-l', mount]);
  rmSync(folder, { recursive: true, force: true });
});

/** → undefined where nobody lets us mount. */
function smallDisk(size: string): string | undefined {
  const path = mkdtempSync(join(folder, 'disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]).status !== 0) return undefined;
  mounts.push(path);
  return path;
}

async function storedRows(store: Store): Promise<number> {
  const bucket = { everyMs: 9_000_000_000_000, agg: 'count', utcOffsetMin: 0 } as const;
  const [all] = await store.aggregate({
    kind: 'bus',
    field: 'speedMps',
    ...ALL,
    bucket,
    groupBy: 'kind',
    maxGroups: 1,
  });
  return Number(all?.value[0] ?? 0);
}

const disk = smallDisk('12m');

describe('duckdb store on a disk that fails', { timeout: 60_000 }, () => {
  itWith(
    { 'root to mount a tmpfs': disk !== undefined },
    'rejects on a full disk, keeps what it acknowledged, and works again when there is room',
    async () => {
      const file = join(disk!, 'city.duckdb');
      const store = createDuckDbStore({ file, memoryLimitMb: 128 });
      await store.open();
      await store.describe(description('bus'));
      const random = createRandom(1);
      const append = (number: number) =>
        store.append({
          ...batch(
            Array.from({ length: ROWS }, (_, n) => record(`bus-${n}`, T0 + number, number, { speedMps: random() })),
          ),
          position: number,
        });
      let acked = 0;
      let failure: unknown;
      for (; failure === undefined; acked += failure === undefined ? 1 : 0) {
        failure = await append(acked + 1).then(
          () => undefined,
          (error: unknown) => error,
        );
      }
      expect((failure as Error).message).toMatch(/space|could not write/i);
      expect(acked).toBeGreaterThan(5);
      expect(await store.position()).toBe(acked);
      expect(await storedRows(store)).toBe(acked * ROWS);
      expect(spawnSync('mount', ['-o', 'remount,size=64m', disk!]).status).toBe(0);
      await append(acked + 1);
      await store.close();
      const second = createDuckDbStore({ file });
      await second.open();
      expect(await second.position()).toBe(acked + 1);
      expect(await storedRows(second)).toBe((acked + 1) * ROWS);
      await second.close();
    },
  );

  itWith(
    { strace: canTrace() },
    'is lost to its process when a sync fails, says so each time, and has all it acknowledged in the next',
    async () => {
      const file = join(folder, 'broken.duckdb');
      const script = fileURLToPath(new URL('./duckdb-store-until-it-fails.ts', import.meta.url));
      const inject = [
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        'trace=fsync,fdatasync',
        '-e',
        'inject=fsync,fdatasync:error=EIO:when=40+',
      ];
      const { stdout, stderr } = spawnSync('strace', [...inject, process.execPath, script, file], { encoding: 'utf8' });
      expect(stderr).toBe('');
      const { acked, failure, again, reopened } = JSON.parse(stdout) as { acked: number } & { [what: string]: string };
      expect(acked).toBeGreaterThan(5);
      for (const said of [failure, again, reopened]) {
        expect(said).toMatch(/^fatal: DuckDB gave the file .*broken\.duckdb up: /);
        expect(said).toContain('End this process and start it again');
      }
      const store = createDuckDbStore({ file });
      await store.open();
      expect(await store.position()).toBeGreaterThanOrEqual(acked);
      expect(await storedRows(store)).toBe((await store.position())! * 100);
      await store.close();
    },
  );
});
