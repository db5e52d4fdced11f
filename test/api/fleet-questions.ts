// The twelve fleet questions asked of an api over any store that holds some time of the demo city, and compared with a brute-force scan of
// what `citytwin export` gives.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUESTIONS } from '../../api/fleet/questions.ts';
import { startApi } from '../../api/server.ts';
import type { Api } from '../../api/server.ts';
import type { Store } from '../../api/store.ts';
import { citytwin } from '../cli/recordings.ts';
import { quiet } from './city.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { START_MS, UTC_OFFSET_MIN } from './fleet-days.ts';
import type { Days } from './fleet-days.ts';
import { Scan } from './fleet-scan.ts';
import type { Answer, Asked } from './fleet-scan.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BATCH = 20_000;
/** No mean of speeds with one decimal comes near to it. */
const STANDING = 1.0321;
const hour = (hours: number): number => START_MS + hours * HOUR_MS;

interface Case {
  readonly question: string;
  readonly kind: string;
  readonly asked: Asked;
  /** The answer leaves somebody out. */
  readonly chooses?: boolean;
}

/** Buses leave in the morning, seven hours after the start. */
const CASES: readonly Case[] = [
  { question: 'last-location', kind: 'bus', asked: { groupBy: 'line' } },
  { question: 'last-location', kind: 'bus', asked: { to: hour(16.25), from: hour(16) } },
  { question: 'last-location', kind: 'vehicle', asked: {} },
  {
    question: 'low-fuel',
    kind: 'bus',
    asked: { field: 'socPct', below: 70, to: hour(20), groupBy: 'line' },
    chooses: true,
  },
  { question: 'high-load', kind: 'bus', asked: { field: 'occupancyRatio', above: 0.151, to: hour(11) }, chooses: true },
  { question: 'stationary', kind: 'bus', asked: { field: 'speedMps', below: STANDING, to: hour(12) }, chooses: true },
  {
    question: 'stationary',
    kind: 'bus',
    asked: { field: 'speedMps', below: 4, from: hour(8), to: hour(21.5), groupBy: 'propulsion' },
    chooses: true,
  },
  {
    question: 'long-driving-sessions',
    kind: 'bus',
    asked: { field: 'speedMps', above: STANDING, longer: 190 * MINUTE_MS, to: hour(12) },
    chooses: true,
  },
  {
    question: 'long-daily-sessions',
    kind: 'bus',
    asked: { field: 'speedMps', above: STANDING, longer: 15 * HOUR_MS, groupBy: 'line' },
    chooses: true,
  },
  {
    question: 'avg-vs-projected-consumption',
    kind: 'bus',
    asked: { field: 'energyKwh', per: 'odometerM', amount: 1000, projected: 1.1, groupBy: 'line' },
  },
  {
    question: 'avg-vs-projected-consumption',
    kind: 'bus',
    asked: {
      field: 'fuelL',
      per: 'odometerM',
      amount: 100_000,
      projected: 33,
      from: hour(8.31),
      to: hour(19.7),
      window: 10 * MINUTE_MS,
    },
  },
  { question: 'avg-daily-driving-duration', kind: 'bus', asked: { field: 'speedMps', above: STANDING } },
  {
    question: 'avg-daily-driving-duration',
    kind: 'vehicle',
    asked: { field: 'speedMps', above: STANDING, window: 30 * MINUTE_MS },
  },
  {
    question: 'avg-daily-driving-session',
    kind: 'bus',
    asked: { field: 'speedMps', above: STANDING, groupBy: 'propulsion', group: 'battery' },
  },
  {
    question: 'avg-daily-driving-session',
    kind: 'vehicle',
    asked: { field: 'speedMps', above: 0.01, window: 5 * MINUTE_MS },
  },
  { question: 'avg-load', kind: 'bus', asked: { field: 'occupancyRatio', groupBy: 'line' } },
  { question: 'avg-load', kind: 'bus', asked: { field: 'doorOpen', from: hour(6) + 1, to: hour(22) - 1 } },
  { question: 'daily-activity', kind: 'bus', asked: { field: 'engineOn', above: 0.4987, groupBy: 'propulsion' } },
  { question: 'daily-activity', kind: 'vehicle', asked: { field: 'speedMps', above: STANDING, groupBy: 'status' } },
  { question: 'breakdown-frequency', kind: 'bus', asked: { groupBy: 'line' } },
  {
    question: 'breakdown-frequency',
    kind: 'bus',
    asked: { event: 'harshBrake', groupBy: 'propulsion', from: hour(8), to: hour(20) },
  },
];

export function fleetQuestions(name: string, create: () => Promise<Store>, days: Days): void {
  describe(`the fleet questions, from ${name}`, { timeout: 60_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'citytwin-fleet-'));
    let store: Store;
    let api: Api;
    const scans = new Map<string, Scan>();

    beforeAll(async () => {
      store = await create();
      await store.open();
      await fill(store, days);
      const map = { id: 'wuxi', layers: {} };
      const options = {
        city: 'wuxi',
        host: '127.0.0.1',
        port: 0,
        version: '1',
        log: quiet,
        publish: async () => {},
        map,
      };
      api = await startApi({ ...options, store });
      const out = join(folder, 'days.ndjson');
      const { status, stderr } = await citytwin([
        'export',
        '--from',
        `http://127.0.0.1:${api.port}`,
        '--out',
        out,
        '--json',
      ]);
      expect([status, stderr]).toEqual([0, '']);
      const ndjson = readFileSync(out, 'utf8');
      for (const kind of ['bus', 'vehicle']) scans.set(kind, new Scan(ndjson, kind, UTC_OFFSET_MIN));
    }, 120_000);
    afterAll(async () => {
      await api?.close();
      await store?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(CASES)('$question of $kind $asked', async ({ question, kind, asked, chooses }) => {
      const response = await fetch(`http://127.0.0.1:${api.port}/api/fleet/${question}?${parametersOf(kind, asked)}`);
      const answer = (await response.json()) as Answer & { total: number };
      expect([response.status, answer]).toEqual([200, expect.anything()]);
      const expected = scans.get(kind)!.answer(question, asked);
      expect(expected.items.length).toBeGreaterThan(0);
      if (chooses) expect(devicesOf(expected.items).size).toBeLessThan(devicesOf(ofKind(days, kind)).size);
      expect([answer.from, answer.to, answer.total]).toEqual([expected.from, expected.to, expected.items.length]);
      expectSame(answer.items, expected.items);
    });

    it('are answered by the URLs of the docs, one for each', async () => {
      const text = readFileSync(new URL('../../docs/fleet.md', import.meta.url), 'utf8');
      const urls = [...text.matchAll(/`(\/api\/fleet\/([a-z-]+)\?[^`]+)`/g)];
      expect(urls.map(([, , question]) => question)).toEqual(QUESTIONS.map(({ name }) => name));
      for (const [, url] of urls) {
        const response = await fetch(`http://127.0.0.1:${api.port}${url}`);
        expect([response.status, await response.json()]).toEqual([
          200,
          expect.objectContaining({ to: expect.any(Number) }),
        ]);
      }
    });
  });
}

async function fill(store: Store, { descriptions, records, events }: Days): Promise<void> {
  for (const description of descriptions) await store.describe(description);
  for (let from = 0; from < records.length; from += BATCH)
    await store.append({ records: records.slice(from, from + BATCH), suspects: [], events: [] });
  await store.append({ records: [], suspects: [], events });
}

function ofKind({ records }: Days, kind: string): readonly TelemetryRecord[] {
  return records.filter((record) => record.kind === kind);
}

function devicesOf(items: readonly object[]): Set<unknown> {
  return new Set(items.map((item) => (item as { device?: string }).device));
}

/** Times and durations as people write them. */
function parametersOf(kind: string, asked: Asked): string {
  const parameters = new URLSearchParams({ kind });
  for (const [name, value] of Object.entries(asked)) {
    const isTime = name === 'from' || name === 'to';
    const isDuration = name === 'window' || name === 'longer';
    const text = isTime ? new Date(value).toISOString() : isDuration ? `${Number(value) / MINUTE_MS}m` : String(value);
    parameters.set(name, text);
  }
  return parameters.toString();
}

/** Floating-point numbers within 1e-9 of each other, all else the same. */
function expectSame(actual: Answer['items'], expected: Answer['items']): void {
  const rounded = actual.map((item, at) => {
    const close = Object.entries(item).map(([name, value]) => {
      const wanted = expected[at]?.[name];
      const isClose =
        typeof value === 'number' && typeof wanted === 'number' && Math.abs(value - wanted) <= 1e-9 * Math.abs(wanted);
      return [name, isClose ? wanted : value];
    });
    return Object.fromEntries(close) as Answer['items'][number];
  });
  expect(rounded).toEqual(expected);
}
