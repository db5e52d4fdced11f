// The page's pure parts: address, backoff, command forms, chart window, colours, numbers.
import { assert, double, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appended, pointsOf, tableRows, timeTicks, withGaps } from '../../dashboard/chart/series.ts';
import { formArgs, formFields } from '../../dashboard/command-form.ts';
import { en } from '../../dashboard/i18n/en.ts';
import { backoffMs } from '../../dashboard/live/backoff.ts';
import { busesUnderWay, histogram, meanOf, shareOf } from '../../dashboard/live/summary.ts';
import { daylightVeil, delayColour, robustRange, viridis } from '../../dashboard/map/colour.ts';
import { defaultColourField, inRailOrder, shownByDefault, systemOf, valueRange } from '../../dashboard/map/looks.ts';
import { formatClock, formatCount, formatFixed, formatNumber, formatValue } from '../../dashboard/text/format.ts';
import { formatUrlState, parseUrlState, type UrlState } from '../../dashboard/url-state.ts';

describe('address', () => {
  test('what is written is read back', () => {
    const state: UrlState = {
      view: 'bus',
      selection: { kind: 'bus', device: 'bus-0007' },
      line: '608',
      dock: 'loads',
      colour: 'occupancyRatio',
      position: { zoom: 14.5, lat: 31.57, lon: 120.3 },
      language: 'zh',
      theme: 'light',
    };
    expect(parseUrlState(formatUrlState(state), [])).toEqual(state);
  });

  test('nonsense falls back to the defaults', () => {
    const state = parseUrlState(
      '?view=<script>&kind=bus&device=%00&line=a%20b&dock=x&colour=1&z=x&lat=200&lon=1&theme=pink',
      ['zh-CN'],
    );
    expect(state).toEqual({
      view: 'overview',
      selection: null,
      line: null,
      dock: 'headways',
      colour: null,
      position: null,
      language: 'zh',
      theme: 'auto',
    });
  });
});

test('reconnecting waits longer each time, never longer than four seconds', () => {
  assert(
    property(nat(1000), double({ min: 0, max: 0.999, noNaN: true }), (attempt, unit) => {
      const ms = backoffMs(attempt, unit);
      expect(ms).toBeGreaterThanOrEqual(150);
      expect(ms).toBeLessThanOrEqual(4000);
    }),
  );
  expect(backoffMs(3, 0.5)).toBeGreaterThan(backoffMs(0, 0.5));
});

describe('command form', () => {
  const schema = {
    type: 'object',
    required: ['seconds'],
    properties: {
      seconds: { type: 'integer', minimum: 5, maximum: 180 },
      level: { type: 'number' },
      state: { enum: ['open', 'closed'] },
      mode: { anyOf: [{ const: 'eco' }, { const: 'full' }] },
      urgent: { type: 'boolean' },
      text: { type: 'string' },
    },
  };
  const fields = formFields(schema);

  test('has an input for each property', () => {
    expect(fields.map(({ name, type }) => [name, type])).toEqual([
      ['seconds', 'integer'],
      ['level', 'number'],
      ['state', 'enum'],
      ['mode', 'enum'],
      ['urgent', 'boolean'],
      ['text', 'text'],
    ]);
  });

  test('turns texts into typed args and leaves empty optional ones out', () => {
    const { args, problems } = formArgs(fields, {
      seconds: '40',
      level: '0.5',
      state: 'closed',
      urgent: 'true',
      text: '',
    });
    expect(problems).toEqual({});
    expect(args).toEqual({ seconds: 40, level: 0.5, state: 'closed', urgent: true });
  });

  test('a list of texts is typed with commas, and a description without a title is one', () => {
    const properties = {
      kinds: { type: 'array', items: { type: 'string' }, description: 'Kinds that lose their network; absent: all' },
      rainMmPerH: { type: 'number', description: 'Rain, mm/h' },
    };
    const described = formFields({ type: 'object', properties });
    expect(described.map(({ title, hint }) => [title, hint])).toEqual([
      ['Kinds that lose their network', 'absent: all'],
      ['Rain, mm/h', undefined],
    ]);
    expect(formArgs(described, { kinds: 'bus, water-meter', rainMmPerH: '' }).args).toEqual({
      kinds: ['bus', 'water-meter'],
    });
  });

  test.each([
    ['', 'required'],
    ['4', 'below'],
    ['181', 'above'],
    ['7.5', 'notWhole'],
    ['soon', 'notANumber'],
  ])('refuses %j as seconds: %s', (text, problem) => {
    expect(formArgs(fields, { seconds: text }).problems).toEqual({ seconds: problem });
  });
});

describe('chart window', () => {
  test('history keeps known values; null is no point', () => {
    expect(pointsOf({ ts: [1, 2, 3], flow: [1, null, 3] }, 'flow')).toEqual([
      { x: 1, y: 1 },
      { x: 3, y: 3 },
    ]);
  });

  test('a live value is appended once and old ones leave the range', () => {
    const points = appended(
      [
        { x: 0, y: 1 },
        { x: 50, y: 2 },
      ],
      120,
      3,
      100,
    );
    expect(points).toEqual([
      { x: 50, y: 2 },
      { x: 120, y: 3 },
    ]);
    expect(appended(points, 120, 9, 100)).toEqual(points);
  });

  test('a missing stretch breaks the line, the usual rhythm does not', () => {
    const points = [0, 5, 10, 15, 60, 65].map((x) => ({ x, y: 1 }));
    const broken = withGaps(points);
    expect(broken.filter((point) => Number.isNaN(point.y)).map((point) => point.x)).toEqual([37.5]);
    expect(withGaps(points.slice(0, 4))).toEqual(points.slice(0, 4));
  });

  test('the table is newest first and bounded', () => {
    const rows = tableRows(
      Array.from({ length: 500 }, (_, x) => ({ x, y: x })),
      60,
    );
    expect(rows.length).toBeLessThanOrEqual(60);
    expect(rows[0]).toEqual({ x: 499, y: 499 });
  });

  test('time ticks stand at round civil times', () => {
    const from = Date.UTC(2026, 10, 21, 5, 7);
    const ticks = timeTicks(from, from + 3_600_000, 480, 4);
    expect(ticks.map((tick) => formatClock(tick, 480, 'en', false))).toEqual(['13:15', '13:30', '13:45', '14:00']);
  });
});

describe('colours', () => {
  test('early is blue, late is red', () => {
    const early = delayColour(-300, 'dark');
    const late = delayColour(300, 'dark');
    expect(early).toEqual([44, 123, 182]);
    expect(late).toEqual([215, 48, 31]);
    expect(delayColour(9999, 'dark')).toEqual(late);
  });

  test('viridis grows lighter with the value', () => {
    const light = (share: number) =>
      viridis(share, 'dark').reduce((sum, part, index) => sum + part * [0.21, 0.72, 0.07][index]!, 0);
    for (let share = 0.1; share <= 1; share += 0.1) expect(light(share)).toBeGreaterThan(light(share - 0.1));
  });

  test('the night veil never hides the map', () => {
    assert(
      property(double({ min: -90, max: 90, noNaN: true }), (elevation) => {
        expect(daylightVeil(elevation, 'dark').alpha).toBeLessThanOrEqual(0.2);
      }),
    );
    expect(daylightVeil(60, 'dark').alpha).toBe(0);
  });

  test('one wild value does not stretch the scale', () => {
    const values = [...Array.from({ length: 100 }, (_, index) => index), 1e9];
    expect(robustRange(values)![1]).toBeLessThan(101);
    expect(robustRange([])).toBeUndefined();
  });
});

describe('kinds', () => {
  const floodGauge = {
    kind: 'flood-gauge',
    label: 'Flood gauge',
    fields: { lat: { label: '', unit: '' }, batteryV: { label: '', unit: 'V' }, levelM: { label: '', unit: 'm' } },
  };

  test('a kind from outside is a mark, coloured by a lively field, shown in the overview', () => {
    expect(systemOf('flood-gauge')).toBe('other');
    expect(defaultColourField(floodGauge)).toBe('levelM');
    expect(shownByDefault('flood-gauge', 'overview')).toBe(true);
  });

  test('a few devices are coloured by the described limits, many by what is usual among them', () => {
    const level = { label: 'Level', unit: 'm', min: 0, max: 4 };
    expect(valueRange(level, [1.2, 1.3])).toEqual([0, 4]);
    expect(valueRange(level, [1, 1.5, 2, 2.5, 3])).toEqual([1, 3]);
    expect(valueRange({ label: 'Level', unit: 'm' }, [1, 2])).toEqual([1, 2]);
    expect(valueRange(level, [])).toBeUndefined();
  });

  test('the rail starts with buses and ends with kinds from outside', () => {
    const kinds = ['flood-gauge', 'water-meter', 'vehicle', 'parking-spot', 'bus'].map((kind) => ({ kind }));
    expect(inRailOrder(kinds).map(({ kind }) => kind)).toEqual([
      'bus',
      'vehicle',
      'parking-spot',
      'water-meter',
      'flood-gauge',
    ]);
  });
});

describe('numbers', () => {
  test('three significant digits, prefixes, units', () => {
    expect(formatNumber(12.345, 'en')).toBe('12.3');
    expect(formatNumber(0.012, 'en')).toBe('0.012');
    expect(formatValue(123_456, 'W', 'en')).toBe('123\u2009kW');
    expect(formatValue(21.4, 'Cel', 'en')).toBe('21.4\u2009°C');
    expect(formatValue(undefined, 'W', 'en')).toBe('–');
  });

  test('a fixed number of decimals, and no minus before nothing', () => {
    expect([formatFixed(0.6, 2, 'en'), formatFixed(-0.04, 1, 'en'), formatFixed(-13.8, 0, 'zh')]).toEqual([
      '0.60',
      '0.0',
      '−14',
    ]);
  });

  test('counts follow the language', () => {
    expect(formatCount(20_000, 'en')).toBe('20\u2009k');
    expect(formatCount(1_500_000, 'en')).toBe('1.5\u2009M');
    expect(formatCount(9_999, 'en')).toBe('9,999');
    expect(formatCount(20_000, 'zh')).toBe('2万');
  });

  test('means and shares ignore devices without the field', () => {
    const fields: { [name: string]: number | boolean }[] = [{ a: 1, b: true }, { a: 3, b: false }, {}];
    const fleet = { fields };
    expect([meanOf(fleet, 'a'), shareOf(fleet, 'b'), meanOf(fleet, 'c')]).toEqual([2, 0.5, undefined]);
    expect(histogram([0, 0.1, 0.9, 5], 0, 1, 2)).toEqual([2, 2]);
  });

  test('a bus in layover is not under way and has no part in the mean delay', () => {
    const states = ['inTransitTo', 'stoppedAt', 'holding', 'broken', 'layover'];
    const fields = [...states.map((status, index) => ({ status, delayS: index * 10 })), { delayS: 900 }];
    const underWay = busesUnderWay({ fields });
    expect([underWay.fields.length, meanOf(underWay, 'delayS')]).toEqual([4, 15]);
    expect(busesUnderWay({ fields: [{ status: 'layover' }] }).fields).toEqual([]);
  });

  test('no English text is empty', () => {
    expect(Object.entries(en).filter(([, text]) => text.trim() === '')).toEqual([]);
  });
});
