// The judge against plain arithmetic over the same messages, in any order, and what it says when there is nothing to judge.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Expectation, TimelineEntry } from '../../simulator/scenario.ts';
import { ExactSum } from '../../simulator/scenario/exact-sum.ts';
import { Judge, judged } from '../../simulator/scenario/judge.ts';
import { Sketch } from '../../simulator/scenario/sketch.ts';

const START_MS = Date.UTC(2026, 4, 20);
const END_MS = START_MS + 1000;
const WHOLE: Pick<Expectation, 'name' | 'op' | 'value'> = { name: 'x', op: '>', value: -Infinity };

interface Message {
  readonly device: number;
  readonly ts: number;
  readonly readings: { readonly [name: string]: number | string | boolean };
}

function judgeOf(expect: readonly (Partial<Expectation> & { of: string })[], timeline: readonly TimelineEntry[] = []) {
  const expectations = expect.map((part) => ({ ...WHOLE, ...part }));
  return new Judge({ scenario: { expect: expectations, timeline }, startMs: START_MS, endMs: END_MS });
}

function value(of: string, messages: readonly Message[], part: Partial<Expectation> = {}): number | null {
  const judge = judgeOf([{ of, ...part }]);
  for (const { device, ts, readings } of messages) judge.record('bus', device, START_MS + ts, readings);
  return judge.results(END_MS)[0]!.value;
}

const entry = (id: string, atMs: number): TimelineEntry => ({
  id,
  atMs,
  durationMs: 100,
  event: 'power-cut',
  args: {},
});
const six = (number: number) => Number(number.toPrecision(6));

/** As sensors give them: a resolution of 0.1. */
const speeds = fc.array(
  fc.record({
    device: fc.nat({ max: 99 }),
    ts: fc.integer({ min: 1, max: 1000 }),
    readings: fc.record({
      speedMps: fc.integer({ min: -300, max: 300_000 }).map((tenths) => tenths / 10),
      status: fc.constantFrom('moving', 'parked'),
    }),
  }),
  { minLength: 2, maxLength: 200 },
);

describe('a statistic', () => {
  test('is what plain arithmetic gives', () => {
    fc.assert(
      fc.property(speeds, (messages) => {
        const numbers = messages.map(({ readings }) => readings.speedMps).sort((a, b) => a - b);
        const n = numbers.length;
        const sum = numbers.reduce((a, b) => a + b, 0);
        const mean = sum / n;
        const sd = Math.sqrt(numbers.reduce((total, number) => total + (number - mean) * (number - mean), 0) / (n - 1));
        expect(Math.abs(value('sum(bus.speedMps)', messages)! - sum)).toBeLessThanOrEqual(1e-5 * Math.abs(sum));
        expect(Math.abs(value('mean(bus.speedMps)', messages)! - mean)).toBeLessThanOrEqual(1e-5 * Math.abs(mean));
        expect(Math.abs(value('sd(bus.speedMps)', messages)! - sd)).toBeLessThanOrEqual(1e-5 * sd + 1e-6);
        expect(value('min(bus.speedMps)', messages)).toBe(six(numbers[0]!));
        expect(value('max(bus.speedMps)', messages)).toBe(six(numbers.at(-1)!));
        for (const [name, share] of [
          ['p05', 0.05],
          ['p50', 0.5],
          ['p95', 0.95],
          ['p99', 0.99],
        ] as const) {
          const exact = numbers[Math.max(1, Math.ceil(share * n)) - 1]!;
          expect(Math.abs(value(`${name}(bus.speedMps)`, messages)! - exact)).toBeLessThanOrEqual(
            0.005 * Math.abs(exact),
          );
        }
      }),
    );
  });

  test('does not depend on the order of messages, to the last digit', () => {
    const measures = ['mean', 'sum', 'sd', 'cv', 'p50', 'p95', 'min', 'max'].map((name) => `${name}(bus.speedMps)`);
    const all = (messages: readonly Message[]) => measures.map((of) => value(of, messages));
    fc.assert(
      fc.property(
        speeds.chain((messages) =>
          fc.tuple(fc.constant(messages), fc.shuffledSubarray(messages, { minLength: messages.length })),
        ),
        ([messages, shuffled]) => {
          expect(all(shuffled)).toEqual(all(messages));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('leaves out records without the field, and those that its condition excludes', () => {
    const messages: Message[] = [
      { device: 0, ts: 1, readings: { speedMps: 4, status: 'moving' } },
      { device: 1, ts: 2, readings: { speedMps: 8, status: 'moving', line: '608' } },
      { device: 2, ts: 3, readings: { speedMps: 99, status: 'parked' } },
      { device: 3, ts: 4, readings: { status: 'moving' } },
    ];
    expect(value('mean(bus.speedMps where status = moving)', messages)).toBe(6);
    expect(value('mean(bus.speedMps where status != parked and speedMps < 5)', messages)).toBe(4);
    expect(value('mean(bus.speedMps where line = 608)', messages)).toBe(8);
    expect(value('count(bus where status = moving)', messages)).toBe(3);
    expect(value('share(bus.speedMps > 5)', messages)).toBe(six(2 / 3));
    expect(value('share(bus.speedMps > 5 where status = moving)', messages)).toBe(0.5);
    expect(value('devices(bus where speedMps >= 8)', messages)).toBe(2);
  });

  test('last is the newest record, whichever came last', () => {
    const at = (ts: number, speedMps: number) => ({ device: 0, ts, readings: { speedMps } });
    expect(value('last(bus.speedMps)', [at(5, 50), at(9, 90), at(7, 70)])).toBe(90);
  });
});

test('a window takes its beginning and leaves its end', () => {
  const messages = [99, 100, 199, 200].map((ts) => ({ device: ts, ts, readings: { speedMps: ts } }));
  const during = { fromMs: 100, untilMs: 200 };
  expect(value('count(bus)', messages, { during })).toBe(2);
  expect(value('sum(bus.speedMps)', messages, { during })).toBe(299);
  expect(value('devices(bus)', messages, { during })).toBe(2);
});

test('versus makes a ratio of two windows', () => {
  const messages = [10, 20, 110, 120].map((ts) => ({ device: 0, ts, readings: { speedMps: ts < 100 ? 4 : 3 } }));
  const windows = { during: { fromMs: 100, untilMs: 200 }, versus: { fromMs: 0, untilMs: 100 } };
  expect(value('mean(bus.speedMps)', messages, windows)).toBe(0.75);
});

describe('events', () => {
  test('are counted when they are raised or have no state', () => {
    const judge = judgeOf([{ of: 'count(bus.crowded)' }]);
    judge.event('bus', 0, START_MS + 1, 'crowded', 'raised');
    judge.event('bus', 0, START_MS + 2, 'crowded', 'cleared');
    judge.event('bus', 0, START_MS + 3, 'crowded', undefined);
    judge.event('bus', 0, START_MS + 4, 'breakdown', 'raised');
    judge.event('tram', 0, START_MS + 5, 'crowded', 'raised');
    expect(judge.results(END_MS)[0]!.value).toBe(2);
  });

  test('stand until they are cleared, whichever word comes first', () => {
    const judge = judgeOf([
      { name: 'then', of: 'active(bus.breakdown)', during: { fromMs: 0, untilMs: 50 } },
      { name: 'in the end', of: 'active(bus.breakdown)' },
    ]);
    judge.record('bus', 0, START_MS + 1, {});
    judge.event('bus', 0, START_MS + 40, 'breakdown', 'raised');
    judge.event('bus', 1, START_MS + 90, 'breakdown', 'cleared');
    judge.event('bus', 1, START_MS + 20, 'breakdown', 'raised');
    judge.event('bus', 2, START_MS + 60, 'breakdown', 'raised');
    expect(judge.results(END_MS).map((result) => result.value)).toEqual([2, 2]);
  });

  test('answer to an entry: share in time, and the time that 95 % need', () => {
    const judge = judgeOf(
      [{ of: 'share(bus.lastGasp within 20ms of cut)' }, { name: 'y', of: 'delay(bus.lastGasp after cut)' }],
      [entry('cut', 100)],
    );
    // Two devices are quick, before it is known whom the cut befell; one is late, one was not befallen, one spoke too early.
    const gasps = [
      [0, 110],
      [1, 120],
      [2, 121],
      [9, 101],
      [3, 50],
    ] as const;
    for (const [device, ts] of gasps) judge.event('bus', device, START_MS + ts, 'lastGasp', 'raised');
    judge.befell('cut', START_MS + 100, 'bus', () => [0, 1, 2, 3]);
    judge.befell('other', START_MS + 100, 'bus', () => [7]);
    const [share, delay] = judge.results(END_MS);
    expect(share!.value).toBe(0.5);
    expect(delay).toMatchObject({ ok: false, value: null, reason: 'not within the run' });
    judge.event('bus', 3, START_MS + 150, 'lastGasp', 'raised');
    expect(judge.results(END_MS)[1]!.value).toBe(0.05);
  });
});

describe('what has no data', () => {
  const silent = (part: Partial<Expectation> & { of: string }, timeline: readonly TimelineEntry[] = []) =>
    judgeOf([part], timeline).results(END_MS)[0]!;

  test.each([
    'mean(bus.speedMps)',
    'p95(bus.speedMps)',
    'count(bus)',
    'devices(bus)',
    'count(bus.breakdown)',
    'active(bus.breakdown)',
    'share(bus.status = moving)',
  ])('%s is not met, however low the bar', (of) => {
    expect(silent({ of, op: '<', value: 1e9 })).toEqual({
      name: 'x',
      ok: false,
      value: null,
      limit: '< 1000000000',
      reason: 'no data',
    });
    expect(silent({ of, op: '==', value: 0 }).ok).toBe(false);
  });

  test('an entry that befell nobody has no share', () => {
    const result = silent({ of: 'share(bus.lastGasp within 5s of cut)' }, [entry('cut', 1)]);
    expect(result).toMatchObject({ ok: false, reason: 'no data: cut befell no device' });
  });

  test('silence is an answer when it is what was expected and the kind is alive', () => {
    const during = { fromMs: 100, untilMs: 200 };
    const message = { device: 0, ts: 50, readings: { speedMps: 1 } };
    expect(value('count(bus)', [message], { op: '==', value: 0, during })).toBe(0);
    expect(value('count(bus)', [message], { op: '<', value: 5, during })).toBeNull();
    expect(value('count(bus.breakdown)', [message], { op: '==', value: 0 })).toBe(0);
  });

  test('a ratio to nothing is none', () => {
    const at = (ts: number) => ({ device: 0, ts, readings: { speedMps: 0 } });
    const windows = { during: { fromMs: 100, untilMs: 200 }, versus: { fromMs: 0, untilMs: 100 } };
    const reason = (messages: readonly Message[]) => {
      const judge = judgeOf([{ of: 'mean(bus.speedMps)', ...windows }]);
      for (const { device, ts, readings } of messages) judge.record('bus', device, START_MS + ts, readings);
      return judge.results(END_MS)[0]!.reason;
    };
    expect(reason([at(150)])).toBe('no data in versus');
    expect(reason([at(150), at(50)])).toBe('versus is 0, there is no ratio');
  });
});

test('an expectation waits, holds or fails, and is met or failed after its window', () => {
  const judge = judgeOf([{ of: 'mean(bus.speedMps)', op: '>=', value: 4.5, during: { fromMs: 100, untilMs: 200 } }]);
  const state = (ms: number) => judge.states(START_MS + ms)[0];
  expect(state(50)).toEqual({ name: 'x', state: 'waiting', limit: '>= 4.5' });
  judge.record('bus', 0, START_MS + 110, { speedMps: 4 });
  expect(state(120)).toEqual({ name: 'x', state: 'failing', value: 4, limit: '>= 4.5' });
  judge.record('bus', 0, START_MS + 130, { speedMps: 6 });
  expect(state(140)).toMatchObject({ state: 'holding', value: 5 });
  expect(state(200)).toMatchObject({ state: 'met', value: 5 });
});

test('what a run that was ended early has not seen is not met', () => {
  const judge = judgeOf([
    { of: 'mean(bus.speedMps)' },
    { name: 'early', of: 'mean(bus.speedMps)', during: { fromMs: 0, untilMs: 100 } },
  ]);
  judge.record('bus', 0, START_MS + 10, { speedMps: 4 });
  expect(judge.results(START_MS + 500)).toMatchObject([
    { ok: false, value: 4, reason: 'ended before its time' },
    { ok: true, value: 4 },
  ]);
  expect(judge.results(END_MS)[0]).toMatchObject({ ok: true });
});

test('a judge of some kinds leaves the others and the platform to others', () => {
  const expectations = ['mean(bus.load)', 'count(tram)', 'platform.gaps'].map((of) => ({ ...WHOLE, name: of, of }));
  const scenario = { expect: expectations, timeline: [] };
  const judge = new Judge({ scenario, kinds: new Set(['bus']), startMs: START_MS });
  expect(judge.results(END_MS).map(({ name }) => name)).toEqual(['mean(bus.load)']);
  expect(judge.wants('bus')).toBe(true);
  expect(judge.wants('tram')).toBe(false);
  const all = new Judge({ scenario, startMs: START_MS });
  expect(all.states(END_MS).map(({ name }) => name)).toEqual(['mean(bus.load)', 'count(tram)']);
});

test('what is compared is what is shown: six significant digits', () => {
  const measured = { value: 4.500_000_4 };
  expect(judged({ ...WHOLE, of: '', op: '==', value: 4.5 }, measured)).toMatchObject({ ok: true, value: 4.5 });
  expect(judged({ ...WHOLE, of: '', op: '>', value: 4.5 }, measured).ok).toBe(false);
  expect(judged({ ...WHOLE, of: '', op: 'between', value: [4, 4.5] }, measured)).toMatchObject({
    ok: true,
    limit: 'between 4 and 4.5',
  });
  expect(judged({ ...WHOLE, of: '', op: '!=', value: 4.5 }, measured).ok).toBe(false);
});

describe('the sketch', () => {
  const numbers = fc.array(
    fc
      .oneof(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), fc.integer({ min: -5, max: 5 }))
      .map((number) => (Math.abs(number) < 1e-300 ? 0 : number)),
    {
      minLength: 1,
      maxLength: 300,
    },
  );
  const sketchOf = (values: readonly number[]) => {
    const sketch = new Sketch();
    for (const number of values) sketch.add(number);
    return sketch;
  };

  test('is at most half a percent off, for numbers of any size and sign', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1]!;
        expect(Math.abs(sketchOf(values).quantile(share)! - exact)).toBeLessThanOrEqual(0.005 * Math.abs(exact));
      }),
    );
  });

  test('of two parts is that of the whole', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const merged = sketchOf(a);
        merged.merge(sketchOf(b));
        const whole = sketchOf([...a, ...b]);
        expect(merged.count).toBe(whole.count);
        for (const share of [0, 0.05, 0.5, 0.99, 1]) expect(merged.quantile(share)).toBe(whole.quantile(share));
      }),
    );
  });

  test('is exact where values repeat', () => {
    expect(sketchOf([40, 40, 40, 41, 7]).quantile(0.5)).toBe(40);
    expect(sketchOf([0, 0, -0]).quantile(0.5)).toBe(0);
    expect(new Sketch().quantile(0.5)).toBeUndefined();
  });
});

test('equal values have no spread, however large', () => {
  const messages = [1, 2, 3].map((ts) => ({ device: 0, ts, readings: { speedMps: 60_000_000.7 } }));
  expect(value('sd(bus.speedMps)', messages)).toBe(0);
});

test('an exact sum carries beyond the integers of a double', () => {
  const sum = new ExactSum();
  const large = 4_000_000_000_000_000.5;
  for (let i = 0; i < 10; i++) sum.add(large);
  for (let i = 0; i < 10; i++) sum.add(-large);
  sum.add(0.25);
  expect(sum.value).toBe(0.25);
});
