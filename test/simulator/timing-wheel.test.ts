import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimingWheel } from '../../simulator/timing-wheel.ts';

const START_MS = Date.UTC(2026, 4, 20);
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** What a wheel promises, in the plainest way. */
class NaiveWheel {
  readonly due: number[];
  constructor(count: number) {
    this.due = Array.from({ length: count }, () => Infinity);
  }
  advance(nowMs: number, visit: (device: number, atMs: number) => number): void {
    this.due.forEach((_, device) => {
      while (this.due[device]! <= nowMs) this.due[device] = visit(device, this.due[device]!);
    });
  }
}

/** Spans of every size: within a slot, hours, blocks of the far wheel, laps of 49 days, rounds of the far wheel. */
const spanMs = fc.oneof(
  fc.integer({ min: 1, max: 1500 }),
  fc.constantFrom(1, 999, 1000, 1001, 4096_000, 131_072_000, 131_072_001, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1),
  fc.integer({ min: 1, max: 2 * 3_600_000 }),
  fc.integer({ min: 1, max: 3 * DAY_MS }),
  fc.integer({ min: 1, max: 3 * YEAR_MS }),
);

type Step =
  | { readonly do: 'schedule'; readonly device: number; readonly inMs: number }
  | { readonly do: 'cancel'; readonly device: number }
  | { readonly do: 'advance'; readonly byMs: number };

function steps(devices: number, reachMs: typeof spanMs): fc.Arbitrary<Step[]> {
  const device = fc.integer({ min: 0, max: devices - 1 });
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('schedule' as const), device, inMs: reachMs }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), device }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), byMs: reachMs }) },
    ),
    { maxLength: 60 },
  );
}

/** Runs the same steps on both; after a visit a device sleeps for a span that follows from who it is and when it woke. */
function compare(count: number, devices: number, spans: readonly number[], list: readonly Step[]): void {
  const wheel = new TimingWheel(count, START_MS);
  const naive = new NaiveWheel(count);
  let nowMs = START_MS;
  const visitor = (visits: string[], left: { visits: number }) => (device: number, atMs: number) => {
    visits.push(`${device} ${atMs}`);
    if (left.visits-- <= 0) return Infinity;
    const span = spans[(device + (atMs % 1009)) % spans.length]!;
    return span === 0 ? Infinity : atMs + span;
  };
  for (const step of list) {
    if (step.do === 'advance') {
      nowMs += step.byMs;
      const [got, wanted] = [[], []] as [string[], string[]];
      // Short spans and long advances would visit for ever: a device sleeps for good after some visits of one advance.
      const budget = () => {
        const left = new Map<number, { visits: number }>();
        return (visits: string[]) => (device: number, atMs: number) => {
          if (!left.has(device)) left.set(device, { visits: 40 });
          return visitor(visits, left.get(device)!)(device, atMs);
        };
      };
      wheel.advance(nowMs, budget()(got));
      naive.advance(nowMs, budget()(wanted));
      const ofDevice = (visits: readonly string[]) =>
        visits.toSorted((a, b) => Number(a.split(' ')[0]) - Number(b.split(' ')[0]));
      expect(ofDevice(got)).toEqual(wanted);
    } else {
      const atMs = step.do === 'cancel' ? Infinity : nowMs + step.inMs;
      wheel.schedule(step.device, atMs);
      naive.due[step.device] = atMs;
    }
    for (let device = 0; device < devices; device++) expect(wheel.dueMs(device)).toBe(naive.due[device]);
  }
}

describe('against the plainest model', () => {
  const spans = fc.array(fc.oneof(fc.constant(0), spanMs), { minLength: 1, maxLength: 6 });

  test('few devices, spans of ms to years: the same visits in the same order of time, the same due times', () => {
    fc.assert(
      fc.property(spans, steps(8, spanMs), (own, list) => compare(8, 8, own, list)),
      { seed: 1, numRuns: 400 },
    );
  });

  test('lists of many devices within some seconds, moved and cancelled', () => {
    const near = fc.integer({ min: 1, max: 4000 });
    fc.assert(
      fc.property(
        fc.array(near, { minLength: 1, maxLength: 6 }),
        fc.array(steps(40, near), { maxLength: 3 }),
        (own, lists) => compare(40, 40, own, lists.flat()),
      ),
      { seed: 2, numRuns: 150 },
    );
  });

  test('the wheel of a large fleet', () => {
    fc.assert(
      fc.property(spans, steps(8, spanMs), (own, list) => compare(70_000, 8, own, list)),
      { seed: 3, numRuns: 20 },
    );
  });
});

test('a device that was far away, came near as time passed and is moved then wakes once, at its new time', () => {
  const wheel = new TimingWheel(8, 0);
  const visits: [number, number][] = [];
  const visit = (device: number, atMs: number) => {
    visits.push([device, atMs]);
    return Infinity;
  };
  // Beyond the 4096 slots of the near wheel, and in one list with a device that stays.
  wheel.schedule(0, 4_500_000);
  wheel.schedule(4, 4_600_000);
  wheel.advance(1_000_000, visit);
  wheel.schedule(0, 7_000_000);
  wheel.advance(10_000_000, visit);
  expect(visits.sort(([, a], [, b]) => a - b)).toEqual([
    [4, 4_600_000],
    [0, 7_000_000],
  ]);
});

test('more devices in one slot than are gathered at once are all visited, each once', () => {
  const count = 10_000;
  const wheel = new TimingWheel(count, 0);
  for (let device = 0; device < count; device++) wheel.schedule(device, 500 + (device % 2) * 300);
  const visits = new Uint8Array(count);
  const visit = (device: number) => {
    visits[device]!++;
    return Infinity;
  };
  wheel.advance(600, visit);
  expect(visits.every((times, device) => times === 1 - (device % 2))).toBe(true);
  wheel.advance(1000, visit);
  expect(visits.every((times) => times === 1)).toBe(true);
});

test('the tick length changes nothing: every device wakes at the same times', () => {
  const at = (tickMs: number) => {
    const wheel = new TimingWheel(50, START_MS);
    const visits: string[] = [];
    for (let device = 0; device < 50; device++) wheel.schedule(device, START_MS + 1 + 7919 * device);
    for (let nowMs = START_MS + tickMs; nowMs <= START_MS + DAY_MS; nowMs += tickMs) {
      wheel.advance(nowMs, (device, atMs) => {
        visits.push(`${device} ${atMs}`);
        return atMs + 600_000 + 1237 * device;
      });
    }
    return visits.sort();
  };
  const fine = at(100);
  expect(at(1000)).toEqual(fine);
  expect(at(60_000)).toEqual(fine);
  expect(at(DAY_MS)).toEqual(fine);
});

describe('mistakes are refused with the value', () => {
  const wheel = () => new TimingWheel(4, 1000);

  test('times that are not after now, not whole, or too far', () => {
    expect(() => wheel().schedule(0, 1000)).toThrow('atMs must be after 1000, got 1000');
    expect(() => wheel().schedule(0, NaN)).toThrow('got NaN');
    expect(() => wheel().schedule(2, 1000.5)).toThrow('got 1000.5 for device 2');
    expect(() => wheel().schedule(0, 1000 + 61 * YEAR_MS)).toThrow('within 60 years');
  });

  test('a visit that wants to wake at its own time again, or schedules from inside', () => {
    const stuck = wheel();
    stuck.schedule(1, 2000);
    expect(() => stuck.advance(3000, (_, atMs) => atMs)).toThrow(
      'device 1 was due at 2000 and wants to be due at 2000',
    );
    const inside = wheel();
    inside.schedule(1, 2000);
    const visit = () => {
      inside.schedule(2, 9000);
      return Infinity;
    };
    expect(() => inside.advance(3000, visit)).toThrow('return the next time from the visit');
  });

  test('time that runs backwards', () => {
    expect(() => wheel().advance(999, () => Infinity)).toThrow('it is 1000, got 999');
  });
});

test('it takes eight bytes a device', () => {
  const before = process.memoryUsage().arrayBuffers;
  const wheel = new TimingWheel(1_000_000, 0);
  wheel.schedule(0, 1000);
  const perDevice = (process.memoryUsage().arrayBuffers - before) / 1_000_000;
  expect(perDevice).toBeGreaterThanOrEqual(8);
  expect(perDevice).toBeLessThan(11);
});
