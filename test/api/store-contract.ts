// What every store must do, run over all of them. Expected values come from a plain computation of its own, not from the stores' code.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PackedRecords } from '../../api/packed-records.ts';
import type { Aggregate, AggregateQuery, HistoryQuery, Store } from '../../api/store.ts';
import type { Description, Value } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import { createRandom } from './random.ts';
import { batch, description, event, record } from './records.ts';
import { takesAnyName } from './store-names.ts';

export interface Opener {
  /** A new store on the same data each time it is called with the same place; not opened yet. */
  create(place: string): Store;
  /** False for a store that forgets when it is closed. */
  readonly keeps: boolean;
  /** False for a store that is idempotent without knowing what it had. */
  readonly countsDuplicates: boolean;
  /** True for a store that keeps the journal's position with each batch. */
  readonly keepsPosition: boolean;
}

const T0 = Date.UTC(2026, 10, 20, 3, 0, 0);
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const ALL = { fromMs: 0, toMs: 9_000_000_000_000, limit: 1_000_000 };
const BIG_BATCH = 50_000;
const TEXTS = [
  '',
  'plain',
  '无锡 太湖',
  '🚌🌊',
  'say "hi"',
  'back\\slash',
  'ends with \\',
  'two\nlines',
  'a,b=c d',
  "it's",
  '\ttab',
  '\\n is no newline',
  '<img src=x onerror=alert(1)>',
];
const NUMBERS = [0, -0, 1, -1, 0.1, 1e-7, 120.3012345, 31.5712346, 1e21, -1.5e-300, 9_007_199_254_740_991, 1 / 3];

export function storeContract(name: string, opener: () => Promise<Opener>): void {
  describe(`${name} store`, { timeout: 60_000 }, () => {
    let made: Opener;
    let store: Store;
    let places = 0;

    beforeAll(async () => {
      made = await opener();
      store = made.create('main');
      await store.open();
      await store.describe(description('bus'));
    }, 60_000);
    afterAll(async () => {
      await store?.close();
    });

    /** An empty store of its own, closed at the end of `use`. */
    async function withStore(use: (store: Store, place: string) => Promise<void>): Promise<void> {
      const place = `place${places++}`;
      const own = made.create(place);
      await own.open();
      try {
        await use(own, place);
      } finally {
        await own.close();
      }
    }

    it('answers a ping', async () => {
      expect(await store.ping()).toBe(true);
    });

    it('gives numbers, booleans and texts back exactly', async () => {
      const device = 'exact-1';
      const records = Array.from({ length: TEXTS.length }, (_, n) =>
        record(device, T0 + n, n + 1, {
          speedMps: NUMBERS[n % NUMBERS.length]!,
          doorOpen: n % 2 === 0,
          lineName: TEXTS[n]!,
        }),
      );
      await store.append(batch(records));
      const series = await store.history({ kind: 'bus', device, fields: ['speedMps', 'doorOpen', 'lineName'], ...ALL });
      expect(series.ts).toEqual(records.map(({ ts }) => ts));
      for (const field of ['speedMps', 'doorOpen', 'lineName']) {
        expect(series.columns[field]).toHaveLength(records.length);
        for (const [row, { fields }] of records.entries()) expect(series.columns[field]![row]).toBe(fields[field]);
      }
      const latest = (await store.latest('bus')).find((newest) => newest.device === device);
      expect(latest).toEqual(records.at(-1));
    });

    it('answers null for absent fields, and keeps a record that has none', async () => {
      const device = 'absent-1';
      await store.append(
        batch([
          record(device, T0, 1, { speedMps: 3 }),
          record(device, T0 + 5, 2, { lineName: 'x' }),
          record(device, T0 + 9, 3, {}),
        ]),
      );
      const series = await store.history({
        kind: 'bus',
        device,
        fields: ['speedMps', 'lineName', 'neverSeen'],
        ...ALL,
      });
      expect(series).toEqual({
        ts: [T0, T0 + 5, T0 + 9],
        columns: { speedMps: [3, null, null], lineName: [null, 'x', null], neverSeen: [null, null, null] },
      });
      expect((await store.latest('bus')).find((newest) => newest.device === device)).toEqual(
        record(device, T0 + 9, 3, {}),
      );
    });

    it('keeps records of the same ms that differ in seq, in the order of seq', async () => {
      const device = 'same-ms';
      await store.append(batch([3, 1, 2].map((seq) => record(device, T0, seq, { speedMps: seq }))));
      const series = await store.history({ kind: 'bus', device, fields: ['speedMps'], ...ALL });
      expect(series).toEqual({ ts: [T0, T0, T0], columns: { speedMps: [1, 2, 3] } });
      expect((await store.latest('bus')).find((newest) => newest.device === device)?.seq).toBe(3);
    });

    it('stores a batch that comes twice once', async () => {
      const device = 'twice-1';
      const records = Array.from({ length: 500 }, (_, n) => record(device, T0 + n, n + 1, { speedMps: n }));
      const events = Array.from({ length: 5 }, (_, n) => event(device, T0 + n, 1000 + n, 'arrived'));
      const suspects = [...records.keys()];
      expect(await store.append(batch(records, events))).toEqual({ duplicates: 0 });
      const again = await store.append({ records, events, suspects });
      expect(again).toEqual({ duplicates: made.countsDuplicates ? 505 : 0 });
      const series = await store.history({ kind: 'bus', device, fields: ['speedMps'], ...ALL });
      expect(series.columns.speedMps).toEqual(records.map(({ fields }) => fields.speedMps));
      expect(await store.events({ ...ALL, device })).toEqual(events);
    });

    it('stores the new ones of a batch of suspects, and twins within a batch once', async () => {
      const device = 'suspects-1';
      const at = (n: number): TelemetryRecord => record(device, T0 + n, n, { speedMps: n });
      await store.append(batch([at(1), at(3)]));
      const result = await store.append({
        records: [at(1), at(2), at(3), at(4), at(4), at(5), at(5)],
        suspects: [0, 1, 2, 4, 5, 6],
        events: [],
      });
      expect(result).toEqual({ duplicates: made.countsDuplicates ? 4 : 0 });
      const series = await store.history({ kind: 'bus', device, fields: ['speedMps'], ...ALL });
      expect(series.columns.speedMps).toEqual([1, 2, 3, 4, 5]);
    });

    it('takes records in any order and answers them ascending', async () => {
      const device = 'shuffled-1';
      const order = [5, 1, 4, 2, 3, 0];
      await store.append(batch(order.map((n) => record(device, T0 + n * SECOND_MS, n + 1, { speedMps: n }))));
      const series = await store.history({ kind: 'bus', device, fields: ['speedMps'], ...ALL });
      expect(series.columns.speedMps).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it('answers the newest rows of [from, to) up to the limit, ascending', async () => {
      const device = 'limits-1';
      await store.append(
        batch(Array.from({ length: 20 }, (_, n) => record(device, T0 + n * SECOND_MS, n + 1, { speedMps: n }))),
      );
      const query = {
        kind: 'bus',
        device,
        fields: ['speedMps'],
        fromMs: T0 + 5 * SECOND_MS,
        toMs: T0 + 15 * SECOND_MS,
      };
      expect((await store.history({ ...query, limit: 100 })).columns.speedMps).toEqual([
        5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
      ]);
      expect((await store.history({ ...query, limit: 3 })).columns.speedMps).toEqual([12, 13, 14]);
    });

    it('answers an unknown kind or device with an empty series', async () => {
      const empty = { ts: [], columns: { speedMps: [] } };
      expect(await store.history({ kind: 'bus', device: 'nobody', fields: ['speedMps'], ...ALL })).toEqual(empty);
      expect(await store.history({ kind: 'unheard-of', device: 'nobody', fields: ['speedMps'], ...ALL })).toEqual(
        empty,
      );
      const bucket = { everyMs: 1000, agg: 'mean' as const, utcOffsetMin: 0 };
      expect(await store.history({ kind: 'bus', device: 'nobody', fields: ['speedMps'], ...ALL, bucket })).toEqual(
        empty,
      );
      expect(
        await store.aggregate({
          kind: 'unheard-of',
          field: 'speedMps',
          ...ALL,
          bucket,
          groupBy: 'kind',
          maxGroups: 10,
        }),
      ).toEqual([]);
      expect(await store.latest('unheard-of')).toEqual([]);
      expect(await store.events({ ...ALL, kind: 'unheard-of' })).toEqual([]);
    });

    it('refuses names outside the grammar, and numbers that are none', async () => {
      const history: HistoryQuery = { kind: 'bus', device: 'x', fields: ['speedMps'], ...ALL };
      await expect(store.describe(description('a"; drop'))).rejects.toThrow('a\\"; drop');
      await expect(store.history({ ...history, kind: 'a"; drop' })).rejects.toThrow('a\\"; drop');
      await expect(store.history({ ...history, device: "a' or 1=1" })).rejects.toThrow("a' or 1=1");
      await expect(store.history({ ...history, fields: ['a", b'] })).rejects.toThrow('a\\", b');
      await expect(store.history({ ...history, fromMs: Number.NaN })).rejects.toThrow('fromMs');
      await expect(store.history({ ...history, limit: 0 })).rejects.toThrow('limit');
      const aggregate: AggregateQuery = {
        kind: 'bus',
        field: 'speedMps',
        ...ALL,
        bucket: { everyMs: 1000, agg: 'mean', utcOffsetMin: 0 },
        groupBy: 'kind',
        maxGroups: 1,
      };
      await expect(store.aggregate({ ...aggregate, groupBy: { field: 'x") --' } })).rejects.toThrow('x\\") --');
      await expect(store.aggregate({ ...aggregate, groupBy: { field: 'doorOpen' } })).rejects.toThrow('doorOpen');
      await expect(
        store.aggregate({ ...aggregate, bucket: { ...aggregate.bucket, agg: 'median' as Aggregate } }),
      ).rejects.toThrow('median');
      await expect(store.aggregate({ ...aggregate, field: 'lineName' })).rejects.toThrow('lineName');
      expect(await store.ping()).toBe(true);
    });

    it('takes kinds and fields of any name that a description may have', () => withStore(takesAnyName));

    it('rejects a batch with a kind that was not described, and stores nothing of it', async () => {
      const device = 'unknown-kind-1';
      const records = [record(device, T0, 1, { speedMps: 1 }), { ...record(device, T0, 1, {}), kind: 'stranger' }];
      await expect(store.append(batch(records))).rejects.toThrow('stranger');
      expect((await store.history({ kind: 'bus', device, fields: ['speedMps'], ...ALL })).ts).toEqual([]);
    });

    it('refuses records that no column takes, one by one, and stores all others', async () => {
      const device = 'refused-1';
      const good = Array.from({ length: 300 }, (_, n) =>
        record(device, T0 + n, n + 1, { speedMps: n, doorOpen: true }),
      );
      const wrong: TelemetryRecord[] = [
        record(device, T0 + 1_000, 1_001, { speedMps: 'fast' }),
        record(device, T0 + 1_001, 1_002, { speedMps: Number.NaN }),
        record(device, T0 + 1_002, 1_003, { speedMps: Infinity }),
        record(device, T0 + 1_003, 1_004, { speedMps: 1, doorOpen: 1 }),
        record(device, T0 + 1_004, 1_005, { lineName: true }),
      ];
      const names = ['speedMps', 'speedMps', 'speedMps', 'doorOpen', 'lineName'];
      const records = [...good.slice(0, 100), ...wrong, ...good.slice(100)];
      const events = [event(device, T0, 5_000, 'arrived')];
      const { duplicates, refused } = await store.append(batch(records, events));
      expect(duplicates).toBe(0);
      expect(refused?.map((refusal) => refusal.record)).toEqual([100, 101, 102, 103, 104]);
      for (const [at, { reason }] of refused!.entries()) expect(reason).toContain(`bus.${names[at]} of ${device}`);
      const series = await store.history({ kind: 'bus', device, fields: ['speedMps'], ...ALL });
      expect(series.columns.speedMps).toEqual(good.map(({ fields }) => fields.speedMps));
      expect(await store.events({ ...ALL, device })).toEqual(events);
    });

    it('takes packed records like any others, also in columns that were used before, and refuses what has another type', async () => {
      await withStore(async (own) => {
        await own.describe(description('bus'));
        await own.describe(description('tram'));
        const records = new PackedRecords();
        const tram = (one: TelemetryRecord): TelemetryRecord => ({ ...one, kind: 'tram' });
        const all = (kind: string) => own.records({ kind, ...ALL });
        const first = [
          record('p-1', T0, 1, { speedMps: 1, doorOpen: false, lineName: '无锡' }),
          tram(record('p-1', T0, 1, { speedMps: 2 })),
          record('p-2', T0, 1, {}),
        ];
        for (const one of first) records.add(one);
        expect(await own.append({ records, suspects: [], events: [] })).toEqual({ duplicates: 0 });
        // A batch whose answer was lost is given again as it is.
        const again = await own.append({ records, suspects: [0, 1, 2], events: [] });
        expect(again).toEqual({ duplicates: made.countsDuplicates ? 3 : 0 });
        records.clear();
        const second = [
          tram(record('p-3', T0 + 1, 1, { lineName: 'K1' })),
          record('p-2', T0 + 1, 2, { doorOpen: true }),
        ];
        for (const one of second) records.add(one);
        expect(await own.append({ records, suspects: [1], events: [] })).toEqual({ duplicates: 0 });
        expect(await all('bus')).toEqual([first[0], first[2], second[1]]);
        expect(await all('tram')).toEqual([first[1], second[0]]);

        const odd = new PackedRecords();
        odd.add(tram(record('p-4', T0 + 2, 1, { speedMps: 'fast' })));
        odd.add(record('p-4', T0 + 2, 1, { speedMps: 4 }));
        const { refused } = await own.append({ records: odd, suspects: [], events: [] });
        expect(refused).toEqual([{ record: 0, reason: expect.stringContaining('tram.speedMps of p-4') }]);
        expect(await all('bus')).toHaveLength(4);
        expect(await all('tram')).toHaveLength(2);
      });
    });

    it('keeps the position of a batch, or none at all', async () => {
      await withStore(async (own, place) => {
        await own.describe(description('bus'));
        expect(await own.position()).toBeUndefined();
        await own.append({ ...batch([record('p-1', T0, 1, {})]), position: 7 });
        expect(await own.position()).toBe(made.keepsPosition ? 7 : undefined);
        await own.append(batch([record('p-1', T0 + 1, 2, {})]));
        expect(await own.position()).toBe(made.keepsPosition ? 7 : undefined);
        await own.append({ ...batch([]), position: Number.MAX_SAFE_INTEGER });
        // Nothing of a batch is stored: neither is its position.
        const stranger = { ...record('p-1', T0, 1, {}), kind: 'stranger' };
        await expect(own.append({ ...batch([stranger]), position: 8 })).rejects.toThrow('stranger');
        expect(await own.position()).toBe(made.keepsPosition ? Number.MAX_SAFE_INTEGER : undefined);
        if (!made.keeps) return;
        await own.close();
        const second = made.create(place);
        await second.open();
        expect(await second.position()).toBe(made.keepsPosition ? Number.MAX_SAFE_INTEGER : undefined);
        await second.close();
      });
    });

    it('adds fields later, refuses a changed type naming the field, and knows descriptions', async () => {
      await withStore(async (own) => {
        const first = { ...description('tram'), fields: { speedMps: { label: 'Speed', unit: 'm/s' } } };
        await own.describe(first);
        await own.append(batch([{ ...record('t1', T0, 1, { speedMps: 1 }), kind: 'tram' }]));
        const second = {
          ...first,
          fields: { ...first.fields, heated: { label: 'Heated', unit: '', type: 'boolean' as const } },
        };
        await own.describe(second);
        await own.append(batch([{ ...record('t1', T0 + 1, 2, { speedMps: 2, heated: true }), kind: 'tram' }]));
        const query = { kind: 'tram', device: 't1', fields: ['speedMps', 'heated'], ...ALL };
        const expected = { ts: [T0, T0 + 1], columns: { speedMps: [1, 2], heated: [null, true] } };
        expect(await own.history(query)).toEqual(expected);
        const changed: Description = { ...first, fields: { speedMps: { label: 'Speed', unit: '', type: 'string' } } };
        await expect(own.describe(changed)).rejects.toThrow(/tram\.speedMps.*number.*string/);
        const twin: Description = { ...first, fields: { SpeedMps: { label: 'Speed', unit: '' } } };
        await expect(own.describe(twin)).rejects.toThrow(/SpeedMps.*speedMps/);
        expect(await own.descriptions()).toEqual([second]);
        expect(await own.history(query)).toEqual(expected);
      });
    });

    it('keeps events with name, state and fields', async () => {
      await withStore(async (own) => {
        await own.describe(description('bus'));
        const events: DeviceEvent[] = [
          event('bus-1', T0, 1, 'brokenDown', 'raised', { speedMps: 0.5, lineName: 'say "无锡"\n\\' }),
          event('bus-2', T0, 1, 'arrived'),
          event('bus-1', T0 + 5, 2, 'brokenDown', 'cleared', { doorOpen: false }),
          event('bus-2', T0 + 9, 2, 'arrived'),
        ];
        await own.append(batch([], events));
        expect(await own.events(ALL)).toEqual(events);
        expect(await own.events({ ...ALL, device: 'bus-1' })).toEqual([events[0], events[2]]);
        expect(await own.events({ ...ALL, kind: 'bus', limit: 2 })).toEqual(events.slice(2));
        expect(await own.events({ ...ALL, name: 'arrived' })).toEqual([events[1], events[3]]);
        expect(await own.events({ ...ALL, name: 'brokenDown', kind: 'bus', limit: 1 })).toEqual([events[2]]);
        expect(await own.events({ ...ALL, name: 'left' })).toEqual([]);
        expect(await own.events({ ...ALL, fromMs: T0 + 1, toMs: T0 + 9 })).toEqual([events[2]]);
        expect(await own.events({ ...ALL, kind: 'tram' })).toEqual([]);
      });
    });

    it('answers the newest record of each device in a range that has certain fields', async () => {
      await withStore(async (own) => {
        await own.describe(description('bus'));
        const records = [
          record('l-1', T0, 1, { speedMps: 0, doorOpen: false, lineName: '' }),
          record('l-1', T0 + 10, 2, { speedMps: -1, doorOpen: true }),
          record('l-1', T0 + 20, 3, { lineName: 'K1' }),
          record('l-1', T0 + 20, 4, { doorOpen: false }),
          record('l-2', T0 + 5, 1, { lineName: '环 "线"' }),
          record('l-2', T0 + 15, 2, {}),
          record('l-3', T0 + 30, 1, { speedMps: 3 }),
        ];
        await own.append(batch(records));
        const newest = async (having: string[], fromMs = T0, toMs = T0 + 1_000): Promise<(string | number)[][]> => {
          const found = await own.latest('bus', { fromMs, toMs, having });
          for (const one of found) expect(records).toContainEqual(one);
          return found.toSorted((a, b) => (a.device < b.device ? -1 : 1)).map(({ device, seq }) => [device, seq]);
        };
        expect(await newest([])).toEqual([
          ['l-1', 4],
          ['l-2', 2],
          ['l-3', 1],
        ]);
        expect(await newest(['speedMps'])).toEqual([
          ['l-1', 2],
          ['l-3', 1],
        ]);
        expect(await newest(['doorOpen'])).toEqual([['l-1', 4]]);
        expect(await newest(['lineName'])).toEqual([
          ['l-1', 3],
          ['l-2', 1],
        ]);
        expect(await newest(['speedMps', 'doorOpen'])).toEqual([['l-1', 2]]);
        expect(await newest(['speedMps', 'doorOpen', 'lineName'])).toEqual([['l-1', 1]]);
        expect(await newest(['speedMps'], T0, T0 + 10)).toEqual([['l-1', 1]]);
        expect(await newest([], T0 + 15, T0 + 20)).toEqual([['l-2', 2]]);
        expect(await newest([], T0 + 31)).toEqual([]);
        expect(await newest(['neverSeen'])).toEqual([]);
        expect(await own.latest('unheard-of', { ...ALL, having: [] })).toEqual([]);
        await expect(own.latest('bus', { ...ALL, having: ['a", b'] })).rejects.toThrow('a\\", b');
        await expect(own.latest('bus', { ...ALL, toMs: 0.5, having: [] })).rejects.toThrow('toMs');
        await expect(own.latest('a"; drop')).rejects.toThrow('a\\"; drop');
      });
    });

    it('gives all records of a kind page by page, none lost and none twice at the borders', async () => {
      await withStore(async (own) => {
        await own.describe(description('bus'));
        const random = createRandom(3);
        // Many devices in the same ms, several records of a device in the same ms, and lonely ones.
        const records = Array.from({ length: 700 }, (_, n) =>
          record(`d-${Math.floor(random() * 20)}`, T0 + Math.floor(random() * 12) * SECOND_MS, n, {
            ...(random() < 0.8 && { speedMps: random() }),
            ...(random() < 0.5 && { doorOpen: random() < 0.5 }),
            ...(random() < 0.5 && { lineName: TEXTS[n % TEXTS.length]! }),
          }),
        );
        await own.append(batch(records));
        const order = (a: TelemetryRecord, b: TelemetryRecord): number =>
          a.ts - b.ts || (a.device < b.device ? -1 : a.device > b.device ? 1 : a.seq - b.seq);
        const range = { kind: 'bus', fromMs: T0 + 2 * SECOND_MS, toMs: T0 + 10 * SECOND_MS };
        const expected = records.filter(({ ts }) => ts >= range.fromMs && ts < range.toMs).sort(order);
        for (const limit of [1000, 100, 57, 7, 1]) {
          const found: TelemetryRecord[] = [];
          for (let page: TelemetryRecord[] | undefined; page === undefined || page.length > 0;) {
            const after = found.at(-1);
            page = await own.records({ ...range, limit, ...(after && { after }) });
            expect(page.length).toBe(Math.min(limit, expected.length - found.length));
            found.push(...page);
            if (limit === 1 && found.length === 50) break;
          }
          expect(found).toEqual(limit === 1 ? expected.slice(0, 50) : expected);
        }
        expect(await own.records({ ...range, kind: 'unheard-of', limit: 5 })).toEqual([]);
        expect(await own.records({ ...range, fromMs: range.toMs, limit: 5 })).toEqual([]);
        await expect(own.records({ ...range, limit: 0 })).rejects.toThrow('limit');
      });
    });

    describe('buckets', () => {
      const readings: TelemetryRecord[] = [];
      beforeAll(async () => {
        const random = createRandom(7);
        // Three devices over five days with a hole of more than two days, some fields absent.
        for (const [d, device] of ['b-1', 'b-2', 'b-3'].entries()) {
          for (let n = 0; n < 400; n++) {
            if (n > 100 && n < 300) continue;
            const fields: { [name: string]: Value } = {};
            if (random() < 0.8) fields.speedMps = Math.round(random() * 2000) / 100 - 5;
            if (random() < 0.7) fields.doorOpen = random() < 0.3;
            if (random() < 0.9) fields.lineName = ['K1', 'K2', '环 线'][Math.floor(random() * 3)]!;
            readings.push({ ...record(device, T0 + n * 17 * 60_000 + d * 1_000, n + 1, fields), kind: 'metro' });
          }
        }
        await store.describe(description('metro'));
        await store.append(batch(readings));
      });

      const cases: { field: string; agg: Aggregate }[] = [];
      for (const agg of ['mean', 'min', 'max', 'sum', 'count', 'last', 'p50', 'p95'] as const)
        cases.push({ field: 'speedMps', agg }, { field: 'doorOpen', agg });
      cases.push({ field: 'lineName', agg: 'last' }, { field: 'lineName', agg: 'count' });
      const widths = [
        { everyMs: HOUR_MS, utcOffsetMin: 480 },
        { everyMs: DAY_MS, utcOffsetMin: 480 },
        { everyMs: DAY_MS, utcOffsetMin: -210 },
        { everyMs: 13 * 60_000, utcOffsetMin: 0 },
      ];

      it.each(cases)('history: $agg of $field is what a plain computation says', async ({ field, agg }) => {
        for (const width of widths) {
          const query = {
            kind: 'metro',
            device: 'b-2',
            fields: [field],
            fromMs: T0 + 2 * HOUR_MS,
            toMs: T0 + 4 * DAY_MS,
            limit: 100_000,
            bucket: { ...width, agg },
          };
          const rows = readings.filter(({ device, ts }) => device === 'b-2' && ts >= query.fromMs && ts < query.toMs);
          const series = await store.history(query);
          expectSeries({ ts: series.ts, value: series.columns[field]! }, bruteForce(rows, field, query.bucket));
          expect(series.columns[field]).toContain(null);
        }
      });

      it.each(cases)(
        'aggregate: $agg of $field by kind, device and text is what a plain computation says',
        async ({ field, agg }) => {
          for (const groupBy of ['kind', 'device', { field: 'lineName' }] as const) {
            const query: AggregateQuery = {
              kind: 'metro',
              field,
              fromMs: T0 + 1,
              toMs: T0 + 3 * DAY_MS,
              bucket: { everyMs: DAY_MS / 2, utcOffsetMin: 480, agg },
              groupBy,
              maxGroups: 1_000,
            };
            const groups = await store.aggregate(query);
            const rows = readings.filter(
              ({ ts, fields }) => ts >= query.fromMs && ts < query.toMs && fields[field] !== undefined,
            );
            const keyOf = (row: TelemetryRecord): Value | undefined =>
              groupBy === 'kind' ? row.kind : groupBy === 'device' ? row.device : row.fields.lineName;
            const keys = [...new Set(rows.map(keyOf))].filter((key) => key !== undefined);
            expect(groups.map(({ key }) => key).toSorted()).toEqual(keys.map(String).toSorted());
            for (const group of groups) {
              const inGroup = rows.filter((row) => keyOf(row) === group.key);
              expectSeries(group, bruteForce(inGroup, field, query.bucket));
            }
          }
        },
      );

      it('keeps the newest buckets up to the limit, empty ones counted', async () => {
        const bucket = { everyMs: HOUR_MS, agg: 'count', utcOffsetMin: 0 } as const;
        const query = { kind: 'metro', device: 'b-1', fields: ['speedMps', 'doorOpen'], ...ALL, bucket };
        const all = await store.history(query);
        const some = await store.history({ ...query, limit: 80 });
        expect(some.ts).toEqual(all.ts.slice(-80));
        expect(some.columns.doorOpen).toEqual(all.columns.doorOpen!.slice(-80));
        expect(some.columns.speedMps).toContain(null);
      });

      it('answers at most maxGroups groups', async () => {
        const query: AggregateQuery = {
          kind: 'metro',
          field: 'speedMps',
          ...ALL,
          bucket: { everyMs: DAY_MS, agg: 'mean', utcOffsetMin: 0 },
          groupBy: 'device',
          maxGroups: 2,
        };
        expect(await store.aggregate(query)).toHaveLength(2);
        const { maxGroups, ...all } = query;
        for (const unlimited of [all, { ...all, maxGroups: maxGroups! + 100_000 }])
          expect((await store.aggregate(unlimited)).map(({ key }) => key)).toEqual(['b-1', 'b-2', 'b-3']);
      });

      it('folds all of a range into the one bucket that every time is in', async () => {
        const everyMs = 2_562_000 * HOUR_MS;
        for (const agg of ['mean', 'last', 'count'] as const) {
          const bucket = { everyMs, agg, utcOffsetMin: 0 };
          const range = { fromMs: T0 + DAY_MS, toMs: T0 + 4 * DAY_MS };
          const groups = await store.aggregate({
            kind: 'metro',
            field: 'speedMps',
            ...range,
            bucket,
            groupBy: 'device',
          });
          expect(groups.map(({ key, ts }) => [key, ts])).toEqual(['b-1', 'b-2', 'b-3'].map((key) => [key, [0]]));
          for (const group of groups) {
            const rows = readings.filter(
              ({ device, ts }) => device === group.key && ts >= range.fromMs && ts < range.toMs,
            );
            expectSeries(group, bruteForce(rows, 'speedMps', bucket));
          }
        }
      });
    });

    it(`takes a batch of ${BIG_BATCH} records of 100 devices`, async () => {
      await withStore(async (own) => {
        await own.describe(description('bus'));
        const records = Array.from({ length: BIG_BATCH }, (_, n) =>
          record(`big-${n % 100}`, T0 + Math.floor(n / 100), Math.floor(n / 100) + 1, {
            speedMps: n,
            doorOpen: n % 3 === 0,
            lineName: `K${n % 7}`,
          }),
        );
        await own.append(batch(records));
        const bucket = { everyMs: DAY_MS, agg: 'count', utcOffsetMin: 0 } as const;
        const counts = await own.aggregate({
          kind: 'bus',
          field: 'speedMps',
          ...ALL,
          bucket,
          groupBy: 'device',
          maxGroups: 1_000,
        });
        expect(counts).toHaveLength(100);
        expect(counts.flatMap(({ value }) => value)).toEqual(Array.from({ length: 100 }, () => BIG_BATCH / 100));
        const latest = await own.latest('bus');
        expect(latest.toSorted((a, b) => (a.device < b.device ? -1 : 1))).toEqual(
          records.slice(-100).toSorted((a, b) => (a.device < b.device ? -1 : 1)),
        );
      });
    });

    it('has everything after it was closed and opened again', async () => {
      if (!made.keeps) return;
      await withStore(async (own, place) => {
        await own.describe(description('bus'));
        const records = [
          record('r-1', T0, 1, { speedMps: 1 }),
          record('r-1', T0 + 5, 2, { speedMps: 2, lineName: '环' }),
          record('r-2', T0, 1, { doorOpen: true }),
        ];
        await own.append(batch(records, [event('r-1', T0, 3, 'arrived')]));
        await own.close();
        const second = made.create(place);
        await second.open();
        try {
          expect(await second.descriptions()).toEqual([description('bus')]);
          expect((await second.latest('bus')).toSorted((a, b) => (a.device < b.device ? -1 : 1))).toEqual([
            records[1],
            records[2],
          ]);
          expect(await second.events(ALL)).toEqual([event('r-1', T0, 3, 'arrived')]);
          await second.append({ records, suspects: [0, 1, 2], events: [] });
          expect((await second.history({ kind: 'bus', device: 'r-1', fields: ['speedMps'], ...ALL })).ts).toEqual([
            T0,
            T0 + 5,
          ]);
          const changed: Description = { ...description('bus'), fields: { doorOpen: { label: 'Door', unit: '' } } };
          await expect(second.describe(changed)).rejects.toThrow(/bus\.doorOpen.*boolean.*number/);
        } finally {
          await second.close();
        }
      });
    });
  });
}

interface Buckets {
  readonly ts: readonly number[];
  readonly value: readonly (Value | null)[];
}

/** Walks the buckets one by one from the civil midnight before the first value and computes each from the values within. */
function bruteForce(
  rows: readonly TelemetryRecord[],
  field: string,
  bucket: { everyMs: number; agg: Aggregate; utcOffsetMin: number },
): Buckets {
  const having = rows
    .filter(({ fields }) => fields[field] !== undefined)
    .toSorted((a, b) => a.ts - b.ts || a.seq - b.seq);
  const times = having.map(({ ts }) => ts);
  const ts: number[] = [];
  const value: (Value | null)[] = [];
  let start = bucket.everyMs >= DAY_MS ? -bucket.utcOffsetMin * 60_000 : 0;
  start += Math.floor((times[0]! - start) / bucket.everyMs) * bucket.everyMs;
  for (; start <= times.at(-1)!; start += bucket.everyMs) {
    const inside = having
      .filter((row) => row.ts >= start && row.ts < start + bucket.everyMs)
      .map(({ fields }) => fields[field]!);
    ts.push(start);
    value.push(inside.length === 0 ? null : fold(inside, bucket.agg));
  }
  return { ts, value };
}

function fold(values: readonly Value[], agg: Aggregate): Value {
  if (agg === 'last') return values.at(-1)!;
  if (agg === 'count') return values.length;
  const sorted = values.map(Number).toSorted((a, b) => a - b);
  let sum = 0;
  for (const value of sorted) sum += value;
  if (agg === 'sum') return sum;
  if (agg === 'mean') return sum / sorted.length;
  const rank = { min: 0, p50: 0.5, p95: 0.95, max: 1 }[agg] * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
  return below * (1 - (rank % 1)) + above * (rank % 1);
}

function expectSeries(actual: Buckets, expected: Buckets): void {
  expect(expected.ts.length).toBeGreaterThan(0);
  expect(actual.ts).toEqual(expected.ts);
  for (const [at, value] of expected.value.entries()) {
    if (typeof value === 'number') expect(actual.value[at]).toBeCloseTo(value, 9);
    else expect(actual.value[at]).toBe(value);
  }
}
