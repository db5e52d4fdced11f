// The harness itself: a checker that cannot find a loss proves nothing, a proxy that lets everything through neither.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { compare } from './checker.ts';
import { Latencies } from './latency.ts';
import { LedgerFile, readLedger, valueOf } from './ledger.ts';
import type { LedgerRow } from './ledger.ts';
import { rows } from './matrix.ts';
import { Proxy } from './proxy.ts';
import type { StoredRow } from './stored.ts';
import { table } from './table.ts';

const BORN_MS = 1_700_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'citytwin-harness-'));
afterAll(() => rmSync(folder, { recursive: true }));

const row = (device: number, seq: number): LedgerRow => ({ device, seq, ts: BORN_MS + seq });
const stored = ({ device, seq, ts }: LedgerRow): StoredRow => ({ device, seq, ts, value: valueOf(device, seq, ts) });
const promised = [row(0, 1), row(1, 1), row(0, 2), row(1, 2)];
const good = promised.map(stored);
const ledger = { bornMs: BORN_MS, rows: promised };

async function* each(list: readonly StoredRow[]): AsyncGenerator<StoredRow> {
  yield* list;
}

describe('the checker', () => {
  it('finds nothing wrong where everything is as promised', async () => {
    const verdict = await compare([ledger], each(good));
    expect(verdict).toEqual({ acked: 4, stored: 4, lost: 0, duplicates: 0, wrong: 0, unpromised: 0, disordered: 0 });
  });

  it('finds a loss, a duplicate, a wrong value, a wrong time, a wrong order, and what was not promised', async () => {
    expect(await compare([ledger], each(good.slice(1)))).toMatchObject({ lost: 1, duplicates: 0 });
    expect(await compare([ledger], each([...good, good[3]!]))).toMatchObject({ lost: 0, duplicates: 1 });
    expect(await compare([ledger], each([{ ...good[0]!, value: -1 }, ...good.slice(1)]))).toMatchObject({ wrong: 1 });
    expect(await compare([ledger], each([stored({ device: 0, seq: 1, ts: BORN_MS + 9 })]))).toMatchObject({ wrong: 1 });
    expect(await compare([ledger], each(good.toReversed()))).toMatchObject({ disordered: 2, lost: 0 });
    expect(await compare([ledger], each([...good, stored(row(1, 3))]))).toMatchObject({ unpromised: 1, lost: 0 });
  });

  it('tells two lives of a device apart, and passes over devices that are not ours', async () => {
    const later = BORN_MS + 1000;
    const again = { device: 0, seq: 1, ts: later + 1 };
    const lives = [ledger, { bornMs: later, rows: [again] }];
    const stranger = { device: Number.NaN, seq: 1, ts: later, value: 1 };
    expect(await compare(lives, each([...good, stored(again), stranger]))).toMatchObject({
      acked: 5,
      stored: 5,
      lost: 0,
    });
    expect(await compare(lives, each(good))).toMatchObject({ lost: 1 });
  });
});

describe('the ledger', () => {
  it('gives back what was written, without a last row that is not whole', () => {
    const path = join(folder, 'ledger');
    const file = new LedgerFile(path, BORN_MS);
    for (const { device, seq, ts } of promised) file.add(device, seq, ts);
    file.close();
    expect(readLedger(path)).toEqual(ledger);
  });
});

describe('latencies', () => {
  it('are percentiles within 5 %, and are forgotten when they were taken', () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 1000; ms++) latencies.addMs(ms);
    const { count, p50, p99, max } = latencies.take();
    expect([count, max]).toEqual([1000, 1000]);
    expect(Math.abs(p50 / 500 - 1)).toBeLessThan(0.05);
    expect(Math.abs(p99 / 990 - 1)).toBeLessThan(0.05);
    expect(latencies.take().count).toBe(0);
  });
});

describe('the proxy', () => {
  it('lets bytes through, one by one if told, refuses, and cuts', async () => {
    const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    await once(echo.listen(0, '127.0.0.1'), 'listening');
    const proxy = await Proxy.start((echo.address() as AddressInfo).port);
    const socket = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    for (const weather of [{}, { slices: true }, { latencyMs: 5, bytesPerS: 100_000 }]) {
      proxy.set(weather);
      socket.write('hello');
      let heard = '';
      while (heard.length < 5) heard += String((await once(socket, 'data'))[0]);
      expect(heard).toBe('hello');
    }
    const closed = new Promise((resolve) => socket.once('close', resolve));
    proxy.set({ refuses: true });
    await closed;
    const refused = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => refused.once('close', resolve));
    await proxy.close();
    echo.close();
  });
});

describe('the matrix', () => {
  it('has each of the 35 rows, is listed by its command, and is wholly in the page', () => {
    const numbers = new Set(rows.map(({ number }) => number));
    expect([...numbers]).toEqual(Array.from({ length: 35 }, (_, at) => at + 1));
    const program = fileURLToPath(new URL('run.ts', import.meta.url));
    const listed = execFileSync(process.execPath, [program, '--list', '31', '1b'], { encoding: 'utf8' });
    expect(
      listed
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['1b', '31']);
    const page = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');
    for (const { fault } of rows) expect(page).toContain(fault);
    expect(
      table(new Map())
        .split('\n')
        .filter((line) => /^\| \d/.test(line)),
    ).toHaveLength(rows.length);
  });
});
