// The sink for VictoriaMetrics: the real server has every number, and one that is away costs the store nothing.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VictoriaSink, feeding } from '../../api/sinks/victoria.ts';
import { createMemoryStore } from '../../api/stores/memory.ts';
import { describeWith, program } from '../parts.ts';
import { freePort } from '../ports.ts';
import { batch, description, record } from './records.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

function logger(): { said: string[]; info(message: string): void; warn(message: string): void } {
  const said: string[] = [];
  return { said, info: (message) => said.push(message), warn: (message) => said.push(message) };
}

async function startVictoria(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'citytwin-victoria-'));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(program('victoria-metrics')!, [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=${address}`,
    '-search.latencyOffset=0s',
    '-memory.allowedBytes=64MB',
    '-loggerLevel=ERROR',
  ]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  cleanups.push(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const answers = async (): Promise<boolean> =>
    (await fetch(`http://${address}/health`).catch(() => undefined))?.ok === true;
  await expect.poll(answers, { timeout: 10_000 }).toBe(true);
  return `http://${address}`;
}

describeWith(['victoria-metrics'], 'victoria sink with the real server', () => {
  it(
    'gives it every number of what was stored, and neither texts nor what was refused',
    { timeout: 30_000 },
    async () => {
      const url = await startVictoria();
      const sink = new VictoriaSink({ url, city: 'wuxi', log: logger() });
      const store = feeding(createMemoryStore(), sink);
      await store.describe(description('bus'));
      const now = Date.now() - 600_000;
      const records = Array.from({ length: 500 }, (_, n) =>
        record(`bus-${n % 5}`, now + n * 1000, n + 1, { speedMps: n / 4, doorOpen: true, lineName: 'K1' }),
      );
      const { refused } = await store.append(batch([...records, record('bus-9', now, 1, { speedMps: 'fast' })]));
      expect(refused).toHaveLength(1);
      await store.close();
      expect(sink.counters()).toEqual({ sent: 500, dropped: 0, waiting: 0 });
      await (await fetch(`${url}/internal/force_flush`)).text();
      const exported = await (await fetch(`${url}/api/v1/export?match[]={city="wuxi"}`)).text();
      const series = exported
        .trim()
        .split('\n')
        .map(
          (line) => JSON.parse(line) as { metric: { [name: string]: string }; values: number[]; timestamps: number[] },
        );
      expect(series.map(({ metric }) => `${metric['__name__']} ${metric.device}`).toSorted()).toEqual(
        [0, 1, 2, 3, 4].map((n) => `bus_speedMps bus-${n}`),
      );
      const found = series.flatMap(({ values, timestamps }) => values.map((value, at) => `${timestamps[at]} ${value}`));
      expect(found.toSorted()).toEqual(records.map(({ ts, fields }) => `${ts} ${String(fields.speedMps)}`).toSorted());
    },
  );
});

describe('a store that feeds it', () => {
  const sink = (): VictoriaSink => new VictoriaSink({ url: 'http://127.0.0.1:9', city: 'wuxi', log: logger() });

  it('says of its life what it says without, or nothing either', async () => {
    expect(feeding(createMemoryStore(), sink())).not.toHaveProperty('life');
    const started = Object.assign(createMemoryStore(), { life: async () => 'second' });
    expect(await feeding(started, sink()).life?.()).toBe('second');
  });
});

describe('victoria sink with a server that is away', { timeout: 20_000 }, () => {
  it('holds no append up, drops what does not fit and counts it, says so once, and goes on when the server is back', async () => {
    const statuses = [503, 503, 204];
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const status = statuses.length > 1 ? statuses.shift()! : statuses[0]!;
        if (status === 204) bodies.push(body);
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => void server.close());
    const log = logger();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sink = new VictoriaSink({ url, city: 'wuxi', log, maxWaiting: 150 });
    const records = Array.from({ length: 100 }, (_, n) => record('bus-1', n, n, { speedMps: n }));
    sink.take(records);
    sink.take(records);
    expect(sink.counters()).toEqual({ sent: 0, dropped: 50, waiting: 150 });
    await expect.poll(() => sink.counters(), { timeout: 10_000 }).toEqual({ sent: 150, dropped: 50, waiting: 0 });
    expect(bodies.join('\n').split('\n')).toHaveLength(150);
    expect(log.said).toEqual([
      expect.stringContaining('takes nothing: 503'),
      expect.stringContaining('50 records were dropped'),
    ]);
    await sink.close();
  });

  it('closes in time while the server hangs, and counts what is left', async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sink = new VictoriaSink({ url, city: 'wuxi', log: logger() });
    sink.take([record('bus-1', 1, 1, { speedMps: 1 })]);
    await sink.close();
    expect(sink.counters()).toEqual({ sent: 0, dropped: 1, waiting: 0 });
  });
});
