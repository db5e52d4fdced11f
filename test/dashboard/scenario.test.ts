// The scenario on the page, its pure parts: timeline, injection, speeds, backfill, places, and how they are written.
import { assert, double, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kindColour, kindSign, shownField } from '../../dashboard/map/looks.ts';
import { boundsOf, namesOf, ringOf, streetFeatures } from '../../dashboard/map/places.ts';
import { backfillOf } from '../../dashboard/scenario/backfill.ts';
import { detailText } from '../../dashboard/scenario/detail.ts';
import {
  centerOf,
  injectionArgs,
  newDraft,
  radiusAtSlider,
  sliderOfRadius,
  type Draft,
} from '../../dashboard/scenario/injection.ts';
import {
  SPEED_STEPS,
  fallsBehind,
  formatSpeed,
  sliderOf,
  speedAtSlider,
  stepSpeed,
} from '../../dashboard/scenario/speed.ts';
import { blocksOf, groupsOf, shareAt, stretchOf, verdictOf } from '../../dashboard/scenario/timeline.ts';
import { formatDistance, formatLimit, formatMoment } from '../../dashboard/text/format.ts';
import type { InjectableEvent, ScenarioEventState } from '../../telemetry/messages.ts';
import { NOW, scenarioState } from '../api/city.ts';

const HOUR_MS = 3_600_000;
const event = (id: string, from: number, until?: number): ScenarioEventState => ({
  id,
  event: 'crowd',
  fromMs: NOW + from * HOUR_MS,
  ...(until === undefined ? {} : { untilMs: NOW + until * HOUR_MS }),
  state: 'scheduled',
  detail: '',
});

describe('timeline', () => {
  test('a run with an end is shown whole', () => {
    expect(stretchOf(scenarioState, NOW)).toEqual({ fromMs: scenarioState.startMs, toMs: scenarioState.endMs });
  });

  test('a live city shows what lies around now, not its first day for ever', () => {
    const { endMs: _, ...live } = { ...scenarioState, startMs: NOW - 100 * HOUR_MS };
    const stretch = stretchOf({ ...live, timeline: [event('soon', 2, 5), event('next week', 150, 160)] }, NOW);
    expect(stretch.fromMs).toBeGreaterThan(NOW - 10 * HOUR_MS);
    expect(stretch.toMs).toBeGreaterThan(NOW + 5 * HOUR_MS);
    expect(stretch.toMs).toBeLessThan(NOW + 24 * HOUR_MS);
    expect(shareAt(stretch, NOW)).toBeGreaterThan(0);
    expect(shareAt(stretch, NOW + 1e9)).toBe(1);
  });

  test('events at the same time stand in different rows, later ones use a row that became free', () => {
    const stretch = { fromMs: NOW, toMs: NOW + 10 * HOUR_MS };
    const blocks = blocksOf([event('a', 0, 5), event('b', 1, 2), event('c', 2, 3), event('d', 6)], stretch);
    expect(blocks.map(({ event: { id }, row }) => `${id}${row}`)).toEqual(['a0', 'b1', 'c1', 'd0']);
    expect(blocks[1]).toMatchObject({ left: 0.1, width: 0.1 });
  });

  test('an event without an end reaches to the edge, one outside is not drawn', () => {
    const stretch = { fromMs: NOW, toMs: NOW + 10 * HOUR_MS };
    const [open, ...others] = blocksOf([event('open', 4), event('before', -3, -1), event('after', 11, 12)], stretch);
    expect(open!.left + open!.width).toBeCloseTo(1, 9);
    expect(others).toEqual([]);
  });

  test('what is over comes newest first', () => {
    const over = (id: string, from: number) => ({ ...event(id, from), state: 'over' as const });
    const { over: list, scheduled } = groupsOf([
      over('first', -3),
      event('later', 2),
      event('soon', 1),
      over('last', -1),
    ]);
    expect(list.map(({ id }) => id)).toEqual(['last', 'first']);
    expect(scheduled.map(({ id }) => id)).toEqual(['soon', 'later']);
  });

  test('one failed expectation decides, one that fails at the moment is watched', () => {
    const states = (...list: ('holding' | 'failing' | 'failed')[]) =>
      verdictOf(list.map((state) => ({ name: '', limit: '', state })));
    expect([states('holding'), states('holding', 'failing'), states('failing', 'failed'), states()]).toEqual([
      'good',
      'watch',
      'bad',
      undefined,
    ]);
  });
});

describe('injection', () => {
  const entry = (where: InjectableEvent['where'], kind?: string): InjectableEvent => ({
    event: 'power-cut',
    label: '',
    where,
    args: {},
    ...(kind === undefined ? {} : { kind }),
  });
  const draft = (change: Partial<Draft>, of = entry('required')): Draft => ({ ...newDraft(of), ...change });
  const argsOf = (wanted: Draft, own: object = {}) => injectionArgs(wanted, own);

  test('a circle carries centre and radius, and the own arguments of the event lie beside it', () => {
    const wanted = draft({ lat: ' 31.57 ', lon: '120.3', radiusM: 800, duration: '1.5', durationUnit: 'h' });
    expect(argsOf(wanted, { people: 5 })).toEqual({
      args: { event: 'power-cut', where: { lat: 31.57, lon: 120.3, radiusM: 800 }, for: '1.5h', people: 5 },
    });
  });

  test('for good has no duration, the whole city no place', () => {
    const wanted = draft({ durationUnit: 'open' }, entry('optional'));
    expect(argsOf(wanted)).toEqual({ args: { event: 'power-cut' } });
  });

  test('districts and streets go by name', () => {
    expect(argsOf(draft({ placeMode: 'district', district: 'Binhu District' }))).toMatchObject({
      args: { where: { district: 'Binhu District' } },
    });
    expect(argsOf(draft({ placeMode: 'street', street: ' Renmin Road ' }))).toMatchObject({
      args: { where: { street: 'Renmin Road' } },
    });
  });

  test('devices are named, counted, or a share', () => {
    const meters = entry('optional', 'water-meter');
    expect(argsOf(newDraft(meters, ['water-meter-0007']))).toEqual({
      args: { event: 'power-cut', kind: 'water-meter', devices: ['water-meter-0007'], for: '30m' },
    });
    expect(argsOf(draft({ target: '3' }, meters))).toMatchObject({ args: { kind: 'water-meter', count: 3 } });
    expect(argsOf(draft({ targetMode: 'share', target: '2.5' }, meters))).toMatchObject({ args: { share: 0.025 } });
    expect(argsOf(draft({ targetMode: 'all' }, meters))).toEqual({
      args: { event: 'power-cut', kind: 'water-meter', for: '30m' },
    });
  });

  test.each([
    [{}, 'noPlace'],
    [{ lat: '31.5', lon: 'east' }, 'badCoordinates'],
    [{ lat: '95', lon: '120' }, 'badCoordinates'],
    [{ placeMode: 'district' }, 'noDistrict'],
    [{ placeMode: 'street', street: ' ' }, 'noStreet'],
    [{ lat: '31', lon: '120', duration: '0' }, 'badDuration'],
    [{ lat: '31', lon: '120', duration: 'long' }, 'badDuration'],
  ] as const)('%j is refused: %s', (change, problem) => {
    expect(argsOf(draft(change))).toEqual({ problem });
  });

  test.each([
    ['share', '0', 'badShare'],
    ['share', '101', 'badShare'],
    ['count', '1.5', 'badCount'],
    ['count', 'few', 'badCount'],
  ] as const)('a %s of %s is refused', (targetMode, target, problem) => {
    expect(argsOf(draft({ targetMode, target }, entry('optional', 'bus')))).toEqual({ problem });
  });

  test('an empty text is no coordinate', () => {
    expect(centerOf({ lat: '', lon: '' })).toBeUndefined();
    expect(centerOf({ lat: '0', lon: '-180' })).toEqual({ lat: 0, lon: -180 });
  });

  test('the radius slider reaches both ends and stays where it is put', () => {
    for (const place of [0, 13, 50, 77, 100]) expect(sliderOfRadius(radiusAtSlider(place))).toBe(place);
    expect([radiusAtSlider(0), radiusAtSlider(100)]).toEqual([50, 10_000]);
  });
});

describe('speed', () => {
  test('steps reach every speed upwards and downwards, and stop at the ends', () => {
    const up = SPEED_STEPS.slice(0, -1).map((speed) => stepSpeed(speed, 1));
    expect(up).toEqual(SPEED_STEPS.slice(1));
    expect(stepSpeed('max', 1)).toBe('max');
    expect(stepSpeed('max', -1)).toBe(1000);
    expect([stepSpeed(7, 1), stepSpeed(7, -1), stepSpeed(0.1, -1)]).toEqual([10, 5, 0.1]);
  });

  test('the slider covers a tenth to a thousand', () => {
    expect([speedAtSlider(0), speedAtSlider(100)]).toEqual([0.1, 1000]);
    assert(
      property(double({ min: 0, max: 100, noNaN: true }), (place) => {
        expect(Math.abs(sliderOf(speedAtSlider(place)) - place)).toBeLessThan(1.5);
      }),
    );
    expect(sliderOf('max')).toBe(100);
  });

  test('a speed is written with what can be read of it', () => {
    expect([0.1, 0.999, 12.34, 598.6].map((speed) => formatSpeed(speed, 'en'))).toEqual([
      '0.1×',
      '1×',
      '12.3×',
      '599×',
    ]);
  });

  test('falling behind is said of a number only, and not of a breath', () => {
    expect(fallsBehind({ speed: 600, trueSpeed: 412 })).toBe(true);
    expect(fallsBehind({ speed: 600, trueSpeed: 590 })).toBe(false);
    expect(fallsBehind({ speed: 'max', trueSpeed: 412 })).toBe(false);
    expect(fallsBehind({ speed: 0, trueSpeed: 0 })).toBe(false);
  });
});

describe('backfill', () => {
  test('has a share when its end is known, and is gone when nobody tells of it', () => {
    const backfill = { fromMs: NOW - 4 * HOUR_MS, toMs: NOW, atMs: NOW - 3 * HOUR_MS };
    expect(backfillOf({ backfill }, null)).toEqual({ ...backfill, share: 0.25 });
    expect(backfillOf(null, { simTimeMs: NOW, backfillFromMs: NOW - HOUR_MS })).toEqual({
      fromMs: NOW - HOUR_MS,
      atMs: NOW,
    });
    expect(backfillOf(scenarioState, { simTimeMs: NOW })).toBeUndefined();
  });
});

describe('places', () => {
  /** Haversine, m. */
  const distanceM = (a: { lat: number; lon: number }, b: { lat: number; lon: number }): number => {
    const rad = Math.PI / 180;
    const h =
      Math.sin(((b.lat - a.lat) * rad) / 2) ** 2 +
      Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(((b.lon - a.lon) * rad) / 2) ** 2;
    return 2 * 6_371_009 * Math.asin(Math.sqrt(h));
  };

  test('every corner of a ring is its radius away, within a thousandth', () => {
    const circle = { lat: 31.57, lon: 120.3, radiusM: 3000 };
    const ring = ringOf(circle);
    expect(ring[0]).toEqual(ring.at(-1));
    for (const [lon, lat] of ring) expect(distanceM(circle, { lat, lon }) / circle.radiusM).toBeCloseTo(1, 3);
    const [west, south, east, north] = boundsOf(circle);
    expect(ring.every(([lon, lat]) => lon > west && lon < east && lat > south && lat < north)).toBe(true);
  });

  test('districts and streets are found by name in the map', () => {
    const feature = (properties: object) => ({ properties, geometry: { type: 'Point', coordinates: [0, 0] } });
    const layers = {
      labels: {
        features: [
          feature({ name: 'Lake', type: 'lake' }),
          feature({ name: 'Binhu', nameZh: '滨湖区', type: 'district' }),
        ],
      },
      streets: { features: [feature({ name: 'B Road', nameZh: '乙路' }), feature({ name: 'A Road' }), feature({})] },
    };
    const map = { layers } as unknown as Parameters<typeof namesOf>[0];
    expect(namesOf(map, 'district')).toEqual([{ en: 'Binhu', zh: '滨湖区' }]);
    expect(namesOf(map, 'street').map(({ en }) => en)).toEqual(['A Road', 'B Road']);
    expect(streetFeatures(map, 'B Road')).toHaveLength(1);
    expect(streetFeatures(map, '')).toEqual([]);
  });
});

test('limits, distances and times of another day are written for people', () => {
  expect([formatLimit('>= 4.5'), formatLimit('<= 600'), formatLimit('between 1 and 2')]).toEqual([
    '≥ 4.5',
    '≤ 600',
    '1 – 2',
  ]);
  expect([formatDistance(850, 'en'), formatDistance(1600, 'en')]).toEqual(['850\u2009m', '1.6\u2009km']);
  expect(formatMoment(NOW, NOW + HOUR_MS, 480, 'en')).toBe('08:00');
  expect(formatMoment(NOW + 24 * HOUR_MS, NOW, 480, 'en')).toMatch(/2.*08:00/);
});

describe('what an event is about', () => {
  const entry: InjectableEvent = {
    event: 'weather',
    label: 'Weather',
    where: 'none',
    args: {
      type: 'object',
      properties: {
        rainMmPerH: { type: 'number', description: 'Rain, mm/h' },
        cloud: { type: 'number', description: '0 clear, 1 overcast' },
      },
    },
  };
  const words = {
    entry,
    places: [{ en: 'Liangxi District', zh: '梁溪区' }],
    kindTitle: (kind: string) => (kind === 'bus' ? 'Buses' : kind),
  };

  test('is said with names, units and places', () => {
    expect(detailText('rainMmPerH 20, 2 of bus', { ...words, language: 'en' })).toBe('Rain 20\u2009mm/h, Buses × 2');
    expect(detailText('bus, Nowhere', { ...words, language: 'en' })).toBe('Buses, Nowhere');
    expect(detailText('Liangxi District, within 500 m', { ...words, language: 'en' })).toBe(
      'Liangxi District, within 500 m',
    );
  });

  test('is said in Chinese', () => {
    expect(detailText('rainMmPerH 20, Liangxi District', { ...words, language: 'zh' })).toBe(
      '雨量 20\u2009mm/h，梁溪区',
    );
    expect(detailText('within 500 m', { ...words, language: 'zh' })).toBe('半径 500\u2009m 内');
  });

  test('stays as it is where nobody knows the word', () => {
    expect(detailText('colour green, Nowhere', { ...words, entry: undefined, language: 'zh' })).toBe(
      'colour green，Nowhere',
    );
  });
});

test('a kind is coloured by what it reports, and told from others of its system', () => {
  const field = (unit: string) => ({ label: unit, unit });
  const description = {
    kind: 'gas-meter',
    label: 'Gas meter',
    fields: { volumeM3: field('m3'), flowM3PerH: field('m3/h') },
  };
  expect(shownField({ description, fields: [{ volumeM3: 5 }] }, undefined)).toBe('volumeM3');
  expect(shownField({ description, fields: [{ volumeM3: 5 }, { flowM3PerH: 0 }] }, undefined)).toBe('flowM3PerH');
  expect(shownField({ description, fields: [{ volumeM3: 5 }] }, 'flowM3PerH')).toBe('flowM3PerH');
  const meters = ['water-meter', 'electricity-meter', 'gas-meter'];
  expect(new Set(meters.map(kindSign)).size).toBe(3);
  for (const theme of ['dark', 'light'] as const) {
    expect(new Set(meters.map((kind) => kindColour(kind, theme).join(' '))).size).toBe(3);
  }
});
