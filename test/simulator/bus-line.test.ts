// The reference line against its reference values, and what must hold in every life of a line.
import { describe, expect, it } from 'vitest';
import type { LineBus } from '../../simulator/bus-line/bus.ts';
import { runLine } from '../../simulator/bus-line/run.ts';
import type { LineSpec } from '../../simulator/bus-line/spec.ts';
import type { Controller } from '../../telemetry/controller.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { GoldenHolding, diaryOf, goldenLine, meansOf } from './golden-line.ts';
import type { Means } from './golden-line.ts';

const SEEDS = 40;

/** Two standard errors of a mean of 40 lives: ±0.01 of CVs, ±1.2 s of waits; 3 s of trips, 8 s of their ninth tenth. */
function expectMeans(means: Means, [first, middle, last, all, excessWaitS, tripS, p90S]: readonly number[]): void {
  for (const [name, target] of Object.entries({ first, middle, last, all })) {
    expect(Math.abs(means[name as keyof Means] - target!), name).toBeLessThanOrEqual(0.015);
  }
  expect(Math.abs(means.excessWaitS - excessWaitS!), 'excessWaitS').toBeLessThanOrEqual(1.2);
  expect(Math.abs(means.tripS - tripS!), 'tripS').toBeLessThanOrEqual(3);
  if (p90S !== undefined) expect(Math.abs(means.p90S - p90S), 'p90S').toBeLessThanOrEqual(8);
}

class Silent implements Controller {
  readonly name = 'silent';
  readonly reads = ['bus'];
  readonly records: TelemetryRecord[] = [];
  observe(record: TelemetryRecord): void {
    this.records.push(record);
  }
  decide(): [] {
    return [];
  }
}

describe('the reference line', () => {
  const usual = meansOf(goldenLine(), SEEDS);

  it('bunches as the reference does with a timetable at the terminals only', () => {
    expectMeans(usual, [0.09, 0.46, 0.68, 0.48, 34, 2594, 2786]);
    expect(usual.cancelled).toBeLessThan(0.4);
  });

  it('bunches less when buses are held at four stops', () => {
    const held = meansOf(goldenLine(), SEEDS, () => [new GoldenHolding()]);
    expectMeans(held, [0.14, 0.34, 0.44, 0.33, 17, 2711, 2843]);
    expect(held.cancelled).toBeGreaterThan(0.2);
    expect(held.cancelled).toBeLessThan(1.1);
  });

  it('hardly bunches by passengers alone', () => {
    const calm = meansOf(goldenLine({}, 0), SEEDS);
    expectMeans(calm, [0.02, 0.09, 0.17, 0.1, 2, 2565]);
    expect(calm.cancelled).toBe(0);
  });

  it('falls off a cliff when the fleet is two buses short', () => {
    const short = meansOf(goldenLine({ buses: 18 }), SEEDS);
    expect(short.excessWaitS).toBeGreaterThan(4 * usual.excessWaitS);
    expect(short.cancelled).toBeGreaterThan(30);
    const rich = meansOf(goldenLine({ buses: 22 }), SEEDS);
    expect(usual.excessWaitS - rich.excessWaitS).toBeLessThan(3);
  });
});

describe('a life of a line', () => {
  it('is the same to the last digit with the same seed, and another with another', () => {
    const diary = diaryOf(goldenLine(), 7);
    expect(diary.length).toBeGreaterThan(8000);
    expect(diaryOf(goldenLine(), 7)).toEqual(diary);
    expect(diaryOf(goldenLine(), 8)).not.toEqual(diary);
  });

  it('is not changed by being watched', () => {
    expect(diaryOf(goldenLine(), 7, { controllers: [new Silent()], recordEveryS: 5 })).toEqual(
      diaryOf(goldenLine(), 7),
    );
  });

  it('meets the same streets whatever a policy does', () => {
    const free = runningTimes(goldenLine(), []);
    const held = runningTimes(goldenLine(), [new GoldenHolding()]);
    const common = [...free.keys()].filter((segment) => held.has(segment));
    expect(common.length).toBeGreaterThan(7500);
    const differences = common.map((segment) => Math.abs(held.get(segment)! - free.get(segment)!));
    expect(Math.max(...differences)).toBeLessThan(1e-6);
  });

  it('conserves passengers at every stop', () => {
    const aboard = new Map<string, number>();
    const odd: string[] = [];
    const departed = (bus: LineBus) => {
      const { device, stop, load, boarded, alighted, firstStop } = bus;
      const before = stop === firstStop ? 0 : aboard.get(device)!;
      aboard.set(device, load);
      if (load !== before + boarded - alighted || load > 80 || (stop === 24 && load !== 0)) odd.push(device);
    };
    runLine(goldenLine({}, 1, 2), 3, { observers: [{ departed }] });
    expect(odd).toEqual([]);
    expect(aboard.size).toBe(20);
  });

  it('keeps five seconds between departures of a stop', () => {
    const gapsS: number[] = [];
    const departed = (bus: LineBus, headwayS: number) => {
      if (bus.stop < 24 && !Number.isNaN(headwayS)) gapsS.push(headwayS);
    };
    runLine(goldenLine(), 3, { observers: [{ departed }] });
    expect(Math.min(...gapsS)).toBeCloseTo(5, 9);
  });

  it('reports with rising sequence numbers, times and odometers', () => {
    const silent = new Silent();
    runLine(goldenLine({ durationS: 14_400 }), 1, { controllers: [silent], recordEveryS: 30 });
    const last = new Map<string, TelemetryRecord>();
    const odd = silent.records.filter((record) => {
      const before = last.get(record.device);
      last.set(record.device, record);
      const driven = Number(record.fields['odometerM']) - Number(before?.fields['odometerM'] ?? 0);
      return record.seq !== (before?.seq ?? 0) + 1 || record.ts < (before?.ts ?? 0) || driven < 0;
    });
    expect(odd).toEqual([]);
    expect([...last.keys()].toSorted()[0]).toBe('bus-0001');
    expect(new Set(silent.records.map(({ fields }) => fields['status']))).toEqual(
      new Set(['layover', 'stoppedAt', 'inTransitTo']),
    );
  });

  it('names the stop that a bus leaves, with its passengers and headway there and only there', () => {
    const silent = new Silent();
    runLine(goldenLine({ durationS: 14_400 }), 1, { controllers: [silent], recordEveryS: 30 });
    const told = (names: readonly string[]) =>
      silent.records.filter(({ fields }) => names.some((name) => name in fields));
    const departures = told(['targetHeadwayS']);
    expect(departures.length).toBeGreaterThan(1500);
    expect(told(['boarded'])).toEqual(departures);
    expect(told(['alighted', 'denied', 'dwellS', 'holdS', 'headwayS', 'headwayRatio'])).toEqual(departures);
  });
});

/** Seconds of every segment that a bus drove, by way, trip and stop. */
function runningTimes(spec: LineSpec, controllers: Controller[]): Map<string, number> {
  const leftS = new Map<string, number>();
  const times = new Map<string, number>();
  const departed = ({ device, way, trip, stop, firstStop, arrivedS }: LineBus, _headwayS: number, nowS: number) => {
    if (stop !== firstStop) times.set(`${way}/${trip}/${stop}`, arrivedS - leftS.get(device)!);
    leftS.set(device, nowS);
  };
  runLine(spec, 7, { observers: [{ departed }], controllers });
  return times;
}
